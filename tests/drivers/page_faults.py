"""What is wrong with a page of a browser as it is shown: overflow, small targets, accessibility.

The page works it out by itself, with ``page_faults.js`` and axe-core: each question from here costs four processes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_SCRIPT = Axe().axe_script + Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_LOAD = """(script) => {
    try { sessionStorage.pageFaults = script; } catch { /* a page without an address has no storage */ }
    (0, eval)(script);
}"""
"""Also keeps the script for the next documents of the tab: to send half a megabyte takes longer than to run it."""
_LOADED = """(() => {
    if (window.pageFaults) return true;
    try { (0, eval)(sessionStorage.pageFaults); } catch { /* not kept yet */ }
    return Boolean(window.pageFaults);
})()"""
_looks: set[str] = set()
"""Looks of texts with enough contrast, or before a picture, on any page of this process."""


async def find_faults(page: Page) -> list[str]:
    """With usual and with large letters."""
    answer = await _ask(page, "usual", list(_looks))
    _looks.update(answer["looks"])
    return list(answer["faults"])


async def find_narrow_faults(page: Page) -> list[str]:
    """With large letters alone, on a page as narrow as a small phone's."""
    return list(await _ask(page, "narrow"))


async def find_squeezed(page: Page) -> list[str]:
    """Texts and targets that are cut off, broken or narrow, or that stick out."""
    return list(await _ask(page, "squeezed"))


async def _ask(page: Page, question: str, argument: object = None) -> Any:
    ask = f"(argument) => {_LOADED} ? pageFaults.{question}(argument) : 'no script'"
    answer = await page.evaluate(ask, argument)
    if answer == "no script":
        await page.evaluate(_LOAD, _SCRIPT)
        answer = await page.evaluate(ask, argument)
    return answer
