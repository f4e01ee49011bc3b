"""A draw from its first field to its supplementary draw, on pages, in a browser without scripts."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import local
from domain.draws.random_draw import participant_commitment
from domain.errors import Conflict
from models.accounts import Account
from models.draws import (
    AvoidedDraw,
    CallNotice,
    Condition,
    Draw,
    DrawApplication,
    DrawLot,
    RecusalPerson,
    RecusalUnit,
    Round,
    Supervisor,
    SupervisorEntry,
)
from models.invitations import Invitation
from models.notices import Notice
from models.organisations import Organisation
from models.projects import Lot
from services.core.base import Actor
from services.draws import ConditionForm, DiscardForm
from tests.factories import draw_states
from tests.factories.offices import (
    ID_NUMBER,
    SUPERVISOR_ENTRY,
    add_experts,
    draw_form,
    make_draw,
    make_supervisor,
    new_project,
    notice_form,
    open_invitations,
    state_of,
    verify,
)
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_agent_link, make_grant, make_organisation
from tests.web.conftest import PUBLIC_URL, Visitor, World


def at(world: World, hours: float) -> str:
    """The value of a datetime input."""
    return f"{local(world.clock.now() + timedelta(hours=hours)):%Y-%m-%dT%H:%M}"


def basic(world: World, **change: str) -> dict[str, str]:
    values = {
        "name": "演示项目评标",
        "medium": "演示网",
        "opening_at": at(world, 3),
        "opening_place": "广州",
        "needed": "2",
        "starts_at": at(world, 6),
        "ends_at": at(world, 12),
        "on_site": "0",
        "operator_name": "黄劲松",
        "operator_phone": "13568846647",
        "operator_id_number": ID_NUMBER,
        f"supervisor-{SUPERVISOR_ENTRY}": "1",
    }
    return values | change


def notice(world: World, **change: str) -> dict[str, str]:
    values = {
        "venue": "其他",
        "address": "广州市天河区天润路333号",
        "room": "3号评标室",
        "gathering_at": at(world, 5),
        "contact": "李监督",
        "contact_phone": "020-28866000",
    }
    return values | change


def condition(notice_id: UUID, **change: str) -> dict[str, str]:
    values = {
        "notice_id": str(notice_id),
        "region_mode": "permanent",
        "regions": "440100",
        "specialty": "A08",
        "planned": "2",
    }
    return values | change


async def only_draw() -> Draw:
    return await Draw.all().order_by("-created_at").first() or pytest.fail("no draw")


async def begin(world: World, agency: Visitor) -> Draw:
    """The basic data of a draw, saved."""
    await agency.get(f"/agency/draws/new?project={world.office.project_id}")
    await agency.press("保存，下一步", **basic(world))
    return await only_draw()


async def test_a_draw_is_set_up_in_six_steps_and_handed_in(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/draws/new")
    assert agency.path == "/agency/projects", "a project is chosen first"
    await agency.get(f"/agency/draws/new?project={world.office.project_id}")
    await agency.press("保存，下一步", **basic(world, ends_at=at(world, 5)))
    assert (agency.status, "早于预计评标结束时间" in agency.text) == (422, True)
    await agency.press("保存，下一步", **basic(world, starts_at=""))
    assert (agency.status, "请填写预计评标开始时间" in agency.text) == (422, True)
    await agency.press("保存，下一步", **basic(world, needed="三"))
    assert (agency.status, "拟抽取专家人数应为1到" in agency.text) == (422, True)
    await agency.press("保存，下一步", **basic(world, operator_id_number="123"))
    assert (agency.status, "身份证号有误" in agency.text) == (422, True)
    await agency.press("保存，下一步", **basic(world))
    draw = await only_draw()
    assert agency.path == f"/agency/draws/{draw.id}/recusal"

    await agency.press("添加", command="unit", name="广州投标公司", reason="投标人", evidence="自行申报")
    assert "已添加" in agency.text
    await agency.press("添加", name="广州投标公司", reason="投标人", evidence="自行申报")
    assert (agency.status, "不用重复添加" in agency.text) == (422, True)
    await agency.press("删除广州投标公司")
    assert await RecusalUnit.filter(draw_id=draw.id, fixed=False).count() == 0
    await agency.get(f"/agency/draws/{draw.id}/recusal?list=persons")
    await agency.press("添加", name="张三")
    assert (agency.status, "只有姓名不能回避" in agency.text) == (422, True)
    await agency.press("添加", name="张三", id_number=ID_NUMBER, reason="投标人", evidence="自行申报")
    assert await RecusalPerson.filter(draw_id=draw.id).count() == 1

    await agency.click("下一步：抽取条件")
    assert "还没有语音通知" in agency.text
    await agency.click("新增语音通知")
    await agency.press("保存", **notice(world, address="越华路118号"))
    assert (agency.status, "市、区和详细地址" in agency.text) == (422, True)
    await agency.press("保存", **notice(world, gathering_at=at(world, 7)))
    assert (agency.status, "不能晚于预计评标开始时间" in agency.text) == (422, True)
    await agency.press("保存", **notice(world))
    first = await CallNotice.get(draw_id=draw.id)
    await agency.click("创建抽取条件")
    await agency.press("保存", **condition(first.id, planned="3"))
    assert (agency.status, "剩余可设置人数" in agency.text) == (422, True)
    await agency.press("保存", **condition(first.id, specialty="A99"))
    assert (agency.status, "目录中没有“A99”" in agency.text) == (422, True)
    await agency.press("保存", **condition(first.id, planned="1"))
    assert "还可设置1人" in agency.text
    await agency.get(f"/agency/draws/{draw.id}")
    assert agency.path == f"/agency/draws/{draw.id}/conditions", "it goes on where it stood, in whatever browser"
    await agency.get(f"/agency/draws/{draw.id}/submit")
    assert "抽取条件共1人，应为2人" in agency.text
    await agency.press("提交审核", terminal="演示省公共资源交易中心")
    assert (agency.status, "应为2人" in agency.text) == (422, True)
    await agency.get(f"/agency/draws/{draw.id}/conditions")
    await agency.click("编辑条件1")
    await agency.press("保存", **condition(first.id, planned="2", regions="440100, 440300"))
    assert (await Condition.get(draw_id=draw.id)).regions == ["440100", "440300"]
    await agency.press("预览人数")
    assert "还可预览" in agency.text
    await agency.click("下一步：提交审核")
    await agency.press("提交审核", terminal="演示省公共资源交易中心", reason="请核验")
    assert (await state_of(draw.id), "等待交易中心核验" in agency.text) == ("submitted", True)
    [application] = await DrawApplication.filter(draw_id=draw.id)
    assert agency.page.links[f"查看{draw.name}的抽取申请"] == f"/draws/{draw.id}/application?id={application.id}"
    await agency.press("撤回申请")
    assert (await state_of(draw.id), "已撤回" in agency.text) == ("editing", True)


async def test_the_operator_and_the_id_number_are_remembered_and_never_shown(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    first = await begin(world, agency)
    await agency.get(f"/agency/draws/{first.id}/basic")
    assert ID_NUMBER not in await agency.response.text()
    assert "1101***" in agency.text
    await agency.press("保存，下一步", **basic(world, operator_id_number="", on_site="0", name="改名的活动"))
    changed = await Draw.get(id=first.id)
    keys = world.services.deps.keys
    assert (changed.name, keys.read(changed.operator_id_sealed, "id_number")) == ("改名的活动", ID_NUMBER)
    await agency.get(f"/agency/draws/{first.id}/basic")
    await agency.press("确定删除")
    assert agency.path == "/agency"
    assert not await Draw.exists(id=first.id)
    await begin(world, agency)
    await agency.get(f"/agency/draws/new?project={world.office.project_id}")
    [form] = [candidate for candidate in agency.page.forms if "operator_name" in candidate["fields"]]
    assert (form["fields"]["operator_name"], form["fields"]["operator_phone"]) == ("黄劲松", "13568846647")


async def test_only_lots_that_are_not_drawn_yet_are_ticked_and_the_last_draw_can_be_copied(world: World) -> None:
    office = world.office
    lots = [await Lot.create(project_id=office.project_id, name=name, position=n) for n, name in enumerate("甲乙", 1)]
    await Lot.filter(id=lots[1].id).update(number="B-01", investment=50_500_000)
    agency = await world.log_in(office.agency)
    await agency.get(f"/agency/draws/new?project={office.project_id}")
    taken = {f"lot-{lots[0].id}": "1"}
    form = agency.page.buttons["保存，下一步"][0]
    form["fields"].pop(f"lot-{lots[1].id}")
    await agency.press("保存，下一步", **basic(world), **taken)
    draw = await only_draw()
    assert [draw_lot.lot_id for draw_lot in await DrawLot.filter(draw_id=draw.id)] == [lots[0].id]
    await agency.get(f"/agency/draws/new?project={office.project_id}")
    assert f"甲（{draw.number}） 活动：演示项目评标" in agency.text
    assert "编号B-01 · 投资额50.5万元" in agency.text
    agency.page.buttons["复制上次抽取"][0]["fields"].pop(f"lot-{lots[1].id}")
    await agency.press("复制上次抽取", name="甲标段再抽", **taken)
    assert (agency.status, "只能选择未抽取的标段" in agency.text) == (409, True)
    agency.page.buttons["复制上次抽取"][0]["fields"].pop(f"lot-{lots[0].id}", "")
    await agency.press("复制上次抽取", name="乙标段评标", **{f"lot-{lots[1].id}": "1"})
    assert "已复制上次的设置" in agency.text
    assert await DrawLot.exists(lot_id=lots[1].id, draw__name="乙标段评标")


async def test_a_long_list_of_recusals_is_paged_and_keeps_search_and_page(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw = await begin(world, agency)
    chosen = {"draw_id": draw.id, "reason": "投标人", "evidence": "自行申报"}
    for number in range(45):
        await RecusalUnit.create(name=f"投标公司{number:02}", credit_code=f"91440101MA{number:08}", **chosen)
    path = f"/agency/draws/{draw.id}/recusal"
    await agency.get(f"{path}?q=91440101ma")
    assert ("投标公司19" in agency.text, "投标公司20" in agency.text, "总计45家" in agency.text) == (True, False, True)
    await agency.click("下一页")
    await agency.press("删除投标公司20")
    assert "已删除" in agency.text
    assert ("投标公司19" in agency.text, "投标公司21" in agency.text, "总计44家" in agency.text) == (False, True, True)
    await agency.press("添加", name="91440101MA工程公司", reason="投标人", evidence="自行申报")
    assert ("已添加" in agency.text, "投标公司21" in agency.text, "总计45家" in agency.text) == (True, True, True)
    await agency.press("添加", name="", reason="投标人", evidence="自行申报")
    assert (agency.status, "投标公司21" in agency.text) == (422, True)
    await agency.click("下一页")
    for name in (*(f"投标公司{number}" for number in range(41, 45)), "91440101MA工程公司"):
        await agency.press(f"删除{name}")
    assert ("已删除" in agency.text, "投标公司40" in agency.text) == (True, True), "the last page that is left"


async def test_a_sheet_of_recusals_is_taken_whole_or_not_at_all(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw = await begin(world, agency)
    path = f"/agency/draws/{draw.id}/recusal"
    for sheet, status, words in (
        (
            "单位名称,统一社会信用代码,回避原因,回避依据\n甲公司,,投标人,自行申报\n乙公司,,不喜欢,自行申报\n",
            422,
            "第3行",
        ),
        ("名称\n甲\n", 422, "单位名称"),
        ("单位名称,统一社会信用代码,回避原因,回避依据\n甲公司,,投标人,自行申报\n", 200, "已导入"),
    ):
        await agency.get(path)
        await agency.upload(f"{path}/units.xlsx", "导入", sheet.encode())
        assert (agency.status, words in agency.text) == (status, True), agency.text
    assert await RecusalUnit.filter(draw_id=draw.id, name="甲公司").count() == 1


async def exchange_numbers(world: World, agency: Visitor, draw_id: UUID) -> None:
    """Both parties commit and reveal: the agency as its page's script does, the supervisor by the service."""
    await agency.get(f"/agency/draws/{draw_id}/run")
    await agency.press("开始三方摇号")
    office = world.office
    view = (await (await agency.client.get(f"/agency/draws/{draw_id}/round")).json())["round"]
    token = agency.page.forms[0]["fields"]["form"]
    values = {role: os.urandom(16) for role in ("agency", "supervisor")}
    digest = {
        role: participant_commitment(role, value, view["draw_number"], view["round_number"]).hex()
        for role, value in values.items()
    }
    await office.rounds.commit(office.supervisor, draw_id, "supervisor", digest["supervisor"])
    headers = {"Origin": PUBLIC_URL}
    for step in ({"commitment": digest["agency"]}, {"value": values["agency"].hex()}):
        answer = await agency.client.post(
            f"/agency/draws/{draw_id}/round", data={"form": token, **step}, headers=headers
        )
        assert answer.status == 200, await answer.text()
    await office.rounds.reveal(office.supervisor, draw_id, "supervisor", values["supervisor"].hex())


