"""Calls to the WeChat server API with token, quota and errcode."""

from __future__ import annotations

import mimetypes
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import structlog
from pydantic import Field
from yarl import URL

from domain.clock import Clock
from domain.errors import GatewayError, NeedsOperator
from gateways import jsons
from gateways.http import Effect, Vendor
from gateways.jsons import Json
from gateways.shapes import S, Shape, Visible, Whole
from gateways.wechat.access_token import AccessTokens, App
from gateways.wechat.errors import ErrorAction, failure, meaning
from gateways.wechat.quota import DailyQuotas

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

OptionalId = Annotated[Visible, Field(max_length=64)]
"""An openid, a unionid or a msgid, or none; WeChat's own have about thirty characters."""
Id = Annotated[OptionalId, Field(min_length=1)]
_RID = re.compile(r"rid: ?([0-9a-f-]{8,40})")


class Done(Shape):
    """A success whose content isn't used."""


class StatusShape(Shape):
    """Fields common to all responses; many successes have none."""

    errcode: Whole = 0
    errmsg: object = ""


@dataclass(frozen=True)
class _Call:
    method: str
    path: str
    effect: Effect
    query: Mapping[str, str]
    body: bytes | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class WechatApi:
    """``api_url`` without trailing slash."""

    vendor: Vendor
    tokens: AccessTokens
    quotas: DailyQuotas
    api_url: str
    clock: Clock

    async def get(self, app: App, path: str, shape: type[S], query: Mapping[str, str] | None = None) -> S:
        """Read with the app's token."""
        async with self.vendor.count_call(path, app.appid):
            return await self._call_with_token(app, _Call("GET", path, Effect.READ, query or {}), shape)

    async def post(
        self, app: App, path: str, body: Mapping[str, object], effect: Effect, shape: type[S], *, about: str = ""
    ) -> S:
        """Call with the app's token. A WRITE whose answer lacks ``errcode`` is OutcomeUnknown.

        ``about`` names the template for the operator's alarm.
        """
        async with self.vendor.count_call(path, app.appid, about):
            return await self._call_with_token(app, _Call("POST", path, effect, {}, jsons.dumps(body)), shape)

    async def upload(
        self, app: App, path: str, shape: type[S], query: Mapping[str, str], filename: str, content: bytes
    ) -> S:
        """Upload a file as WeChat's field ``media``. Harmless to repeat: it is only stored once more."""
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="{filename}"\r\n'
            f"Content-Type: {mimetypes.guess_type(filename)[0] or 'application/octet-stream'}\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        async with self.vendor.count_call(path, app.appid):
            call = _Call("POST", path, Effect.READ, query, body, f"multipart/form-data; boundary={boundary}")
            return await self._call_with_token(app, call, shape)

    async def get_by_secret(self, app: App, path: str, shape: type[S], query: Mapping[str, str]) -> S:
        """Calls of ``sns``, which carry the secret instead of a token and have no daily quota."""
        async with self.vendor.count_call(path, app.appid):
            own = {"appid": app.appid, "secret": app.secret.get_secret_value()}
            call = _Call("GET", path, Effect.READ, {**own, **query})
            data, status = await self._send(call)
            self._check_status(app, path, status)
            return self.vendor.read_shape(shape, data, call.effect, path)

    def missing_setting(self, pool: str, call: str, code: str, reason: str) -> NeedsOperator:
        """The error, with its alarm, for a call that our settings don't permit to make."""
        return self.vendor.alarm(call, pool, NeedsOperator(code, reason))

    def invalid_response(self, effect: Effect, path: str, what: str) -> GatewayError:
        """The error for a success that lacks a required field."""
        return self.vendor.untrusted_answer(effect, f"{path} without {what}")

    async def _call_with_token(self, app: App, call: _Call, shape: type[S]) -> S:
        await self.quotas.check(app.appid, call.path)
        data: Json = {}
        status = StatusShape()
        for _ in range(2):  # once more with a fresh token, never oftener
            token = await self.tokens.get(app)
            data, status = await self._send(replace(call, query={"access_token": token, **call.query}))
            if meaning(status.errcode).act is not ErrorAction.REFRESH:
                break
            await self.tokens.drop(app, token)
        if meaning(status.errcode).act is ErrorAction.TOMORROW:
            await self.quotas.use_up(app.appid, call.path)
        self._check_status(app, call.path, status)
        return self.vendor.read_shape(shape, data, call.effect, call.path)

    async def _send(self, call: _Call) -> tuple[Json, StatusShape]:
        url = URL(self.api_url + call.path).with_query(call.query)
        headers = {"Content-Type": call.content_type} if call.body is not None else None
        answer = await self.vendor.exchange(call.method, url, call.effect, headers=headers, body=call.body)
        data = self.vendor.read_object(answer, call.effect)
        status = self.vendor.read_shape(StatusShape, data, call.effect, call.path)
        if call.effect is Effect.WRITE and "errcode" not in status.model_fields_set:
            raise self.invalid_response(call.effect, call.path, "errcode")
        return data, status

    def _check_status(self, app: App, path: str, status: StatusShape) -> None:
        """Raises the error that ``errcode`` means."""
        errcode = status.errcode
        if errcode == 0:
            return
        errcode_meaning, rid = meaning(errcode), _RID.search(str(status.errmsg))
        fields = {"appid": app.appid, "call": path, "errcode": errcode, "rid": rid[1] if rid else ""}
        log.info("wechat_errcode", meaning=errcode_meaning.text, **fields)
        raise failure(errcode, self.clock.now())
