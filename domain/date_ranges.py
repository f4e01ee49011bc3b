"""Parses days as people write them in a chat into a span of time. Never guesses: a text that isn't understood
completely is refused.

The grammar: one day word (11月25日, 下周三, 明天, 25号, 下个月, 12月中旬, 月底), or two joined by 到 or the like, each
with a half day (上午, 下午) if wanted; or a day and a length (明天起三天). Anything else must be a word that changes
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from domain.clock import SHANGHAI, local
from domain.errors import InvalidInput
from domain.spans import Span

MAX_DAYS = 366
PAST_DAYS = 60
"""A day and month without a year that lies at most this many days back is in this year, else in the next."""

_NUMBERS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_WORDS = {"前天": -2, "昨天": -1, "昨日": -1, "今天": 0, "今日": 0, "明天": 1, "明日": 1, "后天": 2, "大后天": 3}
_MONTH_PARTS = {
    "上旬": (1, 10),
    "中旬": (11, 20),
    "下旬": (21, 31),
    "上半月": (1, 15),
    "下半月": (16, 31),
    "初": (1, 5),
    "底": (-5, 31),
    "末": (-5, 31),
}
"""First and last day. What people call the beginning and the end of a month is taken as five days, and read back."""
_PART = "(上旬|中旬|下旬|上半月|下半月|[初底末])"
_AHEAD = {"上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}
_WEEK = "(?:周|星期|礼拜)"
_FILLER = re.compile(
    r"直到|为止|截止|开始|结束|之间|期间|这段时间|不在家?|请假|没空|没有空|没时间|有事|不能参加|不参加|不能评标|不方便"
    r"|出差|休假|旅游|外出|全天|整天|整个|[到至起止从自由是我要想都在有会,;~\-—–\s吧哦呢了啊]"
)
_JOINER = re.compile(r"[到至~\-—–]")
_OPEN = re.compile(r"[到至起从自由~]|截止|开始")


@dataclass(frozen=True)
class _Days:
    """First and last day; ``from_noon``, ``to_noon``: only the afternoon of the first, the morning of the last."""

    first: date
    last: date
    from_noon: bool = False
    to_noon: bool = False


@dataclass
class _Reading:
    """The state of the parser. ``words`` are those since the last day word."""

    today: date
    advice: str
    days: list[_Days] = field(default_factory=list)
    words: str = ""
    length: bool = False

    @property
    def start(self) -> date | None:
        return self.days[0].first if self.days else None

    def add(self, days: _Days) -> None:
        if self.days and not _JOINER.search(self.words):
            raise InvalidInput("请一次只输入一段时间，用“到”连接开始和结束日期。", code="dates_not_joined")
        self.days.append(days)
        self.words = ""


def example_days(asked_at: datetime) -> str:
    """Days ahead of ``asked_at`` as a person may write them: 11月25日到12月3日."""
    first, last = (local(asked_at).date() + timedelta(days=days) for days in (7, 14))
    return f"{first.month}月{first.day}日到{last.month}月{last.day}日"


def advise(asked_at: datetime) -> str:
    """How to write days, with examples that are understood at that moment."""
    return f"请这样输入：{example_days(asked_at)}，或 明天到下周三。"


def read_span(text: str, asked_at: datetime, advice: str = "") -> Span:
    """``text`` is half-width and lower case, see ``domain.parsing.fold``; ``advice`` instead of ``advise``.

    Raises InvalidInput that says how to write it.
    """
    advice = advice or advise(asked_at)
    reading = _Reading(local(asked_at).date(), advice)
    position = 0
    while position < len(text):
        position = _read_next(text, position, reading)
    if not 1 <= len(reading.days) <= 2:
        raise _bad_dates_error(text, reading.advice)
    if len(reading.days) == 1 and not reading.length and _OPEN.search(text):
        raise InvalidInput(f"请同时说明开始和结束日期。{reading.advice}", code="dates_open")
    return _span(reading)


def split_days(text: str) -> tuple[list[str], str]:
    """The parts of a longer sentence that consist of day words and of what may stand between and around them, and the
    rest of the sentence, with a blank where a part was."""
    parts, rest, words, names_day, position = list[str](), "", "", False, 0
    while position <= len(text):
        day = _first_match(text, position, [pattern for pattern, _ in _PATTERNS])
        match = day or _FILLER.match(text, position)
        if match is not None and match.end() > position:
            words, names_day, position = words + match[0], names_day or day is not None, match.end()
            continue
        if names_day:
            parts.append(words)
        rest += (" " if names_day else words) + text[position : position + 1]
        words, names_day, position = "", False, position + 1
    return parts, rest


def _first_match(text: str, position: int, patterns: Sequence[re.Pattern[str]]) -> re.Match[str] | None:
    matches = (pattern.match(text, position) for pattern in patterns)
    return next((match for match in matches if match is not None), None)


def _read_next(text: str, position: int, reading: _Reading) -> int:
    """Read one word; returns where the next one begins."""
    for pattern, read in _PATTERNS:
        if match := pattern.match(text, position):
            read(match, reading)
            return match.end()
    if match := _FILLER.match(text, position):
        reading.words += match[0]
        return match.end()
    raise _bad_dates_error(text, reading.advice)


def _bad_dates_error(text: str, advice: str) -> InvalidInput:
    if re.search(r"\d[点时:]", text):
        return InvalidInput(f"时间按天或半天登记，请用上午、下午表示。{advice}", code="bad_dates")
    return InvalidInput(f"没看懂日期。{advice}", code="bad_dates")


def _span(reading: _Reading) -> Span:
    start, end, today = reading.days[0], reading.days[-1], reading.today
    begin = _midnight(start.first) + timedelta(hours=12 if start.from_noon else 0)
    finish = _midnight(end.last) + timedelta(hours=12 if end.to_noon else 24)
    if finish <= begin:
        raise InvalidInput(f"结束时间早于开始时间，请重新输入。{reading.advice}", code="dates_reversed")
    if end.last < today:
        raise InvalidInput(f"日期已经过去。如果是指明年，请写上年份，例如{today.year + 1}年1月5日。", code="dates_past")
    if finish - begin > timedelta(days=MAX_DAYS):
        raise InvalidInput(f"时间太长，一次最多{MAX_DAYS}天，请分次输入。", code="dates_too_long")
    return Span(begin, finish)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise InvalidInput(f"没有{month}月{day}日这一天，请核对后重新输入。", code="no_such_day") from error


def _month_start(day: date, later: int) -> date:
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


# One function per kind of word


def _read_full_date(match: re.Match[str], reading: _Reading) -> None:
    day = _day(int(match[1]), int(match[2]), int(match[3]))
    reading.add(_Days(day, day))


def _read_month_day(match: re.Match[str], reading: _Reading) -> None:
    """The next such day after the one named before, else this year's, or next year's when this year's is long past."""
    month, day = int(match[1]), int(match[2])
    earliest = reading.start or reading.today - timedelta(days=PAST_DAYS)
    year = earliest.year if (month, day) >= (earliest.month, earliest.day) else earliest.year + 1
    calendar_day = _day(year, month, day)
    reading.add(_Days(calendar_day, calendar_day))


