"""How late an expert says that he comes, in his own words: 晚到20分钟, 还要半小时, 九点二十才能到. Pure.

What is read here is only proposed: it is read back with the hour before it counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.clock import local
from domain.typed_text import half_width

_LONGEST = 100
"""Characters of a sentence that is read; a longer one tells a story."""
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_NUMBER = r"(?:\d{1,4}|[零〇一二两三四五六七八九十百]{1,5})"
_HOURS = r"个?(?:小时|钟头)"
_LENGTH = (
    rf"(?:(?P<hours>{_NUMBER})个半(?:小时|钟头)|(?P<hours_and_half>{_NUMBER})(?:小时|钟头)半"
    rf"|(?P<whole_hours>{_NUMBER}){_HOURS}(?:零?(?P<more>{_NUMBER})分钟?)?"
    rf"|(?P<half>半{_HOURS})|(?P<quarters>[一两二三123])刻钟?"
    rf"|(?P<minutes>{_NUMBER})(?P<odd>[来几多])?分(?:钟|种)?)"
)
_LATE_BY = re.compile(rf"(?:晚|迟|吃到|误)[^,。;!?\d]{{0,5}}?{_LENGTH}")
_WAIT = re.compile(rf"等[^,。;!?\d]{{0,4}}?{_LENGTH}")
_STILL_NEEDS = re.compile(rf"(?:还要|还有|还得|还需|再有|再过)[^,。;!?\d]{{0,3}}?{_LENGTH}")
_ARRIVES_IN = re.compile(rf"{_LENGTH}(?:之|以)?(?:后|内|就|能|可以)*到(?!不)")
_ANY = re.compile(_LENGTH)
_PASSED = re.compile(rf"(?:堵|等|开|走|排|耽误)了[^,。;!?]{{0,3}}?{_LENGTH}")
_CLOCK = re.compile(
    rf"(?P<half_day>上午|早上|中午|下午|晚上)?(?P<hour>{_NUMBER})(?:[:点时])"
    rf"(?:(?P<minute>{_NUMBER})分?|(?P<part>半|一刻|三刻))?钟?(?:左右|以?前|之前)?(?:才|就|能|可以|可能|会|赶|再)*到(?![不站])"
)
_AFTERNOON = ("下午", "晚上")
_SAYS_DELAY = re.compile(
    r"晚|迟|堵|赌车|吃到|赶不|到不了|来不及|不能(?:准|按)时|延误|耽误|误点|误车|等我|等一|等等|绕|慢|抛锚|故障|爆胎|坏|才|后到|分钟|小时"
)
_SAYS_ON_THE_WAY = re.compile(
    r"路上|赶来|赶过|往.{0,4}赶|马上.{0,2}到|快.{0,2}到|就到|出发|动身|上车|打车|在车上|高铁上|火车上|地铁上|下高速|路口|到门口|到楼下"
)


@dataclass(frozen=True)
class Delay:
    """``from_now``: the time that he still needs, else how long after the gathering he comes."""

    minutes: int
    from_now: bool = False


@dataclass(frozen=True)
class ArrivalTime:
    """An hour of the clock. ``half_day_named`` false: 两点 may be in the afternoon."""

    hour: int
    minute: int
    half_day_named: bool = False


SpokenDelay = Delay | ArrivalTime


def find_delay(text: str) -> SpokenDelay | None:
    """The delay that a sentence names; None: it names none, or only how long something has lasted."""
    words = _normalise(text)
    if len(words) > _LONGEST:
        return None
    words = _PASSED.sub("", words)
    if (late := _LATE_BY.search(words) or _WAIT.search(words)) is not None:
        return Delay(_minutes(late))
    if (needed := _STILL_NEEDS.search(words) or _ARRIVES_IN.search(words)) is not None:
        return Delay(_minutes(needed), from_now=True)
    if (clock := _CLOCK.search(words)) is not None and (at := _arrival(clock)) is not None:
        return at
    length = _ANY.search(words)
    return Delay(_minutes(length)) if length else None


def read_minutes(text: str) -> SpokenDelay | None:
    """The same as an answer to how many minutes, for which a bare number is enough."""
    words = _normalise(text)
    if re.fullmatch(_NUMBER, words):
        return Delay(_count(words))
    return find_delay(text)


def minutes_late(spoken: SpokenDelay, gathering_at: datetime, now: datetime) -> int:
    """Whole minutes after ``gathering_at``, rounded up; zero or less: he comes in time.

    A delay counted from the gathering that would be over already is counted from now.
    """
    if isinstance(spoken, ArrivalTime):
        arrives_at = _nearest_time(spoken, gathering_at)
    elif spoken.from_now or gathering_at + timedelta(minutes=spoken.minutes) <= now:
        arrives_at = now + timedelta(minutes=spoken.minutes)
    else:
        return spoken.minutes
    return -int((gathering_at - arrives_at).total_seconds() // 60)


def says_on_the_way(text: str) -> bool:
    """Whether a sentence says that he is coming, and nothing of a delay: 我已经在路上了."""
    words = _normalise(text)
    return _SAYS_ON_THE_WAY.search(words) is not None and _SAYS_DELAY.search(words) is None


def _normalise(text: str) -> str:
    return re.sub(r"\s+", "", half_width(text).casefold())


def _minutes(length: re.Match[str]) -> int:
    parts = length.groupdict()
    if parts["half"]:
        return 30
    if parts["quarters"]:
        return 15 * _count(parts["quarters"])
    if hours := parts["hours"] or parts["hours_and_half"]:
        return 60 * _count(hours) + 30
    if parts["whole_hours"]:
        return 60 * _count(parts["whole_hours"]) + (_count(parts["more"]) if parts["more"] else 0)
    return _count(parts["minutes"]) + (5 if parts["odd"] in ("几", "多") else 0)


def _arrival(clock: re.Match[str]) -> ArrivalTime | None:
    hour, named = _count(clock["hour"]), clock["half_day"] is not None
    minute = _count(clock["minute"]) if clock["minute"] else {"半": 30, "一刻": 15, "三刻": 45}.get(clock["part"], 0)
    if clock["half_day"] in _AFTERNOON and hour < 12:
        hour += 12
    return ArrivalTime(hour, minute, named or hour > 12) if hour < 24 and minute < 60 else None


def _nearest_time(at: ArrivalTime, gathering_at: datetime) -> datetime:
    """The hour on the day of the gathering; where the half of the day is open, the one next to the gathering."""
    day = local(gathering_at).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    halves = [day] if at.half_day_named else [day, day.replace(hour=(at.hour + 12) % 24)]
    return min(halves, key=lambda half: abs(half - gathering_at))


def _count(text: str) -> int:
    """Digits, or a Chinese number below a thousand."""
    if text.isdecimal():
        return int(text)
    total = last = 0
    for sign in text:
        if sign in ("十", "百"):
            total += (last or 1) * (10 if sign == "十" else 100)
            last = 0
        else:
            last = _DIGITS[sign]
    return total + last
