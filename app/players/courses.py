"""A course: the office's pages, and the player of a participant."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import uuid4

import aiohttp

from app.players.browser import WebBrowser, expect
from app.players.http_client import Json
from app.players.page_script import PageScript
from app.players.phones import NotArrived
from domain.clock import local

FILM = Path(__file__).parents[2] / "config/courses/demo.mp4"
"""Thirty seconds."""
_FILM = re.compile(r'data-pool="([^"]+)" data-course="([^"]+)" data-item="([^"]+)" data-length="(\d+)"')


@dataclass
class CourseOffice:
    """The administrator on the office's pages."""

    browser: WebBrowser

    async def prepare(
        self, name: str, opens: datetime, closes: datetime, boxes: Sequence[str] = (), **typed: str
    ) -> str:
        """Make a draft; returns its page. ``boxes``: labels of the boxes to tick, such as names of campaigns."""
        page = await self.browser.open("/office/courses/new")
        ticked = page.form_of("保存草稿").ticked(*boxes)
        times = {"opens_at": f"{local(opens):%Y-%m-%dT%H:%M}", "closes_at": f"{local(closes):%Y-%m-%dT%H:%M}"}
        expect(await self.browser.press("保存草稿", name=name, **ticked, **times, **typed), "草稿已保存")
        return self.browser.page.url.partition("?")[0]

    async def add_film(self, course: str, title: str) -> str:
        """Upload a file as the page's script does: in one part, which is marked as the last. Returns the item's id."""
        await self.browser.open(f"{course.removeprefix(self.browser.base)}/items/new")
        page = await self.browser.press("下一步", kind="video", title=title)
        hidden = next(form.fields["form"] for form in page.forms if "form" in form.fields)
        data = aiohttp.FormData()
        for field, value in {"form": hidden, "upload": str(uuid4()), "number": "0", "of": "1"}.items():
            data.add_field(field, value)
        data.add_field("file", FILM.read_bytes(), filename="part")
        address = f"{page.url.partition('?')[0]}/parts"
        async with self.browser.http_client.http.post(address, data=data, headers=self.browser.headers()) as got:
            if got.status != 200:
                raise NotArrived(f"{address}: {got.status} {await got.text()}")
        return page.path.rpartition("/")[2]

    async def publish(self, course: str) -> None:
        await self.browser.open(course.removeprefix(self.browser.base))
        expect(await self.browser.press("发布"), "已发布，正在通知学员")


@dataclass
class Student:
    """The player on a film's page; ``wait`` moves the clock by a number of seconds. ``player``: the open one."""

    script: PageScript
    wait: Callable[[float], Awaitable[None]]
    address: str
    length: int
    player: str = ""

    @classmethod
    def at(cls, browser: WebBrowser, wait: Callable[[float], Awaitable[None]]) -> Self:
        """At the film that the browser displays. Raises NotArrived."""
        match = _FILM.search(browser.page.html)
        if match is None:
            raise NotArrived(f"页面 {browser.page.url} 上的视频")
        pool, course, item, length = match.groups()
        return cls(PageScript(browser, pool), wait, f"/courses/{course}/items/{item}", int(length))

    async def open(self) -> None:
        self.player = (await self.script.post(f"{self.address}/opening"))["player"]

    async def beat(self, start: int, end: int) -> Json:
        """Report these seconds as played; returns the progress."""
        body = {"player": self.player, "start": start, "end": end, "rate": 1.0}
        return await self.script.post(f"{self.address}/beats", body)

    async def watch(self) -> Json:
        """Watch the whole film, ten seconds at a time; returns the progress."""
        await self.open()
        seen: Json = {}
        for start in range(0, self.length, 10):
            await self.wait(10)
            seen = await self.beat(start, min(start + 10, self.length))
        return seen
