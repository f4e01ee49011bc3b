"""Times in which an expert doesn't want to be drawn (日程): said in plain words, read back, then saved."""

from __future__ import annotations

from datetime import datetime

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date
from domain.date_ranges import example_days
from domain.errors import InvalidInput
from domain.experts.spoken_times import example_wholes, read_times_off, says_times_off
from domain.experts.times_off import TimesOff
from handlers import commands, people, texts, wording
from handlers.people import Me
from handlers.picking import MOST, PickOption, pick_option
from services.experts import Period

ADD, CANCEL, NOTHING = "add", "cancel", "nothing"
PAUSE = "暂停接受抽取"
PERIODS_PAGE = "在网页上设置"
INVITATIONS_STAY = "\n（您还有评标邀请等待答复，设置这些时间不影响它，请另外答复。）"


def register(router: Router) -> None:
    router.remember(set_availability)
    router.remember(choose_direction)
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
    router.keyword(resume, commands.RESUME, "恢复抽取", "恢复接受", "可以抽我了", "结束暂停", "恢复评标")
    router.keyword(go_on, commands.GO_ON, "继续暂停抽取", "还不能评标")
    router.text(recognise_times_off)


async def begin_availability(turn: Turn) -> Answer:
    return set_availability.start(period_options(await own_periods(turn)))


async def recognise_times_off(turn: Turn) -> Answer | None:
    """每周三下午不接受抽取, or 生病了暂停抽取, typed without 日程 before; None for other texts, such as an answer to an
    invitation."""
    text = turn.message.text
    if not says_times_off(text):
        return None
    try:
        times = read_times(turn, text, turn.message.received_at)
    except InvalidInput:
        return None
    return set_availability.start(period_options(await own_periods(turn)), times)


async def resume(turn: Turn) -> Answer:
    """Ends the pause; asks which, where there are several times."""
    periods = await own_periods(turn)
    pauses = [period for period in periods if period.is_pause]
    if not pauses:
        return nothing_paused(periods)
    me = await people.get_expert(turn)
    for pause in pauses:
        await turn.services.experts.availability.cancel_unavailability(me.actor, pause.id)
    return texts.RESUMED


async def go_on(turn: Turn) -> Answer:
    """The answer to the question whether what has no end goes on."""
    periods = await own_periods(turn)
    endless = [period for period in periods if period.ends_at is None]
    if not endless:
        return nothing_paused(periods)
    me, availability = await people.get_expert(turn), turn.services.experts.availability
    again = min([await availability.go_on(me.actor, period.id) for period in endless])
    return f"{texts.GOES_ON.format(again=print_date(again))}\n{commands.tap_lines(commands.RESUME)}"


def nothing_paused(periods: list[Period]) -> str:
    if not periods:
        return f"{texts.NOT_PAUSED}\n{commands.tap_lines(commands.AVAILABILITY, commands.CHANCES)}"
    listed = texts.AVAILABILITY.format(periods=wording.period_lines(periods))
    return f"{texts.NOT_PAUSED_NOW}\n{listed}\n{commands.tap_lines(commands.AVAILABILITY)}"


@conversation("暂停或恢复抽取", gives_way=True)
async def choose_direction(talk: Talk, question: str) -> Answer:
    """Offered after words about a pause that don't say which way; a pause is read back, the others can be undone."""
    options = {PAUSE: ADD, commands.RESUME: CANCEL, commands.GO_ON: NOTHING}
    chosen = await talk.choose(question, options)
    if chosen == ADD:
        return set_availability.start((), TimesOff(talk.now, None))
    return await resume(talk) if chosen == CANCEL else await go_on(talk)


@conversation(commands.AVAILABILITY)
async def set_availability(
    talk: Talk, periods: tuple[PickOption, ...], times: TimesOff | None = None, note: str = ""
) -> None:
    """``times``: what the message that began the talk has said already; ``note`` stands before the list."""
    me = await people.get_expert(talk)
    action = await _ask_action(talk, periods, note) if periods and times is None else ADD
    if action == ADD:
        await _add_times(talk, me, times)
    elif action == CANCEL:
        await _cancel_period(talk, me, periods)
    else:
        await talk.say(texts.NOTHING_CHANGED)


async def _ask_action(talk: Talk, periods: tuple[PickOption, ...], note: str) -> str:
    listed = note + texts.AVAILABILITY.format(periods="\n".join(period.label for period in periods))
    options = {texts.ADD_PERIOD: ADD, texts.CANCEL_PERIOD: CANCEL, texts.DO_NOTHING: NOTHING}
    return await talk.choose(f"{listed}\n{texts.AVAILABILITY_WHAT}", options)


async def _ask_times(talk: Talk) -> TimesOff:
    def parse(text: str, asked_at: datetime) -> TimesOff:
        return read_times(talk, text, asked_at)

    page = f"{talk.services.deps.public_url}/h5/{talk.user.pool}/periods"
    wholes = example_wholes(talk.now, talk.services.experts.availability.holidays(talk.user.pool))
    question = texts.ASK_PERIOD.format(days=example_days(talk.now), wholes="，或 ".join(wholes))
    return await talk.ask(f"{question}\n▸ {link(PERIODS_PAGE, page)}", parse=parse)


async def _add_times(talk: Talk, me: Me, times: TimesOff | None) -> None:
    note = INVITATIONS_STAY if await people.open_invitations(talk, me) else ""
    while True:
        chosen = times if times is not None else await _ask_times(talk)
        options = {texts.PERIOD_SAVE: "save", texts.PERIOD_AGAIN: "again", texts.PERIOD_DROP: "drop"}
        decision = await talk.choose(_read_back(talk, chosen) + note, options, plain=("save", "again"))
        if decision == "drop":
            await talk.say(texts.NOTHING_CHANGED)
            return
        if decision == "save":
            break
        times = None
    saved = await talk.once(talk.services.experts.availability.add, me.actor, chosen)
    await talk.say(texts.PAUSE_SAVED if saved.is_pause else texts.PERIOD_SAVED.format(span=saved.text))
    if saved.panels:
        panels = "\n".join(wording.plain_text(panel) for panel in saved.panels)
        await talk.say(f"{texts.PERIOD_PANELS.format(panels=panels)}\n{commands.tap_lines(commands.LEAVE)}")


def _read_back(talk: Talk, times: TimesOff) -> str:
    span = times.text(talk.services.deps.now())
    if times.reason:
        span = f"{span}（{wording.plain_text(times.reason)}）"
    if times.is_pause:
        every = talk.services.deps.book(talk.user.pool).availability.pause_reminder
        return texts.PAUSE_READ_BACK.format(span=span, days=every.days)
    return texts.PERIOD_READ_BACK.format(span=span)


async def _cancel_period(talk: Talk, me: Me, periods: tuple[PickOption, ...]) -> None:
    period_id = await pick_option(talk, texts.WHICH_PERIOD, periods)
    cancelled = await talk.once(talk.services.experts.availability.cancel_unavailability, me.actor, period_id)
    await talk.say(texts.PERIOD_CANCELLED, span=cancelled.text)


async def own_periods(turn: Turn) -> list[Period]:
    me = await people.get_expert(turn)
    return await turn.services.experts.availability.list_unavailability(me.actor)


def period_options(periods: list[Period]) -> tuple[PickOption, ...]:
    return tuple(PickOption(period.id, wording.period_line(period)) for period in periods[:MOST])


def read_times(turn: Turn, text: str, asked_at: datetime) -> TimesOff:
    return read_times_off(text, asked_at, turn.services.experts.availability.holidays(turn.user.pool))
