"""A simulated browser: cookies, pages, and their forms.

It runs no scripts; it solves itself the puzzle that a page's script would solve.

While the service is away, it sends a request again, as a person presses a button once more.

With the service's own base address it is an ordinary browser; with the sandbox's ``/phone/{mobile}/service`` it is
WeChat's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import MappingProxyType
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp

from app.players.http_client import HttpClient, Json, Refused
from app.players.phones import NotArrived, Phone
from app.players.puzzles import solve
from services.accounts import Puzzle

Fields = dict[str, str] | Callable[[], aiohttp.FormData] | None
"""Data of a form; with a file, it is made anew for each try."""

_HOPS = 8
_AWAY = 503
_PAUSE = 0.3
"""Seconds before a request is sent again."""
_TIMEOUT = aiohttp.ClientTimeout(total=40)
_NONE: Mapping[str, str] = MappingProxyType({})
_SPACE = re.compile(r"\s+")
_FACT = re.compile(r'data-fact="([^"]+)">([^<]*)<')
_SHOWN = 600
"""Characters of a page in a failure's message."""


@dataclass
class PageForm:
    """``fields``: values that would be sent now; ``names``: fields that can be typed or ticked; ``boxes``: label → name
    and value of boxes; ``buttons``: label → address and value.

    A button is named by its label for screen readers, or by its text where that is unique.
    """

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    boxes: dict[str, tuple[str, str]] = field(default_factory=dict)
    puzzle: Puzzle | None = None
    buttons: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def ticked(self, *labels: str) -> dict[str, str]:
        """The fields sent for ticked boxes, each selected by the beginning of its label. Raises NotArrived."""
        fields = {}
        for label in labels:
            box = next((pair for text, pair in self.boxes.items() if text.startswith(label)), None)
            if box is None:
                raise NotArrived(f"表单 {self.action} 里的选项“{label}”")
            fields[box[0]] = box[1]
        return fields


@dataclass
class BrowserPage:
    """The page displayed: ``text`` is its visible text, ``links`` label → address; ``lines``: of its lists and
    tables."""

    url: str
    status: int
    html: str
    text: str = ""
    forms: list[PageForm] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def buttons(self) -> set[str]:
        return {name for form in self.forms for name in form.buttons}

    @property
    def facts(self) -> dict[str, str]:
        """The figures that the page's script updates, by name."""
        return dict(_FACT.findall(self.html))

    def form_of(self, button: str) -> PageForm:
        """The form with this button. Raises NotArrived."""
        for form in self.forms:
            if button in form.buttons:
                return form
        raise NotArrived(f"页面 {self.url} 上的按钮“{button}”")

    def link(self, label: str) -> str:
        """The address of a link, selected by its label or the beginning of it. Raises NotArrived."""
        address = self.links.get(label) or next((at for text, at in self.links.items() if text.startswith(label)), None)
        if address is None:
            raise NotArrived(f"页面 {self.url} 上的链接“{label}”")
        return address


class NotShown(NotArrived):
    """``page`` shows something else than what was expected of it, such as a refusal."""

    def __init__(self, page: BrowserPage, *words: str) -> None:
        super().__init__(f"页面 {page.url} 上的“{'、'.join(words)}”：{page.text[:_SHOWN]}")
        self.page = page


def expect(page: BrowserPage, *words: str) -> BrowserPage:
    """The page, which shows all the words. Raises NotShown."""
    if missing := [word for word in words if word not in page.text]:
        raise NotShown(page, *missing)
    return page


