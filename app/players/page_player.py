"""What all do alike who use our pages: log in, open a page, press a button and see what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from app.players.browser import BrowserPage, WebBrowser, log_in
from app.players.phones import NotArrived, Phone

Outcome = str | Callable[[BrowserPage], bool]
"""What a page shows once something is done: words, or a look at it."""
_LOG_IN = "/h5/login"
_AGREE = "同意并继续"


@dataclass
class PagePlayer:
    """A person with a phone and a browser. ``home``: the first page after the log-in."""

    phone: Phone
    browser: WebBrowser
    home: ClassVar[str] = "/draws"

    @classmethod
    def with_phone(cls, phone: Phone, *, patience: float = 0.0) -> Self:
        """With a new browser, which waits so many seconds for a service that is away."""
        http_client = phone.http_client
        return cls(phone, WebBrowser(http_client, http_client.service_url, patience=patience))

    @property
    def page(self) -> BrowserPage:
        """The page displayed."""
        return self.browser.page

    async def log_in(self, path: str = "") -> BrowserPage:
        """Log in by SMS code, on the way to a page. Raises NotArrived."""
        return await log_in(self.browser, self.phone, path or self.home)

    async def open(self, path: str = "") -> BrowserPage:
        """Open a page, by default the first one; a log-in that has run out is renewed, the notice of privacy accepted.
        Raises NotArrived."""
        page = await self.browser.open(path or self.home)
        if page.path == _LOG_IN:
            page = await self.log_in(path)
        if _AGREE in page.buttons:
            page = await self.browser.press(_AGREE)
        return page

    async def press(self, button: str, outcome: Outcome, **typed: str | None) -> BrowserPage:
        """Fill in the form with this button, press it, and see the outcome. Raises NotArrived.

        An answer may be lost, and a second press be refused because the first one was obeyed: where the answer does not
        show the outcome, the page is opened anew.
        """
        return await self.see(outcome, f"点“{button}”", await self.browser.press(button, **typed))

    async def upload(self, button: str, content: bytes, filename: str, outcome: Outcome) -> BrowserPage:
        """The same for a form with a file."""
        return await self.see(outcome, f"点“{button}”", await self.browser.upload(button, content, filename))

    async def see(self, outcome: Outcome, after: str, page: BrowserPage) -> BrowserPage:
        """The page that shows the outcome: the one displayed, or the same opened anew. Raises NotArrived."""
        if shows(page, outcome):
            return page
        again = await self.browser.open(page.path)
        if shows(again, outcome):
            return again
        what = f"“{outcome}”" if isinstance(outcome, str) else "结果"
        raise NotArrived(f"{after}之后的{what}（{page.status}：{page.text[:300]}）")


def shows(page: BrowserPage, outcome: Outcome) -> bool:
    """Whether a page shows an outcome."""
    return page.status == 200 and (outcome in page.text if isinstance(outcome, str) else outcome(page))
