"""Leaving the pool (退库)."""

from __future__ import annotations

from datetime import datetime

from domain.experts.file import FileChange, FileSource
from models.experts import Expert
from services.core.base import Actor, Deps
from services.expert_files import change_file


async def remove_expert(deps: Deps, actor: Actor, expert: Expert, reason: str, now: datetime) -> None:
    """The person has left the pool: the file is only kept. Its row is locked by the caller."""
    source = FileSource.SELF if actor.account_id == expert.account_id else FileSource.OFFICE
    await change_file(deps, expert, FileChange(now, source, {"left_reason": reason}, by=actor.account_id))
