"""Remuneration on pages: the venue proposes, the expert answers on his phone, the agency marks and takes the sheet."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import UUID

import pytest
from openpyxl import load_workbook

from domain.clock import local
from domain.ids import new_id
from models.attendance import Attendance
from models.audit import AuditEntry
from models.draws import Draw
from models.notices import Notice
from models.organisations import Organisation
from models.remuneration import Remuneration
from services.core.base import Actor
from tests.drivers.statements import count_statements
from tests.factories.offices import recuse
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_agent_link, make_organisation
from tests.factories.remuneration import ended_panel, meet, part
from tests.web.conftest import Visitor, World
from tests.web.office_scene import make_scene


async def work_by_name(world: World, actor: Actor) -> dict[str, int]:
    """Work listed in the chat, by name."""
    assert actor.account_id
    options = await world.services.accounts.sessions.roles(actor)
    work = await world.services.office.staff_work.list_work("demo", actor.account_id, options)
    return {
        count.name: count.number for role_work in work if role_work.role == actor.role for count in role_work.counts
    }


async def led_to(visitor: Visitor, page: str, words: str) -> list[str]:
    """Targets of a first page's links with these words."""
    await visitor.get(page)
    return [path for label, path in visitor.page.links.items() if words in label]


async def test_from_proposal_by_objection_and_answer_to_payment(world: World) -> None:
    draw_id, [first, _] = await ended_panel(world.office, world.clock, needed=2)
    venue = await world.log_in(world.office.venue, "venue")
    assert (await work_by_name(world, world.office.venue))["酬劳待提出"] == 1
    assert await led_to(venue, "/draws", "酬劳待提出") == [f"/draws/{draw_id}/remuneration"]
    await venue.get(f"/draws/{draw_id}")
    await venue.click("专家酬劳活动结束后提出，专家确认")
    assert "演示省评标专家酬劳标准" in venue.text
    assert ("评标3小时" in venue.text, "小时0分" in venue.text) == (True, False)
    await venue.press("按标准提出（2人）", command="all")
    assert (venue.status, "已按标准提出" in venue.text) == (200, True)
    assert "按标准提出（" not in venue.text

    expert = await world.log_in_expert(first.expert_id)
    await expert.get("/h5/demo/remuneration")
    for words in ("基本酬劳 400.00元", "超时酬劳 100.00元", "合计 500.00元", "逾期视为确认"):
        assert words in expert.text
    await expert.press("提出异议", reason="")
    assert (expert.status, "请填写异议说明" in expert.text) == (422, True)
    await expert.press("提出异议", reason="实际20:30离场")
    assert "异议已转给场地" in expert.text

    work = await work_by_name(world, world.office.venue)
    assert (work["酬劳待提出"], work["酬劳异议待答复"]) == (0, 1)
    assert await led_to(venue, "/draws", "酬劳异议待答复") == [f"/draws/{draw_id}/remuneration"]
    await venue.get(f"/draws/{draw_id}/remuneration")
    assert "实际20:30离场" in venue.text
    await venue.press("维持或更正", amount="500.00", words="")
    assert (venue.status, "请填写说明" in venue.text) == (422, True)
    await venue.press("维持或更正", amount="五百", words="已核对")
    assert (venue.status, "金额请填写为元" in venue.text) == (422, True)
    await venue.press("维持或更正", amount="600", words="已核对，补一小时")
    assert (venue.status, "已提出" in venue.text) == (200, True)

    await expert.get("/h5/demo/remuneration")
    assert "场地答复 已核对，补一小时" in expert.text
    old = {**expert.page.buttons["确认600.00元"][0]["fields"], "version": "1", "command": "confirm"}
    await expert.post("/h5/demo/remuneration", old)
    assert (expert.status, "已更新为600.00元" in expert.text) == (409, True)
    await expert.press("确认600.00元")
    assert "已确认" in expert.text

    agency = await world.log_in(world.office.agency)
    assert (await work_by_name(world, world.office.agency))["酬劳待支付"] == 1
    assert await led_to(agency, "/agency", "酬劳待支付") == ["/agency/remuneration"]
    await agency.get("/agency/remuneration")
    assert ("待支付 1笔" in agency.text, f"/agency/draws/{draw_id}/remuneration" in agency.page.links.values()) == (
        True,
        True,
    )
    await agency.get(f"/agency/draws/{draw_id}")
    await agency.click("专家酬劳支付情况")
    assert "1,100.00" in agency.text
    form = agency.page.buttons["登记已选"][0]
    unticked = {name: value for name, value in form["fields"].items() if not name.startswith("pay-")}
    await agency.post(form["action"], {**unticked, "command": "chosen", "way": "现金"})
    assert (agency.status, "请勾选" in agency.text) == (422, True)
    await agency.post(form["action"], {**form["fields"], "command": "", "way": "现金"})
    assert (agency.status, "没有收到您的选择" in agency.text) == (422, True)
    await agency.press("登记已选", way="支票")
    assert (agency.status, "请选择支付方式" in agency.text) == (422, True)
    tomorrow = f"{local(world.clock.now() + timedelta(days=1)):%Y-%m-%d}"
    await agency.press("全部登记（1人）", paid_on=tomorrow, way="现金")
    assert (agency.status, "支付日期应在" in agency.text) == (422, True)
    today = f"{local(world.clock.now()):%Y-%m-%d}"
    remuneration = await Remuneration.get(invitation_id=first.id)
    await agency.press("登记已选", paid_on=today, way="银行转账")
    assert (agency.status, "已登记支付" in agency.text) == (200, True)
    await expert.get("/h5/demo/remuneration")
    assert "银行转账" in expert.text
    await agency.press(f"撤销{first.code}的支付登记")
    assert "已撤销" in agency.text
    await agency.press("全部登记（1人）", paid_on=today, way="现金")
    assert (await Remuneration.get(id=remuneration.id)).state == "paid"

    sheet = await agency.client.get(f"/agency/draws/{draw_id}/remuneration.xlsx")
    assert sheet.status == 200
    rows = list(load_workbook(io.BytesIO(await sheet.read())).active.iter_rows(min_row=2, values_only=True))
    assert [(row[5], row[8]) for row in rows] == [(600, "已支付")]
    await agency.get("/agency/remuneration")
    month = f"{local(world.clock.now()):%Y-%m}"
    assert "1,100.00元" in agency.text
    assert (await agency.client.get(f"/agency/remuneration/{month}.xlsx")).status == 200
    assert (await agency.client.get("/agency/remuneration/2026-99.xlsx")).status == 422


