"""Parses times in which an expert is not to be drawn, as people say them in a chat, also in the middle of a sentence.
What is read is read back, so a sentence may hold more than the time; but one that could mean another time is refused.

Besides the days of ``domain.date_ranges`` (11月25日到12月3日, 明天, 7月, 下个月中旬): 每周三下午, 每周一三五
14:00到17:30, 每天上午, 春节, 明年国庆, 元旦三天, 接下来三个月; and 暂停抽取 until the expert says otherwise, which a
sentence has to say: one that names no day that can be read is no pause.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from domain.clock import SHANGHAI, local
from domain.date_ranges import example_days, read_span, split_days
from domain.errors import InvalidInput
from domain.experts.holidays import Holiday
from domain.experts.spoken_pauses import ends_times_off
from domain.experts.times_off import DAY, EVENING, NOON, TimesOff
from domain.parsing import fold
from domain.rulebook.labels import HOLIDAYS
from domain.spans import Span

_LONGEST = 100
"""Characters; a longer story is not read."""
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_COUNT = re.compile(
    r"(?<![周期拜初一二两三四五六七八九十、半])[一二两三四五六七八九十]{1,3}(?=个?月|[号日天]|个?星期|个?礼拜|周|[点时])"
)
"""A number written in Chinese, where days or months are counted; not 周六日."""
_WEEKDAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7}
_EVERY = re.compile(r"每[个逢]?(?:周|星期|礼拜)|每个?(?=工作日|周末)|(?<![\d个])(?=工作日)|每一?天")
_SAME = {
    "即日起": "今天起",
    "明后天": "明天到后天",
    "明后两天": "明天到后天",
    "每晚": "每天晚上",
    "每日": "每天",
    "一直到": "到",
}
_SKIPPED = r"(?:每?(?:周|星期|礼拜))?"
_DAYS = re.compile(rf"(?:[一二三四五六日天](?:[、,和及]?{_SKIPPED}(?=[一二三四五六日天]))?)+")
_RANGE = re.compile(rf"([一二三四五六日天])[到至\-—~]{_SKIPPED}([一二三四五六日天])")
_PARTS = {"全天": (0, DAY), "整天": (0, DAY), "上午": (0, NOON), "下午": (NOON, DAY), "晚上": (EVENING, DAY)}
_CLOCK = r"([01]?\d|2[0-4])(?:[:点时]([0-5]\d|半)?分?)?"
_HOURS = re.compile(rf"(上午|下午|晚上)?{_CLOCK}[到至\-—~]{_CLOCK}")
_UNTIL = re.compile(r"(?:一?直?到|至|直到)(.+?)(?:为止|结束)?$")
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
    rf"(?:(今年|明年|(20\d\d)年)的?)?(?<!双)({'|'.join(_HOLIDAY_WORDS)})(?!月)"
    r"(?:节|长假|假期|期间|放假|小长假|假)*(?:[这那]?(\d{1,2})天|[这那]几天)?"
)
_REASONS = re.compile(
    r"生病|住院|手术|治病|养病|看病|怀孕|产假|陪护|照顾(?:老人|孩子|小孩|父母|家人|病人)?|出国|进修|挂职|借调|工作忙|太忙"
    r"|身体不(?:好|适)"
)
_SAYS_PAUSE = re.compile(
    r"暂停|停(?:止|掉)?(?:对我的?)?抽|抽取?[^,。;]{0,4}停|不参加抽取|一直不|长期|无限期|直到我|恢复前|另行通知|不定|没定"
    r"|说不[准好]|不知道[^,。;]{0,6}(?:时候|多久)|时候[^,。;]{0,8}(?:不知道|没定|再说)|等我?通知|好了[^,。;]{0,3}再"
)
_SAYS_FOR_NOW = re.compile(r"先(?:停|(?:别|不要|莫)再?抽)|[暂站](?:时|不)")
"""Means a pause, too, unless it says for how long."""
_SOME_TIME = re.compile(r"这段|那段|这阵|最近|近期|近来|目前|期间|一段|阵子|一阵|这些")
_NAMES_TIME = re.compile(
    r"\d|[今明昨后]天|明后|周(?![期转边到])|星期|礼拜|月(?![经子嫂])|旬|[日号](?![程常志码子])|午|[早晚]上|晚|夜|凌晨|白天"
    r"|[几每整这那]天|每|年[底初前后内]|[今明去来]年|过完?年|节[前后日假]|[寒暑]假|入伏|开春|[春夏秋冬][天季]|季|学期|开学"
    r"|期末|高考|正月|腊月|初[一二三四五六七八九十]|除夕|圣诞|[之以][前后内]|前后|左右|大概|[前后内](?=[别不莫勿都没请])"
    rf"|{'|'.join(_HOLIDAY_WORDS)}"
)
_ODD_NUMBER = re.compile(r"[二三四五六七八九]|十(?!分)")
"""What a day word leaves over where it has not been understood completely: 下周二三."""
_SAYS_WHEN_FREE = re.compile(r"只|可以|(?<!不)能(?:评|来|抽|参)|(?<![没冇])有(?:空|时间)|才|除")
_RECURS = re.compile("一般|平时|通常|固定|以后|今后都")
_OCCASION = re.compile(
    rf"(?:{'|'.join(_HOLIDAY_WORDS)}|双十一|年底|放?[寒暑]假|放假|新?学期|开学|期末|高温天|高考)(?:节|长假|假期|期间)*(?![前后到至])"
)
"""Says why, where the days themselves are named."""
_JOINED = re.compile(r"[到至~\-—–]")
_BEGINS_NOW = re.compile(r"[暂先站]|停|抽|接下来|未来|往后|今后|最近|这|住院|生病|休养")
_SAME_DAYS = re.compile(r"[这那](?:几天|段时间|段|期间|天|次)|期间|整个?[周月天]")
"""Refers to the days that are named beside it."""
_FROM_NOW = re.compile(r"从?(?:今天|今日|即日|现在)(?:起|开始)")
_OPEN_BEGIN = re.compile(r"^[,\s我要是想先请了在都会有]*(?:截止|直)?[到至]")
_LENGTH = re.compile(
    r"[^\d今明后周星礼月日号上下]*(\d{1,3})(天|周|个?星期|个?礼拜|个月)(?![了多来前后])[^\d今明后周星礼月日号]*"
)
_BETWEEN_TIMES = re.compile(r",(?!\s*[到至])")
_ABOUT_DRAWS = re.compile(r"不接受抽取|暂停(?:接受)?抽取|别(?:再)?抽我|不要再?抽我|不参加抽取|不想被?抽")
_ASKS = re.compile(r"为什么|为何|怎么|怎样|如何|什么时候|吗|\?|？|没有?暂停|不想?暂停|没申请")


def example_wholes(asked_at: datetime, holidays: Sequence[Holiday]) -> tuple[str, ...]:
    """The next holiday, if any can be named, and the next month: 春节, 7月."""
    return (*(holiday.name for holiday in holidays[:1]), f"{local(asked_at).month % 12 + 1}月")


def advise(asked_at: datetime, holidays: Sequence[Holiday]) -> str:
    """How to name a time, with examples that are understood at that moment."""
    examples = [example_days(asked_at), "每周三下午", *example_wholes(asked_at, holidays)]
    return f"请这样回复：{'，'.join(examples)}，或 生病了暂停抽取。"


def read_times_off(text: str, asked_at: datetime, holidays: Sequence[Holiday]) -> TimesOff:
    """``holidays``: those that may be named, soonest first. Raises InvalidInput."""
    if ends_times_off(text):
        raise InvalidInput("要撤销已设置的时间，请回复“日程”；要结束暂停，请回复“恢复接受抽取”。", code="ends_times")
    return TimesOff(asked_at, None, find_reason(text)) if says_pause(text) else _read_time(text, asked_at, holidays)


def find_time(text: str, asked_at: datetime, holidays: Sequence[Holiday]) -> TimesOff | None:
    """The one time that a sentence names, whatever it wants of it: 把3号到8号的删了. None: none, or unclear."""
    try:
        return _read_time(text, asked_at, holidays)
    except InvalidInput:
        return None


def says_times_off(text: str) -> bool:
    """Whether a message that begins no other conversation speaks of times in which one is not to be drawn."""
    words = fold(text)
    return bool(_ABOUT_DRAWS.search(words)) and not _ASKS.search(words) and not ends_times_off(words)


def names_time(text: str) -> bool:
    """Whether it names a time of any kind, read or not: 这几天, 晚上, 三月份, 年底."""
    return bool(_NAMES_TIME.search(_words(text)))


def find_reason(text: str) -> str:
    """Why, in one word; empty: it names none."""
    return _reason(_words(text))


def says_pause(text: str) -> bool:
    """Whether it asks not to be drawn until the expert says otherwise."""
    words = _FROM_NOW.sub("", _words(text))
    if _NAMES_TIME.search(words):
        return False
    return bool(_SAYS_PAUSE.search(words) or (_SAYS_FOR_NOW.search(words) and not _SOME_TIME.search(words)))


def _words(text: str) -> str:
    """With one word for each of several that mean the same, and 三月份 as 3月份."""
    words = re.sub(r"(周|星期|礼拜)六[、和]?(?:周|星期|礼拜)?[日天]", r"\1末", fold(text))
    for written, meant in _SAME.items():
        words = words.replace(written, meant)
    return _COUNT.sub(lambda match: _number(match[0]), words)


def _number(chinese: str) -> str:
    tens, ten, ones = chinese.rpartition("十")
    if any(letter not in _DIGITS for letter in tens + ones) or max(len(tens), len(ones)) > 1:
        return chinese
    return str((_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0))


def _reason(words: str) -> str:
    match = _REASONS.search(words)
    return match[0] if match else ""


def _read_time(text: str, asked_at: datetime, holidays: Sequence[Holiday]) -> TimesOff:
    advice = advise(asked_at, holidays)
    if len(text) > _LONGEST:
        raise InvalidInput(f"请只写不接受抽取的时间。{advice}", code="too_long")
    words = _words(text)
    if match := _EVERY.search(words):
        return _read_weekly(words, match, asked_at, advice)
    names_days = any(_JOINED.search(part) for part in split_days(words)[0])
    if (match := _HOLIDAY.search(words)) and not names_days:
        return _read_holiday(words, match, asked_at, holidays)
    return _read_days(words, asked_at, advice)


def _read_days(words: str, asked_at: datetime, advice: str) -> TimesOff:
    """The one time that the sentence names; lengths beside it must agree with it: 学习一个月，从3月1号到3月31号."""
    parts, rest = split_days(words)
    times = [each for part in parts for each in _BETWEEN_TIMES.split(part) if split_days(each)[0]]
    if not times:
        raise InvalidInput(f"没看懂日期。{advice}", code="bad_dates")
    if any(_JOINED.search(each) for each in times):
        rest = _OCCASION.sub("", rest)
    _check_rest(_SAME_DAYS.sub("", rest), f"没看懂日期。{advice}")
    if _RECURS.search(rest):
        raise InvalidInput(f"如果是每周都这样，请说明每周哪天，例如：每周三下午。{advice}", code="bad_weekly")
    lengths = [match for each in times if (match := _LENGTH.fullmatch(each))]
    days = [each for each in times if not _LENGTH.fullmatch(each)]
    if len(days) > 1 or (not days and len(lengths) != 1):
        raise InvalidInput(f"请一次只说一段时间，写明从哪天到哪天。{advice}", code="not_one_time")
    if not days:
        starts_today = _BEGINS_NOW.search(words) or times == [words]
        span = read_span(f"今天起{times[0]}" if starts_today else times[0], asked_at, advice)
    else:
        span = read_span(f"今天{days[0]}" if _OPEN_BEGIN.search(days[0]) else days[0], asked_at, advice)
        if not all(_agrees(length, span) for length in lengths):
            raise InvalidInput(f"天数和日期不一致，请写明从哪天到哪天。{advice}", code="bad_dates")
    return TimesOff(span.starts_at, span.ends_at, _reason(words))


def _agrees(length: re.Match[str], span: Span) -> bool:
    """Give or take a day, since people count the last one or don't."""
    count, unit = int(length[1]), length[2]
    shortest, longest = (28, 31) if unit == "个月" else (1, 1) if unit == "天" else (7, 7)
    days = (span.ends_at - span.starts_at) / timedelta(days=1)
    return count * shortest - 1 <= days <= count * longest + 1


