"""A browser in a person's hand: cookies, pages, and forms as they stand on the pages.

No script runs in it; the puzzle that a page's script would solve it solves itself.

Below the service's own address it is any browser; below the sandbox's ``/phone/{mobile}/service`` it is WeChat's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from app.demo.phones import Missing
from app.demo.puzzles import solve
from app.demo.wire import Json, Refused, Wire
from services.accounts import Puzzle

_HOPS = 8
_SPACE = re.compile(r"\s+")


@dataclass
class Form:
    """``fields``: what would be sent now; ``names``: what can be typed or ticked; ``buttons``: label → where, what."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    puzzle: Puzzle | None = None
    buttons: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)


@dataclass
class Page:
    """What is shown: ``text`` is what a person reads, ``links`` label → address."""

    url: str
    status: int
    html: str
    text: str = ""
    forms: list[Form] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._words: list[str] = []
        self._link: tuple[str, int] | None = None
        self._button: tuple[dict[str, str], int] | None = None
        self._select = self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        form = self.page.forms[-1] if self.page.forms else None
        match tag:
            case "form":
                self.page.forms.append(Form(told.get("action", ""), told.get("method", "get").lower()))
            case "a":
                self._link = (told.get("href", ""), len(self._words))
            case "button":
                self._button = (told, len(self._words))
            case "select":
                self._select = told.get("name", "")
            case "script" | "style":
                self._silent = tag
        if form is not None:
            self._take_field(form, tag, told)

    def _take_field(self, form: Form, tag: str, told: dict[str, str]) -> None:
        name = told.get("name", "")
        if "data-puzzle" in told:
            form.puzzle = Puzzle(told["data-puzzle"], int(told["data-bits"]), int(told["data-parts"]))
        if tag == "option" and self._select and ("selected" in told or self._select not in form.fields):
            form.fields[self._select] = told.get("value", "")
        if not name or tag not in ("input", "select", "textarea"):
            return
        form.names.add(name)
        ticked = told.get("type") not in ("checkbox", "radio") or "checked" in told
        if tag == "input" and ticked:
            form.fields[name] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            href, start = self._link
            self.page.links.setdefault(_joined(self._words[start:]), href)
            self._link = None
        if tag == "button" and self._button is not None:
            told, start = self._button
            sent = {told["name"]: told.get("value", "")} if told.get("name") else {}
            if self.page.forms:
                self.page.forms[-1].buttons[_joined(self._words[start:])] = (told.get("formaction", ""), sent)
            self._button = None
        if tag == "select":
            self._select = ""
        if tag == self._silent:
            self._silent = ""

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)

    def close(self) -> None:
        super().close()
        self.page.text = _joined(self._words)


@dataclass
class Browser:
    """``base``: below which address it opens pages; ``page``: what it shows now."""

    wire: Wire
    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    page: Page = field(default_factory=lambda: Page("", 0, ""))

    async def open(self, path: str) -> Page:
        """A path of ours, or an address of the service as it stands in a notice."""
        return await self._go("GET", self.base + path.removeprefix(self.wire.service_url))

    async def follow(self, label: str) -> Page:
        """Tap a link, named by the beginning of what it says. Raises Missing."""
        href = next((href for said, href in self.page.links.items() if said.startswith(label)), None)
        if href is None:
            raise Missing(f"页面 {self.page.url} 上的链接“{label}”")
        return await self._go("GET", urljoin(self.page.url, href))

    async def press(self, button: str, **typed: str) -> Page:
        """Fill in the form that has this button and press it. Raises Missing for a button or field that it lacks."""
        url, fields, method = self._filled(button, typed)
        if method == "get":
            return await self._go("GET", f"{url.partition('?')[0]}?{urlencode(fields)}")
        return await self._go("POST", url, fields)

    async def press_by_script(self, button: str, **typed: str) -> Json:
        """The same where the page's script sends the form and reads the answer. Raises Missing, Refused."""
        url, fields, _ = self._filled(button, typed)
        headers = self.headers() | {"Accept": "application/json"}
        async with self.wire.http.post(url, data=fields, headers=headers, allow_redirects=False) as got:
            said: Json = await got.json() if got.content_type == "application/json" else {"text": await got.text()}
            if got.status != 200:
                raise Refused(got.status, said, f"POST {url}")
            return said

    def _filled(self, button: str, typed: dict[str, str]) -> tuple[str, dict[str, str], str]:
        """Where the form with this button goes, with what and how."""
        form = next((form for form in self.page.forms if button in form.buttons), None)
        if form is None:
            raise Missing(f"页面 {self.page.url} 上的按钮“{button}”")
        if unknown := typed.keys() - form.names:
            raise Missing(f"页面 {self.page.url} 的表单里的{'、'.join(sorted(unknown))}")
        action, sent = form.buttons[button]
        if form.puzzle is not None:
            sent = sent | {"proof": solve(form.puzzle)}
        return urljoin(self.page.url, action or form.action or self.page.url), form.fields | sent | typed, form.method

    async def _go(self, method: str, url: str, fields: dict[str, str] | None = None) -> Page:
        for _ in range(_HOPS):
            async with self.wire.http.request(
                method, url, data=fields, headers=self.headers(), allow_redirects=False
            ) as got:
                self.cookies |= {name: morsel.value for name, morsel in got.cookies.items()}
                if got.status in (301, 302, 303, 307) and "Location" in got.headers:
                    method, fields, url = "GET", None, urljoin(url, got.headers["Location"])
                    if url.startswith(f"{self.wire.service_url}/"):
                        url = self.base + url.removeprefix(self.wire.service_url)
                    continue
                self.page = Page(url, got.status, await got.text(errors="replace"))
                reader = _Reader(self.page)
                reader.feed(self.page.html)
                reader.close()
                return self.page
        raise Missing(f"页面 {url}")

    def headers(self) -> dict[str, str]:
        """Cookies, and where a form comes from."""
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)
        parts = urlsplit(self.base)
        origin = {"Origin": f"{parts.scheme}://{parts.netloc}"}
        return origin | ({"Cookie": kept} if kept else {})

    async def download(self, path: str) -> bytes:
        """A file behind an address of a page. Raises Refused."""
        async with self.wire.http.get(urljoin(self.page.url, path), headers=self.headers()) as got:
            if got.status != 200:
                raise Refused(got.status, {"text": await got.text()}, f"GET {path}")
            return await got.read()

    async def token(self, pool: str) -> str:
        """What the scripts of our pages speak to the public API with. Raises Refused where no one is logged in."""
        url = f"{self.base}/h5/{pool}/token"
        async with self.wire.http.post(url, data={"x": ""}, headers=self.headers(), allow_redirects=False) as got:
            said: Json = await got.json() if got.content_type == "application/json" else {}
            if got.status != 200:
                raise Refused(got.status, said, f"POST {url}")
            return str(said["token"])


def _joined(words: list[str]) -> str:
    return _SPACE.sub(" ", "".join(words)).strip()