@pytest.mark.parametrize("button", ["登记已选", "全部登记（2人）"])
async def test_the_agency_marks_only_what_its_page_showed(world: World, button: str) -> None:
    """The venue corrects an amount, and the expert confirms it, while the agency's page stands open."""
    draw_id, invitations = await ended_panel(world.office, world.clock, needed=2)
    owed = world.services.remuneration
    await owed.proposals.propose_all(world.office.venue, draw_id)
    for invitation in invitations:
        await confirm(world, invitation.expert_id)
    agency = await (await world.log_in(world.office.agency)).get(f"/agency/draws/{draw_id}/remuneration")
    await owed.proposals.propose(world.office.venue, draw_id, invitations[1].id, 18_888_88, "评标三天")
    await confirm(world, invitations[1].expert_id)
    await agency.press(button, way="现金")
    assert (agency.status, "金额已更新，请核对" in agency.text, "18,888.88" in agency.text) == (409, True, True)
    assert not await Remuneration.exists(state="paid")
    await agency.press(button, way="现金")
    assert (agency.status, "已登记支付" in agency.text) == (200, True)
    assert await Remuneration.filter(state="paid").count() == 2


async def test_who_confirms_after_the_page_was_opened_is_not_marked_with_the_others(world: World) -> None:
    draw_id, [first, second] = await ended_panel(world.office, world.clock, needed=2)
    await world.services.remuneration.proposals.propose_all(world.office.venue, draw_id)
    await confirm(world, first.expert_id)
    agency = await (await world.log_in(world.office.agency)).get(f"/agency/draws/{draw_id}/remuneration")
    await confirm(world, second.expert_id)
    await agency.press("全部登记（1人）", way="现金")
    assert (agency.status, "全部登记（1人）" in agency.page.buttons) == (200, True)
    assert (await Remuneration.get(invitation_id=second.id)).state == "confirmed"


async def confirm(world: World, expert_id: UUID) -> None:
    expert = Actor("demo", "expert", expert_id=expert_id)
    [own] = await world.services.remuneration.answers.list_own(expert)
    await world.services.remuneration.answers.confirm(expert, own.id, own.version, by="h5")


async def test_an_expert_takes_his_objection_back_on_his_page(world: World) -> None:
    draw_id, [first] = await ended_panel(world.office, world.clock)
    await world.services.remuneration.proposals.propose_all(world.office.venue, draw_id)
    expert = await (await world.log_in_expert(first.expert_id)).get("/h5/demo/remuneration")
    await expert.press("提出异议", reason="实际20:30离场")
    assert "逾期视为确认" not in expert.text
    await expert.press("撤回异议并确认500.00元")
    assert (expert.status, "已确认" in expert.text) == (200, True)
    assert (await Remuneration.get(invitation_id=first.id)).state == "confirmed"


