"""The forms of a draw are checked when they are saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from domain.clock import local
from domain.errors import AppError, Conflict, InvalidForm, InvalidInput, RuleViolation
from models.accounts import Account
from models.draws import CallNotice, Condition, Draw, DrawLot, DrawNumber
from models.experts import CatalogueEntry
from models.projects import Lot, Project
from services.core.base import Actor, Deps
from services.draws import ConditionForm
from services.draws.setup.copying import condition_form_of
from services.draws.setup.forms import check_emergency
from services.draws.setup.operators import Operators
from tests.factories.draws import make_project
from tests.factories.forms import book_of
from tests.factories.offices import (
    ID_NUMBER,
    Office,
    add_experts,
    check_record,
    draw_form,
    fix_seed,
    make_draw,
    make_office,
    notice_form,
    open_invitations,
    verify,
)
from tests.factories.people import make_account


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def test_a_draw_on_site_of_a_project_without_the_centre_s_number_is_refused_before_it_is_made(
    office: Office,
) -> None:
    await Project.filter(id=office.project_id).update(number="")
    with pytest.raises(RuleViolation, match=r"应为20位.*改为否") as refused:
        await office.setup.create(office.agency, draw_form(office, on_site=True))
    assert (refused.value.field, refused.value.rule) == ("on_site", "projects.onsite_number_length")
    assert not await Draw.exists(), "with a draw the project would be read-only, and nobody could mend its number"


async def test_a_draw_is_not_turned_into_one_on_site_behind_the_number_s_back(office: Office) -> None:
    await Project.filter(id=office.project_id).update(number="1")
    draw_id = await office.setup.create(office.agency, draw_form(office))
    with pytest.raises(RuleViolation, match="20位"):
        await office.setup.edit(office.agency, draw_id, replace(draw_form(office), on_site=True))
    await office.setup.edit(office.agency, draw_id, draw_form(office))


async def test_a_panel_does_not_occupy_its_experts_for_longer_than_the_pool_permits(office: Office) -> None:
    """Its experts are called to no other panel in the time that the agency states."""
    form = draw_form(office)
    assert form.starts_at is not None
    longest = office.deps.book("demo").draw.panel_max
    with pytest.raises(RuleViolation, match="评标时间最长30天") as refused:
        await office.setup.create(office.agency, replace(form, ends_at=form.starts_at + longest + timedelta(seconds=1)))
    assert (refused.value.field, refused.value.rule) == ("ends_at", "draw.panel_max")
    await office.setup.create(office.agency, replace(form, ends_at=form.starts_at + longest))


async def test_the_number_after_9999_is_refused_in_words(office: Office) -> None:
    first = await Draw.get(id=await office.setup.create(office.agency, draw_form(office)))
    await DrawNumber.all().update(used=9999)
    await DrawLot.filter(draw_id=first.id).delete()
    with pytest.raises(Conflict, match=r"编号已用到9999，请明天再新建"):
        await office.setup.create(office.agency, draw_form(office))
    assert (await DrawNumber.get()).used == 9999


async def test_off_site_the_one_who_draws_is_not_whom_experts_call(office: Office) -> None:
    draw_id = await office.setup.create(office.agency, draw_form(office))
    account = await Account.get(id=office.agency.account_id)
    for name in (f" {draw_form(office).operator_name}", account.real_name):
        with pytest.raises(RuleViolation, match="不能填经办人本人") as refused:
            await office.setup.add_call_notice(office.agency, draw_id, replace(notice_form(office), contact=name))
        assert (refused.value.field, refused.value.source) == ("contact", "广东手册 L378")
    notice_id = await office.setup.add_call_notice(office.agency, draw_id, notice_form(office))
    await Account.filter(id=account.id).update(real_name="买买提·艾力")
    for name in ("买买提艾力", "买买提・艾 力"):
        with pytest.raises(RuleViolation, match="不能填经办人本人") as refused:
            await office.setup.add_call_notice(office.agency, draw_id, replace(notice_form(office), contact=name))
        assert refused.value.field == "contact"
    with pytest.raises(InvalidInput, match="带区号的电话") as refused_phone:
        await office.setup.add_call_notice(office.agency, draw_id, replace(notice_form(office), contact_phone="123"))
    assert refused_phone.value.field == "contact_phone"
    own_mobile = office.deps.keys.open_text(account.mobile_sealed, "mobile")
    for phone in ("135-6884-6647", "+86 13568846647", "020-28866000/１３５６８８４６６４７", own_mobile):
        with pytest.raises(RuleViolation, match=r"联系方式.*不能填经办人本人") as refused:
            await office.setup.add_call_notice(
                office.agency, draw_id, replace(notice_form(office), contact_phone=phone)
            )
        assert refused.value.field == "contact_phone"
    await Draw.filter(id=draw_id).update(operator_phone_sealed=office.deps.keys.seal("020-28866000", "phone"))
    switchboard = replace(notice_form(office), contact_phone="020-28866000")
    await office.setup.add_call_notice(office.agency, draw_id, switchboard)
    own = replace(notice_form(office), contact="买买提·艾力", contact_phone=own_mobile)
    with pytest.raises(InvalidForm, match="不能填经办人本人") as form_refused:
        await office.setup.edit_call_notice(office.agency, draw_id, notice_id, own)
    assert [fault.field for fault in form_refused.value.faults] == ["contact", "contact_phone"]
    await Draw.filter(id=draw_id).update(on_site=True)
    await office.setup.edit_call_notice(office.agency, draw_id, notice_id, own)


async def test_notices_are_checked_again_when_the_draw_has_changed_since(office: Office) -> None:
    """Each of them was right when it was saved."""
    submit = partial(office.setup.submit, office.agency)
    draw_id = await make_draw(office)
    account = await Account.get(id=office.agency.account_id)
    for changed in (
        replace(draw_form(office), operator_name=notice_form(office).contact),
        replace(draw_form(office), on_site=True),
    ):
        await office.setup.edit(office.agency, draw_id, changed)
        await CallNotice.filter(draw_id=draw_id).update(venue="某酒店")
        with pytest.raises(AppError, match=r"请修改语音通知1：.*(不能填经办人本人|从列表中选择评标场所)"):
            await submit(draw_id, office.deps.book("demo").draw.terminals[0], "请核验")
    await office.setup.edit(office.agency, draw_id, draw_form(office))
    await CallNotice.filter(draw_id=draw_id).update(contact=account.real_name)
    with pytest.raises(RuleViolation, match=r"请修改语音通知1：.*不能填经办人本人"):
        await submit(draw_id, office.deps.book("demo").draw.terminals[0], "请核验")
    await CallNotice.filter(draw_id=draw_id).update(contact="王场地")
    await submit(draw_id, office.deps.book("demo").draw.terminals[0], "请核验")


async def test_on_site_the_venue_is_one_of_the_pool_s_list(office: Office) -> None:
    """Its staff, the position of its check-in and messages to it are found by the name."""
    draw_id = await office.setup.create(office.agency, draw_form(office, on_site=True))
    form = notice_form(office)
    for venue in ("演示省交易中心", "其他", "某酒店"):
        with pytest.raises(InvalidInput, match="从列表中选择评标场所") as refused:
            await office.setup.add_call_notice(office.agency, draw_id, replace(form, venue=venue))
        assert refused.value.field == "venue"
    notice_id = await office.setup.add_call_notice(office.agency, draw_id, form)
    with pytest.raises(InvalidInput, match="从列表中选择评标场所"):
        await office.setup.edit_call_notice(office.agency, draw_id, notice_id, replace(form, venue="某酒店"))
    await Draw.filter(id=draw_id).update(on_site=False)
    await office.setup.edit_call_notice(office.agency, draw_id, notice_id, replace(form, venue="某酒店"))


async def test_notices_keep_numbers_of_their_own_and_the_record_holds(office: Office) -> None:
    await add_experts(office, 4)
    draw_id = await office.setup.create(office.agency, draw_form(office))
    form = notice_form(office)
    later = replace(form, gathering_at=form.gathering_at + timedelta(minutes=10))
    first, second = [
        await office.setup.add_call_notice(office.agency, draw_id, same_form) for same_form in (form, form)
    ]
    await office.setup.remove_call_notice(office.agency, draw_id, first)
    third = await office.setup.add_call_notice(office.agency, draw_id, later)
    for notice_id in (second, third):
        condition = ConditionForm(notice_id, "permanent", ("440100",), "A08", 1)
        await office.setup.add_condition(office.agency, draw_id, condition)
    call_notices = await CallNotice.filter(draw_id=draw_id).order_by("position")
    assert [(call_notice.id, call_notice.position) for call_notice in call_notices] == [(second, 1), (third, 2)]
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    await check_record(office, draw_id)


OTHER_NUMBER = "440308199901101512"


async def another_project(office: Office) -> UUID:
    return (await make_project(office.agency.organisation_id, office.agency.account_id)).id


def id_of(office: Office, draw: Draw) -> str:
    return office.deps.keys.read(draw.operator_id_sealed, "id_number")


async def test_a_draw_keeps_its_operator_s_id_number_though_another_of_the_name_has_a_newer_one(
    office: Office,
) -> None:
    first = await office.setup.create(office.agency, draw_form(office))
    blank = replace(draw_form(office), operator_id_number="")
    other = replace(
        draw_form(office),
        project_id=await another_project(office),
        operator_id_number=OTHER_NUMBER,
    )
    await office.setup.create(office.agency, other)
    await office.setup.edit(office.agency, first, replace(blank, remark="改过"))
    draw = await Draw.get(id=first)
    assert (draw.remark, id_of(office, draw)) == ("改过", ID_NUMBER)
    with pytest.raises(InvalidInput) as refused:
        await office.setup.edit(office.agency, first, replace(blank, operator_name="没见过的人"))
    assert refused.value.field == "operator_id_number"


async def test_a_form_begins_with_the_person_s_own_operator_and_knows_the_others_by_name(office: Office) -> None:
    account = await make_account(office.deps, real_name="黎经办")
    organisation_id = office.agency.organisation_id
    agent = Actor("demo", "agent", account.id, organisation_id=organisation_id)
    theirs = replace(draw_form(office), operator_name="黎经办", operator_id_number=OTHER_NUMBER)
    await office.setup.create(agent, theirs)
    operators = Operators(office.deps)
    own = await Account.get(id=office.agency.account_id)
    assert (await operators.remembered_operator(office.agency)).name == own.real_name, "not whoever drew last"
    assert (await operators.remembered_operator(agent)).name == "黎经办"
    mine = replace(
        draw_form(office),
        project_id=await another_project(office),
        operator_name="黎经办",
    )
    made = await office.setup.create(office.agency, replace(mine, operator_id_number=""))
    assert id_of(office, await Draw.get(id=made)) == OTHER_NUMBER
    assert (await operators.remembered_operator(office.agency)).name == "黎经办"


async def test_a_code_of_no_catalogue_is_refused_beside_its_field(office: Office) -> None:
    draw_id = await office.setup.create(office.agency, draw_form(office))
    notice_id = await office.setup.add_call_notice(office.agency, draw_id, notice_form(office))
    await add_experts(office, 1)
    form = ConditionForm(notice_id, "permanent", ("440100",), "A08", 1)
    changes: dict[str, Any] = {"regions": ("999999",), "specialty": "Z99", "alternative": "Z99", "department": "Z9"}
    for field, value in changes.items():
        with pytest.raises(InvalidInput, match="目录中没有") as refused:
            await office.setup.add_condition(office.agency, draw_id, replace(form, **{field: value}))
        assert refused.value.field == field


async def test_a_draw_goes_by_codes_in_force(office: Office) -> None:
    """Also one whose condition was set before its code was ended."""
    await add_experts(office, 1)
    draw_id = await make_draw(office, needed=1, specialty="A08")
    today = local(office.deps.now()).date()
    await CatalogueEntry.filter(kind="specialty", code="A08").update(ends_on=today)
    terminal = office.deps.book("demo").draw.terminals[0]
    with pytest.raises(InvalidInput, match="现在不能用于抽取，请修改这个条件") as refused:
        await office.setup.submit(office.agency, draw_id, terminal, "请核验")
    assert refused.value.field == "conditions"
    condition = await Condition.get(draw_id=draw_id)
    form = ConditionForm(condition.notice_id, "permanent", ("440100",), "A08", 1)
    with pytest.raises(InvalidInput, match="请从列表中重新选择") as refused:
        await office.setup.edit_condition(office.agency, draw_id, condition.id, form)
    assert refused.value.field == "specialty"
    await CatalogueEntry.filter(kind="specialty", code="A08").update(ends_on=today + timedelta(days=1))
    await office.setup.submit(office.agency, draw_id, terminal, "请核验")


def fields_of(refused: pytest.ExceptionInfo[InvalidForm]) -> list[str | None]:
    return [fault.field for fault in refused.value.faults]


async def test_an_empty_draw_is_refused_with_all_its_faults(office: Office) -> None:
    await Lot.create(project_id=office.project_id, name="一标段", position=1)
    texts = dict.fromkeys(
        ("name", "medium", "opening_place", "operator_name", "operator_phone", "operator_id_number"), ""
    )
    times = dict.fromkeys(("opening_at", "starts_at", "ends_at"))
    empty = replace(draw_form(office), needed=0, supervisors=(), **texts, **times)
    with pytest.raises(InvalidForm) as refused:
        await office.setup.create(office.agency, empty)
    assert fields_of(refused) == [*texts, "needed", *times, "supervisors", "lots"]
    with pytest.raises(InvalidForm, match="身份证号有误") as refused:
        await office.setup.create(office.agency, replace(empty, operator_id_number="123"))
    assert fields_of(refused)[0] == "operator_id_number"
    assert not await Draw.exists()


async def test_parts_of_a_draw_are_refused_with_all_their_faults(office: Office) -> None:
    draw_id = await make_draw(office)
    notice = replace(notice_form(office), venue="", address="", gathering_at=None, contact="", room="某公司")
    with pytest.raises(InvalidForm) as refused:
        await office.setup.add_call_notice(office.agency, draw_id, notice)
    assert fields_of(refused) == ["venue", "address", "contact", "room", "gathering_at"]
    await Condition.filter(draw_id=draw_id).delete()
    empty = ConditionForm(None, "", (), "", 0, title_level="X")
    with pytest.raises(InvalidForm) as refused:
        await office.setup.add_condition(office.agency, draw_id, empty)
    assert fields_of(refused) == ["notice_id", "region_mode", "regions", "specialty", "planned", "title_level"]
    with pytest.raises(InvalidForm) as refused:
        await office.setup.submit(office.agency, draw_id, "", "")
    assert fields_of(refused) == ["terminal", "conditions"]


# ---- emergency experts alone


async def test_a_condition_asks_for_emergency_experts_where_the_pool_and_the_time_allow(office: Office) -> None:
    """The way out of each refusal is to take the mark off; a draw whose start moves away is refused when submitted."""
    draw_id = await make_draw(office)
    [condition] = await Condition.filter(draw_id=draw_id)
    form = replace(condition_form_of(condition, condition.notice_id), emergency=True)
    await office.setup.edit_condition(office.agency, draw_id, condition.id, form)
    assert (await Condition.get(id=condition.id)).emergency
    starts_at = office.deps.now() + timedelta(hours=24, minutes=1)
    times = {
        "opening_at": starts_at - timedelta(hours=1),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=4),
    }
    await office.setup.edit(office.agency, draw_id, replace(draw_form(office), **times))
    with pytest.raises(RuleViolation, match="24小时内开始的评标，请去掉") as refused:
        await office.setup.edit_condition(office.agency, draw_id, condition.id, form)
    assert (refused.value.field, refused.value.rule) == ("emergency", "draw.emergency.within")
    with pytest.raises(RuleViolation, match="抽取条件1：只抽应急专家限于24小时内"):
        await verify(office, draw_id)
    await office.setup.edit_condition(office.agency, draw_id, condition.id, replace(form, emergency=False))
    assert not (await Condition.get(id=condition.id)).emergency


@pytest.mark.parametrize("pool", ["guangdong", "hunan", "jilin", "xinjiang"])
def test_no_province_draws_emergency_experts_alone_until_it_says_so(deps: Deps, pool: str) -> None:
    book = book_of(pool)
    now = deps.now()
    check_emergency(False, now, now, book)
    with pytest.raises(RuleViolation, match="本专家库不单独抽取应急专家，请去掉") as refused:
        check_emergency(True, now, now, book)
    assert refused.value.rule == "draw.emergency.conditions"
