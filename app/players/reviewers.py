"""A department's reviewer, on the pages below ``/review``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.players.browser import BrowserPage, WebBrowser, expect
from app.players.phones import NotArrived

_TASK = re.compile(r"/review/[0-9a-f-]{36}(\?.*)?")
"""With the list's filter behind it."""


class Pages(Protocol):
    """What opens pages for a person who is logged in: the mini-program, or a browser with our pages' script."""

    async def open_page(self, path: str) -> WebBrowser: ...


@dataclass
class Reviewer:
    """``browser`` displays the page opened last."""

    pages: Pages
    browser: WebBrowser = field(init=False, repr=False)

    async def queue(self, search: str = "") -> dict[str, str]:
        """The tasks that wait, or those with this application number or name: what a line shows → its address."""
        self.browser = await self.pages.open_page(f"/review?q={search}" if search else "/review")
        page = expect(self.browser.page, "当前身份")
        return {label: address for label, address in page.links.items() if _TASK.fullmatch(address)}

    async def find(self, number: str, specialty: str = "") -> str:
        """The address of an application's task, or of the one for a specialty. Raises NotArrived."""
        for label, address in (await self.queue(number)).items():
            if specialty in label:
                return address
        raise NotArrived(f"申请{number}的审核任务")

    async def open(self, task: str) -> BrowserPage:
        self.browser = await self.pages.open_page(task)
        return self.browser.page

    async def approve(self, task: str, opinion: str = "材料齐全，同意。", *, admitted: Sequence[str] = ()) -> None:
        """``admitted``: the alternative specialties that enter, where the task asks about them. Raises NotArrived."""
        page = await self.open(task)
        codes = filter(None, page.form_of("通过").fields.get("alternatives", "").split(","))
        answers = {f"admit-{code}": "yes" if code in admitted else "no" for code in codes}
        expect(await self.browser.press("通过", opinion=opinion, **answers), "已通过：")

    async def send_back(self, task: str, opinion: str) -> None:
        """Send back the task's own specialty, or the application where the step is for all of it. Raises NotArrived."""
        page = await self.open(task)
        button = next(name for name in ("退回本专业", "退回修改", "退回整份申请") if name in page.buttons)
        await self.press_send_back(button, opinion)

    async def press_send_back(self, button: str, opinion: str) -> None:
        """On the page displayed. Raises NotArrived."""
        expect(await self.browser.press(button, opinion=opinion), "已退回")

    async def refuse(self, task: str, opinion: str) -> None:
        """Raises NotArrived."""
        await self.open(task)
        expect(await self.browser.press("不通过", opinion=opinion), "已作出不通过决定：")
