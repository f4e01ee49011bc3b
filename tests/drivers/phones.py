"""Acts of a person on a phone that only tests need."""

from __future__ import annotations

from app.players.browser import WebBrowser
from app.players.http_client import Json
from app.players.phones import Phone


async def press_menu(phone: Phone, button: str) -> str:
    """Press a button of the account's menu; returns the account's immediate reply."""
    done = await phone.http_client.control(f"/phones/{phone.mobile}/menu", {"button": button})
    return "\n".join(bubble["text"] for bubble in done.get("reply", []))


async def press_by_script(browser: WebBrowser, button: str) -> Json:
    """Send the form with this button as the page's script does, and return its answer. Raises Missing, Refused."""
    url, fields, _ = browser.filled(button, {})
    return await browser.ask(url, fields)
