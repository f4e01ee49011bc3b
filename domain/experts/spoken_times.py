"""Parses times in which an expert is not to be drawn, as people say them in a chat. Never guesses: a text that isn't
understood completely is refused.

Besides the days of ``domain.date_ranges`` (11月25日到12月3日, 明天, 7月): 每周三下午, 每周一三五 14:00到17:30, 春节,
明年国庆, and 生病了先别抽我, 暂停抽取 until the expert says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from domain.clock import SHANGHAI, local
from domain.date_ranges import ASK as ASK_DAYS
from domain.date_ranges import read_span
from domain.errors import InvalidInput
from domain.experts.holidays import Holiday
from domain.experts.times_off import DAY, EVENING, NOON, TimesOff
from domain.parsing import fold
from domain.rulebook.labels import HOLIDAYS

_LONGEST = 60
_WEEKDAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7}
_EVERY = re.compile(r"每个?(?:周|星期|礼拜)|每个?(?=工作日|周末)")
_SKIPPED = r"(?:周|星期|礼拜)?"
_DAYS = re.compile(rf"(?:[一二三四五六日天](?:[、,和及]?{_SKIPPED}(?=[一二三四五六日天]))?)+")
_RANGE = re.compile(rf"([一二三四五六日天])[到至\-—~]{_SKIPPED}([一二三四五六日天])")
_PARTS = {"全天": (0, DAY), "整天": (0, DAY), "上午": (0, NOON), "下午": (NOON, DAY), "晚上": (EVENING, DAY)}
_CLOCK = r"([01]?\d|2[0-4])(?:[:点时]([0-5]\d|半)?分?)?"
_HOURS = re.compile(rf"(上午|下午|晚上)?{_CLOCK}[到至\-—~]{_CLOCK}")
_UNTIL = re.compile(r"(?:到|至|直到)(.+?)(?:为止|结束)?$")
_HOLIDAY_WORDS = {
    word: code
    for code, words in {
        **{code: (name,) for code, name in HOLIDAYS.items()},
        "spring": ("春节", "过年"),
        "labour": ("五一", "劳动节"),
        "national": ("国庆", "十一"),
    }.items()
    for word in words
}
_HOLIDAY = re.compile(
    rf"(?:(今年|明年|(20\d\d)年)的?)?({'|'.join(_HOLIDAY_WORDS)})(?!月)(?:节|长假|假期|期间|放假|小长假)*"
)
_REASONS = re.compile(
    r"生病|住院|手术|治病|养病|看病|怀孕|产假|陪护|照顾\w{0,3}|出国|进修|挂职|借调|工作忙|太忙|身体不(?:好|适)"
)
_PAUSE = re.compile(r"暂停|不要再?抽|先?别(?:再)?抽|不参加抽取|一直不|长期|直到我|恢复前|另行通知")
_SAYS_DAYS = re.compile(
    r"\d|今天|明天|后天|(?:周|星期|礼拜)[一二三四五六日天末]|[这本下]个?(?:周|星期|礼拜|月)|天$|个月"
)
_FILLER = re.compile(
    r"我要?|都|的|不接受抽取|不能?参加|不参加|没空|没有空|没时间|有课|上课|有事|有会|开会|不方便|不在|不行|请|想|吧|了|呢|哦|啊|[,。、!;\s]"
)
_ABOUT_DRAWS = re.compile(r"不接受抽取|暂停(?:接受)?抽取|别(?:再)?抽我|不要再?抽我|不参加抽取|不想被?抽")
_ASKS_OR_ENDS = re.compile(r"为什么|为何|怎么|怎样|如何|什么时候|吗|\?|？|取消|撤销|解除|结束|没有?暂停|不想?暂停")
ASK = "请这样回复：11月25日到12月3日，每周三下午，春节，7月，或 生病了暂停抽取。"


def read_times_off(text: str, asked_at: datetime, holidays: Sequence[Holiday]) -> TimesOff:
    """``holidays``: those that may be named, soonest first. Raises InvalidInput."""
    words = fold(text[:_LONGEST])
    if match := _EVERY.search(words):
        return _read_weekly(words[: match.start()], words[match.end() :], asked_at)
    if match := _HOLIDAY.search(words):
        return _read_holiday(words, match, asked_at, holidays)
    if not _SAYS_DAYS.search(words) and (_PAUSE.search(words) or _REASONS.search(words)):
        reason = _REASONS.search(words)
        return TimesOff(asked_at, None, reason[0] if reason else "")
    return _read_days(words, asked_at)


def says_times_off(text: str) -> bool:
    """Whether a message that begins no other conversation speaks of times in which one is not to be drawn."""
    words = fold(text[:_LONGEST])
    return bool(_ABOUT_DRAWS.search(words)) and not _ASKS_OR_ENDS.search(words)


def _read_days(words: str, asked_at: datetime) -> TimesOff:
    reason = _REASONS.search(words)
    bare = re.sub(r"不?(?:接受)?(?:被)?抽取?我?", "", _PAUSE.sub("", _REASONS.sub("", words))).lstrip(",、 ")
    if _PAUSE.search(words) and bare.startswith(("到", "至")):
        bare = f"今天{bare}"
    try:
        span = read_span(bare, asked_at)
    except InvalidInput as refused:
        raise InvalidInput(refused.message.replace(ASK_DAYS, ASK), code=refused.code) from refused
    return TimesOff(span.starts_at, span.ends_at, reason[0] if reason else "")


def _read_weekly(before: str, after: str, asked_at: datetime) -> TimesOff:
    days, rest = _read_weekdays(after)
    hours, rest = _read_hours(rest)
    rest, until = _read_until(rest, asked_at)
    if _FILLER.sub("", _REASONS.sub("", before + rest)):
        raise InvalidInput(
            "没看懂每周的哪些时间。请这样回复：每周三下午，或 每周一、三 14:00到17:30。", code="bad_weekly"
        )
    return TimesOff(_midnight(local(asked_at).date()), until, "", days, *hours)


def _read_weekdays(words: str) -> tuple[tuple[int, ...], str]:
    for name, days in {"工作日": (1, 2, 3, 4, 5), "周末": (6, 7), "末": (6, 7)}.items():
        if words.startswith(name):
            return days, words.removeprefix(name)
    if (match := _RANGE.match(words)) and _WEEKDAYS[match[1]] < _WEEKDAYS[match[2]]:
        return tuple(range(_WEEKDAYS[match[1]], _WEEKDAYS[match[2]] + 1)), words[match.end() :]
    if match := _DAYS.match(words):
        named = {_WEEKDAYS[letter] for letter in match[0] if letter in _WEEKDAYS}
        return tuple(sorted(named)), words[match.end() :]
    raise InvalidInput("请说明是每周的星期几，例如：每周三下午。", code="bad_weekly")


def _read_hours(words: str) -> tuple[tuple[int, int], str]:
    """All day where none are named."""
    if match := _HOURS.search(words):
        later = NOON if match[1] in ("下午", "晚上") else 0
        begin, end = _minute(match[2], match[3], later), _minute(match[4], match[5], later)
        if not begin < end <= DAY:
            raise InvalidInput("结束时间应晚于开始时间，请重新输入，例如：每周三14:00到17:30。", code="bad_weekly")
        return (begin, end), words[: match.start()] + words[match.end() :]
    for name, hours in _PARTS.items():
        if name in words:
            return hours, words.replace(name, "", 1)
    return (0, DAY), words


def _minute(hour: str, minute: str | None, later: int) -> int:
    at = int(hour) * 60 + (30 if minute == "半" else int(minute or 0))
    return at + later if at < NOON else at


def _read_until(words: str, asked_at: datetime) -> tuple[str, datetime | None]:
    match = _UNTIL.search(words)
    if match is None:
        return words, None
    return words[: match.start()], read_span(match[1], asked_at).ends_at


def _read_holiday(words: str, match: re.Match[str], asked_at: datetime, holidays: Sequence[Holiday]) -> TimesOff:
    rest = _PAUSE.sub("", words[: match.start()] + words[match.end() :])
    if _FILLER.sub("", rest).replace("抽取", ""):
        raise InvalidInput(f"请一次只说一个节日，例如：春节，或 明年国庆。{ASK}", code="bad_holiday")
    code, this_year = _HOLIDAY_WORDS[match[3]], local(asked_at).year
    year = int(match[2]) if match[2] else {"今年": this_year, "明年": this_year + 1}.get(match[1] or "")
    for holiday in holidays:
        if holiday.key.endswith(f"-{code}") and year in (None, int(holiday.key[:4])):
            return off_on(holiday)
    raise InvalidInput(f"没有{match[0]}的日期，或已经过去。请直接输入日期，例如：10月1日到10月7日。", code="no_holiday")


def off_on(holiday: Holiday) -> TimesOff:
    span = holiday.span
    return TimesOff(span.starts_at, span.ends_at, holiday.title, holiday=holiday.key)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