async def test_rounds_in_vain_are_counted_and_after_the_last_the_page_leads_on(world: World) -> None:
    draw_id = await make_draw(world.office)
    await verify(world.office, draw_id)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw_id}/run")
    await agency.press("开始三方摇号")
    assert "等待代理机构和监督人提交随机数" in agency.text
    for number in (1, 2, 3):
        await agency.press("终止本轮", reason="监督人没有来")
        if number < 3:
            assert f"摇号已中止，第{number}次，共3次" in agency.text
            assert agency.page.links["更换监督人"] == f"/agency/draws/{draw_id}/basic"
            await agency.press("重新开始三方摇号")
    assert "本活动不能再摇号" in agency.text
    assert "开始三方摇号" not in agency.page.text.replace("重新开始摇号", "")
    await agency.get("/agency")
    assert "摇号已中止3次，不能再摇号，请终止活动后重新申请" in agency.text
    assert "请开始三方摇号" not in agency.text
    await agency.get(f"/agency/draws/{draw_id}/run")
    await agency.get(agency.page.links["终止本活动"])
    assert "终止" in agency.text


async def test_a_verified_draw_is_fixed_started_paused_moved_and_ended(world: World) -> None:
    office = world.office
    await add_experts(office, 5)
    draw_id = await make_draw(office, needed=2)
    agency = await world.log_in(office.agency)
    await agency.get(f"/agency/draws/{draw_id}/run")
    assert "核验通过后可以抽取" in agency.text
    await verify(office, draw_id)
    await exchange_numbers(world, agency, draw_id)
    await agency.get(f"/agency/draws/{draw_id}")
    assert "专家顺序已确定" in agency.text
    await agency.press("启动抽取")
    assert (await state_of(draw_id), "抽取已启动" in agency.text) == ("drawing", True)
    await office.run.advance(draw_id)
    await agency.press("暂停抽取", reason="")
    assert (agency.status, "请填写原因" in agency.text) == (422, True)
    await agency.press("暂停抽取", reason="更改集合时间")
    assert await state_of(draw_id) == "paused"
    moved = at(world, 5.5)
    await agency.press("保存并通知专家", gathering_at=at(world, 9))
    assert (agency.status, "预计评标开始之前" in agency.text) == (422, True)
    await agency.press("保存并通知专家", gathering_at=moved)
    assert "集合时间已更改" in agency.text
    assert f"{local((await CallNotice.get(draw_id=draw_id)).gathering_at):%Y-%m-%dT%H:%M}" == moved
    await agency.press("继续抽取")
    assert await state_of(draw_id) == "drawing"
    assert "已同意的专家照常参评" in agency.text
    await agency.press("强制结束", reason="招标人取消评标")
    assert await state_of(draw_id) in ("ending", "short")
    await agency.click("操作记录")
    assert "强制结束" in agency.text
    assert "招标人取消评标" in agency.text


