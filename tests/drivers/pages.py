"""Browsers without scripts, which click links and press buttons by what stands on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import Morsel
from typing import Any
from urllib.parse import urljoin

from aiohttp import ClientResponse, ClientSession, CookieJar, FormData

from app.players.puzzles import solve
from services.accounts import Puzzle
from web.accounts.login import COOKIE

PUBLIC_URL = "http://127.0.0.1:8080"


class Page(HTMLParser):
    """Links, forms and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.forms: list[dict[str, Any]] = []
        self._form: dict[str, Any] = {}
        self._by_id: dict[str, dict[str, Any]] = {}
        self.buttons: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        self.words: list[str] = []
        self._open: tuple[str, dict[str, str], list[str]] | None = None
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self._by_id.setdefault(values["id"], {}) if "id" in values else {}
            self._form.update(action=values.get("action", ""), method=values.get("method", "get"), fields={})
            if "data-text-size" not in values:  # contained in every page, and none of its own
                self.forms.append(self._form)
        elif "data-puzzle" in values:
            puzzle = Puzzle(values["data-puzzle"], int(values["data-bits"]), int(values["data-parts"]))
            self._form["puzzle"] = puzzle
        elif tag in ("input", "textarea") and self._form and "name" in values:
            self._form["fields"][values["name"]] = values.get("value", "")
        elif tag in ("a", "button"):
            self._open = (tag, values, [])

    def handle_endtag(self, tag: str) -> None:
        if self._open is None or tag != self._open[0]:
            return
        _, values, words = self._open
        name = values.get("aria-label") or "".join(words).strip()
        if tag == "a":
            self.links[name] = values["href"]
        elif self._form:
            own = {values["name"]: values["value"]} if "name" in values else {}
            form = self._by_id.setdefault(values["form"], {}) if "form" in values else self._form  # perhaps below
            form = {**form, "action": values["formaction"]} if "formaction" in values else form
            self.buttons[name] = (form, own)
        self._open = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._open is not None:
            self._open[2].append(data)


@dataclass
class Visitor:
    """One browser with its own cookies. ``status`` and ``text`` are those of the page shown now."""

    client: Any
    """An ``aiohttp`` test client, or a ``Browser``."""
    headers: dict[str, str] = field(default_factory=dict)
    response: ClientResponse = field(init=False)
    _source: str = field(init=False)
    _page: Page | None = field(default=None, init=False)

    @property
    def page(self) -> Page:
        """Read when it is asked for: many tests look at the status only."""
        self._page = self._page or Page(self._source)
        return self._page

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def text(self) -> str:
        return self.page.text

    @property
    def path(self) -> str:
        return self.response.url.path

    async def get(self, path: str) -> Visitor:
        return await self._show(await self.client.get(local_of(path), headers=self.headers))

    async def click(self, link: str) -> Visitor:
        return await self.get(self.page.links[link])

    @property
    def cookie(self) -> Morsel[str]:
        """The log-in's cookie."""
        return next(cookie for cookie in self.client.session.cookie_jar if cookie.key == COOKIE)

    async def press(self, button: str, *, headers: dict[str, str] | None = None, **typed: str) -> Visitor:
        """Submit the form of a button with the typed values, and with values that the page's script calculates."""
        form, own = self.page.buttons[button]
        if "puzzle" in form and "proof" not in form["fields"]:
            form["fields"]["proof"] = solve(form["puzzle"])
        return await self.post(form["action"], {**form["fields"], **own, **typed}, headers)

    async def post(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Visitor:
        sent = {"Origin": PUBLIC_URL, **self.headers, **(headers or {})}
        return await self._show(await self.client.post(local_of(path), data=fields, headers=sent))

    async def upload(self, path: str, button: str, content: bytes, name: str = "file", **typed: str) -> Visitor:
        """Send a file of this name to ``path`` with the form of a button and the typed values."""
        sent = FormData({"form": self.page.buttons[button][0]["fields"]["form"], **typed}, quote_fields=False)
        sent.add_field("file", content, filename=name)
        headers = {"Origin": PUBLIC_URL, **self.headers}
        return await self._show(await self.client.post(local_of(path), data=sent, headers=headers))

    async def _show(self, response: ClientResponse) -> Visitor:
        self.response = response
        self._source, self._page = await response.text(errors="replace"), None  # a file is no text
        return self


def local_of(url: str) -> str:
    return url.removeprefix(PUBLIC_URL)


class Browser:
    """A browser that meets a running service over the wire, and other servers that pages lead to."""

    def __init__(self, service_url: str) -> None:
        self.session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self._at = service_url

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self._ask("GET", path, options)

    async def post(self, path: str, **options: Any) -> ClientResponse:
        return await self._ask("POST", path, options)

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> ClientResponse:
        response = await self.session.request(method, urljoin(self._at, path), **options)
        self._at = str(response.url)
        return response

    async def close(self) -> None:
        await self.session.close()
