"""An empty form shows all its faults at once, each at its field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from models.draws import CallNotice, Condition, SupervisorEntry
from models.projects import Lot
from tests.factories.offices import SUPERVISOR_ENTRY, make_draw
from tests.web.agency.test_redraws_and_recalls import ended
from tests.web.conftest import Visitor, World

_FAULT = re.compile(r'<p\s+class="wrong"\s+id="e-([^"]+)"\s+role="alert">([^<]+)</p>')
_HIDDEN = ("form", "key", "command", "version", "about", "last", "id")


@dataclass(frozen=True)
class Form:
    """A form of the agency: its page, its button, the texts at its fields, and what is not left empty."""

    path: str
    button: str
    faults: dict[str, str]
    typed: dict[str, str]


BASIC = {
    "name": "请填写活动名称。",
    "lots": "请勾选要抽取的标段。",
    "medium": "请填写公告发布媒体。",
    "opening_place": "请填写开标地点。",
    "opening_at": "请填写开标时间。",
    "needed": "拟抽取专家人数应为1到50人。",
    "starts_at": "请填写预计评标开始时间。",
    "ends_at": "请填写预计评标结束时间。",
    "operator_name": "请填写经办人。",
    "operator_phone": "请填写经办人电话。",
    "operator_id_number": "请填写经办人证件号。",
    "supervisors": "请从监督人名册中至少选择一位监督人。",
}
REASONS = {"reason": "回避原因请从列表中选择", "evidence": "回避依据请从列表中选择"}
TIMES = {"starts_at": "请填写预计评标开始时间。", "ends_at": "请填写预计评标结束时间。"}
FORMS = {
    "project": Form(
        "projects/new",
        "保存",
        {
            "name": "请填写招标项目名称。",
            "category": "请选择招标项目类型。",
            "region": "请选择项目所在地。",
            "funding_source": "请选择资金来源。",
            "tender_method": "请选择招标方式。",
            "organisation_form": "请选择招标组织形式。",
            "tenderee_category": "请选择招标人类别。",
            "investment": "请填写项目投资总额",
            "tenderee_name": "请填写招标人名称。",
            "tenderee_code": "请填写招标人统一社会信用代码。",
            "contact": "请填写项目联系人。",
            "contact_phone": "请填写项目联系方式。",
        },
        {},
    ),
    "lot": Form(
        "projects/{project}",
        "创建",
        {"name": "请填写标段名称。", "investment": "标段投资额不能为负数"},
        {"investment": "999999999999"},
    ),
    "new draw": Form("draws/new?project={project}", "保存，下一步", BASIC, {}),
    "draw": Form("draws/{draw}/basic", "保存，下一步", BASIC, {}),
    "unit": Form(
        "draws/{draw}/recusal",
        "添加",
        {"name": "请填写单位名称。", "credit_code": "统一社会信用代码有误", **REASONS},
        {"credit_code": "123"},
    ),
    "person": Form(
        "draws/{draw}/recusal?list=persons",
        "添加",
        {"name": "请填写回避人员姓名。", "id_number": "请填写身份证号；不清楚时请填写其工作单位", **REASONS},
        {},
    ),
    "call notice": Form(
        "draws/{draw}/notices/new",
        "保存",
        {
            "venue": "请填写评标场所。",
            "address": "请填写集合地点。",
            "gathering_at": "请填写集合时间。",
            "contact": "请填写联系人。",
            "contact_phone": "请填写联系方式。",
        },
        {},
    ),
    "condition": Form(
        "draws/{draw}/conditions/new",
        "保存",
        {
            "notice_id": "请选择语音通知。",
            "region_mode": "请选择按常驻地或按意愿评标地抽取。",
            "regions": "请选择抽取地区。",
            "specialty": "请选择主专业。",
            "planned": "条件计划抽取人数应为1到2人",
        },
        {},
    ),
    "preview": Form(
        "draws/{draw}/conditions/new",
        "预览",
        {
            "notice_id": "请选择语音通知。",
            "region_mode": "请选择按常驻地或按意愿评标地抽取。",
            "regions": "请选择抽取地区。",
            "specialty": "请选择主专业。",
        },
        {},
    ),
    "agent": Form(
        "agents",
        "添加",
        {
            "name": "请填写经办人姓名",
            "mobile": "手机号应为11位数字",
            "valid_until": "有效期的截止日期应晚于开始日期和今天。",
        },
        {"valid_until": "2020-01-01"},
    ),
}


@dataclass(frozen=True)
class Place:
    """A project with a lot, and its draw without a condition, for which a notice was written."""

    world: World
    agency: Visitor
    draw_id: UUID

    async def open(self, path: str) -> None:
        await self.agency.get(f"/agency/{path.format(project=self.world.office.project_id, draw=self.draw_id)}")

    async def press_empty(self, button: str, **typed: str) -> None:
        """Submit the form of a button with empty fields, but for the typed values; no box is ticked."""
        form, own = self.agency.page.buttons[button]
        hidden_fields = {name: text for name, text in form["fields"].items() if name in _HIDDEN}
        empty = {name: "" for name in form["fields"] if name not in hidden_fields and "-" not in name}
        await self.agency.post(form["action"], {**empty, **hidden_fields, **own, **typed})

    async def faults(self) -> dict[str, str]:
        """The texts at the fields."""
        return dict(_FAULT.findall(await self.agency.response.text()))


@pytest.fixture
async def place(world: World) -> Place:
    draw_id = await make_draw(world.office)
    await Condition.filter(draw_id=draw_id).delete()
    await Lot.create(project_id=world.office.project_id, name="一标段", position=1)
    return Place(world, await world.log_in(world.office.agency), draw_id)


@pytest.mark.parametrize("name", FORMS)
async def test_an_empty_form_shows_all_faults_at_their_fields(place: Place, name: str) -> None:
    form = FORMS[name]
    await place.open(form.path)
    await place.press_empty(form.button, **form.typed)
    faults = await place.faults()
    assert place.agency.status == 422
    assert faults.keys() == form.faults.keys()
    for field, text in form.faults.items():
        assert text in faults[field], field


async def test_a_supervisor_who_may_not_supervise_is_named_beside_all_other_faults(place: Place) -> None:
    await SupervisorEntry.all().update(active_until=place.world.clock.now())
    await place.open("draws/new?project={project}")
    await place.press_empty("保存，下一步", **{f"supervisor-{SUPERVISOR_ENTRY}": "1"})
    faults = await place.faults()
    assert faults.keys() == BASIC.keys()
    assert faults["supervisors"].startswith("所选监督人不在名册中")


async def test_a_single_fault_leaves_the_other_fields_as_they_were(place: Place) -> None:
    await place.open("agents")
    await place.agency.press("添加", name="", mobile="13700009999")
    assert list(await place.faults()) == ["name"]
    assert place.agency.page.forms[-1]["fields"]["mobile"] == "13700009999"


async def test_a_submission_names_all_that_is_missing(world: World) -> None:
    draw_id = await make_draw(world.office)
    await Condition.filter(draw_id=draw_id).delete()
    await SupervisorEntry.all().update(active_until=world.clock.now())
    await CallNotice.filter(draw_id=draw_id).update(address="天润路")
    world.clock.move(timedelta(hours=7))
    place = Place(world, await world.log_in(world.office.agency), draw_id)
    await place.open("draws/{draw}/submit")
    await place.press_empty("提交审核")
    for text in (
        "请选择提交终端。",
        "抽取条件共0人，应为2人",
        "预计评标开始时间已过",
        "集合时间应在现在之后",
        "请修改语音通知1：集合地点应写到市、区",
        "监督人李监督已不在名册中",
    ):
        assert text in place.agency.text
    assert place.agency.status == 422


@pytest.mark.parametrize(
    ("kind", "button", "faults"),
    [
        (
            "redraw",
            "确定重新抽取",
            {"opening_at": "请填写开标时间。", "bid_closing_at": "请填写截标时间。", **TIMES},
        ),
        ("recall", "确定复评", TIMES),
    ],
)
async def test_the_times_of_a_new_draw_from_an_old_one_are_all_asked_for(
    world: World, kind: str, button: str, faults: dict[str, str]
) -> None:
    draw_id = await ended(world)
    place = Place(world, await world.log_in(world.office.agency), draw_id)
    await place.open(f"draws/{{draw}}/{kind}")
    await place.press_empty(button)
    assert (place.agency.status, await place.faults()) == (422, faults)


async def test_a_release_needs_cause_and_proof(world: World) -> None:
    draw_id, _ = await world.panel(2)
    place = Place(world, await world.log_in(world.office.agency), draw_id)
    await place.open("draws/{draw}/release")
    token = place.agency.page.forms[0]["fields"]["form"]
    await place.agency.post(f"/agency/draws/{draw_id}/release", {"form": token, "command": "submit"})
    faults = await place.faults()
    assert (place.agency.status, faults["cause"]) == (422, "请选择退选原因。")
    assert faults["file"].startswith("请先上传证明材料")


async def test_a_supplementary_draw_asks_for_all_of_its_new_times(world: World) -> None:
    draw_id, [expert, _] = await world.panel(2)
    await world.services.draws.invitations.leave(expert.id, expert.expert_id, "生病", by="chat")
    notice = await CallNotice.get(draw_id=draw_id)
    place = Place(world, await world.log_in(world.office.agency), draw_id)
    await place.open("draws/{draw}/run")
    gathering = f"at-{notice.id}"
    emptied = {gathering: "", "starts_at": "", "start_reason": "", "update": "1", "postpone": "1"}
    await place.press_empty("启动补抽", **emptied)
    assert place.agency.status == 422
    assert await place.faults() == {
        gathering: "请填写集合时间。",
        "starts_at": "请填写评标开始时间。",
        "start_reason": "请填写推迟的原因。",
    }
