"""Limits on shaping the list: recusals before the freeze only, previews without names, few drafts and previews."""

from __future__ import annotations

import pytest

from domain.draws.recusal_keys import unit_keys
from domain.errors import InvalidForm, InvalidInput, RuleViolation, TooMany
from models.draws import CandidateList, Condition, LogEntry, RecusalCommitment, RecusalPerson, RecusalUnit, UsageCount
from models.experts import Employment, Expert
from services.core.base import Deps
from services.draws.call_order.recusal_commitment import open_commitment
from tests.factories.draws import make_project
from tests.factories.offices import (
    ID_NUMBER,
    Office,
    add_experts,
    check_record,
    draw_form,
    fix_seed,
    make_draw,
    make_office,
)
from tests.factories.offices import verify as approve

WHY = ("投标人", "自行申报")


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


def set_limits(office: Office, **sections: dict[str, int]) -> None:
    """Change limits of the demo pool's draw section."""
    book = office.deps.rulebooks["demo"]
    draw = book.draw
    changed = {name: getattr(draw, name).model_copy(update=values) for name, values in sections.items()}
    office.deps.rulebooks["demo"] = book.model_copy(update={"draw": draw.model_copy(update=changed)})  # type: ignore[index]


async def preview_band(office: Office, draw_id) -> str:
    condition = await Condition.get(draw_id=draw_id)
    return str((await office.previews.show(office.agency, draw_id, condition.id)).main)


# ---- what a recusal must tell


async def test_a_name_without_an_id_number_recuses_no_expert(office: Office) -> None:
    draw_id = await make_draw(office)
    for unit in ("", "无", "退休"):
        with pytest.raises(InvalidInput) as refusal:
            await office.recusal_lists.add_person(office.agency, draw_id, "王好人", "", unit, *WHY)
        assert refusal.value.field == "id_number"
    assert not await RecusalPerson.exists()


async def test_every_recusal_names_its_reason_and_its_evidence(office: Office) -> None:
    draw_id = await make_draw(office)
    for reason, evidence, field in (("不喜欢", "自行申报", "reason"), ("投标人", "听说的", "evidence")):
        with pytest.raises(InvalidInput) as unit:
            await office.recusal_lists.add_unit(office.agency, draw_id, "某某公司", "", reason, evidence)
        with pytest.raises(InvalidInput) as person:
            await office.recusal_lists.add_person(office.agency, draw_id, "王某", ID_NUMBER, "", reason, evidence)
        assert (unit.value.field, person.value.field) == (field, field)


async def test_the_same_unit_or_person_stands_in_the_list_once(office: Office) -> None:
    draw_id, lists = await make_draw(office), office.recusal_lists
    await lists.add_unit(office.agency, draw_id, "某某（集团）有限责任公司", "", *WHY)
    with pytest.raises(InvalidInput) as unit:
        await lists.add_unit(office.agency, draw_id, "某某集团有限公司", "", *WHY)
    await lists.add_person(office.agency, draw_id, "王某", ID_NUMBER, "", *WHY)
    await lists.add_person(office.agency, draw_id, "李某", "", "某某设计院", *WHY)
    with pytest.raises(InvalidInput) as person:
        await lists.add_person(office.agency, draw_id, "王某", ID_NUMBER, "别的单位", *WHY)
    with pytest.raises(InvalidInput) as namesake:
        await lists.add_person(office.agency, draw_id, "李 某", "", "某某设计院", *WHY)
    assert {refusal.value.code for refusal in (unit, person, namesake)} == {"repeated"}


async def test_an_agency_recuses_only_so_many_persons(office: Office) -> None:
    draw_id = await make_draw(office)
    most = office.deps.book("demo").draw.recusal_persons_max
    for n in range(most):
        await office.recusal_lists.add_person(office.agency, draw_id, "王某", "", f"第{n}设计院", *WHY)
    with pytest.raises(RuleViolation) as refusal:
        await office.recusal_lists.add_person(office.agency, draw_id, "王某", "", "又一设计院", *WHY)
    assert refusal.value.rule == "draw.recusal_persons_max"


async def test_a_name_with_a_unit_recuses_the_person_there_and_spares_the_namesake(office: Office) -> None:
    there, namesake, _ = await add_experts(office, 3)
    await Expert.filter(id__in=[there.id, namesake.id]).update(name="李重名")
    await Employment.create(expert_id=there.id, unit_name="某某设计院", unit_keys=list(unit_keys("某某设计院")))
    draw_id = await make_draw(office, needed=1)
    await office.recusal_lists.add_person(office.agency, draw_id, "李重名", "", "某某设计院", *WHY)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    listed = await CandidateList.get(draw_id=draw_id)
    experts = office.deps.keys.open(listed.experts_sealed, "experts")
    assert there.id.bytes not in experts
    assert namesake.id.bytes in experts


