"""Queries of objections (异议): a person's own, and the administrators' list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import Field

from models.applications import Application
from models.reviews import Objection
from services.core.base import Actor, Deps, Page
from services.core.crypto import TEXT
from services.core.permissions import check

ObjectionState = Literal["open", "dismissed", "upheld", "lapsed"]


@dataclass(frozen=True)
class ObjectionView:
    """``by`` is the objector's name, for administrators only, else empty."""

    id: UUID
    application_id: UUID
    application_number: str
    applicant: str
    by: str
    text: str
    state: Annotated[ObjectionState, Field(description="`lapsed`: the person gave up")]
    answer: str
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class ObjectionQueries:
    deps: Deps

    async def list_own(self, actor: Actor) -> list[ObjectionView]:
        """The person's objections, newest first, with the answers."""
        own_objections = (
            Objection.filter(pool=actor.pool, account_id=actor.account_id).order_by("-created_at", "-id").limit(100)
        )
        chosen = await own_objections.prefetch_related("application") if actor.account_id else []
        return [self.view_of(row, row.application) for row in chosen]

    async def page(self, actor: Actor, *, state: str = "open", offset: int = 0, limit: int = 20) -> Page[ObjectionView]:
        """For administrators, with the objectors' names; oldest first. ``state`` empty: all."""
        check(actor, "objection.decide")
        wanted: dict[str, Any] = {"pool": actor.pool} | ({"state": state} if state else {})
        matching = Objection.filter(**wanted)
        chosen = matching.order_by("created_at", "id").offset(offset).limit(min(limit, 100))
        shown = [
            self.view_of(row, row.application, by=row.account.real_name)
            for row in await chosen.prefetch_related("application", "account")
        ]
        return Page(tuple(shown), await matching.count())

    def view_of(self, row: Objection, application: Application, *, by: str = "") -> ObjectionView:
        text = self.deps.keys.read(row.text_sealed, TEXT)
        return ObjectionView(
            row.id,
            application.id,
            application.number,
            application.name,
            by,
            text,
            cast(ObjectionState, row.state),
            row.answer,
            row.created_at,
            row.decided_at,
        )