async def test_a_round_can_be_given_up(world: World) -> None:
    draw_id = await make_draw(world.office)
    await verify(world.office, draw_id)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw_id}/run")
    await agency.press("开始三方摇号")
    await agency.press("终止本轮", reason="监督人手机没电")
    assert (await state_of(draw_id), "本轮已终止" in agency.text) == ("verified", True)
    token = agency.page.forms[0]["fields"]["form"]
    late = await agency.client.post(
        f"/agency/draws/{draw_id}/round", data={"form": token, "commitment": "0" * 64}, headers={"Origin": PUBLIC_URL}
    )
    assert (late.status, "刷新页面" in (await late.json())["detail"]) == (409, True)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw_id}/run")
    assert ("不能再抽取" in agency.text, "开始三方摇号" in agency.page.buttons) == (True, False)
    await agency.click("终止本活动")
    assert "终止活动" in agency.page.buttons


async def test_a_place_that_became_free_is_filled_again(world: World) -> None:
    draw_id, [invitation, _] = await world.panel(2)
    agency = await world.log_in(world.office.agency)
    await world.services.draws.invitations.leave(invitation.id, invitation.expert_id, "生病", by="chat")
    assert await state_of(draw_id) == "supplement_pending"
    await agency.get("/agency/pending")
    assert ("需补抽1人" in agency.text, invitation.code in agency.text) == (True, True)
    await agency.get(f"/agency/draws/{draw_id}/conditions")
    assert "补抽 是" in agency.text
    await agency.get(f"/agency/draws/{draw_id}")
    await agency.press("启动补抽", update="", postpone="")
    assert (await state_of(draw_id), "补抽已启动" in agency.text) == ("drawing", True)
    await agency.get(f"/agency/draws/{draw_id}/conditions")
    assert "补抽 是" in agency.text, "while the experts are called"
    await world.office.run.advance(draw_id)
    assert await Invitation.filter(draw_id=draw_id).count() == 3
    [called] = await open_invitations(draw_id)
    await world.services.draws.invitations.answer(called.id, called.expert_id, "accept", by="chat")
    await world.office.run.advance(draw_id)
    await agency.get(f"/agency/draws/{draw_id}/conditions")
    assert (await state_of(draw_id), "补抽 是" in agency.text) == ("completed", True), "and afterwards"


