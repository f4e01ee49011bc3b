"""Let the person choose one of several; a single one is taken without a question.

The options are kept as the talk's argument, so that a panel that comes or goes meanwhile changes no question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.talk import Talk
from domain.clock import print_time
from services.draws import InvitationView

MOST = 9
"""Options that are still comfortable to read in one bubble."""


@dataclass(frozen=True)
class PickOption:
    """An option; ``label`` differs from all others'. Of an invitation: the gathering that it asked for or agreed to
    when it was offered, and the key of the moved times that waited for an answer."""

    id: UUID
    label: str
    gathering_at: datetime | None = None
    proposal: str = ""


def panel_options(views: Sequence[InvitationView]) -> tuple[PickOption, ...]:
    """Invitations or panels labelled by gathering time; those of one expert never overlap, so times differ."""
    return tuple(
        PickOption(view.id, print_time(view.gathering_at), view.gathering_at, view.proposal) for view in views[:MOST]
    )


async def pick_option(talk: Talk, question: str, offered: tuple[PickOption, ...]) -> UUID:
    """The id of the chosen option."""
    if len(offered) == 1:
        return offered[0].id
    return await talk.choose(question, {option.label: option.id for option in offered})


async def pick_panel(talk: Talk, question: str, offered: tuple[PickOption, ...]) -> PickOption:
    """The chosen option with the times that it had when it was offered."""
    picked_id = await pick_option(talk, question, offered)
    return next(option for option in offered if option.id == picked_id)
