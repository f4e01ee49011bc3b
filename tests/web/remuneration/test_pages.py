"""Remuneration on pages: the venue proposes, the expert answers on his phone, the agency marks and takes the sheet."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import UUID

from openpyxl import load_workbook

from domain.clock import local
from models.accounts import Account
from models.experts import Expert
from models.invitations import Invitation
from models.remuneration import Remuneration
from services.core.base import Actor
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_agent_link, make_organisation
from tests.factories.remuneration import ended_panel
from tests.web.conftest import Visitor, World


async def expert_page(world: World, invitation: Invitation) -> Visitor:
    """The expert's own phone, logged in."""
    await world.bind(invitation.expert_id)
    expert = await Expert.get(id=invitation.expert_id)
    await Account.filter(id=expert.account_id).update(
        real_name=expert.name,
        privacy_version=world.services.deps.book("demo").pool.privacy_version,
        privacy_accepted_at=world.clock.now(),
    )
    return await world.log_in(Actor("demo", "expert", account_id=expert.account_id, expert_id=expert.id))


async def waiting(world: World, actor: Actor) -> dict[str, int]:
    """What the chat tells a person of his work, by name."""
    assert actor.account_id
    options = await world.services.accounts.sessions.roles(actor)
    found = await world.services.office.staff_work.of("demo", actor.account_id, options)
    return {count.name: count.number for one in found if one.role == actor.role for count in one.counts}


async def test_from_proposal_by_objection_and_answer_to_payment(world: World) -> None:
    draw_id, [first, _] = await ended_panel(world.office, world.clock, needed=2)
    desk = await world.log_in(world.office.desk, "venue")
    assert (await waiting(world, world.office.desk))["酬劳待提出"] == 1
    await desk.get(f"/desk/{draw_id}")
    await desk.click("专家酬劳活动结束后提出，专家确认")
    assert "演示省评标专家酬劳标准" in desk.text
    assert ("评标3小时" in desk.text, "小时0分" in desk.text) == (True, False)
    await desk.press("按标准提出（2人）", deed="all")
    assert (desk.status, "已按标准提出" in desk.text) == (200, True)
    assert "按标准提出（" not in desk.text

    expert = await expert_page(world, first)
    await expert.get("/h5/demo/remuneration")
    for words in ("基本酬劳 400.00元", "超时酬劳 100.00元", "合计 500.00元", "逾期视为确认"):
        assert words in expert.text
    await expert.press("提出异议", reason="")
    assert (expert.status, "请填写异议说明" in expert.text) == (422, True)
    await expert.press("提出异议", reason="实际20:30离场")
    assert "异议已转给场地" in expert.text

    work = await waiting(world, world.office.desk)
    assert (work["酬劳待提出"], work["酬劳异议待答复"]) == (0, 1)
    await desk.get(f"/desk/{draw_id}/remuneration")
    assert "实际20:30离场" in desk.text
    await desk.press("维持或更正", amount="500.00", words="")
    assert (desk.status, "请填写说明" in desk.text) == (422, True)
    await desk.press("维持或更正", amount="五百", words="已核对")
    assert (desk.status, "金额请填写为元" in desk.text) == (422, True)
    await desk.press("维持或更正", amount="600", words="已核对，补一小时")
    assert (desk.status, "已提出" in desk.text) == (200, True)

    await expert.get("/h5/demo/remuneration")
    assert "场地答复 已核对，补一小时" in expert.text
    old = {**expert.page.buttons["确认600.00元"][0]["fields"], "version": "1", "deed": "confirm"}
    await expert.post("/h5/demo/remuneration", old)
    assert (expert.status, "已更新为600.00元" in expert.text) == (409, True)
    await expert.press("确认600.00元")
    assert "已确认" in expert.text

    agency = await world.log_in(world.office.agency)
    assert (await waiting(world, world.office.agency))["酬劳待支付"] == 1
    await agency.get(f"/agency/draws/{draw_id}")
    await agency.click("专家酬劳支付情况")
    assert "1,100.00" in agency.text
    form = agency.page.buttons["登记已选"][0]
    unticked = {name: value for name, value in form["fields"].items() if not name.startswith("pay-")}
    await agency.post(form["action"], {**unticked, "deed": "chosen", "way": "现金"})
    assert (agency.status, "请勾选" in agency.text) == (422, True)
    await agency.post(form["action"], {**form["fields"], "deed": "", "way": "现金"})
    assert (agency.status, "没有收到您的选择" in agency.text) == (422, True)
    await agency.press("登记已选", way="支票")
    assert (agency.status, "请选择支付方式" in agency.text) == (422, True)
    tomorrow = f"{local(world.clock.now() + timedelta(days=1)):%Y-%m-%d}"
    await agency.press("全部登记（1人）", paid_on=tomorrow, way="现金")
    assert (agency.status, "支付日期应在" in agency.text) == (422, True)
    today = f"{local(world.clock.now()):%Y-%m-%d}"
    one = await Remuneration.get(invitation_id=first.id)
    await agency.press("登记已选", paid_on=today, way="银行转账")
    assert (agency.status, "已登记支付" in agency.text) == (200, True)
    await expert.get("/h5/demo/remuneration")
    assert "银行转账" in expert.text
    await agency.press(f"撤销{first.code}的支付登记")
    assert "已撤销" in agency.text
    await agency.press("全部登记（1人）", paid_on=today, way="现金")
    assert (await Remuneration.get(id=one.id)).state == "paid"

    sheet = await agency.client.get(f"/agency/draws/{draw_id}/remuneration.xlsx")
    assert sheet.status == 200
    rows = list(load_workbook(io.BytesIO(await sheet.read())).active.iter_rows(min_row=2, values_only=True))
    assert [(row[5], row[8]) for row in rows] == [(600, "已支付")]
    await agency.get("/agency/remuneration")
    month = f"{local(world.clock.now()):%Y-%m}"
    assert "1,100.00元" in agency.text
    assert (await agency.client.get(f"/agency/remuneration/{month}.xlsx")).status == 200
    assert (await agency.client.get("/agency/remuneration/2026-99.xlsx")).status == 422