async def test_a_short_draw_that_loses_an_expert_lacks_both_places(world: World) -> None:
    draw_id, [invitation, other] = await world.call(2)
    answers = world.services.draws.invitations
    await answers.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await answers.answer(other.id, other.expert_id, "decline", by="chat")
    await world.office.run.advance(draw_id)
    [last] = await open_invitations(draw_id)
    await answers.answer(last.id, last.expert_id, "decline", by="chat")
    await world.office.run.advance(draw_id)
    assert await state_of(draw_id) == "short"
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/pending")
    assert "专家不足的活动" in agency.text
    await agency.get(f"/agency/draws/{draw_id}/run")
    assert "扩大地区补抽" in agency.page.buttons
    rules = world.services.deps.book("demo").draw
    world.set_rules("draw", supplement=rules.supplement.model_copy(update={"region_change": False}))
    await agency.get(f"/agency/draws/{draw_id}/run")
    assert ("扩大地区补抽" in agency.page.buttons, "不能扩大地区补抽" in agency.text) == (False, True)
    assert "名单已抽完，不能再补抽。" in agency.text
    await agency.click("申请退选")
    assert agency.path == f"/agency/draws/{draw_id}/release"
    await answers.leave(invitation.id, invitation.expert_id, "生病", by="chat")
    await agency.get("/agency/pending")
    assert ("需补抽2人" in agency.text, "待补抽活动1个" in agency.text) == (True, True), agency.text
    [register] = [path for path in agency.page.links.values() if "/absences?" in path]
    assert (await agency.get(register)).path == f"/draws/{draw_id}/absences"
    assert "登记" in agency.page.buttons