async def test_an_objection_without_an_answer_comes_to_the_office(world: World) -> None:
    draw_id, [first] = await ended_panel(world.office, world.clock)
    await world.services.remuneration.proposals.propose_all(world.office.venue, draw_id)
    expert = await (await world.log_in_expert(first.expert_id)).get("/h5/demo/remuneration")
    await expert.press("提出异议", reason="实际20:30离场")
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/remuneration")
    assert "答复截止" in venue.text
    scene = await make_scene(world)
    office = await scene.at("/office")
    assert "酬劳异议" not in office.text
    world.clock.move(world.services.deps.book("demo").remuneration.answer_within)
    office = await scene.at("/office")
    await office.click(next(link for link in office.page.links if link.startswith("逾期未答复的酬劳异议")))
    draw = await Draw.get(id=draw_id)
    await office.click(next(link for link in office.page.links if draw.number in link))
    assert (office.path, "实际20:30离场" in office.text) == (f"/draws/{draw_id}/remuneration", True)
    await venue.press("维持或更正", amount="500.00", words="以登记为准")
    assert "酬劳异议" not in (await scene.at("/office")).text


async def test_the_venue_is_shown_what_it_has_not_proposed_however_long_ago_and_who_never_came_in(
    world: World,
) -> None:
    """Also for an expert who was recused on the spot before entry."""
    office = world.office
    draw_id, [first, second] = await meet(office, world.clock, needed=2)
    await Attendance.filter(invitation_id=first.id).delete()
    await recuse(office, draw_id, first.code)
    await part(office, world.clock, draw_id, [second], 2)
    await world.services.remuneration.proposals.propose(office.venue, draw_id, second.id)
    world.clock.move(timedelta(days=90))
    venue = await world.log_in(office.venue, "venue")
    assert (await work_by_name(world, office.venue))["酬劳待提出"] == 1
    assert await led_to(venue, "/draws", "酬劳待提出") == [f"/draws/{draw_id}/remuneration"]
    await world.services.remuneration.proposals.propose(office.venue, draw_id, first.id, 0, "签到前回避，未产生交通费")
    assert (await work_by_name(world, office.venue))["酬劳待提出"] == 0


async def test_a_venue_without_a_standard_enters_amounts_by_hand(world: World) -> None:
    world.set_rules("remuneration", table=None)
    draw_id, [invitation] = await ended_panel(world.office, world.clock)
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/remuneration")
    assert "本地区未设置酬劳标准" in venue.text
    await venue.press("提出", amount="300", words="")
    assert (venue.status, "请填写说明" in venue.text) == (422, True)
    await venue.press("提出", amount="300", words="按约定")
    assert (await Remuneration.get(invitation_id=invitation.id)).amount == 30000


async def test_before_the_end_venue_and_agency_read_when_remuneration_can_be_proposed(world: World) -> None:
    draw_id, _ = await world.panel()
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/remuneration")
    assert "活动结束后才能提出酬劳" in venue.text
    agency = await (await world.log_in(world.office.agency)).get(f"/agency/draws/{draw_id}/remuneration")
    assert "活动结束后，由评标场地" in agency.text


async def test_other_agencies_and_experts_find_nothing(world: World) -> None:
    draw_id, [first, second] = await ended_panel(world.office, world.clock, needed=2)
    await world.services.remuneration.proposals.propose_all(world.office.venue, draw_id)
    organisation = await make_organisation(credit_code=OTHER_CREDIT_CODE)
    account = await make_account(world.services.deps)
    await make_agent_link(organisation, account)
    other = await world.log_in(Actor("demo", "agent", account.id, organisation_id=organisation.id))
    for path in (f"/agency/draws/{draw_id}/remuneration", f"/agency/draws/{draw_id}/remuneration.xlsx"):
        assert (await other.get(path)).status == 404
    assert "还没有专家酬劳" in (await other.get("/agency/remuneration")).text

    mine, its = await world.log_in_expert(first.expert_id), await Remuneration.get(invitation_id=second.id)
    await mine.get("/h5/demo/remuneration")
    fields = {**mine.page.buttons["确认500.00元"][0]["fields"], "id": str(its.id), "command": "confirm"}
    await mine.post("/h5/demo/remuneration", fields)
    assert (mine.status, (await Remuneration.get(id=its.id)).state) == (404, "proposed")
    fields["id"] = str(UUID(int=3))
    assert (await mine.post("/h5/demo/remuneration", fields)).status == 404


