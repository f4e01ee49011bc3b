"""``POST /platform/v1/{pool}/token``: client credentials for an access token, as RFC 6749 (4.4, 5.1, 5.2) has it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from aiohttp import web

from domain.errors import AppError, InvalidInput, NotFound, Unauthenticated
from domain.integrations import SCOPES
from miniapp_api.http.limits import Counter, check_rate, client_address
from services.registry import Services

TRIES = (30, 60)
"""Log-ins from one address in so many seconds."""
_BODY_MAX = 4096
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True)
class TokenEndpoint:
    services: Services
    counter: Counter
    trusted_proxies: int = 0

    async def issue(self, request: web.Request) -> web.Response:
        """Id and secret come by HTTP Basic or in the form, never both. Raises TooMany, NotFound."""
        address = client_address(request, self.trusted_proxies)
        await check_rate(self.counter, "platform_token", address, *TRIES)
        pool = request.match_info["pool"]
        if pool not in self.services.deps.rulebooks:
            raise NotFound("没有这个专家库，请核对地址。", code="no_such_pool")
        try:
            form = await _read_form(request)
            client_id, secret = _read_credentials(request, form)
        except InvalidInput as error:
            return _refuse(400, error.code, error.message)
        wanted = form.get("scope", "").split()
        if unknown := [scope for scope in wanted if scope not in SCOPES]:
            return _refuse(400, "invalid_scope", f"没有这种权限：{unknown[0][:40]}。")
        try:
            token = await self.services.integrations.tokens.issue(pool, client_id, secret, address)
        except Unauthenticated as error:
            return _refuse(401, "invalid_client", error.message)
        except AppError as error:
            if error.status != web.HTTPForbidden.status_code:
                raise
            return _refuse(400, "unauthorized_client", error.message)
        answer = {
            "access_token": token.token,
            "token_type": "Bearer",
            "expires_in": token.expires_in,
            "scope": " ".join(token.scopes),
        }
        return web.json_response(answer, headers=_NO_STORE)


async def _read_form(request: web.Request) -> Mapping[str, str]:
    """Raises InvalidInput whose code is one of RFC 6749."""
    if request.content_type != "application/x-www-form-urlencoded" or (request.content_length or 0) > _BODY_MAX:
        raise InvalidInput("请用application/x-www-form-urlencoded提交。", code="invalid_request")
    form = await request.post()
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    if len(values) != len(form):
        raise InvalidInput("参数重复，请只填写一次。", code="invalid_request")
    if values.get("grant_type") != "client_credentials":
        raise InvalidInput("grant_type应为client_credentials。", code="unsupported_grant_type")
    return values


def _read_credentials(request: web.Request, form: Mapping[str, str]) -> tuple[str, str]:
    header = request.headers.get("Authorization", "")
    if not header:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, value = header.partition(" ")
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon or "client_secret" in form:
        raise InvalidInput("请用HTTP Basic，或在表单中填写client_id和client_secret。", code="invalid_request")
    return unquote_plus(client_id), unquote_plus(secret)


def _refuse(status: int, code: str, message: str) -> web.Response:
    headers = {**_NO_STORE, **({"WWW-Authenticate": "Basic"} if status == web.HTTPUnauthorized.status_code else {})}
    body = json.dumps({"error": code, "error_description": message}, ensure_ascii=False)
    return web.json_response(text=body, status=status, headers=headers)
