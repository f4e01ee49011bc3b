"""The history of a lot (标段): what the activities on it did so far, as their published logs tell it.

What a new activity on the lot must be follows from its history alone: a first one (which may copy one that never had an
order, as the manual's redraw of an activity whose time passed); or, once an order was known, a redraw of the newest
activity that had one, or a recall of its panel where that met. It is never chosen, so that an order which a party did
not like can't be replaced by an ordinary draw: that needs no proof, recuses no expert and is no news to the verifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.draws.record import DrawKind, PanelEnd

_SEEN: frozenset[PanelEnd | Literal[""]] = frozenset(("met", "released"))
"""Ends of panels whose members are recused in the next one: it is drawn so that others evaluate."""


@dataclass(frozen=True)
class EarlierActivity:
    """An activity on a lot. ``began``: when its log did; without a log, when it was over, or was created.

    ``head``: hash of its log's last entry, empty without a log. ``seeds``: when each was fixed. ``withheld``: when each
    round was given up after a reveal; ``given_up``: number of rounds given up before one. ``panel`` is empty while the
    activity is not over.
    """

    id: UUID
    number: str
    began: datetime
    head: str
    seeds: tuple[datetime, ...]
    withheld: tuple[datetime, ...]
    given_up: int
    panel: PanelEnd | Literal[""]


@dataclass(frozen=True)
class NextActivity:
    """What a new activity on a lot must be.

    ``under_way``: an activity that must be over before. ``followed``: those that it may follow, oldest first; empty
    while no order was known, then it may be a first draw. ``recused``: activities whose experts a redraw does not call.
    """

    under_way: EarlierActivity | None
    followed: tuple[EarlierActivity, ...]
    recused: tuple[UUID, ...]

    def allows(self, kind: DrawKind, original: UUID | None) -> bool:
        """Whether a draw of this kind that follows ``original`` may be the next one."""
        if self.under_way is not None:
            return False
        if not self.followed:
            return kind != "recall"
        allowed = self.recallable if kind == "recall" else self.followed
        return kind != "normal" and any(activity.id == original for activity in allowed)

    @property
    def recallable(self) -> list[EarlierActivity]:
        """Those whose panel met, so that it can meet again."""
        return [activity for activity in self.followed if activity.panel == "met"]


def next_activity(history: Sequence[EarlierActivity]) -> NextActivity:
    """``history``: the activities on the lot, oldest first."""
    newest = max((place for place, activity in enumerate(history) if activity.seeds), default=len(history))
    return NextActivity(
        next((activity for activity in history if not activity.panel), None),
        tuple(history[newest:]),
        tuple(activity.id for activity in history if activity.panel in _SEEN),
    )


def orders_since(history: Sequence[EarlierActivity], since: datetime) -> list[datetime]:
    """When an order of the lot was fixed, or could be known to a party that then withheld its number; rising."""
    times = (at for activity in history for at in (*activity.seeds, *activity.withheld))
    return sorted(at for at in times if at > since)