def _check_rest(rest: str, refusal: str) -> None:
    """Raises InvalidInput where what has not been read may concern the time."""
    if any(pattern.search(rest) for pattern in (_NAMES_TIME, _ODD_NUMBER, _SAYS_WHEN_FREE)):
        raise InvalidInput(refusal, code="bad_dates")


def _read_weekly(words: str, every: re.Match[str], asked_at: datetime, advice: str) -> TimesOff:
    before, after = words[: every.start()], words[every.end() :]
    days, rest = (tuple(range(1, 8)), after) if every[0].endswith("天") else _read_weekdays(after)
    hours, rest = _read_hours(rest)
    rest, until = _read_until(rest, asked_at, advice)
    if len(days) == 7 and hours == (0, DAY):
        raise InvalidInput(f"请说明是每天的什么时间，例如：每天上午。{advice}", code="bad_weekly")
    _check_rest(
        re.sub(r"[本这下]个?学期", "", before) + " " + rest,
        "没看懂每周的哪些时间。请这样回复：每周三下午，或 每周一、三 14:00到17:30。",
    )
    return TimesOff(_midnight(local(asked_at).date()), until, _reason(before + rest), days, *hours)


def _read_weekdays(words: str) -> tuple[tuple[int, ...], str]:
    for name, weekdays in {"工作日": (1, 2, 3, 4, 5), "周末": (6, 7), "末": (6, 7)}.items():
        if words.startswith(name):
            return weekdays, words.removeprefix(name)
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


