"""Calls between staff and experts through the platform, and their counts on pages (manual 23, 24)."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.players.browser import BrowserPage
from app.players.http_client import Json
from app.players.phones import Phone
from tests.journeys import guangdong as gd
from tests.journeys.guangdong import Day


async def talk_with_expert(day: Day, expert: Phone, *, caller: str = gd.AGENT) -> None:
    """The staff's phone rings first, then the expert's; both see the platform's number; the expert hangs up."""
    staff = day.phone(caller)
    first = await staff.ringing()
    assert (first["kind"], first["show_number"]) == ("two_way", "057156210010")
    await day.stage.http_client.control(f"/phones/{staff.mobile}/calls/{first['id']}/answer", {})
    second = await expert.ringing()
    assert second["show_number"] == "057156210010"
    await expert.pick_up(second)
    await staff.wait_for(lambda state: state["calls"][-1]["state"] == "ended" or None, "通话结束")


async def call_back(day: Day, expert: gd.Expert, keys: str) -> str:
    """The expert doesn't pick up, calls the pool's number back, enters the end of the ID number, then these keys.

    Returns what the expert heard.
    """
    await day.refuse(expert)
    phone, control = day.phone(expert.mobile), day.stage.http_client.control
    call = await control(f"/phones/{phone.mobile}/dial", {})
    digits = expert.id_number[-4:].replace("X", "*")
    await control(f"/phones/{phone.mobile}/calls/{call['id']}/keys", {"keys": digits + keys})

    def find(state: Json) -> str | None:
        heard = "".join(next(shown for shown in state["calls"] if shown["id"] == call["id"])["spoken"])
        return heard if heard.endswith("再见。") else None

    return await phone.wait_for(find, "最后的话")


async def answer_by_link(day: Day, text: str) -> None:
    """The expert opens the link of a short message, and says that he comes."""
    [path] = re.findall(r"https?://[^/]+(/\S+)", text)
    tab = day.tab()
    await tab.open(path)
    await tab.press("参加")


def shows_answered_calls(count: int) -> Callable[[BrowserPage], bool]:
    """Whether a page's call log shows this number of answered calls."""
    return lambda page: page.text.count("：已通话") == count


def shows_unanswered_calls(count: int) -> Callable[[BrowserPage], bool]:
    """Whether the ledger counts this number of unanswered calls."""
    return lambda page: any(re.search(rf"语音 未送达 {count}$", line) for line in page.lines)
