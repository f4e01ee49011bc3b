"""Reads the file of an expert from its changes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from domain.errors import NotFound
from domain.experts.employments import ListedEmployers
from domain.experts.file import ExpertFile, FileChange, FileSource, fold
from domain.person_names import spell_name
from models.experts import Expert
from services.core.base import Actor, Deps, rows
from services.core.crypto import Keyring
from services.core.permissions import EXPERTS_ONLY

PURPOSE = "expert_file"
_CHANGES = """
SELECT expert_id, at, source, source_id, actor_id, values_sealed FROM expert_file_change
 WHERE expert_id = ANY($1::uuid[]) ORDER BY expert_id, at, id
"""
_OWNERS = """
SELECT 1 FROM account a WHERE a.id IN (SELECT account_id FROM expert WHERE id = ANY($1::uuid[]))
 ORDER BY a.id FOR KEY SHARE
"""
"""As a new row that refers to the account locks it."""
_LISTED = "SELECT id, name, credit_code FROM employer WHERE pool = $1 AND id = ANY($2::uuid[])"


async def lock_file(expert_id: UUID) -> Expert | None:
    """The expert's row, locked for a change. Before it his account, as leaving, correcting and merging do, so that none
    of them waits for another that waits for it: a notice, for one, refers to the account and asks for it anyway."""
    return next(iter(await lock_files([expert_id])), None)


async def lock_files(expert_ids: Collection[UUID]) -> list[Expert]:
    """The same of several, in the order of their ids."""
    await rows(_OWNERS, list(expert_ids))
    return await Expert.filter(id__in=list(expert_ids)).order_by("id").select_for_update()


async def get_own_expert(actor: Actor, *, locked: bool = False) -> Expert:
    """The actor's row in the pool. Raises NotFound for a person who is not in the pool."""
    expert = None
    if actor.expert_id is not None:
        expert = await (lock_file(actor.expert_id) if locked else Expert.get_or_none(id=actor.expert_id))
    if expert is None or expert.pool != actor.pool or expert.left_at is not None:
        raise NotFound("入库成为专家后才有专家档案。已退库的，可以查看处理记录、提出申诉。", code=EXPERTS_ONLY)
    return expert


async def file_of(deps: Deps, expert_id: UUID) -> ExpertFile:
    """The present file; empty where nothing was ever filed."""
    return fold((await changes_of(deps, [expert_id]))[expert_id])


async def changes_of(deps: Deps, expert_ids: Iterable[UUID]) -> dict[UUID, list[FileChange]]:
    """All changes of these files, oldest first."""
    changes: dict[UUID, list[FileChange]] = {expert_id: [] for expert_id in expert_ids}
    for row in await rows(_CHANGES, list(changes)):
        changes[row["expert_id"]].append(change_of(deps.keys, row))
    return changes


async def read_listed_employers(pool: str, values: Iterable[object]) -> ListedEmployers:
    """Those of ``values`` that are ids in the pool's list of employers, retired ones too."""
    ids = [employer_id for value in values if (employer_id := _uuid(value))]
    employers = await rows(_LISTED, pool, ids) if ids else []
    return {str(row["id"]): (row["name"], row["credit_code"]) for row in employers}


def change_of(keys: Keyring, row: Mapping[str, Any]) -> FileChange:
    """A change from a row of ``expert_file_change``, also one that stands in a column of another statement."""
    values: dict[str, object] = json.loads(keys.open_text(row["values_sealed"], PURPOSE))
    if isinstance(name := values.get("name"), str):
        values["name"] = spell_name(name)  # sealed before names had one spelling; the columns were migrated
    return FileChange(row["at"], FileSource(row["source"]), values, row["source_id"], row["actor_id"])


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
