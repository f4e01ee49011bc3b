"""Phones that call a pool's number: what is posted to the service, and what its answers do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.drivers.waiting import eventually
from tests.sandbox.conftest import LINE, MOBILE, Box

PROMPTS: Mapping[str, dict[str, Any]] = {
    "start": {"action": "collect", "text": "请输入您身份证号的后四位。", "digits": 4},
    "dtmf123*": {"action": "collect", "text": "您有一场评标邀请。参加请按1。", "digits": 1},
    "timeout": {"action": "collect", "text": "请再说一次。", "digits": 4},
}


async def dial(box: Box, **body: object) -> dict[str, Any]:
    call = await box.control(f"phones/{MOBILE}/dial", **body)
    await eventually(lambda: bool(spoken(box)))
    return call


def spoken(box: Box) -> list[str]:
    return box.world.by_mobile[MOBILE].calls[-1].spoken


def events(box: Box) -> list[tuple[str, int, str]]:
    return [(call["event"], call["turn"], call["dtmf"]) for call in box.service.calls]


async def press(box: Box, call: dict[str, Any], keys: str) -> None:
    await box.control(f"phones/{MOBILE}/calls/{call['id']}/keys", keys=keys)


async def test_keys_are_collected_until_as_many_are_pressed_as_wanted(box: Box) -> None:
    box.service.prompts = PROMPTS
    call = await dial(box)
    assert (call["show_number"], call["state"]) == (LINE, "talking")
    await press(box, call, "12")
    await press(box, call, "3*1")
    await eventually(lambda: spoken(box)[-1:] == ["再见。"])
    await eventually(lambda: len(events(box)) == 4)
    assert events(box) == [("start", 0, ""), ("dtmf", 1, "123*"), ("dtmf", 2, "1"), ("hangup", 3, "")]
    assert {(each["caller"], each["called"]) for each in box.service.calls} == {(f"+86{MOBILE}", LINE)}
    assert (await box.phone())["calls"][-1]["state"] == "ended"


async def test_who_presses_nothing_is_reported_and_may_hear_more(box: Box) -> None:
    box.service.prompts = PROMPTS
    await dial(box)
    await eventually(lambda: box.world.timeline.count_due() == 0)
    await box.advance(60)
    await eventually(lambda: spoken(box)[-1:] == ["请再说一次。"])
    assert events(box)[-1] == ("timeout", 1, "")


async def test_who_hangs_up_is_reported_and_a_late_answer_says_nothing(box: Box) -> None:
    box.service.prompts = PROMPTS
    call = await dial(box)
    await box.control(f"phones/{MOBILE}/calls/{call['id']}/hangup")
    await eventually(lambda: events(box)[-1:] == [("hangup", 1, "")])
    assert spoken(box) == ["请输入您身份证号的后四位。"]
    await box.control(f"phones/{MOBILE}/calls/{call['id']}/keys", keys="1", expect=400)


async def test_an_event_may_come_twice(box: Box) -> None:
    box.service.prompts = PROMPTS
    await box.control("faults", vendor="voice", kind="twice", count=1)
    await dial(box)
    assert events(box) == [("start", 0, ""), ("start", 0, "")]


@pytest.mark.parametrize("number", ["010123456", "13999990000"])
async def test_a_number_that_nobody_has_is_none(box: Box, number: str) -> None:
    await dial(box, number=number)
    assert (spoken(box), events(box)) == (["您拨打的号码是空号，请核对后再拨。"], [])


async def test_a_service_that_does_not_answer_ends_the_call(box: Box) -> None:
    await box.service.stop()
    await dial(box)
    assert spoken(box) == ["系统忙，请稍后再拨。"]


async def test_a_phone_makes_one_call_at_a_time(box: Box) -> None:
    box.service.prompts = PROMPTS
    await dial(box)
    answer = await box.control(f"phones/{MOBILE}/dial", expect=400)
    assert "another call" in answer["error"]
