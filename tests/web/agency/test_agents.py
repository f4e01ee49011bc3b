"""A legal entity and its agents on their pages: asked, accepted, chosen, ended; and forms that go on elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import local
from models.accounts import Account, FormDraft
from models.draws import CallNotice, Condition, Draw
from models.organisations import AgentLink
from services.core.base import Actor
from tests.factories.draws import make_project
from tests.factories.offices import ID_NUMBER, make_draw
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_organisation
from tests.web.agency.test_draws import basic, begin, notice
from tests.web.agency.test_projects import PROJECT
from tests.web.conftest import Visitor, World

MOBILE = "13700004321"


async def ask(world: World, **change: str) -> Visitor:
    legal = await world.log_in(world.office.agency)
    await legal.click("我的经办人")
    until = f"{local(world.clock.now()) + timedelta(days=30):%Y-%m-%d}"
    return await legal.press("添加", **{"name": "黄经办", "mobile": MOBILE, "valid_until": until, **change})


async def asked_person(world: World) -> Visitor:
    """Logged in by SMS; the pool takes no applications, so the request alone lets him in."""
    world.set_rules("registration", open=False)
    account = await Account.get(mobile_hash=world.services.deps.keys.lookup_hash("mobile", MOBILE))
    return await world.log_in(Actor("demo", "guest", account.id))


async def test_an_agent_is_asked_agrees_chooses_the_enterprise_and_is_ended(world: World) -> None:
    legal = await ask(world)
    assert ("对方接受后生效" in legal.text, "等待对方接受" in legal.text) == (True, True)
    assert "至 2026年12月21日" in legal.text, "the last day is the one that was chosen"
    person = await asked_person(world)
    assert (person.path, "待您答复" in person.text) == ("/h5/demo/agent-requests", True)
    await person.press("接受：粤和招标代理有限公司")
    assert "已接受" in person.text
    await person.click("选择身份办理")
    await person.press("经办人 · 粤和招标代理有限公司")
    assert (person.path, "经办人" in person.text) == ("/agency", True)
    assert "我的经办人" not in person.page.links, "only the entity itself links people"
    assert (await person.get("/agency/agents")).status == 403
    await legal.get("/agency/agents")
    [button] = [label for label in legal.page.buttons if label.startswith("取消经办人")]
    await legal.press(button)
    assert "立即不能再代表" in legal.text
    await person.get("/agency")
    assert person.path == "/h5/role", "at once"
    assert "没有可以在这里办理的身份" in person.text


async def test_the_asked_person_declines_or_gives_up_later(world: World) -> None:
    legal = await ask(world)
    person = await asked_person(world)
    await person.press("不担任：粤和招标代理有限公司")
    assert "不再代表" in person.text
    await legal.get("/agency/agents")
    assert "对方不担任" in legal.text
    until = f"{local(world.clock.now()) + timedelta(days=30):%Y-%m-%d}"
    await legal.press("添加", name="黄经办", mobile=MOBILE, valid_until=until)
    await person.get("/h5/demo/agent-requests")
    await person.press("接受：粤和招标代理有限公司")
    await person.press("不再担任：粤和招标代理有限公司")
    assert (await AgentLink.get()).declined_at is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mobile": "123"}, "手机号"),
        ({"name": ""}, "请填写经办人姓名"),
        ({"valid_until": "2020-01-01"}, "截止日期应晚于"),
        ({"valid_until": "明年"}, "有效期至请填写为日期"),
        ({"valid_until": "2099-01-01"}, "有效期最长"),
        ({"valid_from": "2099-01-01"}, "截止日期应晚于"),
        ({"command": "x"}, "请重新点选"),
    ],
)
async def test_an_agent_request_with_wrong_data_is_refused(world: World, change: dict[str, str], words: str) -> None:
    legal = await ask(world, **change)
    assert (legal.status, words in legal.text) == (422, True), legal.text
    assert not await AgentLink.exists()


async def test_an_agent_request_beyond_the_daily_limit_is_refused_on_the_page(world: World) -> None:
    world.set_rules("login", agent_asks_per_day=1)
    legal = await ask(world)
    await legal.press("添加", name="别经办", mobile="13700004322")
    assert (legal.status, "一天最多请1位经办人" in legal.text) == (429, True)
    assert await AgentLink.all().count() == 1


async def test_only_the_asked_person_answers_the_request(world: World) -> None:
    await ask(world)
    link = await AgentLink.get()
    other = await make_account(world.services.deps, "13700009876")
    stranger = await world.log_in(Actor("demo", "venue", other.id), "venue")
    await stranger.get("/h5/demo/agent-requests")
    assert "没有企业请您担任" in stranger.text
    token = (await stranger.get("/h5/role")).page.forms[0]["fields"]["form"]
    await stranger.post("/h5/demo/agent-requests", {"form": token, "id": str(link.id), "command": "accept"})
    assert stranger.status == 403, "another form's token"
    assert (await AgentLink.get()).accepted_at is None


async def test_a_form_that_was_never_saved_goes_on_on_another_device(world: World) -> None:
    first = await world.log_in(world.office.agency)
    path = f"/agency/draws/new?project={world.office.project_id}"
    await first.get(path)
    half = {**basic(world), "needed": "", "name": "填了一半的活动"}
    await first.press("暂存", **half)
    assert ("已暂存" in first.text, await Draw.all().count()) == (True, 0)
    assert half["operator_id_number"] not in (await FormDraft.get()).values_sealed

    world.clock.move(timedelta(minutes=2))
    second = await world.log_in(world.office.agency)
    await second.get(path)
    [form] = [candidate for candidate in second.page.forms if "operator_name" in candidate["fields"]]
    assert (form["fields"]["name"], form["fields"]["opening_at"]) == ("填了一半的活动", half["opening_at"])
    assert form["fields"]["operator_id_number"] == "", "an identity number is typed again"
    await second.press("清空重填")
    assert "填了一半的活动" not in await second.response.text()
    await second.press("暂存", **half)
    await second.press("保存，下一步", **basic(world))
    assert not await FormDraft.exists(), "what is saved is no draft any more"


async def test_what_a_page_still_sends_of_a_saved_form_is_refused(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw_id = (await begin(world, agency)).id
    await agency.get(f"/agency/draws/{draw_id}/notices/new")
    [form] = [candidate for candidate in agency.page.forms if "gathering_at" in candidate["fields"]]
    late = {**form["fields"], **notice(world), "quiet": "1"}
    await agency.press("保存", **notice(world))
    assert "语音通知已保存" in agency.text
    await agency.post(f"/agency/drafts/notice/{draw_id}", late)
    assert (agency.status, await FormDraft.exists()) == (409, False)

    await agency.get(f"/agency/draws/{draw_id}/conditions/new")
    await agency.press("暂存", planned="1")
    [form] = [candidate for candidate in agency.page.forms if "planned" in candidate["fields"]]
    await agency.press("清空重填")
    await agency.post(f"/agency/drafts/condition/{draw_id}", {**form["fields"], "quiet": "1"})
    assert (agency.status, await FormDraft.exists()) == (409, False)
    await agency.get(f"/agency/draws/{draw_id}/conditions/new")
    await agency.press("暂存", planned="1")
    assert await FormDraft.exists(), "the next form is kept again"


async def test_drafts_of_every_first_form_are_their_owner_s(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/projects/new")
    await agency.press("暂存", **{**PROJECT, "name": "没存的项目"})
    draw_id = await make_draw(world.office)
    await agency.get(f"/agency/draws/{draw_id}/notices/new")
    await agency.press("暂存", **notice(world, room="没存的评标室"))
    await agency.get(f"/agency/draws/{draw_id}/conditions/new")
    await agency.press("暂存", planned="1", specialty="A01")
    for page, words in (
        ("projects/new", "没存的项目"),
        (f"draws/{draw_id}/notices/new", "没存的评标室"),
        (f"draws/{draw_id}/conditions/new", "A01"),
    ):
        await agency.get(f"/agency/{page}")
        assert words in await agency.response.text(), page
    notice_id = (await CallNotice.get(draw_id=draw_id)).id
    await agency.get(f"/agency/draws/{draw_id}/notices/{notice_id}")
    assert "没存的评标室" not in await agency.response.text(), "only of the new one"
    assert "暂存" in agency.page.buttons, "an edit is kept as well, on its own"

    token = agency.page.forms[0]["fields"]["form"]
    await agency.post(f"/agency/drafts/basic/{draw_id}", {"form": token, "name": "<b>", "quiet": "1"})
    assert agency.status == 204
    assert (await agency.post(f"/agency/drafts/other/{draw_id}", {"form": token})).status == 404


async def test_edits_that_are_not_saved_go_on_elsewhere_unless_another_changed_what_stands(world: World) -> None:
    first = await world.log_in(world.office.agency)
    world.clock.move(timedelta(minutes=2))
    second = await world.log_in(world.office.agency)
    draw_id = await make_draw(world.office)
    call_notice, condition = await CallNotice.get(draw_id=draw_id), await Condition.get(draw_id=draw_id)
    base = f"/agency/draws/{draw_id}"
    edits = {
        f"{base}/basic": ("opening_place", "改了一半的地点"),
        f"{base}/notices/{call_notice.id}": ("room", "改了一半的评标室"),
        f"{base}/conditions/{condition.id}": ("specialty", "A0899"),
    }
    for path, (field, words) in edits.items():
        await first.get(path)
        await first.press("暂存", **{field: words})
        assert (first.path, "已恢复" in first.text) == (path, True)
        await second.get(path)
        [form] = [form for form in second.page.forms if field in form["fields"]]
        assert form["fields"][field] == words
    assert await FormDraft.all().count() == 3
    await second.press("清空重填")
    assert (second.path, "A0899" in await second.response.text()) == (f"{base}/conditions/{condition.id}", False)

    await Draw.filter(id=draw_id).update(opening_place="同事先改的地点")
    await CallNotice.filter(id=call_notice.id).update(room="同事的评标室")
    for path, words in ((f"{base}/basic", "同事先改的地点"), (f"{base}/notices/{call_notice.id}", "同事的评标室")):
        text = await (await second.get(path)).response.text()
        assert (words in text, "改了一半" in text, "暂存的内容没有恢复" in text) == (True, False, True)
        assert "暂存的内容没有恢复" not in (await second.get(path)).text
    assert not await FormDraft.exists()
    await first.get(f"{base}/notices/{call_notice.id}")
    await first.press("暂存", room="自己的评标室")
    await first.press("保存", venue=call_notice.venue)
    assert first.path == f"{base}/conditions", first.text
    assert (await FormDraft.exists(), (await CallNotice.get(id=call_notice.id)).room) == (False, "自己的评标室")


async def test_open_forms_are_listed_on_the_first_page_until_they_are_saved_or_emptied(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    assert "没填完的表单" not in (await agency.get("/agency")).text
    draw_id = (await begin(world, agency)).id
    organisation_id, account_id = world.office.agency.organisation_id, world.office.agency.account_id
    number, project = ID_NUMBER, (await make_project(organisation_id, account_id)).id
    unsaved_forms: dict[str, tuple[str, dict[str, str]]] = {
        "新增回避单位": (f"/agency/draws/{draw_id}/recusal?list=units", {"name": "没加的公司"}),
        "新增回避人员": (
            f"/agency/draws/{draw_id}/recusal?list=persons",
            {"name": "没加的人", "id_number": number},
        ),
        "新增标段": (f"/agency/projects/{project}?open=lot", {"name": "没加的标段"}),
        "活动信息": (f"/agency/draws/{draw_id}/basic", {"name": "没改完的活动", "operator_id_number": number}),
        "新增抽取条件": (f"/agency/draws/{draw_id}/conditions/new", {"planned": "77"}),
    }
    for label, (path, typed) in unsaved_forms.items():
        await agency.get(path)
        await agency.press("暂存", **typed)
        assert agency.status == 200, label
    world.clock.move(timedelta(minutes=2))
    elsewhere = await world.log_in(world.office.agency)
    for label, (path, typed) in unsaved_forms.items():
        await elsewhere.get("/agency")
        [link] = [name for name in elsewhere.page.links if name.startswith(label)]
        assert elsewhere.page.links[link] == path
        text = await (await elsewhere.click(link)).response.text()
        assert (next(iter(typed.values())) in text, "已恢复" in text, number in text) == (True, True, False), label
    await elsewhere.get(unsaved_forms["新增回避单位"][0])
    await elsewhere.press("添加", reason="投标人", evidence="自行申报")
    assert "已添加" in elsewhere.text
    await elsewhere.get("/agency")
    assert "新增回避单位" not in elsewhere.text
    for label in list(unsaved_forms)[1:]:
        await elsewhere.press(f"清除{label}")
        assert "已清除" in elsewhere.text
    assert ("没填完的表单" in elsewhere.text, await FormDraft.exists()) == (False, False)


async def test_a_person_sees_open_forms_of_the_enterprise_he_acts_for(world: World) -> None:
    drafts, own = world.services.accounts.form_drafts, world.office.agency
    await drafts.keep(own, f"unit:{world.office.project_id}", {"name": "甲公司"})
    other = await make_organisation(name="别家招标代理有限公司", credit_code=OTHER_CREDIT_CODE)
    assert [draft.values["name"] for draft in await drafts.list(own)] == ["甲公司"]
    assert await drafts.list(replace(own, organisation_id=other.id)) == []
