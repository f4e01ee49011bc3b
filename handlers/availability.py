"""Times in which an expert doesn't want to be drawn (日程): typed in plain words, read back, then saved."""

from __future__ import annotations

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.parsing import date_range
from handlers import commands, people, texts, wording
from handlers.people import Me
from handlers.picking import MOST, PickOption, pick_option

ADD, CANCEL, NOTHING = "add", "cancel", "nothing"


def register(router: Router) -> None:
    router.remember(set_availability)
    router.keyword(
        begin_availability,
        commands.AVAILABILITY,
        "我的日程",
        "可评标时间",
        "不接受抽取",
        "不接受抽取的时间",
        "设置日程",
    )
    router.menu("AVAILABILITY", begin_availability)


async def begin_availability(turn: Turn) -> Answer:
    me = await people.get_expert(turn)
    periods = await turn.services.experts.availability.list_unavailability(me.actor)
    return set_availability.start(
        tuple(PickOption(period.id, wording.span(period.starts_at, period.ends_at)) for period in periods[:MOST])
    )


@conversation(commands.AVAILABILITY)
async def set_availability(talk: Talk, periods: tuple[PickOption, ...]) -> None:
    me = await people.get_expert(talk)
    action = await _ask_action(talk, periods) if periods else ADD
    if action == ADD:
        await _add_period(talk, me)
    elif action == CANCEL:
        await _cancel_period(talk, me, periods)
    else:
        await talk.say(texts.NOTHING_CHANGED)


async def _ask_action(talk: Talk, periods: tuple[PickOption, ...]) -> str:
    listed = texts.AVAILABILITY.format(periods="\n".join(period.label for period in periods))
    options = {texts.ADD_PERIOD: ADD, texts.CANCEL_PERIOD: CANCEL, texts.DO_NOTHING: NOTHING}
    return await talk.choose(f"{listed}\n{texts.AVAILABILITY_WHAT}", options)


async def _add_period(talk: Talk, me: Me) -> None:
    while True:
        period = await talk.ask(texts.ASK_PERIOD, parse=date_range)
        period_text = wording.span(period.starts_at, period.ends_at)
        options = {texts.PERIOD_SAVE: "save", texts.PERIOD_AGAIN: "again", texts.PERIOD_DROP: "drop"}
        decision = await talk.choose(texts.PERIOD_READ_BACK.format(span=period_text), options, plain=("save", "again"))
        if decision == "drop":
            await talk.say(texts.NOTHING_CHANGED)
            return
        if decision == "save":
            break
    saved = await talk.once(
        talk.services.experts.availability.add_unavailability, me.actor, period.starts_at, period.ends_at
    )
    await talk.say(texts.PERIOD_SAVED, span=wording.span(saved.starts_at, saved.ends_at))
    if saved.panels:
        await talk.say(f"{texts.PERIOD_PANELS.format(count=saved.panels)}\n{commands.tap_lines(commands.LEAVE)}")


async def _cancel_period(talk: Talk, me: Me, periods: tuple[PickOption, ...]) -> None:
    period_id = await pick_option(talk, texts.WHICH_PERIOD, periods)
    cancelled = await talk.once(talk.services.experts.availability.cancel_unavailability, me.actor, period_id)
    await talk.say(texts.PERIOD_CANCELLED, span=wording.span(cancelled.starts_at, cancelled.ends_at))
