"""Queries of registered leaves and recusals (待确认登记): by draw, and pending ones; by code only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import DiscardState
from models.draws import Draw
from services.core import permissions
from services.core.base import Actor, rows
from services.core.permissions import role_name
from services.draws.access import DrawAccess


@dataclass(frozen=True)
class DiscardRequestView:
    """A leave or recusal registered for an expert, pending or decided. By code only."""

    id: UUID
    draw_id: UUID
    draw_number: str
    draw_name: str
    code: str
    kind: str
    cause: str
    reason: str
    state: DiscardState
    state_label: Annotated[str, Field(description="What to show", examples=["待确认"])]
    asked_by: Annotated[str, Field(description="Role, to be shown", examples=["经办人"])]
    asked_at: datetime
    answer_until: datetime
    decided_by: str
    decided_at: datetime | None
    opinion: str
    may_decide: bool


_COLUMNS = (
    "SELECT r.id, r.draw_id, d.number AS draw_number, d.name AS draw_name, i.code, r.kind, r.cause, r.reason, r.state, "
    "r.asked_by_id, r.asked_role, r.asked_at, r.answer_until, r.decided_role, r.decided_at, r.opinion "
    "FROM discard_request r JOIN draw d ON d.id = r.draw_id JOIN invitation i ON i.id = r.invitation_id "
)


@dataclass(frozen=True)
class DiscardQueries:
    access: DrawAccess

    async def requests_of_draw(self, actor: Actor, draw_id: UUID) -> list[DiscardRequestView]:
        """Requests of a draw, newest first, by code only."""
        permissions.check(actor, "discard.read")
        draw = await self.access.get(actor, draw_id)
        requests = await self._find_views(actor, "r.draw_id = $1 ORDER BY r.asked_at DESC LIMIT 200", draw.id)
        return (
            requests
            if await self.may_decide_in(actor, draw)
            else [replace(request, may_decide=False) for request in requests]
        )

    async def list_waiting(self, actor: Actor) -> list[DiscardRequestView]:
        """Recusals that wait for this verifier or supervisor, oldest first."""
        permissions.check(actor, "discard.decide")
        where, values = self.access.visibility_condition(actor, few=True)
        clause = f"r.kind = 'recusal' AND r.state = 'open' AND {where} ORDER BY r.asked_at LIMIT 100"
        return await self._find_views(actor, clause, *values)

    async def _find_views(self, actor: Actor, where: str, *values: object) -> list[DiscardRequestView]:
        return [_row(actor, row) for row in await rows(f"{_COLUMNS} WHERE {where}", *values)]

    async def may_decide_in(self, actor: Actor, draw: Draw) -> bool:
        """Supervisors decide only in draws that name them; others with the role only read."""
        return actor.role != "supervisor" or await self.access.is_watched_by(actor, draw)


def _row(actor: Actor, row: Any) -> DiscardRequestView:
    facts = {name: row[name] for name in DiscardRequestView.__dataclass_fields__ if name in row}
    state = DiscardState(row["state"])
    may_decide = (
        row["kind"] == "recusal"
        and state == DiscardState.OPEN
        and permissions.may(actor, "discard.decide")
        and actor.account_id != row["asked_by_id"]
    )
    decided_by = role_name(row["decided_role"]) if row["decided_role"] not in ("", "system") else ""
    return DiscardRequestView(
        **{
            **facts,
            "state": state,
            "state_label": state.label,
            "asked_by": role_name(row["asked_role"]),
            "decided_by": decided_by,
        },
        may_decide=may_decide,
    )
