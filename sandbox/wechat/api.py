"""Entry point of the server API: token, address, quota, faults and ledger around every call."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from sandbox import jsons
from sandbox.config import AccountConfig, MiniProgramConfig
from sandbox.jsons import Json
from sandbox.wechat.errors import WechatError
from sandbox.wechat.platform import App, Platform

PREFIX = "/wechat"


@dataclass(slots=True)
class ApiCall:
    """One call of the server API. ``app`` owns its token; set for endpoints that need one."""

    platform: Platform
    request: web.Request
    query: dict[str, str]
    body: Json = field(default_factory=dict)
    raw: bytes = b""
    app: App | None = None
    phone_id: str = ""
    """For the ledger: the person concerned."""

    @property
    def account(self) -> AccountConfig:
        """The official account; WechatError 48001 for a mini-program's token."""
        if not isinstance(self.app, AccountConfig):
            raise WechatError(48001)
        return self.app

    @property
    def mini(self) -> MiniProgramConfig:
        if not isinstance(self.app, MiniProgramConfig):
            raise WechatError(48001)
        return self.app


Answer = Json | web.Response
Handler = Callable[[ApiCall], Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class ApiRoute:
    method: str
    path: str
    handler: Handler
    needs_token: bool = True
    text_plain: bool = False
    """Answers JSON under ``text/plain``, as the sns endpoints do."""
    reads_body: bool = True
    """False for uploads, which read the request themselves."""


def install(app: web.Application, platform: Platform, routes: list[ApiRoute]) -> None:
    for route in routes:
        app.router.add_route(route.method, PREFIX + route.path, _endpoint(platform, route))


def _endpoint(platform: Platform, route: ApiRoute) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def endpoint(request: web.Request) -> web.StreamResponse:
        faults = platform.world.faults
        if slow := faults.strikes("wechat", "slow"):
            await asyncio.sleep(slow.seconds)
        if faults.strikes("wechat", "fail_500"):
            platform.world.ledger.add("wechat", "in", route.path, None, "HTTP 500", note="fault switch")
            return web.Response(status=500, text="Internal Server Error")
        call = ApiCall(platform, request, dict(request.query))
        answer, logged = await _answer(call, route)
        drop = faults.strikes("wechat", "drop_answer")
        note = "answer dropped by a fault switch" if drop else ""
        platform.world.ledger.add(
            "wechat", "in", route.path, _shown_fields(call), logged, phone=call.phone_id, note=note
        )
        if drop:
            await asyncio.sleep(drop.seconds)
            if request.transport is not None:
                request.transport.abort()
        return answer

    return endpoint


async def _answer(call: ApiCall, route: ApiRoute) -> tuple[web.StreamResponse, object]:
    try:
        _check_caller(call, route)
        if route.reads_body and call.request.method == "POST":
            call.raw = await call.request.read()
            call.body = _parse(call.raw)
        result = route.handler(call)
        data = await result if inspect.isawaitable(result) else result
    except WechatError as error:
        rid = call.platform.world.new_rid()
        data = {"errcode": error.errcode, "errmsg": f"{error.errmsg} rid: {rid}"}
    if isinstance(data, web.Response):
        return data, f"HTTP {data.status}"
    content_type = "text/plain" if route.text_plain else "application/json"
    return web.Response(text=jsons.dumps(data), content_type=content_type, charset="utf-8"), data


def _check_caller(call: ApiCall, route: ApiRoute) -> None:
    if refused := call.platform.world.faults.strikes("wechat", "refuse_us"):
        raise WechatError(int(refused.code))
    wire = call.platform.world.config.wire
    if wire.allowed_ips and call.request.remote not in wire.allowed_ips and not route.path.startswith("/sns"):
        raise WechatError(40164, f"ipv4 {call.request.remote}, not in whitelist")
    if not route.needs_token:
        return
    appid = call.platform.tokens.check(call.query.get("access_token", ""))
    call.app = call.platform.app(appid)
    if call.platform.world.faults.strikes("wechat", "quota_used_up"):
        raise WechatError(45009)
    call.platform.quotas.spend(appid, route.path)


def _parse(raw: bytes) -> Json:
    if not raw:
        raise WechatError(44002)
    try:
        return jsons.loads(raw)
    except ValueError as error:
        raise WechatError(47001) from error


_HIDDEN = ("access_token", "secret", "appsecret", "cert_info")


def _shown_fields(call: ApiCall) -> Json:
    return {key: "…" if key in _HIDDEN else value for key, value in {**call.query, **call.body}.items()}


def ok(**more: object) -> Json:
    return {"errcode": 0, "errmsg": "ok", **more}
