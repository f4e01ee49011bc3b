"""The invitations and panels of the person who asks, and how an answer goes through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.turn import Turn
from domain.clock import local, name_near_days, print_near_time, print_time
from domain.draws.lifecycles import InvitationState
from handlers import commands, people, texts, wording
from services.draws import InvitationView

SHOWN = 3
"""As many panels as fit one bubble, with a line or two about each."""

HEAD = "【{time}，{mark}】"
WAITS = "等您答复"
AGREED = "您已确认参加"
ENTERED = "您已签到"
EXITED = "您已离场"
LEAVE_ASKED = "有人为您登记了{time}评标的请假，您确认后才生效，请在{until}前答复："
MOVE_ASKED = "{time}的评标要改期：{moved}。答复之前，原定时间仍然有效，请答复："


@dataclass(frozen=True)
class OwnPanels:
    """``expert_id``: None for who is no expert. ``agreed``: accepted and not over, the next first; ``waiting``: open
    invitations."""

    expert_id: UUID | None = None
    agreed: tuple[InvitationView, ...] = ()
    waiting: tuple[InvitationView, ...] = ()

    @property
    def all(self) -> tuple[InvitationView, ...]:
        return (*self.agreed, *self.waiting)

    @property
    def expected(self) -> tuple[InvitationView, ...]:
        """Agreed, and the expert isn't there yet."""
        return tuple(view for view in self.agreed if view.checked_in_at is None)

    def today(self, now: datetime) -> tuple[InvitationView, ...]:
        """Agreed panels that gather today in Beijing, or have begun."""
        return tuple(view for view in self.agreed if local(view.gathering_at).date() <= local(now).date())


async def read_own(turn: Turn) -> OwnPanels:
    """Raises as ``people.get_expert`` for anyone but an expert."""
    await people.get_expert(turn)
    return await find_own(turn)


async def find_own(turn: Turn) -> OwnPanels:
    """Nothing for who is no expert: for answers that hold for all."""
    me = people.find_expert(turn)
    if me is None:
        return OwnPanels()
    if not people.is_called(turn):
        return OwnPanels(me.expert_id)
    waiting, agreed = await turn.services.draws.invitation_queries.list_current(me.expert_id)
    return OwnPanels(me.expert_id, tuple(agreed), tuple(waiting))


async def find_recent(turn: Turn, own: OwnPanels) -> list[InvitationView]:
    """Invitations by which he does not come, newest first."""
    if own.expert_id is None:
        return []
    return await turn.services.draws.invitation_queries.list_recent(own.expert_id)


async def tell_recent(turn: Turn, own: OwnPanels, nothing: str, *words: str) -> str:
    """For who has no panel to come: what became of his last invitations; ``nothing`` if there were none."""
    return with_taps(turn, await recent_lines(turn, own) or [nothing], *words)


async def recent_lines(turn: Turn, own: OwnPanels) -> list[str]:
    """What became of the invitations by which he does not come."""
    return [wording.state_text(view, turn.now) for view in await find_recent(turn, own)]


def with_taps(turn: Turn, lines: Sequence[str], *words: str) -> str:
    """The lines, and below them the words to tap; who is not bound is led to that first."""
    tapped = words if turn.user.bound else (commands.BIND, *words)
    return "\n".join([*lines, commands.tap_lines(*tapped)])


def describe(
    views: Sequence[InvitationView], now: datetime, lines_of: Callable[[InvitationView], list[str]]
) -> list[str]:
    """The lines of each panel. Of a single one the first line answers, then its time follows; several have their time
    and state above."""
    if len(views) == 1:
        first, *rest = lines_of(views[0])
        return [first, texts.WHEN.format(time=print_near_time(views[0].gathering_at, now)), *rest]
    lines = [line for view in views[:SHOWN] for line in (head(view, now), *lines_of(view))]
    return lines if len(views) <= SHOWN else [*lines, texts.AND_MORE.format(count=len(views) - SHOWN)]


def head(view: InvitationView, now: datetime) -> str:
    return HEAD.format(time=print_near_time(view.gathering_at, now), mark=mark(view))


def mark(view: InvitationView) -> str:
    """How the expert stands to a panel that is ahead or runs."""
    if view.state is InvitationState.OPEN:
        return WAITS
    if view.checked_out_at is not None:
        return EXITED
    return AGREED if view.checked_in_at is None else ENTERED


def contact_line(view: InvitationView) -> str:
    return texts.CONTACT.format(contact=wording.contact(view))


def place_line(view: InvitationView) -> str:
    return texts.WHERE.format(place=wording.place_text(view))


def remark_lines(view: InvitationView) -> list[str]:
    return [texts.REMARK.format(remark=wording.plain_text(view.remark))] if view.remark else []


def question_lines(views: Sequence[InvitationView], now: datetime) -> list[str]:
    """What agreed panels still ask their expert (改期, a leave that others registered), with the taps that answer."""
    moved = [view for view in views if view.proposal]
    left = [view for view in views if view.leave_asked_until is not None]
    lines = [
        name_near_days(MOVE_ASKED.format(time=print_time(view.gathering_at), moved=wording.moved_text(view)), now)
        for view in moved[:SHOWN]
    ]
    if moved:
        lines.append(commands.tap_lines(commands.AGREE_MOVE, commands.REFUSE_MOVE))
    for view in left[:SHOWN]:
        if view.leave_asked_until is not None:
            until = print_near_time(view.leave_asked_until, now)
            lines.append(LEAVE_ASKED.format(time=print_near_time(view.gathering_at, now), until=until))
    if left:
        lines.append(commands.tap_lines(commands.WILL_COME, commands.CONFIRM_LEAVE))
    return lines
