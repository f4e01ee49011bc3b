"""The panel: codes while it is sealed, names afterwards. Each reading of names is logged. And delivery statistics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.clock import print_time
from domain.draws.lifecycles import DrawState, InvitationState
from domain.masking import mask_id_number, mask_mobile, mask_name
from models.draws import Draw
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.draws.access import DrawAccess

_TOOK_PART = (InvitationState.ACCEPTED, InvitationState.LEFT, InvitationState.ABSENT, InvitationState.RECUSED)


@dataclass(frozen=True)
class ResultRow:
    """One expert of the panel; all but code, mark, condition, state and gathering are empty while sealed."""

    code: Annotated[str, Field(examples=["204816"])]
    mark: Annotated[str, Field(description="Shows that the expert came by supplementary draw", examples=["*"])]
    condition: int
    state: InvitationState
    gathering_at: datetime
    name: str = ""
    id_number: Annotated[str, Field(description="Masked")] = ""
    mobile: Annotated[str, Field(description="Masked")] = ""
    employer: str = ""
    specialties: tuple[str, ...] = ()
    entered_at: datetime | None = None
    claimed_at: Annotated[datetime | None, Field(description="Said that he is there without scanning; no entry")] = None
    left_at: datetime | None = None


@dataclass(frozen=True)
class Result:
    unsealed: bool
    unseals_at: datetime
    rows: tuple[ResultRow, ...]


@dataclass(frozen=True)
class DeliveryStats:
    """Number of attempts by kind of notice, channel and state. ``cost`` in fen."""

    kind: Annotated[str, Field(examples=["draw_call"])]
    channel: Annotated[str, Field(examples=["voice"])]
    state: Annotated[str, Field(examples=["delivered"])]
    attempts: int
    cost: Annotated[int, Field(description="Fen")]


@dataclass(frozen=True)
class DrawResults:
    """Reads the panel of a draw."""

    deps: Deps
    access: DrawAccess

    async def read(self, actor: Actor, draw_id: UUID) -> Result:
        """The panel. While sealed, only codes; unsealed, each reading is logged."""
        permissions.check(actor, "result.read")
        async with transaction():
            draw = await self.access.get(actor, draw_id)
            now, unseals_at = self.deps.now(), self.access.unseals_at(draw)
            unsealed = now >= unseals_at
            panel_rows = await self._find_rows(draw)
            if unsealed:
                await record(actor, now, "result.read", "draw", draw_id)
        return Result(unsealed, unseals_at, tuple(self._show_row(draw, row, unsealed) for row in panel_rows))

    async def read_unsealed(self, actor: Actor, draw_id: UUID) -> Result:
        """The panel with names. Raises RuleViolation while it is sealed."""
        panel = await self.read(actor, draw_id)
        if not panel.unsealed:
            message = f"名单尚未解密，{print_time(panel.unseals_at)}后可查看。"
            raise violation(self.deps.book(actor.pool), "draw.result_visible_before", message)
        return panel

    async def delivery_stats(self, actor: Actor, draw_id: UUID) -> list[DeliveryStats]:
        """Number of attempts to reach the draw's experts, without recipients."""
        draw = await self.access.get(actor, draw_id)
        counts = await rows(
            "SELECT n.kind, a.channel, a.state, count(*)::int AS attempts, coalesce(sum(a.cost), 0)::int AS cost "
            "FROM invitation i JOIN notice n ON n.invitation_id = i.id JOIN attempt a ON a.notice_id = n.id "
            "WHERE i.draw_id = $1 GROUP BY n.kind, a.channel, a.state ORDER BY n.kind, a.channel, a.state",
            draw.id,
        )
        return [DeliveryStats(**row) for row in counts]

    async def _find_rows(self, draw: Draw) -> list[Any]:
        return await rows(
            "SELECT i.code, i.supplementary, c.position AS condition, i.state, i.gathering_at, e.name, "
            "e.id_number_sealed, e.mobile_sealed, e.specialties, "
            "(SELECT m.unit_name FROM employment m WHERE m.expert_id = e.id AND m.until IS NULL LIMIT 1) AS employer, "
            "(SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at, "
            "(SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at, "
            "(SELECT c.at FROM presence_claim c WHERE c.invitation_id = i.id) AS claimed_at "
            "FROM invitation i JOIN expert e ON e.id = i.expert_id JOIN draw_condition c ON c.id = i.condition_id "
            "WHERE i.draw_id = $1 AND i.state = ANY($2::text[]) ORDER BY c.position, i.code",
            draw.id,
            [*_TOOK_PART, *([InvitationState.RELEASED] if draw.state == DrawState.RELEASED else [])],
        )

    def _show_row(self, draw: Draw, row: Any, unsealed: bool) -> ResultRow:
        mark = self.deps.book(draw.pool).draw.supplement.mark if row["supplementary"] else ""
        state = InvitationState(row["state"])
        sealed = ResultRow(row["code"], mark, row["condition"], state, row["gathering_at"])
        if not unsealed:
            return sealed
        keys = self.deps.keys
        accepted = state == InvitationState.ACCEPTED
        return ResultRow(
            code=row["code"],
            mark=mark,
            condition=row["condition"],
            state=state,
            gathering_at=row["gathering_at"],
            name=row["name"] if accepted else mask_name(row["name"]),
            id_number=mask_id_number(keys.open_text(row["id_number_sealed"], "id_number")),
            mobile=mask_mobile(keys.open_text(row["mobile_sealed"], "mobile")),
            employer=(row["employer"] or "") if accepted else "",
            specialties=tuple(row["specialties"]),
            entered_at=row["entered_at"],
            claimed_at=row["claimed_at"],
            left_at=row["left_at"],
        )