async def test_a_draw_that_has_run_shows_its_tabs(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw_id}/run")
    await agency.click("项目信息")
    assert ("招标方式" in agency.text, "没有标段，整个项目算一个标段" in agency.text) == (True, True)
    await agency.click("抽取结果")
    assert (invitation.code in agency.text, "名单已密封" in agency.text) == (True, True)
    await agency.click("专家出入场情况")
    assert ("后可查看" in agency.text, "请由评标场地催促" in agency.text) == (True, False)
    await CallNotice.filter(draw_id=draw_id).update(gathering_at=world.clock.now())
    await agency.get(f"/agency/draws/{draw_id}/attendance")
    assert "后可查看。解密前请由评标场地催促（" in agency.text
    world.clock.move((await Draw.get(id=draw_id)).starts_at - timedelta(minutes=30) - world.clock.now())
    await Invitation.filter(id=invitation.id).update(gathering_at=world.clock.now())
    await agency.get(f"/agency/draws/{draw_id}/attendance")
    await agency.press(f"语音催促{invitation.code}")
    assert ("已发起语音催促" in agency.text, "已催1次" in agency.text) == (True, True)
    assert f"虚拟号呼叫{invitation.code}" not in agency.page.buttons, "just urged"
    world.clock.move(timedelta(minutes=5))
    await agency.get(f"/agency/draws/{draw_id}/attendance")
    await agency.press(f"虚拟号呼叫{invitation.code}", phone="own")
    assert ("接听后再呼叫专家" in agency.text, "：准备拨打" in agency.text) == (True, True)
    await agency.click("操作记录")
    organisation = await Organisation.get(id=world.office.agency.organisation_id)
    assert f"{organisation.name} · " in agency.text, "for whom somebody acted"
    assert "通过核验" in agency.text
    assert "核验记录" in agency.text
    assert "演示省公共资源交易中心" in agency.text


async def test_a_line_of_the_list_offers_what_its_state_allows(world: World) -> None:
    draw_id = await make_draw(world.office)
    agency = await world.log_in(world.office.agency)
    for act, state in (("提交审核", "editing"), ("查看审核", "submitted"), ("进入抽取", "verified")):
        await Draw.filter(id=draw_id).update(state=state)
        await agency.get("/agency/draws")
        [link] = [text for text in agency.page.links if text.startswith(f"{act}：")]
        assert (await agency.click(link)).status == 200


async def test_pages_of_staff_lead_an_agency_to_its_own_pages(world: World) -> None:
    draw_id, _ = await world.panel()
    agency = await world.log_in(world.office.agency)
    assert (await agency.get("/draws")).path == "/agency"
    for page in ("attendance", "result", "absences", "exit"):
        assert (await agency.get(f"/draws/{draw_id}/{page}")).status in (200, 422), page


def pages(draw_id: UUID, project_id: UUID, notice_id: UUID, condition_id: UUID) -> list[str]:
    draw = f"/agency/draws/{draw_id}"
    steps = (
        "",
        "/project",
        "/basic",
        "/recusal",
        "/conditions",
        "/submit",
        "/run",
        "/round",
        "/events",
        "/result",
        "/attendance",
        "/log",
        "/application.pdf",
    )
    parts = (f"/notices/{notice_id}", f"/conditions/{condition_id}", "/notices/new", "/conditions/new")
    return [
        f"/agency/projects/{project_id}",
        f"/agency/draws/new?project={project_id}",
        *(draw + part for part in (*steps, *parts)),
    ]


COMMANDS: dict[str, tuple[str, ...]] = {
    "basic": ("save", "find", "supervisors", "delete"),
    "recusal": ("unit", "person", "unit-gone", "person-gone"),
    "conditions": ("",),
    "notices/new": ("save", "delete"),
    "conditions/new": ("save", "preview", "delete"),
    "submit": ("submit", "withdraw", "remove"),
    "run": ("open", "abort", "start", "pause", "resume", "end", "move", "supplement", "widen"),
    "notify": ("phone", "ring", "ask", "resend", "note", "confirm"),
    "round": ("",),
    "result": ("",),
    "attendance": ("urge", "ring"),
    "release": ("submit", "withdraw", "remove", "start", "ring", "notified"),
    "remuneration": ("all", "chosen", "back"),
    "redraw": ("",),
    "recall": ("",),
}
"""Of the pages of a draw."""
UPLOADS = ("recusal/units.xlsx", "attachment", "release/attachment")


async def make_others(world: World) -> dict[str, tuple[Actor, str]]:
    """All actors but the agency that owns the draw, with the role to be granted."""
    deps, office = world.services.deps, world.office
    account, colleague = await make_account(deps, "13700001111"), await make_account(deps, "13700002222")
    await make_organisation(name="别家代理", credit_code=OTHER_CREDIT_CODE, legal_account_id=account.id)
    own = await Organisation.get(id=office.agency.organisation_id)
    await make_agent_link(own, colleague)
    return {
        "organisation": (Actor("demo", "organisation", account_id=account.id), ""),
        "agent": (Actor("demo", "agent", account_id=colleague.id), ""),
        "venue": (office.venue, "venue"),
        "verifier": (office.verifier, "verifier"),
        "supervisor": (office.supervisor, "supervisor"),
    }


