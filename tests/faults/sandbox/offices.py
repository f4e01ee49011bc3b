"""Offices on the page of phones: their H5 pages, reached through the chat and shown in the phone's browser."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import FrameLocator, Locator

from app.demo.data import POOL
from app.demo.stage import DemoStage
from app.players.people import OFFICES, STAFF

AGENCY, VERIFIER, SUPERVISOR, VENUE = (person.name for person in STAFF)
PICTURES = Path(__file__).parents[3] / "var" / "screenshots"
NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea, iframe')]
    .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.title || e.labels?.length)).map((e) => e.outerHTML)"""
INLINE = "[...document.querySelectorAll('[style], style, script:not([src])')].map((e) => e.outerHTML.slice(0, 80))"


async def bind_offices(stage: DemoStage) -> None:
    """Let all of them follow and bind."""
    for person in (*STAFF, *OFFICES):
        phone = stage.phone(person.mobile, POOL)
        await phone.follow()
        await phone.bind()


def web(phone: Locator) -> FrameLocator:
    """The page in the phone's browser."""
    return phone.frame_locator("iframe")


async def enter(phone: Locator, word: str, line: str = "打开网页") -> FrameLocator:
    """Close an open page, tap the chat's word that lists the office's work, then a line of the reply."""
    close = phone.get_by_role("button", name="关闭网页")
    if await close.count():
        await close.click()
    log = phone.get_by_role("log", name="聊天记录")
    await log.get_by_role("button", name=word, exact=True).last.click()
    await log.get_by_role("button", name=line).last.click()
    return web(phone)
