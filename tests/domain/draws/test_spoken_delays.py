"""How late an expert says that he comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.draws.spoken_delays import (
    ArrivalTime,
    Delay,
    find_delay,
    minutes_late,
    read_minutes,
    says_on_the_way,
)

GATHERING = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
"""Nine o'clock in Beijing."""


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("我要晚到20分钟，堵车", 20),
        ("晚到 ２０ 分钟", 20),
        ("迟到二十分钟", 20),
        ("可能迟到15分", 15),
        ("大概晚半小时到", 30),
        ("要晚半个钟头", 30),
        ("晚到一刻钟", 15),
        ("大概迟到三刻钟", 45),
        ("评标临时有事晚到一个小时可以吗", 60),
        ("要晚一个半小时", 90),
        ("晚到1小时20分钟", 80),
        ("要晚十来分钟", 10),
        ("绕行要晚到十几分钟", 15),
        ("晚二十多分钟", 25),
        ("会吃到半小时，堵车", 30),
        ("能不能等我十五分钟", 15),
        ("20分钟", 20),
    ],
)
def test_minutes_after_the_gathering_are_read(text: str, minutes: int) -> None:
    assert find_delay(text) == Delay(minutes)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("还要20分钟", 20),
        ("还有十分钟到", 10),
        ("半小时后到", 30),
        ("还在路上，二十分钟后到", 20),
        ("我已经下高速了，15分钟到", 15),
        ("快到了，还有五分钟", 5),
    ],
)
def test_the_time_that_he_still_needs_is_told_apart(text: str, minutes: int) -> None:
    assert find_delay(text) == Delay(minutes, from_now=True)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("登记晚到，大概九点二十到", ArrivalTime(9, 20)),
        ("10点才能到", ArrivalTime(10, 0)),
        ("预计9:40到", ArrivalTime(9, 40)),
        ("可能九点一刻才到", ArrivalTime(9, 15)),
        ("下午评标要晚到，下午两点半才能到", ArrivalTime(14, 30, half_day_named=True)),
        ("堵车了，赶不上九点，十点前到", ArrivalTime(10, 0)),
    ],
)
def test_an_hour_is_read(text: str, at: ArrivalTime) -> None:
    assert find_delay(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "堵车了",
        "赶不上九点了",
        "九点到不了",
        "火车晚点，九点半到站",
        "堵了20分钟了",
        "晚点到",
        "还有五公里",
        "晚几分钟",
        "",
        "堵" * 200 + "20分钟",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    assert find_delay(text) is None


@pytest.mark.parametrize(("text", "minutes"), [("20", 20), ("二十", 20), ("一百二十", 120), ("0", 0), ("900", 900)])
def test_a_bare_number_answers_the_question(text: str, minutes: int) -> None:
    assert find_delay(text) is None
    assert read_minutes(text) == Delay(minutes)


@pytest.mark.parametrize("text", ["abc", "很快", "-5", "二〇个"])
def test_other_answers_are_none(text: str) -> None:
    assert read_minutes(text) is None


def test_minutes_are_counted_from_the_gathering() -> None:
    before, after = GATHERING - timedelta(minutes=30), GATHERING + timedelta(minutes=10, seconds=20)
    assert minutes_late(Delay(20), GATHERING, before) == 20
    assert minutes_late(Delay(20), GATHERING, after) == 20
    assert minutes_late(Delay(10), GATHERING, after) == 21, "nine ten is over: ten minutes from now"
    assert minutes_late(Delay(20, from_now=True), GATHERING, before) == -10
    assert minutes_late(Delay(20, from_now=True), GATHERING, after) == 31
    assert minutes_late(ArrivalTime(9, 20), GATHERING, before) == 20
    assert minutes_late(ArrivalTime(8, 50), GATHERING, before) == -10
    afternoon = GATHERING + timedelta(hours=5)
    assert minutes_late(ArrivalTime(2, 30), afternoon, before) == 30
    assert minutes_late(ArrivalTime(14, 30, half_day_named=True), afternoon, before) == 30


@pytest.mark.parametrize(
    "text",
    [
        "我已经在路上了",
        "正在赶来",
        "马上就到",
        "快到了",
        "我已经出发了",
        "麻烦跟现场说一下，我在路上了",
        "马上到，别把我换掉",
    ],
)
def test_who_is_on_the_way_speaks_of_no_delay(text: str) -> None:
    assert says_on_the_way(text)


@pytest.mark.parametrize(
    "text",
    [
        "在路上堵车了",
        "我在来的路上，会晚到",
        "快到了等我",
        "还在路上，二十分钟后到",
        "已经在打车了，晚半小时到",
        "堵车了",
        "你好",
    ],
)
def test_who_is_late_is_not_only_on_the_way(text: str) -> None:
    assert not says_on_the_way(text)
