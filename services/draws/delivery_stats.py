"""What was sent for a draw, counted: never to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.core.base import rows


@dataclass(frozen=True)
class LedgerRow:
    """Attempts of one kind of notice on one channel that ended, or stand, in one state. ``cost`` in fen."""

    kind: Annotated[str, Field(examples=["draw_call"])]
    channel: Annotated[str, Field(examples=["voice"])]
    state: Annotated[str, Field(examples=["delivered"])]
    attempts: int
    cost: Annotated[int, Field(description="Fen")]


class Ledger:
    async def of_draw(self, draw_id: UUID) -> list[LedgerRow]:
        """Attempts to reach the draw's experts; the caller has checked who asks."""
        found = await rows(
            "SELECT n.kind, a.channel, a.state, count(*)::int AS attempts, coalesce(sum(a.cost), 0)::int AS cost "
            "FROM invitation i JOIN notice n ON n.invitation_id = i.id JOIN attempt a ON a.notice_id = n.id "
            "WHERE i.draw_id = $1 GROUP BY n.kind, a.channel, a.state ORDER BY n.kind, a.channel, a.state",
            draw_id,
        )
        return [LedgerRow(**row) for row in found]
