"""A late arrival (晚到): how late, what it means, a confirmation; and 在路上, of who is coming and late for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import local, print_near_time, print_time
from domain.draws.lifecycles import InvitationState
from domain.draws.spoken_delays import Delay, SpokenDelay, find_delay, minutes_late, read_minutes, says_on_the_way
from domain.positions import map_link
from domain.rulebook.reading import print_length
from handlers import commands, people, texts, wording
from handlers.picking import PickOption, panel_options, pick_option
from services.draws import DELAY_REASON_LONGEST, InvitationView, venue_position

_OFFERED = (10, 20, 30, 60)
"""Minutes to tap."""
_BARE = frozenset({commands.LATE, "我要晚到", "会晚到", "我会晚到", "要迟到了", "堵车", "堵车了", "路上堵车"})
"""Words that begin it and are no reason of their own, but for those that name one."""
_NO_REASON = _BARE - {"堵车", "堵车了", "路上堵车"}


def register(router: Router) -> None:
    router.remember(announce_delay)
    router.remember(withdraw_delay)
    router.keyword(begin_delay, *sorted(_BARE))
    router.keyword(begin_withdrawal, commands.ON_TIME, "不晚了", "不会晚到了", "能按时到", "我能按时到")
    router.keyword(tell_who_is_on_the_way, commands.ON_THE_WAY, "我在路上", "我在路上了", "我已经在路上了")


def may_announce(turn: Turn, views: Sequence[InvitationView]) -> list[InvitationView]:
    return [view for view in views if view.may_announce_delay(turn.now)]


async def begin_delay(turn: Turn) -> Answer:
    """For an expert who is awaited soon; else what holds instead."""
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    if soon := may_announce(turn, panels):
        text = turn.message.text.strip()
        return announce_delay.start(panel_options(soon), "" if text in _NO_REASON else text)
    return await _explain_refusal(turn, me, panels)


async def _explain_refusal(turn: Turn, me: people.Me, panels: Sequence[InvitationView]) -> str:
    expected = [view for view in panels if view.checked_in_at is None]
    if expected and expected[0].late_from is not None:
        view, opens = expected[0], expected[0].late_from
        text = texts.DELAY_TOO_EARLY.format(
            time=print_near_time(view.gathering_at, turn.now),
            opens=print_near_time(opens, turn.now),
            contact=wording.contact(view),
        )
        return f"{text}\n{commands.tap_lines(commands.LEAVE, commands.PANELS)}"
    if panels:
        return f"{texts.DELAY_ENTERED}\n{commands.tap_lines(commands.PANELS)}"
    if waiting := await people.open_invitations(turn, me):
        text = texts.DELAY_UNANSWERED.format(contact=wording.contact(waiting[0]))
        return f"{text}\n{commands.tap_lines(commands.INVITATIONS)}"
    recent = await turn.services.draws.invitation_queries.list_recent(me.expert_id)
    lines = [_state_text(view, turn) for view in recent] or [texts.DELAY_NO_PANEL]
    return "\n".join([*lines, commands.tap_lines(commands.PANELS, commands.NOTICES)])


def _state_text(view: InvitationView, turn: Turn) -> str:
    """Of an invitation by which he does not come any more."""
    text = wording.state_text(view, turn.now)
    return f"{text}{texts.ABSENT_WRONGLY}" if view.state is InvitationState.ABSENT else text


@conversation(commands.LATE)
async def announce_delay(talk: Talk, panels: tuple[PickOption, ...], words: str) -> None:
    """``words``: what he wrote; a delay that they name is read back at once, and they are recorded as his reason."""
    me = await people.get_expert(talk)
    invitation_id = await pick_option(talk, texts.DELAY_WHICH, panels)
    view = await talk.read(talk.services.draws.invitation_queries.view, invitation_id, me.expert_id)
    talk.contact = wording.contact(view)
    reason = " ".join(words.split())[:DELAY_REASON_LONGEST]
    spoken, doubt = find_delay(words), ""
    while True:
        if spoken is None:
            spoken = await _ask_delay(talk, view, doubt)
        minutes = minutes_late(spoken, view.gathering_at, talk.now)
        doubt = _doubt(talk, view, minutes)
        if doubt:
            spoken = None
            continue
        sure = await talk.choose(
            _read_back(talk, view, minutes, reason),
            {texts.DELAY_YES: "yes", texts.DELAY_CHANGE: "again", texts.DELAY_NO: "no"},
            words=_other_delay,
            plain=("yes", "no"),
        )
        if sure == "yes":
            break
        if sure == "no":
            await talk.say(_unchanged_text(view))
            return
        spoken = None if sure == "again" else read_minutes(sure)
    stated = await talk.once(
        talk.services.draws.late_arrivals.state, invitation_id, me.expert_id, minutes, reason, by="chat"
    )
    await talk.say(recorded_text(stated))


async def _ask_delay(talk: Talk, view: InvitationView, doubt: str) -> SpokenDelay:
    """After the gathering the minutes are counted from now."""
    from_now = talk.now >= view.gathering_at
    question = texts.DELAY_ASK_FROM_NOW if from_now else texts.DELAY_ASK
    text = question.format(time=print_near_time(view.gathering_at, talk.now))
    options: dict[str, SpokenDelay] = {f"{minutes}分钟": Delay(minutes, from_now=from_now) for minutes in _OFFERED}
    return await talk.choose(f"{doubt}{text}", options, words=read_minutes)


def _doubt(talk: Talk, view: InvitationView, minutes: int) -> str:
    """Why these minutes can't be recorded; the service checks them again."""
    rules = talk.services.deps.book(talk.user.pool).attendance.late_arrival
    least, most = (int(length.total_seconds() // 60) for length in (rules.shortest, rules.longest))
    if minutes <= 0:
        return texts.DELAY_IN_TIME.format(time=print_time(view.gathering_at))
    if minutes < least:
        return texts.DELAY_SHORT.format(least=least)
    return texts.DELAY_LONG.format(most=print_length(rules.longest)) if minutes > most else ""


def _other_delay(text: str) -> str | None:
    """At the read-back: another delay than the one that was read back."""
    return text if find_delay(text) is not None else None


def _read_back(talk: Talk, view: InvitationView, minutes: int, reason: str) -> str:
    lines = [
        texts.DELAY_READ_BACK.format(
            time=print_near_time(view.gathering_at, talk.now), at=_arrival(view, minutes), minutes=minutes
        )
    ]
    if reason:
        lines.append(texts.DELAY_REASON.format(reason=wording.plain_text(reason)))
    consequence = talk.services.deps.book(talk.user.pool).attendance.late_arrival.consequence
    return "\n".join([*lines, consequence, texts.DELAY_SURE])


def _unchanged_text(view: InvitationView) -> str:
    """Nothing was recorded now; what was stated before still holds."""
    time = print_time(view.gathering_at)
    if view.late_minutes is None:
        return texts.DELAY_NOT_RECORDED.format(time=time)
    stands = texts.DELAY_STANDS.format(time=time, at=_arrival(view, view.late_minutes))
    return f"{texts.DELAY_NOT_CHANGED}{stands}\n{commands.tap_lines(commands.ON_TIME)}"


def _arrival(view: InvitationView, minutes: int) -> str:
    return f"{local(view.gathering_at + timedelta(minutes=minutes)):%H:%M}"


def recorded_text(view: InvitationView) -> str:
    """What was recorded and told, and what he does next."""
    text = texts.DELAY_RECORDED.format(
        time=print_time(view.gathering_at),
        at=_arrival(view, view.late_minutes or 0),
        minutes=view.late_minutes,
        code=view.code,
    )
    where = texts.WHERE.format(place=wording.place_text(view))
    contact = texts.CONTACT.format(contact=wording.contact(view))
    return "\n".join([text, where, contact, commands.tap_lines(commands.ON_TIME, commands.CHECK_IN)])


async def begin_withdrawal(turn: Turn) -> Answer:
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    announced = [view for view in may_announce(turn, panels) if view.late_minutes is not None]
    if announced:
        return withdraw_delay.start(panel_options(announced))
    return f"{texts.NO_DELAY_ANNOUNCED}\n{commands.tap_lines(commands.PANELS)}"


@conversation(commands.ON_TIME)
async def withdraw_delay(talk: Talk, panels: tuple[PickOption, ...]) -> None:
    """Counts at once; he can say again that he is late."""
    me = await people.get_expert(talk)
    invitation_id = await pick_option(talk, texts.DELAY_WITHDRAW_WHICH, panels)
    view = await talk.once(talk.services.draws.late_arrivals.withdraw, invitation_id, me.expert_id, by="chat")
    await talk.say(texts.DELAY_WITHDRAWN, time=print_time(view.gathering_at))


# ---- who is on the way, or in the wrong place


async def answer_late_sentence(turn: Turn) -> Answer:
    """晚到20分钟, 堵车了; also 我在路上了, which speaks of no delay."""
    if says_on_the_way(turn.message.text):
        return await tell_who_is_on_the_way(turn)
    return await begin_delay(turn)


async def tell_who_is_on_the_way(turn: Turn) -> Answer:
    """Where, how long there is, and whom to ring; past the gathering he is asked when he comes."""
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    expected = [view for view in panels if view.checked_in_at is None]
    if not expected:
        return await _explain_refusal(turn, me, panels)
    view = expected[0]
    is_over = turn.now >= view.gathering_at and view.late_minutes is None
    lines = [texts.TRAVEL_SAFELY, time_left_line(view, turn), *way_lines(turn, view)]
    words = [commands.CHECK_IN, *([commands.LATE] if may_announce(turn, [view]) else [])]
    return "\n".join([*lines, commands.tap_lines(*(reversed(words) if is_over else words))])


def time_left_line(view: InvitationView, turn: Turn) -> str:
    time, left = print_near_time(view.gathering_at, turn.now), view.gathering_at - turn.now
    if view.late_minutes is not None:
        return texts.DELAY_STANDS.format(time=time, at=_arrival(view, view.late_minutes))
    if left <= timedelta():
        return texts.GATHERING_OVER.format(time=time)
    return texts.TIME_LEFT.format(time=time, left=_print_left(left))


def _print_left(left: timedelta) -> str:
    """Whole minutes; of days, hours are enough."""
    minutes = int(left.total_seconds() // 60)
    if not minutes:
        return texts.LESS_THAN_A_MINUTE
    return print_length(timedelta(minutes=minutes if minutes < 24 * 60 else minutes // 60 * 60))


def way_lines(turn: Turn, view: InvitationView) -> list[str]:
    """Address and room, a map where the venue's position is known, and the contact."""
    position = venue_position(turn.services.deps.book(turn.user.pool), view.venue)
    where = texts.WHERE.format(place=wording.place_text(view))
    on_map = [f"▸ {link(texts.MAP, map_link(position))}"] if position is not None else []
    return [where, *on_map, texts.CONTACT.format(contact=wording.contact(view))]
