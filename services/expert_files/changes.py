"""The one way to change an expert's file: append what differs, and let the expert's columns and employments follow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.experts.employments import TOLD_BY, Unit
from domain.experts.facts import ExpertFacts, facts_of
from domain.experts.file import FileChange, as_last, fold
from domain.identity import birth_of
from models.experts import Employment, Expert, ExpertFileChange
from services.catalogue_codes import load_codes
from services.core.base import Deps
from services.core.crypto import Keyring
from services.core.pinyin import sort_name
from services.expert_files.reading import PURPOSE, changes_of, read_listed_employers


async def open_file(deps: Deps, pool: str, change: FileChange, *, account_id: UUID | None = None) -> Expert:
    """A new expert with the first change of his file; inside the caller's transaction."""
    facts = await read_facts(deps, pool, [change])
    expert = await Expert.create(
        pool=pool, created_at=change.at, account_id=account_id, **expert_columns(deps.keys, facts)
    )
    await append_change(deps.keys, expert.id, change)
    await _replace_employments(expert.id, facts.employments)
    return expert


async def change_file(deps: Deps, expert: Expert, change: FileChange) -> dict[str, object]:
    """Set what differs, and return it; nothing is written where nothing does. It counts after all that was written
    before it, whenever it began.

    Inside the caller's transaction, which has locked the expert's row; its columns are saved. Raises LookupError for an
    expert whose file was never begun.
    """
    changes = (await changes_of(deps, [expert.id]))[expert.id]
    if not changes:
        raise LookupError(f"expert {expert.id} has no file")
    differing = fold(changes).difference(change.values)
    if not differing:
        return {}
    change = as_last(replace(change, values=differing), changes)
    await append_change(deps.keys, expert.id, change)
    facts = await read_facts(deps, expert.pool, [*changes, change])
    expert.update_from_dict(expert_columns(deps.keys, facts))
    if "term_until" in differing or "left_reason" in differing:
        expert.term_notified_at = None
    await expert.save()
    if not differing.keys().isdisjoint(TOLD_BY):
        await Employment.filter(expert_id=expert.id).delete()
        await _replace_employments(expert.id, facts.employments)
    return differing


async def read_facts(deps: Deps, pool: str, changes: Sequence[FileChange]) -> ExpertFacts:
    """What follows from all changes of a file, with the pool's rules and catalogues of today."""
    book = deps.book(pool)
    codes = await load_codes(book, fold(changes).values)
    listed = await read_listed_employers(pool, [change.values.get("employer") for change in changes])
    return facts_of(changes, book, codes, listed)


def expert_columns(keys: Keyring, facts: ExpertFacts) -> dict[str, Any]:
    """The columns of ``expert``; personal numbers encrypted, with their look-up hashes."""
    return {
        "number": facts.number,
        "name": facts.name,
        "name_sort": sort_name(facts.name),
        "id_number_sealed": keys.seal(facts.id_number, "id_number"),
        "id_number_hash": keys.lookup_hash("id_number", facts.id_number),
        "born_on": birth_of(facts.id_number),
        "mobile_sealed": keys.seal(facts.mobile, "mobile"),
        "mobile_hash": keys.lookup_hash("mobile", facts.mobile),
        "membership_status": facts.membership_status,
        "permanent_region": facts.permanent_region,
        "region_path": facts.region_path,
        "willing_regions": facts.willing_regions,
        "specialties": facts.specialties,
        "specialty_path": facts.specialty_path,
        "title_level": facts.title_level,
        "qualifications": facts.qualifications,
        "department": facts.department,
        "remote_evaluation": facts.remote_evaluation,
        "emergency": facts.emergency,
        "term_until": facts.term_until,
        "left_at": facts.left_at,
        "left_reason": facts.left_reason,
        "recusal_keys": facts.recusal_keys,
    }


def seal_values(keys: Keyring, values: Mapping[str, object]) -> str:
    return keys.seal(json.dumps(values, ensure_ascii=False, sort_keys=True), PURPOSE)


async def append_change(keys: Keyring, expert_id: UUID, change: FileChange) -> None:
    """The change alone; nothing follows it."""
    await ExpertFileChange.create(
        expert_id=expert_id,
        at=change.at,
        source=change.source.value,
        source_id=change.source_id,
        actor_id=change.by,
        values_sealed=seal_values(keys, change.values),
    )


async def _replace_employments(expert_id: UUID, units: Sequence[Unit]) -> None:
    await Employment.bulk_create(
        [
            Employment(
                expert_id=expert_id,
                unit_name=unit.name,
                credit_code=unit.code,
                since=unit.since,
                until=unit.until,
                unit_keys=list(unit.keys),
            )
            for unit in units
        ]
    )