@pytest.mark.parametrize("role", ["organisation", "agent", "venue", "verifier", "supervisor"])
async def test_an_agencys_draws_and_projects_are_closed_to_all_others(world: World, role: str) -> None:
    draw_id = await make_draw(world.office)
    notice_id = (await CallNotice.get(draw_id=draw_id)).id
    condition_id = (await Condition.get(draw_id=draw_id)).id
    actor, grant = (await make_others(world))[role]
    visitor = await world.log_in(actor, grant)
    foreign = 404 if role in ("organisation", "agent") else 403
    for path in pages(draw_id, world.office.project_id, notice_id, condition_id):
        assert (await visitor.get(path)).status == foreign, path
    before = await Draw.get(id=draw_id)
    token = (await visitor.get("/agency/projects/new")).page.forms[0]["fields"]["form"] if foreign == 404 else "x"
    filled = {"form": token, "reason": "误操作", "id": str(notice_id), "answer": "declines", "commitment": "0" * 64}
    for path, commands in COMMANDS.items():
        for command in commands:
            await visitor.post(f"/agency/draws/{draw_id}/{path}", basic(world) | filled | {"command": command})
            assert visitor.status == foreign, (path, command)
    for path in UPLOADS:
        sent = {"form": token, "file": io.BytesIO(b"PK")}
        headers = {"Origin": PUBLIC_URL}
        refused = await visitor.client.post(f"/agency/draws/{draw_id}/{path}", data=sent, headers=headers)
        assert refused.status == foreign, path
    for command in ("save", "delete", "lot", "lot-gone"):
        await visitor.post(f"/agency/projects/{world.office.project_id}", {**filled, "command": command})
        assert visitor.status == foreign, command
    assert await Draw.get(id=draw_id) == before
    if foreign == 404:
        for path in ("/agency", "/agency/draws", "/agency/projects", "/agency/pending"):
            await visitor.get(path)
            assert (visitor.status, "演示项目" in visitor.text) == (200, False), path


async def test_strangers_are_led_to_the_log_in(world: World) -> None:
    draw_id = await make_draw(world.office)
    for path in ("/agency", f"/agency/draws/{draw_id}/run", "/agency/projects/new", "/agency/pending"):
        assert (await world.visitor().get(path)).path == "/h5/login", path


async def test_a_place_that_became_free_at_the_door_is_filled_with_a_later_start(world: World) -> None:
    draw_id, [here, gone] = await world.panel(2)
    await Draw.filter(id=draw_id).update(lead_seconds=3600)
    await add_experts(world.office, 1)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw_id}/run")
    world.clock.set(here.gathering_at + timedelta(minutes=2))
    attendance, discards = world.services.draws.attendance, world.services.draws.discards
    await attendance.check_in_by_code(world.office.venue, draw_id, here.code)
    await discards.register(world.office.venue, draw_id, DiscardForm(gone.code, "absence", "未到"))
    await agency.get("/agency")
    assert "待补抽" in agency.text
    await agency.get("/agency/pending")
    for shown in ("条件1", "通知1", "缺席", "人工登记", "未补抽"):
        assert shown in agency.text, shown
    await agency.get(f"/agency/draws/{draw_id}/run")
    assert "来不及通知新的专家" in agency.text
    await agency.press("启动补抽", update="", postpone="")
    assert (agency.status, "请先修改集合时间" in agency.text) == (422, True)
    await agency.get(f"/agency/draws/{draw_id}/run")
    await agency.press("启动补抽", start_reason="")
    assert (agency.status, "请填写推迟的原因" in agency.text) == (422, True)
    await agency.press("启动补抽", start_reason="一位专家缺席")
    assert (await state_of(draw_id), "补抽已启动" in agency.text) == ("drawing", True)
    moved = await Draw.get(id=draw_id)
    assert f"{local(moved.starts_at):%H:%M}" == "19:05", "an hour after the new gathering, as before"
    await agency.get(f"/agency/draws/{draw_id}/log")
    logged = agency.text.replace(" ", "")
    assert "推迟评标开始：由11月21日(周六)18:00改为11月21日(周六)19:05；一位专家缺席" in logged
    assert "修改集合时间：通知1由11月21日(周六)17:00改为11月21日(周六)18:05" in logged
    for step in ("提交随机数", "公开随机数", "确定抽取顺序"):
        assert step in logged, step
    assert "监督人" in logged.split("提交随机数", 2)[2], "who made the second step"


async def send_ticked(agency: Visitor, button: str, *more: str, **typed: str) -> None:
    """Press a button of the form of the basic data; boxes that are not ticked are not sent."""
    form, own = agency.page.buttons[button]
    html = await agency.response.text()
    ticks = [*re.findall(r'name="((?:supervisor|avoided)-[^"]+)" value="1" checked', html), *more]
    fields = {name: value for name, value in form["fields"].items() if not name.startswith(("supervisor-", "avoided-"))}
    await agency.post(form["action"], {**fields, **own, **dict.fromkeys(ticks, "1"), **typed})


async def take_part_in_all(world: World, but: UUID) -> None:
    """In every other activity somebody took part."""
    [expert] = await add_experts(world.office, 1)
    notice_id = await world.office.setup.add_call_notice(world.office.agency, but, notice_form(world.office))
    form = ConditionForm(notice_id, "permanent", ("440100",), "A08", 1)
    condition_id = await world.office.setup.add_condition(world.office.agency, but, form)
    long_ago = world.clock.now() - timedelta(days=99)
    for number, draw in enumerate(await Draw.exclude(id=but)):
        await Invitation.create(
            draw_id=draw.id,
            condition_id=condition_id,
            notice_id=notice_id,
            expert_id=expert.id,
            round_number=1,
            tier="main",
            leaf=f"{number:064x}",
            code="000000",
            menu_id=number,
            link=f"earlier-{number}",
            state="left",
            starts_at=long_ago,
            ends_at=long_ago + timedelta(hours=1),
            gathering_at=long_ago,
            created_at=long_ago,
            answer_until=long_ago,
        )


