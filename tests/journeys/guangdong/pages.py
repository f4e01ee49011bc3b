"""Assertions on a page, used by every part of the journey."""

from __future__ import annotations

from app.players.browser import WebBrowser


def expect_page(browser: WebBrowser, status: int, *words: str) -> None:
    """Assert the page's status and texts."""
    missing = [word for word in words if word not in browser.page.text]
    assert (browser.page.status, missing) == (status, []), browser.page.text
