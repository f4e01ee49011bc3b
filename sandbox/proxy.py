"""Proxy from the page to the service: the mini-program's calls, and each phone's own browser.

``/service/…`` is handed on as it is, without cookies. Under ``/phone/{id}/service/…`` the sandbox plays a phone's
browser: it keeps that phone's cookies, calls itself WeChat, lets pages stand in a frame, and turns addresses of the
service into addresses under the prefix. What a page's script asks for by an absolute path comes back by its Referer.
"""

from __future__ import annotations

import asyncio
import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from sandbox.control.base import PARTS
from sandbox.phones import Phone
from sandbox.world import World

AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Sandbox) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
    " MicroMessenger/8.0.50"
)
IN_MINI_PROGRAM = ".mini"
"""After a phone's id: the browser in which its mini-program shows pages (web-view), with a name of its own."""
MINI_AGENT = f"{AGENT} miniProgram/wx"
_NOT_SENT = frozenset(
    {
        "host",
        "connection",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "accept-encoding",
        "cookie",
        "origin",
        "referer",
    }
)
_NOT_RETURNED = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "content-length",
        "content-encoding",
        "set-cookie",
        "x-frame-options",
        "content-security-policy",
        "referrer-policy",
        "location",
        "strict-transport-security",
        "cross-origin-opener-policy",
        "cross-origin-embedder-policy",
        "cross-origin-resource-policy",
        "server",
        "date",
    }
)
_ATTRIBUTE = re.compile(
    r"""(\s(?:href|src|action|formaction|poster|data-(?!qr\b)[\w-]+)\s*=\s*["'])([^"']+)""", re.IGNORECASE
)
"""Attributes that hold an address. ``data-qr`` holds what a QR code says and stays as it is."""
_CSS_URL = re.compile(r"""(url\(\s*["']?)(/(?!/))""")
_HEAD = re.compile(r"<head\b[^>]*>|<html\b[^>]*>|<!doctype[^>]*>", re.IGNORECASE)
BRIDGE = '<script src="/_/bridge.js" data-skew="{skew}"></script>'
"""WeixinJSBridge, which WeChat's browser adds to every page; it also lets the page's clock be wrong."""
SLOW = 3.0
"""Seconds that a request takes on a slow line, beside its own time."""
_BACK = re.compile(r"/phone/([^/]+)/service/")
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=120)
UNREACHABLE = "服务没有响应，请稍后刷新。"


