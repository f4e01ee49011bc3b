"""Locks of a draw and its conditions, and changes of its state under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.draws.lifecycles import DRAW, DrawEvent, DrawState
from domain.errors import Conflict, NotFound
from models.draws import Condition, Draw
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, from_row, rows
from services.draws.scopes import check_owner


@dataclass
class Locked:
    """A locked draw and its conditions; lock order: draw, then conditions by position."""

    draw: Draw
    conditions: list[Condition]

    @property
    def state(self) -> DrawState:
        return DrawState(self.draw.state)

    def condition(self, condition_id: UUID) -> Condition:
        return next(c for c in self.conditions if c.id == condition_id)

    def get_condition(self, condition_id: UUID) -> Condition:
        """The same for an id from outside. Raises NotFound."""
        if all(c.id != condition_id for c in self.conditions):
            raise NotFound("找不到这个抽取条件，请刷新后重试。")
        return self.condition(condition_id)

    @property
    def open(self) -> int:
        return sum(c.open for c in self.conditions)

    @property
    def accepted(self) -> int:
        return sum(c.accepted for c in self.conditions)


_LOCK = """
WITH d AS MATERIALIZED (SELECT t AS whole, t.id FROM draw t WHERE t.id = {which} FOR UPDATE),
c AS MATERIALIZED (SELECT t AS whole FROM draw_condition t WHERE t.draw_id = (SELECT id FROM d)
  ORDER BY t.position FOR UPDATE){more}
SELECT (SELECT whole FROM d) AS draw, ARRAY(SELECT whole FROM c) AS conditions,
  (SELECT l.at FROM draw_log l, d WHERE l.draw_id = d.id AND l.seq = (d.whole).log_length) AS logged_at{shown}
"""
"""Each part depends on the previous one, so rows are locked in this order, and locked rows are read in their present
version after waiting. Rows that are not locked here are read afterwards. The log's newest entry never changes, but one
written during the wait would not be seen."""
_LOCK_DRAW = _LOCK.format(which="$1", more="", shown="")
_LOCK_INVITATION = _LOCK.format(
    which="(SELECT draw_id FROM invitation WHERE id = $1 AND ($2::uuid IS NULL OR expert_id = $2))",
    more=""", i AS MATERIALIZED (SELECT t AS whole FROM invitation t
  WHERE t.id = $1 AND t.draw_id = (SELECT id FROM d) AND (SELECT count(*) FROM c) >= 0 FOR UPDATE)""",
    shown=", (SELECT whole FROM i) AS invitation",
)


async def lock(draw_id: UUID) -> Locked:
    """Raises NotFound."""
    [row] = await rows(_LOCK_DRAW, draw_id)
    if row["draw"] is None:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    return _locked_from(row)


async def lock_invitation(invitation_id: UUID, expert_id: UUID | None) -> tuple[Invitation, Locked]:
    """An invitation with its draw; if an expert is given, it must be his. Raises NotFound."""
    [row] = await rows(_LOCK_INVITATION, invitation_id, expert_id)
    if row["invitation"] is None:
        raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
    return from_row(Invitation, row["invitation"]), _locked_from(row)


def _locked_from(row: Mapping[str, Any]) -> Locked:
    draw = from_row(Draw, row["draw"])
    draw.logged_at = row["logged_at"]
    return Locked(draw, [from_row(Condition, condition) for condition in row["conditions"]])


async def lock_own_draw(actor: Actor, draw_id: UUID) -> Locked:
    """The same, for a member of the organisation that owns the draw."""
    locked = await lock(draw_id)
    check_owner(actor, locked.draw)
    return locked


async def lock_editable(actor: Actor, draw_id: UUID) -> Locked:
    """The same before submission, or after a refusal. Raises Conflict otherwise."""
    permissions.check(actor, "draw.edit")
    locked = await lock_own_draw(actor, draw_id)
    if locked.state not in (DrawState.EDITING, DrawState.REFUSED):
        raise Conflict(f"活动{locked.state.label}，不能再修改。", code="not_editable")
    return locked


async def move(draw: Draw, event: DrawEvent) -> None:
    """Raises Conflict when the state doesn't allow it."""
    draw.state = DRAW.next(DrawState(draw.state), event)
    await draw.save(update_fields=["state"])
