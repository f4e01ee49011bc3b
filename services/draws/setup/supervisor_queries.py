"""Queries of the register of supervisors (监督人名册): the office's list, and the entries that an agency may choose."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from domain.masking import mask_mobile
from models.draws import SupervisorEntry
from services.core.base import Actor, Deps, Page
from services.core.crypto import Keyring
from services.core.permissions import check


@dataclass(frozen=True)
class RegisteredSupervisor:
    """``active_until`` None: may be chosen."""

    id: UUID
    name: str
    department: str
    masked_mobile: str
    active_from: datetime
    active_until: datetime | None


@dataclass(frozen=True)
class SupervisorQueries:
    deps: Deps

    async def page(
        self, actor: Actor, *, search: str = "", active: bool = True, offset: int = 0, limit: int = 50
    ) -> Page[RegisteredSupervisor]:
        """By name; ``active`` false: ended entries."""
        check(actor, "supervisor.manage")
        return await self._find_entries(actor.pool, search, active=active, offset=offset, limit=limit)

    async def choices(
        self, actor: Actor, search: str, *, offset: int = 0, limit: int = 20
    ) -> Page[RegisteredSupervisor]:
        """Supervisors whom an agency may name; ``search`` is part of a name or department."""
        check(actor, "draw.edit")
        return await self._find_entries(actor.pool, search, active=True, offset=offset, limit=limit)

    async def list_chosen(self, actor: Actor, entry_ids: Collection[UUID]) -> list[RegisteredSupervisor]:
        """The entries that an agency has ticked, by name, including ended ones."""
        check(actor, "draw.edit")
        entries = SupervisorEntry.filter(pool=actor.pool, id__in=list(entry_ids)).order_by("name", "department", "id")
        return [supervisor_view(self.deps.keys, entry) for entry in await entries]

    async def _find_entries(
        self, pool: str, search: str, *, active: bool, offset: int, limit: int
    ) -> Page[RegisteredSupervisor]:
        entries = SupervisorEntry.filter(pool=pool, active_until__isnull=active)
        if word := search.strip():
            entries = entries.filter(Q(name__contains=word) | Q(department__contains=word))
        chosen = entries.order_by("name", "department", "id").offset(offset).limit(min(limit, 100))
        return Page(tuple([supervisor_view(self.deps.keys, entry) for entry in await chosen]), await entries.count())


def supervisor_view(keys: Keyring, entry: SupervisorEntry) -> RegisteredSupervisor:
    mobile = mask_mobile(keys.read(entry.mobile_sealed, "mobile"))
    return RegisteredSupervisor(entry.id, entry.name, entry.department, mobile, entry.active_from, entry.active_until)
