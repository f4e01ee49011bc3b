"""Times in which an expert doesn't want to be drawn (日程): typed in plain words, read back, then saved."""

from __future__ import annotations

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.parsing import date_range
from handlers import commands, people, texts, wording
from handlers.people import Me
from handlers.picking import MOST, PickOption, pick

ADD, CANCEL, NOTHING = "add", "cancel", "nothing"


def register(router: Router) -> None:
    router.remember(set_availability)
    router.keyword(begin, commands.AVAILABILITY, "我的日程", "可评标时间", "不接受抽取", "不接受抽取的时间", "设置日程")
    router.menu("AVAILABILITY", begin)


async def begin(turn: Turn) -> Answer:
    me = await people.get_expert(turn)
    found = await turn.services.experts.availability.list_unavailability(me.actor)
    return set_availability.start(
        tuple(PickOption(one.id, wording.span(one.starts_at, one.ends_at)) for one in found[:MOST])
    )


@conversation(commands.AVAILABILITY)
async def set_availability(talk: Talk, known: tuple[PickOption, ...]) -> None:
    me = await people.get_expert(talk)
    what = await _ask_what(talk, known) if known else ADD
    if what == ADD:
        await _add(talk, me)
    elif what == CANCEL:
        await _cancel(talk, me, known)
    else:
        await talk.say(texts.NOTHING_CHANGED)


async def _ask_what(talk: Talk, known: tuple[PickOption, ...]) -> str:
    listed = texts.AVAILABILITY.format(periods="\n".join(one.label for one in known))
    options = {texts.ADD_PERIOD: ADD, texts.CANCEL_PERIOD: CANCEL, texts.DO_NOTHING: NOTHING}
    return await talk.choose(f"{listed}\n{texts.AVAILABILITY_WHAT}", options)


async def _add(talk: Talk, me: Me) -> None:
    while True:
        period = await talk.ask(texts.ASK_PERIOD, parse=date_range)
        said = wording.span(period.starts_at, period.ends_at)
        options = {texts.PERIOD_SAVE: "save", texts.PERIOD_AGAIN: "again", texts.PERIOD_DROP: "drop"}
        then = await talk.choose(texts.PERIOD_READ_BACK.format(span=said), options, plain=("save", "again"))
        if then == "drop":
            await talk.say(texts.NOTHING_CHANGED)
            return
        if then == "save":
            break
    saved = await talk.once(
        talk.services.experts.availability.add_unavailability, me.actor, period.starts_at, period.ends_at
    )
    await talk.say(texts.PERIOD_SAVED, span=wording.span(saved.starts_at, saved.ends_at))
    if saved.panels:
        await talk.say(f"{texts.PERIOD_PANELS.format(count=saved.panels)}\n{commands.tappable(commands.LEAVE)}")


async def _cancel(talk: Talk, me: Me, known: tuple[PickOption, ...]) -> None:
    period_id = await pick(talk, texts.WHICH_PERIOD, known)
    undone = await talk.once(talk.services.experts.availability.cancel_unavailability, me.actor, period_id)
    await talk.say(texts.PERIOD_CANCELLED, span=wording.span(undone.starts_at, undone.ends_at))
