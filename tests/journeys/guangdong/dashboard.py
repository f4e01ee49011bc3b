"""The first page of an agency (manual 14) and its list of activities."""

from __future__ import annotations

import re

from app.players.browser import WebBrowser
from domain.clock import local
from tests.journeys import guangdong as gd
from tests.journeys.guangdong import Day
from tests.journeys.guangdong.pages import expect_page

_FIGURES = ("今日活动", "正在抽取", "今日完成", "专家已到", "专家未到", "待补抽活动")


async def read_figures(day: Day) -> tuple[int, ...]:
    """14.1: figures of the first page, in order."""
    page = await day.at("/agency")
    return tuple(int(re.findall(rf"{name}(\d+)", page.page.text)[0]) for name in _FIGURES)


async def check_week(day: Day, begun: int) -> None:
    """14.5: how many draws the week's chart shows for today."""
    home, today = await day.at("/agency"), "一二三四五六日"[local(await day.stage.now()).weekday()]
    assert f'aria-label="周{today}启动{begun}次"' in home.page.html


async def check_to_do(day: Day, words: str) -> None:
    """To-do items on the page, and the same in the legal entity's chat."""
    expect_page(await day.at("/agency"), 200, "待办事项", words)
    assert words in await day.phone(gd.LEGAL).say("待办")


async def open_list(day: Day, state: str) -> WebBrowser:
    """The list of activities, which shows that state for the draw."""
    page = await day.at("/agency/draws")
    expect_page(page, 200, state)
    return page


def link_of(page: WebBrowser, name: str) -> str:
    """The link with this name in the list."""
    [link] = [label for label in page.page.links if label.startswith(f"{name}：")]
    return link
