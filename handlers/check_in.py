"""Check-in (签到): by scanning the venue's code or by a position near it; a typed word alone is recorded as a claim."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bot.messages import Location
from bot.router import Answer, Router, Settled
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.clock import print_near_time, print_time
from domain.draws.agreed_times import check_in_opens
from domain.positions import Position
from handlers import binding, commands, people, texts, wording
from handlers.picking import PickOption, panel_options, pick_option
from services.draws import CheckedIn

_Arrival: TypeAlias = Literal["here", "position", "no"] | Location
_OBSOLETE = (commands.CHECK_IN, commands.LATE, commands.ON_TIME, commands.LEAVE, commands.CONFIRM_LEAVE)
"""Talks that end once he has entered."""


def register(router: Router) -> None:
    router.remember(check_in)
    router.keyword(begin_check_in, commands.CHECK_IN, "到场签到", "我要签到")
    router.menu("CHECK_IN", begin_check_in)
    router.scene("venue:", check_in_by_scan)


async def begin_check_in(turn: Turn) -> Answer:
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    expected = [view for view in panels if view.checked_in_at is None]
    if expected:
        await people.note_shown(turn, me, expected)
        return check_in.start(panel_options(expected))
    arrived = [(view, view.checked_in_at) for view in panels if view.checked_in_at is not None]
    if not arrived:
        return f"{texts.NOTHING_TO_CHECK_IN}\n{commands.tap_lines(commands.PANELS)}"
    view, at = arrived[0]
    return texts.CHECKED_IN_ALREADY.format(time=print_time(at), code=view.code)


async def check_in_by_scan(turn: Turn, token: str) -> Answer:
    """The scan itself proves presence. Scanning twice is harmless."""
    if not turn.user.bound:
        return binding.start_at_venue(turn)
    me = await people.get_expert(turn)
    device = f"wechat:{turn.user.openid}"
    checked_in = await turn.services.draws.attendance.check_in_by_qr(me.expert_id, token, device=device)
    return Settled(result_text(checked_in), _OBSOLETE)


@conversation(commands.CHECK_IN)
async def check_in(talk: Talk, panels: tuple[PickOption, ...]) -> None:
    me = await people.get_expert(talk)
    rule = talk.services.deps.book(talk.user.pool).attendance
    invitation_id = await pick_option(talk, texts.CHECK_IN_WHICH, panels)
    view = await talk.read(talk.services.draws.invitation_queries.view, invitation_id, me.expert_id)
    talk.contact = wording.contact(view)
    opens = check_in_opens(view, rule)
    if talk.now < opens:
        gathers = print_near_time(view.gathering_at, talk.now)
        await talk.say(texts.TOO_EARLY, time=gathers, opens=print_near_time(opens, talk.now))
        return

    options: dict[str, _Arrival] = {
        texts.SEND_POSITION: "position",
        texts.ARRIVED: "here",
        texts.NOT_THERE_YET: "no",
    }
    question = f"{wording.gathering_text(view, talk.now)}\n{texts.ASK_ARRIVED}"
    reply = await talk.choose(question, options, plain=("here", "no"), position=lambda place: place)
    if reply == "no":
        await talk.say(texts.NOT_CHECKED_IN)
        return
    place = reply if isinstance(reply, Location) else None
    if reply == "position":
        place = await talk.ask_location(texts.ASK_POSITION)
        if place is None:
            await talk.say(texts.POSITION_NEEDED)
            return
    position = Position(place.latitude, place.longitude, "gcj02") if place is not None else None
    checked_in = await talk.once(talk.services.draws.attendance.check_in, invitation_id, me.expert_id, position)
    await talk.say(result_text(checked_in))


def result_text(checked_in: CheckedIn) -> str:
    if not checked_in.counted:
        return texts.CLAIMED.format(time=print_time(checked_in.at), advice=checked_in.advice)
    if not checked_in.first:
        return texts.CHECKED_IN_ALREADY.format(time=print_time(checked_in.at), code=checked_in.code)
    return texts.CHECKED_IN.format(
        time=print_time(checked_in.at), code=checked_in.code, place=wording.plain_text(checked_in.place)
    )
