"""What this person can do now: offered when a message was not understood."""

from __future__ import annotations

from collections.abc import Mapping

from bot.turn import Turn
from domain.applications.lifecycles import ApplicationState
from domain.clock import local
from handlers import commands, people, texts

_SHOWN = 3
_STAFF = (commands.WORK, commands.TO_DO, commands.NOTICES)
_IDLE_EXPERT = (commands.STATUS, commands.AVAILABILITY, commands.CHANCES)
_BY_STATE: Mapping[str, tuple[str, ...]] = {
    ApplicationState.DRAFT: (commands.APPLY, commands.PROGRESS),
    ApplicationState.LOCKED: (commands.APPLY, commands.PROGRESS),
    ApplicationState.SENT_BACK: (commands.MEND, commands.PROGRESS),
    ApplicationState.CORRECTING: (commands.MEND, commands.PROGRESS),
    ApplicationState.FEE: (commands.PAY, commands.PROGRESS),
    ApplicationState.EXAM: (commands.EXAM, commands.PROGRESS),
}
"""What an application waits for from its applicant; in other states nothing does."""


async def next_words(turn: Turn) -> tuple[str, ...]:
    """Words of the chat, at most three, what is urgent first. Raises Forbidden for a closed account."""
    if not turn.user.bound:
        is_open = turn.services.deps.book(turn.user.pool).registration.open
        return (commands.BIND, *([commands.APPLY] if is_open else []), commands.GUIDE)
    if (me := people.find_expert(turn)) is not None:
        return (*await _expert_words(turn, me), *_IDLE_EXPERT)[:_SHOWN]
    who = await people.find_who(turn)
    if who is not None and people.is_staff_only(who):
        return _STAFF
    applications = await turn.services.applications.to_dos.progress(who.account_id) if who and who.account_id else ()
    state = applications[0].state if applications else ""
    return (*_BY_STATE.get(state, (commands.PROGRESS if applications else commands.APPLY,)), commands.STATUS)[:_SHOWN]


async def _expert_words(turn: Turn, me: people.Me) -> list[str]:
    waiting, panels = await people.open_invitations(turn, me), await people.panels_ahead(turn, me)
    today = local(turn.now).date()
    expected_today = [
        view for view in panels if view.checked_in_at is None and local(view.gathering_at).date() <= today
    ]
    words = [commands.INVITATIONS] if waiting else []
    words += [commands.CHECK_IN] if expected_today else []
    return [*words, *([commands.PANELS, commands.LEAVE] if panels else [])]


async def offer_next_steps(turn: Turn, text: str) -> str:
    """``text``, what the person can do now, and the way to a human being."""
    book = turn.services.deps.book(turn.user.pool)
    hotline = texts.HOTLINE.format(hotline=book.pool.hotline)
    hours = texts.HOTLINE_HOURS.format(hours=book.help.hours) if book.help.hours else ""
    words = commands.tap_lines(*await next_words(turn), commands.HELP)
    return f"{text}\n{words}\n{hotline}{hours}"
