"""The trading centre's verifier on pages: his queue, an application with everything, his decision."""

from __future__ import annotations

from uuid import UUID

from models.audit import AuditEntry
from models.draws import Draw, DrawApplication
from services.core.base import Actor
from tests.factories.files import pdf
from tests.factories.offices import make_draw, state_of
from tests.factories.people import make_account, make_grant
from tests.web.conftest import Visitor, World


async def submitted(world: World, *, attached: bool = False) -> UUID:
    draw_id = await make_draw(world.office)
    if attached:
        await world.services.draws.attachments.attach(world.office.agency, draw_id, "申请表.pdf", pdf())
    terminal = world.services.deps.book("demo").draw.terminals[0]
    await world.office.setup.submit(world.office.agency, draw_id, terminal, "按期评标")
    return draw_id


async def verifier_of(world: World, scope: str = "") -> Visitor:
    account = await make_account(world.services.deps)
    await make_grant(account, "verifier", scope=scope)
    return await world.log_in(Actor("demo", "verifier", account.id))


async def test_a_verifier_reads_everything_that_was_applied_for_and_approves(world: World) -> None:
    draw_id = await submitted(world, attached=True)
    verifier = await world.log_in(world.office.verifier, "verifier")
    assert "核验申请" in verifier.text
    await verifier.get("/desk/applications")
    assert ("演示项目(一标段)" in verifier.text, "有附件" in verifier.text) == (True, True)
    await verifier.get(f"/desk/{draw_id}/application")
    for shown in (
        "按期评标",
        "粤和招标代理有限公司",
        "广州水务有限公司",
        "A08",
        "440100",
        "3号评标室",
        "李监督",
        "申请表.pdf",
    ):
        assert shown in verifier.text, shown
    await verifier.press("通过", opinion="资料齐全")
    assert (verifier.path, "已通过核验" in verifier.text) == ("/desk/applications", True)
    assert await state_of(draw_id) == "verified"
    await verifier.get("/desk/applications?state=approved&q=粤和")
    assert "资料齐全" in verifier.text
    await verifier.get(f"/desk/{draw_id}/application")
    assert "通过" not in verifier.page.buttons


async def test_a_refusal_needs_an_opinion_which_stays_in_the_history(world: World) -> None:
    draw_id = await submitted(world)
    verifier = await world.log_in(world.office.verifier, "verifier")
    await verifier.get(f"/desk/{draw_id}/application")
    await verifier.press("退回", opinion=" ")
    assert (verifier.status, "请填写退回原因" in verifier.text) == (422, True)
    await verifier.press("退回", opinion="缺少监督人部门")
    assert (await state_of(draw_id), "已退回" in verifier.text) == ("refused", True)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/desk/{draw_id}/application")
    assert "缺少监督人部门" in agency.text
    assert "退回" not in agency.page.buttons
    await agency.get(f"/agency/draws/{draw_id}/submit")
    assert "核验未通过：缺少监督人部门" in agency.text


async def test_what_was_decided_or_withdrawn_meanwhile_is_said_on_the_page(world: World) -> None:
    draw_id = await submitted(world)
    one, other = await world.log_in(world.office.verifier, "verifier"), await verifier_of(world)
    for visitor in (one, other):
        await visitor.get(f"/desk/{draw_id}/application")
    await one.press("通过")
    await other.press("退回", opinion="缺少监督人")
    assert (other.status, await state_of(draw_id)) == (409, "verified")
    again = await submitted_again(world, draw_id)
    await one.get(f"/desk/{draw_id}/application")
    fields = one.page.buttons["通过"][0]["fields"]
    for made_up in ("", "x", str(draw_id)):
        await one.press("通过", id=made_up)
        assert (one.status, "找不到这份申请" in one.text) == (404, True)
    assert fields["id"] == str(again.id)


async def submitted_again(world: World, draw_id: UUID) -> DrawApplication:
    """The draw as if its first application had been withdrawn and another handed in."""
    await DrawApplication.filter(draw_id=draw_id).update(state="withdrawn")
    await Draw.filter(id=draw_id).update(state="editing")
    terminal = world.services.deps.book("demo").draw.terminals[0]
    return await DrawApplication.get(id=await world.office.setup.submit(world.office.agency, draw_id, terminal, ""))


async def test_an_application_whose_start_has_passed_is_not_approved(world: World) -> None:
    draw_id = await submitted(world)
    verifier = await world.log_in(world.office.verifier, "verifier")
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    await verifier.get(f"/desk/{draw_id}/application")
    assert ("通过" in verifier.page.buttons, "已过，不能通过" in verifier.text) == (False, True)
    await verifier.press("退回", command="approve")
    assert (verifier.status, "请退回" in verifier.text, await state_of(draw_id)) == (409, True, "submitted")
    await verifier.press("退回", opinion="时间已过")
    assert await state_of(draw_id) == "refused"


async def test_a_verifier_of_one_terminal_sees_and_decides_only_what_came_there(world: World) -> None:
    draw_id = await submitted(world)
    other = await verifier_of(world, "别处交易中心")
    await other.get("/desk/applications")
    assert ("别处交易中心" in other.text, "演示项目" in other.text) == (True, False)
    for path in ("", "/application", "/log", "/result"):
        assert (await other.get(f"/desk/{draw_id}{path}")).status == 404, path
    desk = await world.log_in(world.office.desk, "venue")
    assert (await desk.get("/desk/applications")).status == 403
    assert (await desk.get(f"/desk/{draw_id}/application")).status == 403


async def test_a_supervisor_reads_the_application_the_log_and_looks_into_the_reasons(world: World) -> None:
    draw_id, [one] = await world.panel()
    supervisor = await world.log_in(world.office.supervisor, "supervisor")
    await supervisor.get(f"/desk/{draw_id}")
    await supervisor.click("申请内容活动信息、抽取条件、回避和核验记录")
    assert ("粤和招标代理有限公司" in supervisor.text, "通过" in supervisor.page.buttons) == (True, False)
    await supervisor.get(f"/desk/{draw_id}/log")
    assert ("启动抽取" in supervisor.text, "粤和招标代理有限公司 · 法人 · 王小明" in supervisor.text) == (True, True)
    await supervisor.get(f"/desk/{draw_id}/audit")
    await supervisor.press("开始稽核")
    assert (supervisor.status, "解密" in supervisor.text) == (422, True)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    await supervisor.get(f"/desk/{draw_id}/audit")
    await supervisor.press("开始稽核")
    assert "名单、跳过和通知的理由全部属实" in supervisor.text
    await supervisor.press("查看凭证", leaf="zz")
    assert (supervisor.status, "64位编号" in supervisor.text) == (422, True)
    await supervisor.press("查看凭证", leaf=one.leaf)
    assert one.expert_id.hex in supervisor.text
    assert await AuditEntry.filter(action="leaf.opened", subject_id=draw_id).count() == 1
