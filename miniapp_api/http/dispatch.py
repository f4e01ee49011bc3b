"""Executes a declared endpoint: authenticate, authorise, parse, run once, respond."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from domain.errors import Forbidden, NotFound, Unauthenticated
from miniapp_api.http.call import Call, Download
from miniapp_api.http.idempotency import REPLAY, REPLAYED, Reply, read_key, reply_once
from miniapp_api.http.limits import Counter, check_rate, client_address
from miniapp_api.http.parsing import Arguments, read_arguments, read_path
from miniapp_api.http.routes import Endpoint
from services.core import permissions
from services.core.base import Actor
from services.core.body_room import BodyRoom

if TYPE_CHECKING:
    from services.registry import Services

_dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
_BEARER = "Bearer "
_TOKEN_MAX = 200

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Runner:
    """Makes aiohttp handlers of endpoints. ``trusted_proxies``: number of our own proxies in front."""

    services: Services
    counter: Counter
    trusted_proxies: int = 0
    room: BodyRoom = field(default_factory=BodyRoom)

    def add_routes(self, app: web.Application, endpoints: Sequence[Endpoint]) -> None:
        for endpoint in endpoints:
            app.router.add_route(endpoint.method, endpoint.full_path, self.handler(endpoint))
            if endpoint.method == "GET" and endpoint.answer is not None:
                app.router.add_route("HEAD", endpoint.full_path, self.handler(endpoint))

    def handler(self, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._run_endpoint(endpoint, request)

        return handle

    async def _run_endpoint(self, endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
        client = client_address(request, self.trusted_proxies)
        if endpoint.limits is not None:
            await check_rate(self.counter, endpoint.name, client, *endpoint.limits)
        pool = request.match_info["pool"]
        if pool not in self.services.deps.rulebooks:
            raise NotFound("没有这个专家库，请更新小程序后重试。", code="no_such_pool")
        call = Call(self.services, await self._actor(endpoint, request, pool), pool, request, client)
        path = read_path(endpoint, request)
        if endpoint.actions and not any(permissions.may(call.actor, action) for action in endpoint.actions):
            permissions.check(call.actor, endpoint.actions[0])
        if endpoint.guard is not None:
            await endpoint.guard(call, path)
        with self.room.request_account() as account:
            arguments = await read_arguments(endpoint, request, path, account.take)
            if endpoint.answer is None and endpoint.status != 204:
                return _download(await endpoint.function(call, **arguments.values))
            return _response(await self._reply(endpoint, call, arguments))

    async def _actor(self, endpoint: Endpoint, request: web.Request, pool: str) -> Actor:
        """Raises Unauthenticated; Forbidden for a log-in of another pool, or while a password must be changed."""
        if endpoint.access == "public":
            return Actor(pool, "guest")
        token, any_visitor = read_token(request), endpoint.access == "session"
        actor = await self.services.accounts.sessions.authenticate(token, initial_too=any_visitor)
        if actor.pool != pool:
            raise Forbidden("当前登录属于另一个专家库，请重新登录。", code="other_pool")
        if endpoint.access == "account" and actor.account_id is None:
            raise Unauthenticated("请先绑定手机号。", code="not_bound")
        return actor

    async def _reply(self, endpoint: Endpoint, call: Call, arguments: Arguments) -> Reply:
        async def call_endpoint() -> Reply:
            result = await endpoint.function(call, **arguments.values)
            if endpoint.answer is None:
                return Reply(endpoint.status, None)
            served = endpoint.answer.model_validate(result, from_attributes=True)
            return Reply(endpoint.status, served.model_dump(mode="json"))

        key = read_key(call.request) if endpoint.keyed == "here" else None
        if key is None or call.actor.session_id is None:
            return await call_endpoint()
        return await reply_once(call, key, arguments.fingerprint(), call_endpoint)


def read_token(request: web.Request) -> str:
    """The bearer token. Raises Unauthenticated."""
    header = request.headers.get("Authorization", "")
    if not header:
        raise Unauthenticated("请先登录小程序。")
    token = header[len(_BEARER) :].strip()
    if header[: len(_BEARER)].lower() != _BEARER.lower() or not token or len(token) > _TOKEN_MAX or not token.isascii():
        raise Unauthenticated("登录信息无法识别，请重新登录。", code="bad_token")
    return token


def _download(answer: object) -> web.Response:
    if not isinstance(answer, Download):
        raise TypeError(f"an endpoint answered {type(answer).__name__} where a file was declared")
    headers = {
        "Content-Type": answer.content_type,
        "Content-Disposition": _disposition(answer.filename),
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    return web.Response(body=answer.content, headers=headers)


def _disposition(filename: str) -> str:
    """RFC 6266: an ASCII name for old clients, and the real name where they differ."""
    plain = "".join(
        character if character.isascii() and character.isprintable() and character not in '"\\' else "_"
        for character in filename
    )
    head = f'attachment; filename="{plain}"'
    return head if plain == filename else f"{head}; filename*=UTF-8''{quote(filename, safe='')}"


def _response(reply: Reply) -> web.Response:
    headers = {REPLAY: "true"} if reply.replayed else {}
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    return web.json_response(reply.body, status=reply.status, headers=headers, dumps=_dumps)


def mark_replay(request: web.Request, response: web.StreamResponse) -> None:
    """Marks a repeated refusal as a replay, like any other repeated response."""
    if request.get(REPLAYED):
        response.headers[REPLAY] = "true"