async def test_a_venue_without_a_standard_enters_amounts_by_hand(world: World) -> None:
    world.set_rules("remuneration", table=None)
    draw_id, [invitation] = await ended_panel(world.office, world.clock)
    desk = await (await world.log_in(world.office.desk, "venue")).get(f"/desk/{draw_id}/remuneration")
    assert "本地区未设置酬劳标准" in desk.text
    await desk.press("提出", amount="300", words="")
    assert (desk.status, "请填写说明" in desk.text) == (422, True)
    await desk.press("提出", amount="300", words="按约定")
    assert (await Remuneration.get(invitation_id=invitation.id)).amount == 30000


async def test_before_the_end_everybody_reads_when_it_will_be(world: World) -> None:
    draw_id, _ = await world.panel()
    desk = await (await world.log_in(world.office.desk, "venue")).get(f"/desk/{draw_id}/remuneration")
    assert "活动结束后才能提出酬劳" in desk.text
    agency = await (await world.log_in(world.office.agency)).get(f"/agency/draws/{draw_id}/remuneration")
    assert "活动结束后，由评标场地" in agency.text


async def test_other_agencies_and_experts_find_nothing(world: World) -> None:
    draw_id, [first, second] = await ended_panel(world.office, world.clock, needed=2)
    await world.services.remuneration.proposals.propose_all(world.office.desk, draw_id)
    organisation = await make_organisation(credit_code=OTHER_CREDIT_CODE)
    account = await make_account(world.services.deps)
    await make_agent_link(organisation, account)
    other = await world.log_in(Actor("demo", "agent", account.id, organisation_id=organisation.id))
    for path in (f"/agency/draws/{draw_id}/remuneration", f"/agency/draws/{draw_id}/remuneration.xlsx"):
        assert (await other.get(path)).status == 404
    assert "还没有专家酬劳" in (await other.get("/agency/remuneration")).text

    mine, its = await expert_page(world, first), await Remuneration.get(invitation_id=second.id)
    await mine.get("/h5/demo/remuneration")
    fields = {**mine.page.buttons["确认500.00元"][0]["fields"], "id": str(its.id), "deed": "confirm"}
    await mine.post("/h5/demo/remuneration", fields)
    assert (mine.status, (await Remuneration.get(id=its.id)).state) == (404, "proposed")
    fields["id"] = str(UUID(int=3))
    assert (await mine.post("/h5/demo/remuneration", fields)).status == 404
