"""Drivers of a course: the office's pages, and a participant's player."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import aiohttp

from app.players.browser import BrowserPage, WebBrowser
from app.players.http_client import Json
from app.players.phones import NotArrived
from domain.clock import local
from tests.drivers.applicants import PageScript

FILM = Path(__file__).parents[2] / "config/courses/demo.mp4"
"""Thirty seconds."""


@dataclass
class CourseOffice:
    """The administrator on the office's pages."""

    browser: WebBrowser

    async def prepare(self, name: str, opens: datetime, closes: datetime, **typed: str) -> str:
        """Make a draft; returns its page."""
        await self.browser.open("/office/courses/new")
        times = {"opens_at": f"{local(opens):%Y-%m-%dT%H:%M}", "closes_at": f"{local(closes):%Y-%m-%dT%H:%M}"}
        _expect(await self.browser.press("保存草稿", name=name, **times, **typed), "草稿已保存")
        return self.browser.page.url.partition("?")[0]

    async def add_film(self, course: str, title: str) -> None:
        """Upload a file as the page's script does: in one part, which is marked as the last."""
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

    async def publish(self, course: str) -> None:
        await self.browser.open(course.removeprefix(self.browser.base))
        _expect(await self.browser.press("发布"), "已发布，正在通知学员")


@dataclass
class Student:
    """The page's player; ``wait`` moves the clock by a number of seconds."""

    script: PageScript
    wait: Callable[[float], Awaitable[None]]

    async def watch(self, course: str, item: str, length: int) -> Json:
        """Watch the whole video, ten seconds at a time; returns the progress."""
        here = f"/courses/{course}/items/{item}"
        seen = await self.script.post(f"{here}/opening")
        for start in range(0, length, 10):
            await self.wait(10)
            beat = {"player": seen["player"], "start": start, "end": min(start + 10, length), "rate": 1.0}
            seen = await self.script.post(f"{here}/beats", beat)
        return seen


def _expect(page: BrowserPage, *words: str) -> None:
    missing = [word for word in words if word not in page.text]
    if missing:
        raise NotArrived(f"页面 {page.url} 上的“{'、'.join(missing)}”：{page.text[:600]}")
