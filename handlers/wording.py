"""Formats panels, times and lists as text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from domain.clock import local, name_near_days, print_near_time, print_time
from domain.draws.lifecycles import InvitationState
from domain.draws.places import print_place
from domain.links_in_text import strip_links
from handlers import texts
from services.draws import InvitationView
from services.experts import Period

_LONG_LINE = 50
"""Characters: some three lines of a bubble."""
_NAME_MAX = 20
"""Characters of a draw's name in a list: a line of a phone."""
_SENTENCE_END = re.compile(r"(?<=。)(?![”』）])")


def plain_text(text: str) -> str:
    """Text typed by another person, with anything that would become a link in a chat bubble defused."""
    return strip_links(text)


def own_draw(name: str, text: str) -> str:
    """What is said of a draw to the agency that made it, behind the beginning of its name."""
    start = plain_text(name)
    return f"{start[:_NAME_MAX] + '…' if len(start) > _NAME_MAX else start}\n{text}" if start else text


def break_long_lines(text: str) -> str:
    """A sentence per line where a line is long: a phone shows such a paragraph as a grey block."""
    return "\n".join(
        line if len(line) <= _LONG_LINE else _SENTENCE_END.sub("\n", line).rstrip("\n") for line in text.split("\n")
    )


def place_text(view: InvitationView) -> str:
    return plain_text(print_place(view.venue, view.place))


def contact(view: InvitationView) -> str:
    return plain_text(f"{view.contact} {view.contact_phone}".strip())


def gathering_text(view: InvitationView, now: datetime) -> str:
    """Time, place, contact and remark, a line each. Never names project or parties."""
    lines = [
        texts.WHEN.format(time=print_near_time(view.gathering_at, now)),
        texts.WHERE.format(place=place_text(view)),
        texts.CONTACT.format(contact=contact(view)),
    ]
    if view.remark:
        lines.append(texts.REMARK.format(remark=plain_text(view.remark)))
    return "\n".join(lines)


def agreed_panel(view: InvitationView, now: datetime) -> str:
    """An accepted panel: as above, with code, attendance and the rule of leave."""
    lines = [gathering_text(view, now), texts.CODE.format(code=view.code)]
    if view.checked_out_at is not None:
        lines.append(texts.LEFT_AT.format(time=print_time(view.checked_out_at)))
    elif view.checked_in_at is not None:
        lines.append(texts.ENTERED_AT.format(time=print_time(view.checked_in_at)))
    elif view.proposal:
        lines.append(texts.MOVE_ASKED.format(moved=name_near_days(moved_text(view), now)))
    elif view.leave_asked_until is not None:
        lines.append(texts.LEAVE_ASKED.format(until=print_near_time(view.leave_asked_until, now)))
    elif view.arrives_at is not None:
        text = texts.DELAY_RECORDED_BY_TELEPHONE if view.late_by_telephone else texts.DELAY_ANNOUNCED
        lines.append(text.format(at=f"{local(view.arrives_at):%H:%M}"))
    elif view.claimed_at is not None:
        lines.append(texts.CLAIMED_AT.format(time=print_time(view.claimed_at)))
    elif view.leave_until is not None and view.may_leave(now):
        text = texts.LEAVE_LATE if view.leave_is_late(now) else texts.LEAVE_UNTIL
        lines.append(text.format(time=print_near_time(view.leave_until, now)))
    return "\n".join(lines)


def moved_text(view: InvitationView) -> str:
    """The moved times that wait for the expert's answer."""
    moved = [(texts.MOVED_GATHERING, view.proposed_gathering_at), (texts.MOVED_START, view.proposed_start_at)]
    return "，".join(text.format(time=print_time(at)) for text, at in moved if at is not None)


def state_text(view: InvitationView, now: datetime) -> str:
    """The state of an invitation that can't be answered any more."""
    state = view.state
    if state is InvitationState.OPEN:
        return texts.STILL_OPEN.format(until=print_near_time(view.answer_until, now))
    if state is InvitationState.ACCEPTED:
        return f"{texts.ACCEPTED}\n{agreed_panel(view, now)}"
    if view.recused:
        return texts.HOLDS_RECUSED.format(time=print_near_time(view.gathering_at, now))
    templates = {
        InvitationState.DECLINED: texts.HOLDS_DECLINED,
        InvitationState.SILENT: texts.HOLDS_SILENT,
        InvitationState.LEFT: texts.HOLDS_LEFT,
        InvitationState.RELEASED: texts.HOLDS_CANCELLED,
        InvitationState.CANCELLED: texts.HOLDS_CANCELLED,
    }
    text = templates.get(state, texts.HOLDS_OTHER)
    return text.format(time=print_near_time(view.gathering_at, now), state=state.label, contact=contact(view))


def numbered_lines(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def period_line(period: Period) -> str:
    """As it was read back, with its reason."""
    return f"{period.text}（{plain_text(period.reason)}）" if period.reason else period.text


def period_lines(periods: Sequence[Period], limit: int = 5) -> str:
    """Times in which the expert isn't drawn, one per line."""
    lines = [period_line(period) for period in periods[:limit]]
    if len(periods) > limit:
        lines.append(texts.AND_MORE.format(count=len(periods) - limit))
    return "\n".join(lines)
