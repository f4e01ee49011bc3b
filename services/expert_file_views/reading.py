"""Reads an expert's file with what stands beside it: account, applications, what keeps the expert from being drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.experts.drawability import Standing
from domain.experts.file import ExpertFile, FileChange, fold
from models.accounts import Account
from models.applications import Application
from models.experts import Employment, Expert
from services.applications import TRAINING, Training
from services.core.base import Deps, from_row, rows
from services.expert_file_views.standing import STANDING, standing_of
from services.expert_files import change_of

_FILE = f"""
SELECT e AS expert, a AS account,
  ARRAY(SELECT c FROM expert_file_change c WHERE c.expert_id = e.id ORDER BY c.at, c.id) AS changes,
  ARRAY(SELECT p FROM application p WHERE p.expert_id = e.id OR p.account_id = e.account_id
    ORDER BY p.created_at DESC, p.id) AS applications,
  ARRAY(SELECT m FROM employment m WHERE m.expert_id = e.id
    ORDER BY m.until DESC NULLS FIRST, m.since DESC NULLS LAST, m.id) AS employments,
  ARRAY(SELECT DISTINCT w.app FROM wechat_identity w WHERE w.account_id = e.account_id ORDER BY w.app) AS wechat,
  ARRAY(SELECT ROW(o.id, o.real_name) FROM account o WHERE o.id IN
    (SELECT c.actor_id FROM expert_file_change c WHERE c.expert_id = e.id)) AS authors,
  (SELECT t FROM ({TRAINING}) AS t) AS training, {STANDING}
FROM expert e LEFT JOIN account a ON a.id = e.account_id WHERE e.id = $3 AND e.pool = $4
"""
"""All of the expert ``$3`` of the pool ``$4`` at the moment ``$2``; ``$1`` is his account, None where his training is
not wanted."""


@dataclass(frozen=True)
class FileRecord:
    """``changes`` oldest first, ``applications`` newest first, ``employments`` present ones first. ``wechat``: apps of
    bound identities. ``authors``: names of those who made changes, by account."""

    expert: Expert
    account: Account | None
    changes: tuple[FileChange, ...]
    file: ExpertFile
    applications: tuple[Application, ...]
    employments: tuple[Employment, ...]
    wechat: tuple[str, ...]
    authors: Mapping[UUID, str]
    training: Training
    standing: Standing


async def find_record(deps: Deps, pool: str, expert_id: UUID | None, account_id: UUID | None) -> FileRecord | None:
    """By one statement; also of an expert who has left."""
    record_rows = await rows(_FILE, account_id, deps.now(), expert_id, pool)
    return _record(deps, record_rows[0]) if record_rows else None


def _record(deps: Deps, row: Mapping[str, Any]) -> FileRecord:
    expert = from_row(Expert, row["expert"])
    changes = tuple(change_of(deps.keys, change) for change in row["changes"])
    return FileRecord(
        expert=expert,
        account=from_row(Account, row["account"]) if row["account"] else None,
        changes=changes,
        file=fold(changes),
        applications=tuple(from_row(Application, application) for application in row["applications"]),
        employments=tuple(from_row(Employment, job) for job in row["employments"]),
        wechat=tuple(row["wechat"]),
        authors={author[0]: author[1] for author in row["authors"]},
        training=Training(*row["training"]),
        standing=standing_of(expert, row, deps.book(expert.pool), deps.now()),
    )