async def test_the_office_sees_what_each_organisation_owes_by_month_and_takes_it_as_a_sheet(world: World) -> None:
    draw_id, [first, _, _] = await ended_panel(world.office, world.clock, needed=3)
    owed = world.services.remuneration
    await owed.proposals.propose_all(world.office.venue, draw_id)
    await owed.proposals.propose(world.office.venue, draw_id, first.id, 18_888_88, "评标三天")
    expert = Actor("demo", "expert", expert_id=first.expert_id)
    [own] = await owed.answers.list_own(expert)
    await owed.answers.dispute(expert, own.id, own.version, "少了一天", by="h5")
    draw = await Draw.get(id=draw_id)
    empty = await make_organisation(credit_code=OTHER_CREDIT_CODE, name="尚无活动的公司")
    office = await (await make_scene(world)).at("/office")
    with count_statements() as sent:
        await office.get("/office/remuneration")
    assert len(sent) == 3, f"who asks, objections without an answer, and all the sums: {sent}"
    for words in (
        "1个代理机构，1个活动",
        "19,888.88",
        "1,000.00 2人次",
        "18,888.88 1人次",
        "0.00 0人次",
    ):
        assert words in office.text
    assert (await office.get("/office/remuneration?since=2026-13&until=2026-01")).status == 422
    assert "起始月份请填写为年份和月份" in office.text
    await office.get("/office/remuneration?since=2026-11&until=2026-10")
    assert "截止月份应不早于起始月份" in office.text
    await office.get("/office/remuneration?since=2025-01&until=2026-10")
    assert "2025年1月至2026年10月没有专家酬劳" in office.text
    await office.get("/office/remuneration?q=%25")
    assert "没有名称含“%”的代理机构" in office.text

    await office.get("/office/remuneration")
    organisation = await Organisation.get(id=draw.organisation_id)
    await office.click(next(link for link in office.page.links if organisation.name in link))
    assert (draw.number in office.text, "19,888.88" in office.text) == (True, True)
    await office.click(next(link for link in office.page.links if draw.name in link))
    assert (office.path, office.status) == (f"/draws/{draw_id}/remuneration", 200)
    await office.get(f"/office/remuneration/{empty.id}")
    assert "2026年11月没有专家酬劳" in office.text
    assert (await office.get(f"/office/remuneration/{new_id()}")).status == 404

    sheet = await office.client.get("/office/remuneration.xlsx?since=2026-01&until=2026-12")
    [row] = load_workbook(io.BytesIO(await sheet.read())).active.iter_rows(min_row=2, values_only=True)
    assert row[2:] == (1, 3, 19888.88, 2, 1000, 1, 18888.88, 0, 0, 0, 0)
    assert await AuditEntry.filter(action="export", subject="remuneration").count() == 1
    agency = await world.log_in(world.office.agency)
    for path in ("", ".xlsx", f"/{draw.organisation_id}"):
        assert (await agency.client.get(f"/office/remuneration{path}")).status == 403


async def test_an_expert_reminds_the_agency_on_the_page(world: World) -> None:
    draw_id, [invitation] = await ended_panel(world.office, world.clock)
    await world.services.remuneration.proposals.propose(world.office.venue, draw_id, invitation.id)
    expert = await world.log_in_expert(invitation.expert_id)
    await expert.get("/h5/demo/remuneration")
    assert "提醒付款单位" not in "".join(expert.page.buttons)
    [confirm] = [button for button in expert.page.buttons if button.startswith("确认")]
    await expert.press(confirm)
    [remind] = [button for button in expert.page.buttons if "提醒付款单位" in button]
    sent = {**expert.page.buttons[remind][0]["fields"], "command": "remind"}
    await expert.press(remind)
    assert ("已提醒付款单位核对" in expert.text, "起可以再提醒" in expert.text) == (True, True)
    await expert.post("/h5/demo/remuneration", sent)
    assert await Notice.filter(kind="agency_pay_reminder").count() == 1, "a second tap of the same button"
    agency = await world.log_in(world.office.agency)
    assert "反映没有到账" in (await agency.get(f"/agency/draws/{draw_id}/remuneration")).text
    await expert.post("/h5/demo/remuneration", {**sent, "key": "another"})
    assert (expert.status, "提醒过付款单位" in expert.text) == (429, True)
    assert (expert.page.links["投诉"], expert.page.links["更正收款账户"]) == (
        "/h5/demo/feedback?subject=fee",
        "/h5/demo/file/bank",
    )
    assert "酬劳" in (await expert.click("投诉")).text