async def test_what_was_chosen_among_many_stays_chosen(world: World) -> None:
    """The page lists a part of them, and saves what it lists."""
    office, agency = world.office, await world.log_in(world.office.agency)
    earlier = await begin(world, agency)
    await DrawLot.filter(draw_id=earlier.id).update(live=False)
    await new_project(office)
    before = world.clock.now() - timedelta(days=9)
    await Draw.filter(id=earlier.id).update(state="released", created_at=before, finished_at=before, name="早先的活动")
    others = [await make_supervisor(world.services.deps, f"138{n:08}", name=f"A{n:03}") for n in range(110)]
    last = await make_supervisor(world.services.deps, "13922223333", name="郑监督", department="交通局")
    draw_id = await office.setup.create(office.agency, draw_form(office))
    for n in range(51):
        columns = {name: getattr(earlier, name) for name in earlier._meta.db_fields if name != "id"}
        await Draw.create(**columns | {"number": f"N{n}", "finished_at": world.clock.now()})
    await agency.get(f"/agency/draws/{draw_id}/basic")
    assert "是否已抽取专家" not in agency.text, "nobody took part in any"
    await take_part_in_all(world, but=draw_id)
    await agency.get(f"/agency/draws/{draw_id}/basic")
    assert ("郑监督" in agency.text, "早先的活动" in agency.text) == (False, False)
    assert "共112人" in agency.text.replace(" ", "")
    await send_ticked(
        agency, "按姓名或部门查找监督人", f"supervisor-{others[0].id}", supervisor_q="交通局", name="改了名"
    )
    assert ("郑监督" in agency.text, "A000" in agency.text, "A001" in agency.text) == (True, True, False)
    await send_ticked(agency, "按名称或编号查找活动", f"supervisor-{last.id}", earlier_q="早先")
    assert "早先的活动" in agency.text
    assert agency.page.buttons["保存，下一步"][0]["fields"]["name"] == "改了名", "nothing that was typed is lost"
    await send_ticked(agency, "保存，下一步", f"avoided-{earlier.id}")
    assert agency.path == f"/agency/draws/{draw_id}/recusal", agency.text

    await agency.get(f"/agency/draws/{draw_id}/basic")
    await send_ticked(agency, "保存，下一步", name="再改名")
    chosen = await Supervisor.filter(draw_id=draw_id).values_list("entry_id", flat=True)
    assert set(chosen) == {last.id, others[0].id, SUPERVISOR_ENTRY}
    assert await AvoidedDraw.filter(draw_id=draw_id).values_list("earlier_id", flat=True) == [earlier.id]

    await SupervisorEntry.filter(id=last.id).update(active_until=world.clock.now())
    await agency.get(f"/agency/draws/{draw_id}/basic")
    await send_ticked(agency, "保存，下一步")
    assert (agency.status, "已不在名册中，请另选" in agency.text) == (422, True)


async def test_after_verification_room_contact_and_remark_are_corrected_and_the_verifier_is_notified(
    world: World,
) -> None:
    office = world.office
    draw_id = await make_draw(office)
    await verify(office, draw_id)
    await make_grant(await Account.get(id=office.verifier.account_id), "verifier")
    agency = await world.log_in(office.agency)
    before = await CallNotice.get(draw_id=draw_id)
    path = f"/agency/draws/{draw_id}/notices/{before.id}"
    await agency.get(f"/agency/draws/{draw_id}/conditions")
    assert path in agency.page.links.values()
    await agency.get(path)
    assert ("确定删除" in agency.page.buttons, before.address in agency.text) == (False, True)
    other = {"address": "广州市海珠区新港路1号", "gathering_at": at(world, 4), "venue": "其他"}
    await agency.press("保存", room="9号评标室", contact="王五", contact_phone="13800001111", remark="请早到", **other)
    assert (agency.path, "语音通知已保存" in agency.text) == (f"/agency/draws/{draw_id}/conditions", True)
    after = await CallNotice.get(draw_id=draw_id)
    assert (after.room, after.contact, after.remark) == ("9号评标室", "王五", "请早到")
    assert (after.venue, after.address, after.gathering_at) == (before.venue, before.address, before.gathering_at)
    [pushed] = await Notice.filter(account_id=office.verifier.account_id, kind="draw_news")
    assert pushed.params["what"] == "核验后修改了语音通知"
    await agency.get(f"/agency/draws/{draw_id}/log")
    assert "核验后修改语音通知：语音通知1：评标室、联系人、联系方式、注意事项" in agency.text.replace(" ", "")
    moved = replace(notice_form(office), address="广州市海珠区新港路1号")
    with pytest.raises(Conflict, match="核验通过后"):
        await office.setup.edit_call_notice(office.agency, draw_id, after.id, moved)

    await agency.get(path)
    await office.rounds.open(office.agency, draw_id)
    await agency.press("保存", room="10号评标室")
    assert (agency.status, "不能再修改" in agency.text) == (409, True)
    assert (await CallNotice.get(draw_id=draw_id)).room == "9号评标室"


