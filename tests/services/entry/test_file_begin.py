"""Experts who entered before there were files get theirs from their applications and their columns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asyncpg import RaiseError

from domain.clock import FixedClock
from domain.experts.file import FileSource
from models.experts import Employment, Expert, ExpertFileChange
from services.core.base import Deps, execute
from services.entry import begin_files
from services.expert_files import changes_of, file_of, read_facts
from tests.factories.applications import make_codes
from tests.factories.people import BEGINNING, OTHER_CREDIT_CODE, make_expert
from tests.services.entry.test_entry import handed_in, road_with

pytestmark = pytest.mark.usefixtures("db")
COLUMNS = ("permanent_region", "specialties", "title_level", "recusal_keys", "number", "membership_status")


async def forget_files() -> None:
    """As before there were files; rows are never deleted singly."""
    await execute("TRUNCATE expert_file_change")


async def test_a_change_is_never_edited_or_deleted(deps: Deps) -> None:
    await make_expert(deps)
    for act in (ExpertFileChange.all().update(source="office"), ExpertFileChange.all().delete()):
        with pytest.raises(RaiseError, match="append-only"):
            await act


async def test_what_was_applied_for_is_filed_with_its_day_and_its_application(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock)
    application = await entry_process.go_on(await handed_in(entry_process))
    entered = await file_of(deps, (await Expert.get()).id)
    await forget_files()
    clock.move(timedelta(days=3))
    begun = await begin_files(deps)
    expert = await Expert.get()
    file = await file_of(deps, expert.id)
    assert (begun.count, begun.doubts) == (1, {})
    assert {code: file.values.get(code) for code in entered.values} == dict(entered.values)
    change = file.since["specialties"]
    assert (change.source, change.source_id) == (FileSource.APPLICATION, application.id)
    assert change.at == application.ended_at
    assert (file.since["number"].source, file.since["number"].at) == (FileSource.SYSTEM, deps.now())
    assert (await begin_files(deps)).count == 0


async def test_an_imported_expert_s_file_says_what_the_columns_say(deps: Deps) -> None:
    await make_codes(deps.book("demo"))
    units = [f"code:{OTHER_CREDIT_CODE}", "name:甲公司"]
    expert = await make_expert(deps, title_level="10", recusal_keys=units)
    await Employment.create(expert_id=expert.id, unit_name="甲公司", unit_keys=["name:甲公司"], since=BEGINNING)
    await Employment.create(expert_id=expert.id, unit_name="旧公司", unit_keys=["name:旧公司"], until=BEGINNING)
    await forget_files()
    assert (await begin_files(deps)).doubts == {expert.number: ["回避单位只有信用代码，共1个"]}
    file = await file_of(deps, expert.id)
    assert (file.values["employer"], file.values["employed_since"]) == ("甲公司", "2026-01-01")
    facts = await read_facts(deps, "demo", (await changes_of(deps, [expert.id]))[expert.id])
    assert {name: getattr(facts, name) for name in COLUMNS} == {name: getattr(expert, name) for name in COLUMNS}
    assert sorted(unit.name for unit in facts.employments) == ["旧公司", "甲公司"]


async def test_where_form_and_columns_differ_the_columns_hold_and_it_is_told(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock)
    await entry_process.go_on(await handed_in(entry_process))
    await forget_files()
    await Expert.all().update(emergency=True, left_reason="", specialties=["A08"])
    expert = await Expert.get()
    begun = await begin_files(deps)
    assert begun.doubts == {expert.number: ["评标专业与申请不同，按档案"]}
    file = await file_of(deps, expert.id)
    assert (file.values["specialties"], file.values["emergency"]) == ([{"code": "A08", "choice": "preferred"}], True)