class _Reader(HTMLParser):
    def __init__(self, page: BrowserPage) -> None:
        super().__init__()
        self.page = page
        self._words: list[str] = []
        self._link: tuple[dict[str, str], int] | None = None
        self._button: tuple[dict[str, str], int, PageForm | None] | None = None
        self._by_id: dict[str, PageForm] = {}
        self._form: PageForm | None = None
        self._select = self._silent = ""
        self._option: int | None = None
        self._label: int | None = None
        self._box: tuple[str, str] | None = None
        self._lines: list[int] = []
        self._area: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._open_form(attributes)
            case "a":
                self._link = (attributes, len(self._words))
            case "button":
                form = (
                    self._by_id.setdefault(attributes["form"], PageForm("", "post"))
                    if "form" in attributes
                    else self._form
                )
                self._button = (attributes, len(self._words), form)
            case "select":
                self._select = attributes.get("name", "")
            case "script" | "style":
                self._silent = tag
            case "label":
                self._label, self._box = len(self._words), None
            case "li" | "tr":
                self._lines.append(len(self._words))
            case "td" | "th":
                self._words.append(" ")
            case "small" if self._label is None:
                self._words.append(" ")
        if self._form is not None:
            self._take_field(self._form, tag, attributes)

    def _open_form(self, attributes: dict[str, str]) -> None:
        """Buttons that belong to the form by its id may come before it."""
        form = self._by_id.setdefault(attributes["id"], PageForm("", "")) if "id" in attributes else PageForm("", "")
        form.action, form.method = attributes.get("action", ""), attributes.get("method", "get").lower()
        self.page.forms.append(form)
        self._form = form

    def _take_field(self, form: PageForm, tag: str, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        if "data-puzzle" in attributes:
            form.puzzle = Puzzle(attributes["data-puzzle"], int(attributes["data-bits"]), int(attributes["data-parts"]))
        if tag == "option" and self._select and ("selected" in attributes or self._select not in form.fields):
            form.fields[self._select] = attributes.get("value", "")
            self._option = None if "value" in attributes else len(self._words)
        if not name or tag not in ("input", "select", "textarea") or "disabled" in attributes:
            return
        form.names.add(name)
        if is_box := attributes.get("type") in ("checkbox", "radio"):
            self._box = (name, attributes.get("value", "on"))
        if tag == "input" and (not is_box or "checked" in attributes):
            form.fields[name] = attributes.get("value", "")
        if tag == "textarea":
            self._area = (name, len(self._words))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            attributes, start = self._link
            for name in filter(None, (attributes.get("aria-label", ""), _join_words(self._words[start:]))):
                self.page.links.setdefault(name, attributes.get("href", ""))
            self._link = None
        if tag == "button" and self._button is not None:
            attributes, start, form = self._button
            sent = {attributes["name"]: attributes.get("value", "")} if attributes.get("name") else {}
            for name in filter(None, (attributes.get("aria-label", ""), _join_words(self._words[start:]))):
                if form is not None:
                    form.buttons.setdefault(name, (attributes.get("formaction", ""), sent))
            self._button = None
        if self._form is not None:
            self._end_field(self._form, tag)
        if tag == "form":
            self._form = None
        if tag == self._silent:
            self._silent = ""
        if tag == "label":
            self._label = None
        if tag in ("li", "tr") and self._lines:
            self.page.lines.append(_join_words(self._words[self._lines.pop() :]))

    def _end_field(self, form: PageForm, tag: str) -> None:
        if tag == "label" and self._box is not None and self._label is not None:
            form.boxes[_join_words(self._words[self._label :])] = self._box
            self._box = None
        if tag == "option" and self._option is not None:
            form.fields[self._select] = _join_words(self._words[self._option :])
            self._option = None
        if tag == "select":
            self._select = ""
        if tag == "textarea" and self._area is not None:
            name, start = self._area
            form.fields[name] = "".join(self._words[start:]).removeprefix("\n")
            self._area = None

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)

    def close(self) -> None:
        super().close()
        self.page.text = _join_words(self._words)