async def test_a_venue_is_chosen_or_named_and_a_condition_is_previewed_before_it_is_saved(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw = await begin(world, agency)
    await agency.get(f"/agency/draws/{draw.id}/notices/new")
    html = await agency.response.text()
    assert ('value="演示省公共资源交易中心越秀分场"' in html, 'value="其他"' in html) == (True, True)
    await agency.press("保存", **notice(world, venue=""))
    assert (agency.status, "请填写评标场所" in agency.text) == (422, True)
    await agency.press("保存", **notice(world, venue_other="珠江宾馆"))
    call_notice = await CallNotice.get(draw_id=draw.id)
    assert call_notice.venue == "珠江宾馆"
    await agency.get(f"/agency/draws/{draw.id}/notices/{call_notice.id}")
    assert agency.page.buttons["保存"][0]["fields"]["venue_other"] == "珠江宾馆"
    await agency.press("保存", **notice(world, venue="演示省公共资源交易中心", venue_other="珠江宾馆"))
    assert (await CallNotice.get(draw_id=draw.id)).venue == "演示省公共资源交易中心"
    await Draw.filter(id=draw.id).update(on_site=True)
    await agency.get(f"/agency/draws/{draw.id}/notices/{call_notice.id}")
    assert 'value="其他"' not in await agency.response.text()
    await agency.press("保存", **notice(world, venue="其他"))
    assert (agency.status, "从列表中选择评标场所" in agency.text) == (422, True)

    await agency.get(f"/agency/draws/{draw.id}/conditions/new")
    await agency.press("预览", **condition(call_notice.id, specialty=""))
    assert (agency.status, "请选择主专业" in agency.text) == (422, True)
    await agency.press("预览", **condition(call_notice.id))
    assert ("还可预览" in agency.text, "条件还没有保存" in agency.text) == (True, True)
    assert not await Condition.exists(draw_id=draw.id)
    await agency.press("保存", **condition(call_notice.id))
    assert "新增语音通知" not in agency.page.links
    assert "剩余可设置人数为0，不能再新增语音通知" in agency.text


async def test_a_condition_asks_for_emergency_experts_alone_and_says_so_to_all(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw = await begin(world, agency)
    await agency.get(f"/agency/draws/{draw.id}/notices/new")
    await agency.press("保存", **notice(world))
    call_notice = await CallNotice.get(draw_id=draw.id)
    await agency.get(f"/agency/draws/{draw.id}/conditions/new")
    assert "限于24小时内开始的评标" in agency.text
    await agency.press("保存", **condition(call_notice.id, emergency="1"))
    assert "应急专家只抽应急专家" in agency.text.replace("\n", "").replace(" ", "")
    row = await Condition.get(draw_id=draw.id)
    assert row.emergency
    later = {"starts_at": draw.starts_at + timedelta(days=2), "ends_at": draw.ends_at + timedelta(days=2)}
    await Draw.filter(id=draw.id).update(**later)
    await agency.get(f"/agency/draws/{draw.id}/conditions/{row.id}")
    for button in ("预览", "保存"):
        await agency.press(button, **condition(call_notice.id, emergency="1"))
        assert (agency.status, "请去掉“只抽应急专家”" in agency.text) == (422, True)
    await agency.press("保存", **condition(call_notice.id, emergency=""))
    assert not (await Condition.get(id=row.id)).emergency
    assert "只抽应急专家" not in agency.text


async def test_what_is_to_be_done_stands_above_figures_and_a_fixed_order_is_one_line(world: World) -> None:
    await add_experts(world.office, 4)
    for make, act, folded in (
        (draw_states.seeded, "启动抽取", True),
        (draw_states.committing, "终止本轮摇号", False),
        (draw_states.short, "启动补抽", True),
    ):
        draw_id = await make(world.office)
        agency = await world.enter(await Account.get(id=world.office.agency.account_id))
        await agency.get(f"/agency/draws/{draw_id}/run")
        page = await agency.response.text()
        assert page.index(act) < page.index("计划抽取"), act
        assert ("<summary>三方摇号" in page, "本轮答复截止" in agency.text) == (folded, act == "启动补抽")
        await new_project(world.office)


async def test_a_rounds_script_learns_whether_the_time_has_passed(world: World) -> None:
    """From the service: the clock of a phone may be wrong."""
    draw_id = await draw_states.committing(world.office)
    until = (await Round.get(draw_id=draw_id)).reveal_until
    assert until is not None
    for at, is_late in ((until - timedelta(seconds=1), False), (until, True)):
        world.clock.set(at)
        agency = await world.enter(await Account.get(id=world.office.agency.account_id))
        await agency.get(f"/agency/draws/{draw_id}/round")
        assert (await agency.response.json())["round"]["is_late"] == is_late
        await agency.get(f"/agency/draws/{draw_id}/run")
        assert ("请终止本轮，再重新开始三方摇号" in agency.text) == is_late