def _read_day_of_month(match: re.Match[str], reading: _Reading) -> None:
    """This month, or the next when it is past; after another day, the next day with that number."""
    earliest = reading.start or reading.today
    number = int(match[1])
    month = _month_start(earliest, 0 if number >= earliest.day else 1)
    day = _day(month.year, month.month, number)
    reading.add(_Days(day, day))


def _read_relative_day(match: re.Match[str], reading: _Reading) -> None:
    day = reading.today + timedelta(days=_WORDS[match[0]])
    reading.add(_Days(day, day))


def _read_weekday(match: re.Match[str], reading: _Reading) -> None:
    """With 这, 下…: of that week, Monday to Sunday; without: the next one."""
    if match[1]:
        day = _monday(reading, match[1]) + timedelta(days=_WEEKDAYS[match[2]])
    else:
        day = _next_weekday(reading, _WEEKDAYS[match[2]])
    reading.add(_Days(day, day))


def _read_weekend(match: re.Match[str], reading: _Reading) -> None:
    sunday = _monday(reading, match[1]) + timedelta(days=6) if match[1] else _next_weekday(reading, 6)
    reading.add(_Days(sunday - timedelta(days=1), sunday))


def _read_week(match: re.Match[str], reading: _Reading) -> None:
    monday = _monday(reading, match[1])
    reading.add(_Days(monday, monday + timedelta(days=6)))


def _monday(reading: _Reading, which: str) -> date:
    return reading.today - timedelta(days=reading.today.weekday()) + timedelta(weeks=_AHEAD[which.rstrip("个")])


def _next_weekday(reading: _Reading, weekday: int) -> date:
    earliest = reading.start or reading.today
    return earliest + timedelta(days=(weekday - earliest.weekday()) % 7)


def _read_relative_month(match: re.Match[str], reading: _Reading) -> None:
    first = _month_start(reading.today, _AHEAD[match[1].rstrip("个")])
    if match[2]:
        day = _day(first.year, first.month, int(match[2]))
        reading.add(_Days(day, day))
    else:
        reading.add(_Days(first, _month_start(first, 1) - timedelta(days=1)))


def _read_whole_month(match: re.Match[str], reading: _Reading) -> None:
    month, earliest = int(match[1]), reading.start or reading.today
    first = _day(earliest.year if month >= earliest.month else earliest.year + 1, month, 1)
    reading.add(_Days(first, _month_start(first, 1) - timedelta(days=1)))


def _read_month_of_year(match: re.Match[str], reading: _Reading) -> None:
    year = int(match[1]) if match[1] else reading.today.year + (match[0][0] == "明")
    first = _day(year, int(match[2]), 1)
    reading.add(_Days(first, _month_start(first, 1) - timedelta(days=1)))


def _read_part_of_named_month(match: re.Match[str], reading: _Reading) -> None:
    reading.add(_part_of(_month_start(reading.today, _AHEAD[match[1].rstrip("个")]), match[2]))