def _read_until(words: str, asked_at: datetime, advice: str) -> tuple[str, datetime | None]:
    match = _UNTIL.search(words)
    if match is None or not _NAMES_TIME.search(match[1]):
        return words, None
    return words[: match.start()], read_span(match[1], asked_at, advice).ends_at


def _read_holiday(words: str, match: re.Match[str], asked_at: datetime, holidays: Sequence[Holiday]) -> TimesOff:
    before, after = words[: match.start()], words[match.end() :]
    advice = advise(asked_at, holidays)
    refusal = f"请一次只说一个节日。{advice}"
    if after.startswith(("前", "后", "到", "至")) or before.endswith(("到", "至", "从")):
        raise InvalidInput(refusal, code="bad_holiday")
    _check_rest(_SAME_DAYS.sub("", f"{before} {after}"), refusal)
    code, this_year = _HOLIDAY_WORDS[match[3]], local(asked_at).year
    year = int(match[2]) if match[2] else {"今年": this_year, "明年": this_year + 1}.get(match[1] or "")
    for holiday in holidays:
        if holiday.key.endswith(f"-{code}") and year in (None, int(holiday.key[:4])):
            if match[4] and int(match[4]) != (holiday.last - holiday.first).days + 1:
                raise InvalidInput(f"{holiday}不是{match[4]}天，请写明从哪天到哪天。{advice}", code="bad_holiday")
            return off_on(holiday)
    name = f"{match[1] or ''}{match[3]}"
    raise InvalidInput(
        f"没有{name}的日期，或已经过去。请直接输入日期，例如：{example_days(asked_at)}。", code="no_holiday"
    )


def off_on(holiday: Holiday) -> TimesOff:
    span = holiday.span
    return TimesOff(span.starts_at, span.ends_at, holiday.title, holiday=holiday.key)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