class Browser:
    """One request on its way to the service, from a phone's browser or, with no phone, from the mini-program.

    ``name`` is the browser's in addresses: the phone's id, with ``.mini`` for a page inside the mini-program.
    """

    def __init__(self, world: World, request: web.Request, phone: Phone | None, name: str = "") -> None:
        self._world = world
        self._request = request
        self._phone = phone
        config = world.config
        self._bases = [base for base in (config.service_url, config.service_public_url) if base]
        self._prefix = f"/phone/{quote(name)}/service" if phone else "/service"
        self._agent = MINI_AGENT if name.endswith(IN_MINI_PROGRAM) else AGENT

    async def forward(self) -> web.StreamResponse:
        request = self._request
        tail = request.raw_path.split("/service", 1)[1]
        url = self._world.config.service_url + (tail if tail.startswith("/") else f"/{tail}")
        body = await request.read()
        try:
            async with self._world.http.request(
                request.method, url, headers=self._headers(), data=body, allow_redirects=False, timeout=TIMEOUT
            ) as answer:
                return await self._build_response(answer)
        except (aiohttp.ClientError, TimeoutError):
            return web.Response(status=502, text=UNREACHABLE)

    def _headers(self) -> dict[str, str]:
        headers = {name: value for name, value in self._request.headers.items() if name.lower() not in _NOT_SENT}
        headers["Accept-Encoding"] = "identity"
        base = self._bases[-1]
        if "Origin" in self._request.headers:
            headers["Origin"] = base
        referer = _BACK.search(self._request.headers.get("Referer", ""))
        if referer:
            headers["Referer"] = f"{base}/{self._request.headers['Referer'][referer.end() :]}"
        if self._phone is not None:
            headers["User-Agent"] = self._agent
            if self._phone.cookies:
                headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._phone.cookies.items())
        return headers

    async def _build_response(self, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        headers = CIMultiDict(
            (name, value) for name, value in answer.headers.items() if name.lower() not in _NOT_RETURNED
        )
        self._keep_cookies(answer)
        if "Location" in answer.headers:
            headers["Location"] = self._own_address(answer.headers["Location"])
        if self._phone is not None:
            headers["Referrer-Policy"] = "same-origin"
            headers["Content-Security-Policy"] = _framed_policy(answer.headers.get("Content-Security-Policy", ""))
        if answer.content_type in ("text/html", "text/css") and self._phone is not None:
            text = self._rewrite(await answer.text(errors="replace"), answer.content_type)
            if answer.content_type == "text/html" and _allows_scripts(headers["Content-Security-Policy"]):
                text = _insert_bridge(text, self._phone.skew)
            headers.pop("Content-Type", None)
            return web.Response(
                text=text, status=answer.status, headers=headers, content_type=answer.content_type, charset="utf-8"
            )
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(self._request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response

    def _keep_cookies(self, answer: aiohttp.ClientResponse) -> None:
        if self._phone is None:
            return
        for raw in answer.headers.getall("Set-Cookie", []):
            try:
                cookies = SimpleCookie(raw)
            except CookieError:
                continue
            for name, morsel in cookies.items():
                if not morsel.value or morsel["max-age"] == "0":
                    self._phone.cookies.pop(name, None)
                else:
                    self._phone.cookies[name] = morsel.coded_value

    def _own_address(self, url: str) -> str:
        """Addresses of the service stay under the prefix; our own log-in pages get the browser's phone."""
        for base in self._bases:
            if url.startswith(f"{base}/"):
                return self._prefix + url.removeprefix(base)
        public = self._world.config.public_url
        if self._phone is not None and url.startswith((f"{public}/wechat/", f"{public}/identity/")):
            parts = urlsplit(url)
            phone_query = urlencode({"phone": self._phone.id})
            return f"{parts.path}?{parts.query}{'&' if parts.query else ''}{phone_query}"
        return self._prefix + url if url.startswith("/") else url

    def _rewrite(self, text: str, content_type: str) -> str:
        if content_type == "text/css":
            return _CSS_URL.sub(rf"\1{self._prefix}/", text)
        return _ATTRIBUTE.sub(lambda match: match.group(1) + self._prefixed_url(match.group(2)), text)

    def _prefixed_url(self, url: str) -> str:
        for base in self._bases:
            if url.startswith(f"{base}/"):
                return self._prefix + url.removeprefix(base)
        return self._prefix + url if url.startswith("/") and not url.startswith("//") else url


def _framed_policy(policy: str) -> str:
    """The page's own policy, but it may stand in our frame."""
    directives = [
        part.strip() for part in policy.split(";") if part.strip() and not part.strip().startswith("frame-ancestors")
    ]
    return "; ".join([*directives, "frame-ancestors 'self'"])


def _allows_scripts(policy: str) -> bool:
    """Whether scripts of the page's own origin may run; in our frame that is where ours lies too."""
    parts = [part.split() for part in policy.split(";")]
    directives = {words[0].lower(): words[1:] for words in parts if words}
    sources = directives.get("script-src", directives.get("default-src"))
    return sources is None or "'self'" in sources or "*" in sources


def _insert_bridge(text: str, skew: int) -> str:
    """Before any script of the page's own: after the head begins, or what comes first of the page."""
    places = list(_HEAD.finditer(text))
    place = next((match for match in places if match.group().lower().startswith("<head")), None)
    at = place.end() if place else places[-1].end() if places else 0
    return text[:at] + BRIDGE.format(skew=skew) + text[at:]


async def _forward_to_service(request: web.Request) -> web.StreamResponse:
    return await Browser(request.app[PARTS].world, request, None).forward()


async def _forward_from_phone(request: web.Request) -> web.StreamResponse:
    world = request.app[PARTS].world
    name = request.match_info["phone"]
    phone = world.find_phone(name.removesuffix(IN_MINI_PROGRAM))
    if phone is None:
        raise web.HTTPNotFound(text="没有这部手机")
    if phone.net == "lost":
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502, text=UNREACHABLE)
    if phone.net == "slow":
        await asyncio.sleep(SLOW)
    return await Browser(world, request, phone, name).forward()


async def _redirect_strayed(request: web.Request) -> web.StreamResponse:
    """An absolute path from a page in a phone's browser: sent back under that phone's prefix."""
    match = _BACK.search(urlsplit(request.headers.get("Referer", "")).path)
    if match is None:
        raise web.HTTPNotFound
    return web.Response(status=307, headers={"Location": f"/phone/{match.group(1)}/service{request.raw_path}"})


def add_routes(app: web.Application) -> None:
    """To be added last: it takes every address that no other route takes."""
    app.router.add_route("*", "/service/{tail:.*}", _forward_to_service)
    app.router.add_route("*", "/phone/{phone}/service/{tail:.*}", _forward_from_phone)
    app.router.add_route("*", "/{tail:.*}", _redirect_strayed)