def _read_part_of_numbered_month(match: re.Match[str], reading: _Reading) -> None:
    """Without a year the next such month."""
    month, earliest = int(match[2]), reading.start or reading.today
    year = earliest.year if month >= earliest.month else earliest.year + 1
    if match[1]:
        year = reading.today.year + (match[1] == "明年")
    reading.add(_part_of(_day(year, month, 1), match[3]))


def _read_part_of_month(match: re.Match[str], reading: _Reading) -> None:
    """This month's, or the next one's when it is over."""
    earliest = reading.start or reading.today
    this_month = _part_of(_month_start(earliest, 0), match[0])
    is_over = this_month.last < earliest
    reading.add(_part_of(_month_start(earliest, 1), match[0]) if is_over else this_month)


def _part_of(month: date, part: str) -> _Days:
    length = (_month_start(month, 1) - month).days
    first, last = _MONTH_PARTS[part.removeprefix("月")]
    return _Days(month.replace(day=first if first > 0 else length + 1 + first), month.replace(day=min(last, length)))


def _read_end_of_year(_match: re.Match[str], reading: _Reading) -> None:
    last = date(reading.today.year, 12, 31)
    reading.add(_Days(last, last))


def _read_half_day(match: re.Match[str], reading: _Reading) -> None:
    if not reading.days:
        raise InvalidInput(f"请先说明是哪一天。{reading.advice}", code="bad_dates")
    morning = match[0] == "上午"
    reading.days[-1] = replace(reading.days[-1], from_noon=not morning, to_noon=morning)


def _read_length(match: re.Match[str], reading: _Reading) -> None:
    """A length after the one day named before: 明天起三天."""
    if len(reading.days) != 1 or reading.length or reading.days[0].first != reading.days[0].last:
        raise InvalidInput(f"请说明从哪一天开始，或写明开始和结束日期。{reading.advice}", code="bad_dates")
    count = _NUMBERS.get(match[1]) or int(match[1])
    start = reading.days[0].first
    if match[2].endswith("月"):
        month = _month_start(start, count)
        last_of_month = (_month_start(month, 1) - timedelta(days=1)).day
        last = month.replace(day=min(start.day, last_of_month)) - timedelta(days=1)
    else:
        last = start + timedelta(days=count * (1 if match[2] == "天" else 7) - 1)
    reading.days[0] = replace(reading.days[0], last=last, to_noon=False)
    reading.length = True


_PATTERNS: list[tuple[re.Pattern[str], Callable[[re.Match[str], _Reading], None]]] = [
    (re.compile(r"(20\d\d)[年\-/.](\d{1,2})[月\-/.](\d{1,2})(?!\d)[日号]?"), _read_full_date),
    (re.compile(r"(20\d\d)(\d\d)(\d\d)(?!\d)"), _read_full_date),
    (re.compile(r"(\d{1,2})(?:月|[./])(\d{1,2})(?!\d)[日号]?"), _read_month_day),
    # 11-25 alone might be two days, so a hyphen joins month and day only next to 到, 至, ~ or a blank.
    (re.compile(r"(?<=[到至~\s])(\d{1,2})-(\d{1,2})(?![\d日号])"), _read_month_day),
    (re.compile(r"^(\d{1,2})-(\d{1,2})(?=[到至~])"), _read_month_day),
    (re.compile(r"(\d{1,2})[日号]"), _read_day_of_month),
    (re.compile(r"(\d{1,2})(?=[到至~\-—–]\d{1,2}[日号])"), _read_day_of_month),
    (re.compile(r"(?<=[到至~\-—–])(\d{1,2})$"), _read_day_of_month),
    (re.compile("|".join(sorted(_WORDS, key=len, reverse=True))), _read_relative_day),
    (re.compile(rf"(上个?|这个?|本|下下个?|下个?)?{_WEEK}([一二三四五六日天])"), _read_weekday),
    (re.compile(rf"(上个?|这个?|本|下下个?|下个?)?{_WEEK}末"), _read_weekend),
    (re.compile(rf"(这个?|本|下下个?|下个?){_WEEK}"), _read_week),
    (re.compile(rf"(这个?|本|下个?)月的?{_PART}"), _read_part_of_named_month),
    (re.compile(rf"(今年|明年)?(\d{{1,2}})月份?的?{_PART}"), _read_part_of_numbered_month),
    (re.compile("[上中下]旬|[上下]半月|月[初底末]"), _read_part_of_month),
    (re.compile(r"(?<=[到至])年底"), _read_end_of_year),
    (re.compile(r"(这个?|本|下个?)月(?:(\d{1,2})[日号])?"), _read_relative_month),
    (re.compile(r"(?:今年|明年|(20\d\d)年)(\d{1,2})月份?(?![\d])"), _read_month_of_year),
    (re.compile(r"(\d{1,2})月份?(?![\d])"), _read_whole_month),
    (re.compile(r"上午|下午|晚上"), _read_half_day),
    (re.compile(r"(\d{1,3}|[一二两三四五六七八九十])(天|周|个?星期|个?礼拜|个月)"), _read_length),
]
