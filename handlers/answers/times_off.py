"""Answers about times in which the expert is not drawn: set one, see and remove them, pause, resume, let a pause go on.

A sentence alone changes nothing: a time is read back, and what ends or prolongs a pause is a tap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from bot.router import Answer, Handler, WordAnswer
from bot.turn import Turn
from domain.errors import InvalidInput
from domain.experts.spoken_pauses import PauseDirection, asks_about_pauses, ends_times_off, find_direction, offers_both
from domain.experts.spoken_times import find_reason, find_time, names_time, says_pause
from domain.experts.times_off import TimesOff, print_weekdays
from handlers import commands, people, wording
from handlers.availability import (
    choose_direction,
    nothing_paused,
    own_periods,
    period_options,
    read_times,
    set_availability,
)
from services.experts import Period

NO_PERIODS = "您没有设置不接受抽取的时间，现在没有哪天因此不抽取您。需要设置的请点选："
CHANGE_NOTE = "已设置的时间不能直接修改：请先撤销，再重新设置。\n"
WHICH_DIRECTION = "您是要暂停接受抽取，还是恢复？请点选："
PAUSE_RULES = (
    "暂停接受抽取不用审批，不影响专家资格和聘期，没有期限，每{days}天问您一次是否继续，随时可以恢复；"
    "退库则不再是在库专家。需要办理的请点选："
)
IS_PAUSED = "您现在暂停接受抽取：{period}。"
TO_RESUME = "要恢复，请点选“恢复接受抽取”，立即生效："
TO_GO_ON = "要继续暂停，请点选“继续暂停”："
ALREADY_PAUSED = "不用再设置。可以评标了请恢复，还要停请选继续："
OPEN_ENDED = "没有期限的时间：{period}。"

_SHORTER = re.compile(r"改(?!在家|成线上|期)|缩短|延长|写错|填错|登记错|选错|提前到|多登|少登")
_SETS_ONE = re.compile(r"(?:怎么|咋|如何|哪里|在哪)[^,，]{0,6}(?:登记|添加|加|设置)|添加|(?:设置|登记)日程")
_BACK_EARLY = re.compile(r"回来|回国|早回|提前|出院|到家|回长")
_ALL_BUT = re.compile(r"其他|其余|保留|全部|所有|全删|清空|清掉")


async def set_time_off(turn: Turn) -> Answer:
    """Read back if the sentence names it, else asked for; never taken for a pause without an end."""
    if ends_times_off(turn.message.text):
        return await manage_times_off(turn)
    await people.get_expert(turn)
    try:
        times = read_times(turn, turn.message.text, turn.message.received_at)
    except InvalidInput:
        return set_availability.start(())
    return set_availability.start(()) if times.is_pause else set_availability.start((), times)


async def manage_times_off(turn: Turn) -> Answer:
    """The list, of which one can be removed; only the one that the sentence names, where it names one."""
    periods = await own_periods(turn)
    if not periods and _SETS_ONE.search(turn.message.text) and not ends_times_off(turn.message.text):
        return set_availability.start(())
    if not periods:
        return f"{NO_PERIODS}\n{commands.tap_lines(commands.AVAILABILITY)}"
    note = CHANGE_NOTE if _SHORTER.search(turn.message.text) else ""
    return set_availability.start(period_options(_meant_periods(turn, periods)), None, note)


async def pause_draws(turn: Turn) -> Answer:
    """Begin a pause. A sentence that rather ends one, or lets it go on, is answered so; an unclear one is offered all
    three."""
    text, periods = turn.message.text, await own_periods(turn)
    if asks_about_pauses(text):
        every = turn.services.deps.book(turn.user.pool).availability.pause_reminder
        return choose_direction.start(PAUSE_RULES.format(days=every.days))
    direction = find_direction(text)
    if direction is PauseDirection.PAUSE:
        return _begin_pause(turn, periods)
    if direction is PauseDirection.RESUME:
        return await _offer_resuming(turn, periods)
    if direction is PauseDirection.GO_ON:
        return await _offer_going_on(turn, periods)
    return choose_direction.start(WHICH_DIRECTION)


async def resume_draws(turn: Turn) -> Answer:
    if offers_both(turn.message.text):
        return choose_direction.start(WHICH_DIRECTION)
    return await _offer_resuming(turn, await own_periods(turn))


async def let_pause_go_on(turn: Turn) -> Answer:
    return await _offer_going_on(turn, await own_periods(turn))


def _begin_pause(turn: Turn, periods: list[Period]) -> Answer:
    text, at = turn.message.text, turn.message.received_at
    if names_time(text) and not says_pause(text):
        times = find_time(text, at, turn.services.experts.availability.holidays(turn.user.pool))
        return set_availability.start((), times)
    pauses = [period for period in periods if period.is_pause]
    if not pauses:
        return set_availability.start((), TimesOff(at, None, find_reason(text)))
    taps = commands.tap_lines(commands.RESUME, commands.GO_ON)
    return f"{IS_PAUSED.format(period=wording.period_line(pauses[0]))}{ALREADY_PAUSED}\n{taps}"


async def _offer_resuming(turn: Turn, periods: list[Period]) -> Answer:
    """Who is suspended by the office, a course, the term or the age reads in 为什么没抽到我 what ends it."""
    pauses = [period for period in periods if period.is_pause]
    if pauses:
        head = f"{IS_PAUSED.format(period=wording.period_line(pauses[0]))}{TO_RESUME}"
        return f"{head}\n{commands.tap_lines(commands.RESUME)}"
    return await _explain_no_pause(turn, periods)


async def _offer_going_on(turn: Turn, periods: list[Period]) -> Answer:
    endless = [period for period in periods if period.ends_at is None]
    if not endless:
        return await _explain_no_pause(turn, periods)
    pauses = [period for period in endless if period.is_pause]
    head = (IS_PAUSED if pauses else OPEN_ENDED).format(period=wording.period_line((pauses or endless)[0]))
    return f"{head}{TO_GO_ON}\n{commands.tap_lines(commands.GO_ON)}"


async def _explain_no_pause(turn: Turn, periods: list[Period]) -> Answer:
    me = await people.get_expert(turn)
    profile = await turn.services.experts.profiles.profile(me.actor)
    if profile.membership_status.suspensions:
        return WordAnswer(commands.CHANCES)
    return nothing_paused(periods)


def _meant_periods(turn: Turn, periods: list[Period]) -> list[Period]:
    """All of them where the sentence singles none out."""
    text, at = turn.message.text, turn.message.received_at
    if _ALL_BUT.search(text):
        return periods
    times = find_time(text, at, turn.services.experts.availability.holidays(turn.user.pool))
    if times is not None:
        return [period for period in periods if _is_meant(period, times)] or periods
    if _BACK_EARLY.search(text):
        return [period for period in periods if _runs(period, at)] or periods
    return periods


def _is_meant(period: Period, times: TimesOff) -> bool:
    if times.weekdays or period.weekly:
        days = f"每周{print_weekdays(times.weekdays)}"
        return bool(times.weekdays) and re.match(rf"{days}(?![一二三四五六日、至])", period.text) is not None
    if period.ends_at is None or times.ends_at is None:
        return False
    return period.starts_at < times.ends_at and times.starts_at < period.ends_at


def _runs(period: Period, at: datetime) -> bool:
    """A dated time that has begun."""
    return period.ends_at is not None and not period.weekly and period.starts_at <= at


ANSWERS: Mapping[str, Handler] = {
    "time_off": set_time_off,
    "time_off_manage": manage_times_off,
    "pause": pause_draws,
    "resume": resume_draws,
    "pause_go_on": let_pause_go_on,
}