# ---- bound before the freeze


async def test_recusals_are_committed_between_the_systems_secret_and_the_freeze(office: Office) -> None:
    await add_experts(office, 3)
    draw_id = await make_draw(office, needed=1)
    await office.recusal_lists.add_unit(office.agency, draw_id, "某某公司", "", *WHY)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    acts = await LogEntry.filter(draw_id=draw_id).order_by("seq").values_list("act", flat=True)
    assert list(acts) == ["history", "round_opened", "system_committed", "recusals_committed", "lists_frozen"]
    entry = await LogEntry.get(draw_id=draw_id, act="recusals_committed")
    assert set(entry.facts) - {"seq", "at", "act", "prev", "hash"} == {"round", "root"}
    commitment = await RecusalCommitment.get(draw_id=draw_id)
    assert "某某公司" not in commitment.opening_sealed
    opened = [recusal.facts for recusal in open_commitment(office.deps.keys, commitment)]
    assert {recusal_facts["name"] for recusal_facts in opened} == {
        "某某公司",
        "广州水务有限公司",
        "粤和招标代理有限公司",
    }


async def test_a_recusal_added_between_two_rounds_shows_in_the_record(office: Office) -> None:
    await add_experts(office, 3)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    for tampered in (False, False, True):
        if tampered:
            await RecusalUnit.create(draw_id=draw_id, name="好专家的单位", reason="投标人", evidence="自行申报")
        await office.rounds.open(office.agency, draw_id)
        if not tampered:
            await office.rounds.abort(office.agency, draw_id, "再试一次")
    await fix_seed(office, draw_id)
    await check_record(office, draw_id, "abort_again", "recusals_changed")


# ---- previews and drafts


async def test_a_preview_does_not_tell_whether_a_named_person_is_in_the_pool(office: Office) -> None:
    experts = await add_experts(office, 5)
    draw_id = await make_draw(office)
    assert await preview_band(office, draw_id) == "5-9人"
    hashed = office.deps.keys.lookup_hash("id_number", ID_NUMBER)
    await Expert.filter(id=experts[0].id).update(id_number_hash=hashed)
    await Expert.filter(id=experts[1].id).update(name="李重名")
    await Employment.create(expert_id=experts[1].id, unit_name="小事务所", unit_keys=list(unit_keys("小事务所")))
    await office.recusal_lists.add_person(office.agency, draw_id, "王某", ID_NUMBER, "", *WHY)
    await office.recusal_lists.add_person(office.agency, draw_id, "李重名", "", "小事务所", *WHY)
    await office.recusal_lists.add_unit(office.agency, draw_id, "小事务所", "", *WHY)
    assert await preview_band(office, draw_id) == "5-9人"


async def test_deleting_a_draft_does_not_begin_the_previews_anew(office: Office) -> None:
    set_limits(office, preview={"per_project_day": 3})
    await add_experts(office, 5)
    for _ in range(3):
        draw_id = await make_draw(office)
        await preview_band(office, draw_id)
        await office.setup.delete(office.agency, draw_id)
    draw_id = await make_draw(office)
    with pytest.raises(TooMany) as refusal:
        await preview_band(office, draw_id)
    assert refusal.value.code == "preview_limit"
    assert (await UsageCount.get(kind="preview", subject_id=office.project_id)).used == 3


async def test_another_project_does_not_begin_the_previews_anew_for_ever(office: Office) -> None:
    set_limits(office, preview={"per_organisation_day": 2})
    for _ in range(2):
        await preview_band(office, await make_draw(office))
        project = await make_project(office.agency.organisation_id, office.agency.account_id)
        office.project_id = project.id
    draw_id = await make_draw(office)
    with pytest.raises(TooMany) as refusal:
        await preview_band(office, draw_id)
    assert "明天再预览" in refusal.value.message


async def test_drafts_are_counted_by_the_day_also_when_they_are_deleted(office: Office) -> None:
    set_limits(office, drafts={"per_project_day": 2})
    for _ in range(2):
        await office.setup.delete(office.agency, await make_draw(office))
    with pytest.raises(TooMany) as refusal:
        await office.setup.create(office.agency, draw_form(office))
    assert (refusal.value.code, refusal.value.retry_after > 0) == ("draft_limit", True)


async def test_a_recusal_is_refused_with_all_its_faults(office: Office) -> None:
    draw_id, lists = await make_draw(office), office.recusal_lists
    with pytest.raises(InvalidForm) as refused:
        await lists.add_unit(office.agency, draw_id, "", "123", "", "")
    assert [fault.field for fault in refused.value.faults] == ["name", "credit_code", "reason", "evidence"]
    with pytest.raises(InvalidForm) as refused:
        await lists.add_person(office.agency, draw_id, "", "123", "", "", "")
    assert [fault.field for fault in refused.value.faults] == ["name", "id_number", "reason", "evidence"]
