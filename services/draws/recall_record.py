"""What the published record says of an expert of a recalled panel: the answer, and whose word it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, cast
from uuid import UUID

from domain.draws.lifecycles import InvitationState
from domain.draws.record import (
    LOST_OUTCOMES,
    Answer,
    AnswerSource,
    CallOutcome,
    Confirmed,
    LostFacts,
    LostOutcome,
    Recalled,
    Stated,
)
from models.draws import Draw, LogEntry, RecalledExpert
from models.invitations import Invitation

ANSWERED = frozenset({InvitationState.ACCEPTED, InvitationState.DECLINED, InvitationState.SILENT})
"""States to which an open invitation of a recall is answered."""
BY_CALL = "staff"
"""Instead of a channel: the refusal that an answered call of the platform brought."""
_NEVER: Literal[""] = ""
"""Instead of a gathering time."""
_ANSWERS: Mapping[InvitationState, Answer] = {
    InvitationState.ACCEPTED: "comes",
    InvitationState.DECLINED: "declines",
    InvitationState.SILENT: "silent",
}
_BECAME: Mapping[str, str] = {
    "comes": InvitationState.ACCEPTED.value,
    "declines": InvitationState.DECLINED.value,
    "silent": InvitationState.SILENT.value,
    "hindered": "hindered",
}
_OF_THE_PANEL = (Recalled.name, Confirmed.name, CallOutcome.name)
_STATED: Mapping[bool | None, Stated] = {None: "", True: "comes", False: "declines"}


def confirmed_entry(
    position: int, invitation: Invitation, became: InvitationState, via: str, statement: bool | None
) -> Confirmed:
    """``via`` is the channel of the answer, ``BY_CALL`` or system; ``statement`` what the agency said, if anything."""
    source: AnswerSource = "call" if via == BY_CALL else "system" if via == "system" else "expert"
    gathering = invitation.gathering_at if became == InvitationState.ACCEPTED else _NEVER
    leaf = bytes.fromhex(invitation.leaf)
    return Confirmed(position, leaf, _ANSWERS[became], gathering, source, _STATED[statement])


def hindered_entry(position: int, leaf: bytes) -> Confirmed:
    """An expert who may not sit on the panel now, and is not invited."""
    return Confirmed(position, leaf, "hindered", _NEVER, "system", "")


async def find_lost(draw: Draw) -> tuple[LostFacts, ...]:
    """The experts of the panel that was drawn whom this recall can't ask, as the record of its original tells."""
    acts = await LogEntry.filter(draw_id=draw.original_id, act__in=_OF_THE_PANEL).order_by("seq")
    if not acts or acts[0].act != Recalled.name:
        return ()  # the original drew the panel itself
    lost = Counter({facts["outcome"]: facts["count"] for facts in acts[0].facts["lost"]})
    states = {seat["leaf"]: "recalled" for seat in acts[0].facts["panel"]}
    for entry in acts[1:]:
        states[entry.facts["leaf"]] = entry.facts.get("outcome") or _BECAME[entry.facts["answer"]]
    lost.update(state for state in states.values() if state != InvitationState.ACCEPTED)
    return tuple(LostFacts(cast("LostOutcome", outcome), count) for outcome, count in sorted(lost.items()))


def print_lost(lost: Sequence[LostFacts]) -> str:
    """``不参评1人、请假1人``."""
    return "、".join(f"{LOST_OUTCOMES[facts.outcome]}{facts.count}人" for facts in lost)


async def find_statements(draw_ids: Sequence[UUID]) -> Mapping[tuple[UUID, UUID], bool | None]:
    """What agencies said of recalled experts, by draw and expert."""
    if not draw_ids:
        return {}
    panel = await RecalledExpert.filter(draw_id__in=list(draw_ids))
    return {(row.draw_id, row.expert_id): row.takes_part for row in panel}
