"""Begins the files of experts who entered before there were files, from their applications and their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.experts.employments import rows_of
from domain.experts.facts import ExpertFacts
from domain.experts.file import OWN_FIELDS, ExpertFile, FileChange, FileSource, fold
from models.applications import Application
from models.experts import Employment, Expert
from services.core.base import Deps, rows, transaction
from services.entry.expert_creation import filed_by
from services.expert_files import append_change, lock_files, read_facts, record_values

_WITHOUT = """
SELECT e.id FROM expert e WHERE NOT EXISTS (SELECT 1 FROM expert_file_change c WHERE c.expert_id = e.id)
 ORDER BY e.id LIMIT $1
"""
_AT_ONCE = 500


@dataclass(frozen=True)
class BegunFiles:
    """``doubts``: number of an expert → what could not be decided."""

    count: int
    doubts: dict[str, list[str]]


async def begin_files(deps: Deps) -> BegunFiles:
    """One expert a transaction, so that it may be stopped and begun again.

    Where an application and the expert's columns differ, the columns hold: draws and pages went by them.
    """
    count, doubts = 0, dict[str, list[str]]()
    while without := await rows(_WITHOUT, _AT_ONCE):
        for row in without:
            number, open_questions = await _begin(deps, row["id"], deps.now())
            count += 1
            if open_questions:
                doubts[number] = open_questions
    return BegunFiles(count, doubts)


async def _begin(deps: Deps, expert_id: UUID, now: datetime) -> tuple[str, list[str]]:
    async with transaction():
        [expert] = await lock_files([expert_id])
        entered = await Application.filter(expert_id=expert_id, state="entered").order_by("ended_at")
        changes = [await _change_by(deps, application, now) for application in entered]
        applied = fold(changes)
        jobs = await Employment.filter(expert_id=expert_id).order_by("id")
        columns = record_values(deps, expert, jobs)
        if changes:
            facts = await read_facts(deps, expert.pool, changes)
            columns = _unexplained(columns, applied, facts, expert, jobs)
        differing = applied.difference(columns)
        last = FileChange(max([now, *(change.at for change in changes)]), FileSource.SYSTEM, differing)
        for change in [*changes, last]:
            await append_change(deps.keys, expert_id, change)
        return expert.number, _doubts(deps, expert, applied.values, differing)


async def _change_by(deps: Deps, application: Application, now: datetime) -> FileChange:
    values = await filed_by(deps, application)
    return FileChange(application.ended_at or now, FileSource.APPLICATION, values, application.id)


def _unexplained(
    columns: Mapping[str, object], applied: ExpertFile, facts: ExpertFacts, expert: Expert, jobs: Sequence[Employment]
) -> dict[str, object]:
    """Without columns that follow from the applications, which say more: certificates of a qualification, the employer
    in the pool's list."""
    explained = {code for code, value in columns.items() if _says_less(value, applied.values.get(code))}
    if {unit.keys for unit in facts.employments} == {tuple(job.unit_keys) for job in jobs}:
        explained |= {"employer", "employer_code", "employed_since", "former_units"}
    if facts.recusal_keys == sorted(expert.recusal_keys):
        explained.add("recusal_units")
    return {code: value for code, value in columns.items() if code not in explained}


def _says_less(column: object, applied: object) -> bool:
    """Whether a column holds the codes only of rows that the application knows in full."""
    codes = {row.get("code") for row in rows_of(column)}
    return bool(codes) and codes == {row.get("code") for row in rows_of(applied)}


def _doubts(deps: Deps, expert: Expert, applied: Mapping[str, object], differing: Mapping[str, object]) -> list[str]:
    fields = deps.book(expert.pool).form.fields
    labels = {code: fields[code].label if code in fields else OWN_FIELDS.get(code, code) for code in differing}
    told = [f"{labels[code]}与申请不同，按档案" for code in differing if code in applied and code not in OWN_FIELDS]
    units = differing.get("recusal_units")
    named = [row for row in units if not row.get("name")] if isinstance(units, list) else []
    return told + ([f"回避单位只有信用代码，共{len(named)}个"] if named else [])
