"""The page of phones in a browser, with the mini-program on the phones and the whole service on the other side."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, async_playwright, expect

from app.demo.stage import DemoStage, stage
from app.preparations import bring_demo_people
from tests.faults.sandbox.offices import PICTURES
from tests.plugins.browsers import CHROMIUM, FLAGS, capture
from tests.plugins.data_folders import data_folder

_INLINE = "(pane) => [...pane.shadowRoot.querySelectorAll('[style], style')].map((one) => one.outerHTML.slice(0, 120))"
_NAMELESS = """(pane) => [...pane.shadowRoot.querySelectorAll('button, input, [role=button]')]
    .filter((one) => one.checkVisibility() && !(one.textContent.trim() || one.ariaLabel || one.labels?.length))
    .map((one) => one.outerHTML)"""
_SMALL = """(pane) => [...pane.shadowRoot.querySelectorAll('page :is(.button, [role=button], .field), .modal button')]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
_WIDE = """(pane) => [...pane.shadowRoot.querySelectorAll('.scroll')]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"""
_AXE = Axe().axe_script
_SERIOUS = """async (pane) => (await axe.run(pane, { resultTypes: ['violations'] })).violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => [one.id, ...one.nodes.map((node) => node.html)])"""
WAIT = 20_000


@dataclass
class MiniWorkspace:
    """The page, and the errors that it logged."""

    page: Page
    stage: DemoStage
    complaints: list[str] = field(default_factory=list)
    agreed: list[str] = field(default_factory=list)
    """Names of the experts on a panel, for stories that go on with them."""

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}的手机")

    async def open(self, name: str) -> Locator:
        """Open the mini-program on a phone, with the log-in by WeChat's phone number if needed."""
        phone = self.phone(name)
        await phone.get_by_role("tab", name="小程序").click()
        guest = phone.get_by_role("button", name="登录", exact=True)
        inside = phone.get_by_role("button", name="我的账号").or_(phone.get_by_role("button", name="退出登录")).first
        await expect(guest.or_(inside).first).to_be_visible()
        if await guest.count():
            await log_in(phone)
        await expect(inside).to_be_visible()
        return phone

    async def allow(self, name: str, title: str) -> None:
        """Agree to WeChat's question after a tap: messages of these templates may be sent once."""
        sheet = self.phone(name).get_by_role("dialog", name="订阅消息")
        await expect(sheet).to_contain_text(title)
        await sheet.get_by_role("button", name="允许").click()
        await expect(sheet).to_be_hidden()

    async def add_phone(self, name: str) -> None:
        """Puts a phone into the workspace, if it isn't there."""
        if await self.phone(name).count():
            return
        await self.page.get_by_role("button", name="手机", exact=True).click()
        await self.page.locator("#panel").get_by_text(name).first.click()
        await self.page.keyboard.press("Escape")

    async def check(self, phone: Locator, shot: str) -> None:
        """Check rules of every page of the mini-program, and take a picture."""
        pane = phone.locator(".mini-pane")
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(_AXE)
        for fault in (_INLINE, _NAMELESS, _SMALL, _WIDE, _SERIOUS):
            assert await pane.evaluate(fault) == []
        await self.picture(phone, shot)

    async def picture(self, phone: Locator, shot: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        await capture(phone, path=PICTURES / f"{shot}.png", caret="initial")


@asynccontextmanager
async def mini_workspace(
    folder: str, shown: Sequence[str] = (), *, before: Callable[[DemoStage], Awaitable[None]] | None = None
) -> AsyncIterator[MiniWorkspace]:
    """A workspace with the phones of these people, or the initial ones if none are named.

    ``before`` is called before the page is opened.
    """
    with data_folder(folder) as data:
        async with stage(data, prepare=[bring_demo_people], durable=False) as running, async_playwright() as playwright:
            if before:
                await before(running)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN")
            context.set_default_timeout(WAIT)
            expect.set_options(timeout=WAIT)
            if shown:
                ids = {
                    phone["name"]: phone["id"]
                    for phone in (await running.http_client.control("/phones?limit=100"))["phones"]
                }
                chosen = json.dumps(json.dumps([ids[name] for name in shown]))
                await context.add_init_script(f"localStorage.phones ??= {chosen}")
            workspace = MiniWorkspace(await context.new_page(), running)
            workspace.page.on("pageerror", lambda error: workspace.complaints.append(str(error)))
            await workspace.page.goto(running.http_client.sandbox_url)
            yield workspace
            await browser.close()
            assert workspace.complaints == []


async def close_page(phone: Locator) -> None:
    await phone.get_by_role("button", name="关闭网页").click()


async def log_in(phone: Locator) -> None:
    """From the first page, which a visitor may see, by WeChat's phone number."""
    await phone.get_by_role("button", name="登录", exact=True).click()
    await phone.get_by_label("我已阅读并同意").check()
    await phone.get_by_role("button", name="微信手机号快捷登录").click()
