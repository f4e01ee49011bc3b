"""The trading centre's verifier on pages: his queue, an application with everything, his decision."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from models.audit import AuditEntry
from models.draws import Draw, DrawApplication
from services.core.base import Actor
from tests.factories.files import pdf
from tests.factories.offices import add_experts, fix_seed, make_draw, new_project, open_invitations, state_of, verify
from tests.factories.people import make_account, make_grant
from tests.web.conftest import Visitor, World
from tests.web.files.test_file_links import sent_by


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
    await verifier.get("/draws/applications")
    assert ("演示项目(一标段)" in verifier.text, "有附件" in verifier.text) == (True, True)
    await verifier.get(f"/draws/{draw_id}/application")
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
    assert (verifier.path, "已通过核验" in verifier.text) == ("/draws/applications", True)
    assert await state_of(draw_id) == "verified"
    await verifier.get("/draws/applications?state=approved&q=粤和")
    assert "资料齐全" in verifier.text
    await verifier.get(f"/draws/{draw_id}/application")
    assert "通过" not in verifier.page.buttons


async def test_a_refusal_needs_an_opinion_which_stays_in_the_history(world: World) -> None:
    draw_id = await submitted(world)
    verifier = await world.log_in(world.office.verifier, "verifier")
    await verifier.get(f"/draws/{draw_id}/application")
    await verifier.press("退回", opinion=" ")
    assert (verifier.status, "请填写退回原因" in verifier.text) == (422, True)
    await verifier.press("退回", opinion="缺少监督人部门")
    assert (await state_of(draw_id), "已退回" in verifier.text) == ("refused", True)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/draws/{draw_id}/application")
    assert "缺少监督人部门" in agency.text
    assert "退回" not in agency.page.buttons
    await agency.get(f"/agency/draws/{draw_id}/submit")
    assert "核验未通过：缺少监督人部门" in agency.text


async def test_what_was_decided_or_withdrawn_meanwhile_is_said_on_the_page(world: World) -> None:
    draw_id = await submitted(world)
    verifier, other = await world.log_in(world.office.verifier, "verifier"), await verifier_of(world)
    for visitor in (verifier, other):
        await visitor.get(f"/draws/{draw_id}/application")
    await verifier.press("通过")
    await other.press("退回", opinion="缺少监督人")
    assert (other.status, await state_of(draw_id)) == (409, "verified")
    again = await submitted_again(world, draw_id)
    await verifier.get(f"/draws/{draw_id}/application")
    fields = verifier.page.buttons["通过"][0]["fields"]
    for made_up in ("", "x", str(draw_id)):
        await verifier.press("通过", id=made_up)
        assert (verifier.status, "找不到这份申请" in verifier.text) == (404, True)
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
    await verifier.get(f"/draws/{draw_id}/application")
    assert ("通过" in verifier.page.buttons, "已过，不能通过" in verifier.text) == (False, True)
    await verifier.press("退回", command="approve")
    assert (verifier.status, "请退回" in verifier.text, await state_of(draw_id)) == (409, True, "submitted")
    await verifier.press("退回", opinion="时间已过")
    assert await state_of(draw_id) == "refused"


async def test_a_verifier_of_one_terminal_sees_and_decides_only_what_came_there(world: World) -> None:
    draw_id = await submitted(world)
    other = await verifier_of(world, "别处交易中心")
    await other.get("/draws/applications")
    assert ("别处交易中心" in other.text, "演示项目" in other.text) == (True, False)
    for path in ("", "/application", "/log", "/result"):
        assert (await other.get(f"/draws/{draw_id}{path}")).status == 404, path
    venue = await world.log_in(world.office.venue, "venue")
    assert (await venue.get("/draws/applications")).status == 403
    assert (await venue.get(f"/draws/{draw_id}/application")).status == 403


async def test_a_supervisor_reads_the_application_the_log_and_looks_into_the_reasons(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    supervisor = await world.log_in(world.office.supervisor, "supervisor")
    await supervisor.get(f"/draws/{draw_id}")
    await supervisor.click("申请内容活动信息、抽取条件、回避和核验记录")
    assert ("粤和招标代理有限公司" in supervisor.text, "通过" in supervisor.page.buttons) == (True, False)
    await supervisor.get(f"/draws/{draw_id}/log")
    assert ("启动抽取" in supervisor.text, "粤和招标代理有限公司 · 法人 · 王小明" in supervisor.text) == (True, True)
    await supervisor.get(f"/draws/{draw_id}/audit")
    await supervisor.press("开始稽核")
    assert (supervisor.status, "解密" in supervisor.text) == (422, True)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    await supervisor.get(f"/draws/{draw_id}/audit")
    await supervisor.press("开始稽核")
    assert "名单、跳过和通知的理由全部属实" in supervisor.text
    await supervisor.press("查看凭证", leaf="zz")
    assert (supervisor.status, "64位编号" in supervisor.text) == (422, True)
    await supervisor.press("查看凭证", leaf=invitation.leaf)
    assert invitation.expert_id.hex in supervisor.text
    assert await AuditEntry.filter(action="leaf.opened", subject_id=draw_id).count() == 1


async def asked_for_release(world: World) -> UUID:
    """A panel with a file of its own request, and a request for its release with another."""
    office, files = world.office, world.services.draws.attachments
    await add_experts(office, 2)
    draw_id = await make_draw(office, needed=1)
    await files.attach(office.agency, draw_id, "抽取申请表.pdf", pdf(1))
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    world.clock.move(timedelta(minutes=5))
    await files.attach(office.agency, draw_id, "退选申请表.pdf", pdf(2), "release")
    await office.releases.submit(office.agency, draw_id, "招标失败", "投标人不足三家")
    return draw_id


async def test_each_row_opens_its_own_application_with_its_file(world: World) -> None:
    draw_id = await asked_for_release(world)
    verifier = await world.log_in(world.office.verifier, "verifier")
    await verifier.get("/draws/applications?state=approved")
    await verifier.click("查看演示项目(一标段)的抽取申请")
    assert ("抽取申请表.pdf" in verifier.text, "投标人不足三家" in verifier.text) == (True, True), "the history, too"
    assert "通过" not in verifier.page.buttons
    assert verifier.page.links["抽取申请表.pdf"] == f"/draws/{draw_id}/attachment"
    await verifier.click("退选专家申请")
    assert verifier.page.links["退选申请表.pdf"] == f"/draws/{draw_id}/attachment?of=release"
    assert "通过" in verifier.page.buttons
    for made_up in ("x", str(draw_id)):
        assert (await verifier.get(f"/draws/{draw_id}/application?id={made_up}")).status == 404
    await new_project(world.office)
    other = await submitted(world)
    [elsewhere] = await DrawApplication.filter(draw_id=other)
    assert (await verifier.get(f"/draws/{draw_id}/application?id={elsewhere.id}")).status == 404


async def test_the_file_of_a_release_is_mailed_not_that_of_the_draw(world: World) -> None:
    draw_id = await asked_for_release(world)
    verifier = await world.log_in(world.office.verifier, "verifier")
    await verifier.get(f"/draws/{draw_id}")
    await verifier.click("核验这份申请申请内容、附件和核验记录")
    await verifier.click("发到邮箱")
    await verifier.press("发到邮箱", email="verifier@example.com")
    assert "已发送" in verifier.text
    await verifier.press("发到邮箱", email="other@example.com")
    assert [mail.attachments[0].filename for mail in sent_by(world)] == ["退选申请表.pdf"] * 2
    assert {mail.attachments[0].content for mail in sent_by(world)} == {pdf(2)}


async def test_a_file_that_was_replaced_later_is_not_shown_with_the_old_application(world: World) -> None:
    draw_id = await submitted(world, attached=True)
    verifier = await world.log_in(world.office.verifier, "verifier")
    await verifier.get(f"/draws/{draw_id}/application")
    await verifier.press("退回", opinion="没有盖章")
    [old] = await DrawApplication.filter(draw_id=draw_id)
    world.clock.move(timedelta(minutes=5))
    await world.services.draws.attachments.attach(world.office.agency, draw_id, "申请表.pdf", pdf(2))
    terminal = world.services.deps.book("demo").draw.terminals[0]
    await world.office.setup.submit(world.office.agency, draw_id, terminal, "已盖章")
    await verifier.get(f"/draws/{draw_id}/application?id={old.id}")
    assert ("申请表.pdf（提交后已更换或删除）" in verifier.text, "申请表.pdf" in verifier.page.links) == (True, False)
    await verifier.get(f"/draws/{draw_id}/application")
    assert "申请表.pdf" in verifier.page.links