@dataclass
class WebBrowser:
    """``base``: address below which it opens pages; ``page``: the page displayed; ``patience``: seconds for which it
    sends a request again, with the same fields, while the service is away."""

    http_client: HttpClient
    base: str
    patience: float = 0.0
    cookies: dict[str, str] = field(default_factory=dict)
    page: BrowserPage = field(default_factory=lambda: BrowserPage("", 0, ""))

    async def open(self, path: str) -> BrowserPage:
        """Open a path of the service, or an address from a notice."""
        return await self._follow_redirects("GET", self.base + path.removeprefix(self.http_client.service_url))

    async def follow(self, label: str) -> BrowserPage:
        """Tap a link, selected by its label or the beginning of it. Raises NotArrived."""
        return await self._follow_redirects("GET", urljoin(self.page.url, self.page.link(label)))

    async def press(self, button: str, **typed: str | None) -> BrowserPage:
        """Fill in the form with this button and press it; a value None unticks. Raises NotArrived for an absent
        button or field.
        """
        url, fields, method = self.filled(button, typed)
        if method == "get":
            return await self._follow_redirects("GET", f"{url.partition('?')[0]}?{urlencode(fields)}")
        return await self._follow_redirects("POST", url, fields)

    async def upload(self, button: str, content: bytes, filename: str, **typed: str | None) -> BrowserPage:
        """Fill in the form with this button, choose a file in it and press it. Raises NotArrived."""
        url, fields, _ = self.filled(button, typed)

        def fill_in() -> aiohttp.FormData:
            data = aiohttp.FormData(quote_fields=False)  # names unescaped, as browsers send them
            for name, value in fields.items():
                if name != "file":
                    data.add_field(name, value)
            data.add_field("file", content, filename=filename)
            return data

        return await self._follow_redirects("POST", url, fill_in)

    async def ask(self, address: str, fields: dict[str, str] | None = None) -> Json:
        """A request of a page's script: GET without fields, else POST. Raises Refused."""
        method, url = "POST" if fields else "GET", urljoin(self.page.url, address)
        answer = await self._send(method, url, fields, {"Accept": "application/json"})
        body: Json = await answer.json() if answer.content_type == "application/json" else {"text": await answer.text()}
        if answer.status != 200:
            raise Refused(answer.status, body, f"{method} {url}")
        return body

    def filled(self, button: str, typed: dict[str, str | None]) -> tuple[str, dict[str, str], str]:
        """Address and data of the form with this button."""
        form = self.page.form_of(button)
        if unknown := typed.keys() - form.names:
            raise NotArrived(f"页面 {self.page.url} 的表单里的{'、'.join(sorted(unknown))}")
        action, sent = form.buttons[button]
        if form.puzzle is not None:
            sent = sent | {"proof": solve(form.puzzle)}
        fields = {name: value for name, value in (form.fields | sent | typed).items() if value is not None}
        return urljoin(self.page.url, action or form.action or self.page.url), fields, form.method

    async def _follow_redirects(self, method: str, url: str, fields: Fields = None) -> BrowserPage:
        for _ in range(_HOPS):
            answer = await self._send(method, url, fields)
            self.cookies |= {name: morsel.value for name, morsel in answer.cookies.items()}
            if answer.status in (301, 302, 303, 307) and "Location" in answer.headers:
                method, fields, url = "GET", None, urljoin(url, answer.headers["Location"])
                if url.startswith(f"{self.http_client.service_url}/"):
                    url = self.base + url.removeprefix(self.http_client.service_url)
                continue
            self.page = BrowserPage(url, answer.status, await answer.text(errors="replace"))
            reader = _Reader(self.page)
            reader.feed(self.page.html)
            reader.close()
            return self.page
        raise NotArrived(f"页面 {url}")

    async def _send(
        self, method: str, url: str, fields: Fields = None, headers: Mapping[str, str] = _NONE
    ) -> aiohttp.ClientResponse:
        """The answer, read to its end. Raises aiohttp.ClientError or TimeoutError once patience is at its end."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self.patience
        while True:
            try:
                answer = await self._request_once(method, url, fields() if callable(fields) else fields, headers)
                if answer.status != _AWAY or loop.time() >= give_up:
                    return answer
            except (aiohttp.ClientError, TimeoutError):
                if loop.time() >= give_up:
                    raise
            await asyncio.sleep(_PAUSE)

    async def _request_once(
        self, method: str, url: str, data: dict[str, str] | aiohttp.FormData | None, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        async with self.http_client.http.request(
            method, url, data=data, headers={**self.headers(), **headers}, allow_redirects=False, timeout=_TIMEOUT
        ) as answer:
            await answer.read()
            return answer

    def headers(self) -> dict[str, str]:
        """Cookies, and the form's origin."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)
        parts = urlsplit(self.base)
        origin = {"Origin": f"{parts.scheme}://{parts.netloc}"}
        return origin | ({"Cookie": cookies} if cookies else {})

    async def download(self, path: str) -> bytes:
        """A file linked from a page. Raises Refused."""
        async with self.http_client.http.get(urljoin(self.page.url, path), headers=self.headers()) as got:
            if got.status != 200:
                raise Refused(got.status, {"text": await got.text()}, f"GET {path}")
            return await got.read()

    async def token(self, pool: str) -> str:
        """The token with which the scripts of our pages call the public API. Raises Refused where no one is logged
        in."""
        return str((await self.ask(f"{self.base}/h5/{pool}/token", {"x": ""}))["token"])


async def log_in(browser: WebBrowser, phone: Phone, path: str) -> BrowserPage:
    """Log in by SMS code, on the way to a page that requires it. Raises NotArrived."""
    await browser.open(path)
    before = len((await phone.read())["sms"])
    await browser.press("获取验证码", pool=phone.pool, mobile=phone.mobile)
    return await browser.press("登录", code=await phone.sms_code(after=before))


def _join_words(words: list[str]) -> str:
    return _SPACE.sub(" ", "".join(words)).strip()
