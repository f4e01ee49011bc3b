"""Access tokens: one per app, fetched by one process at a time (``stable_token``) and shared over Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, SecretStr
from yarl import URL

from domain.errors import NeedsOperator, Transient
from gateways import jsons
from gateways.http import Effect, Vendor
from gateways.shapes import Shape, Text, Whole
from gateways.wechat.errors import ErrorAction, meaning
from gateways.wechat.token_cache import IssuedValue, SharedValues

TIMEOUT = 5.0


@dataclass(frozen=True)
class App:
    """A 服务号 or a mini-program with its platform credentials."""

    appid: str
    secret: SecretStr


class _Status(Shape):
    errcode: Whole = 0


class _Token(Shape):
    access_token: Annotated[Text, Field(pattern=r"^[ -~]+$")]
    expires_in: Annotated[Whole, Field(gt=0)]


class AccessTokens:
    """``api_url`` without trailing slash. Never forces a refresh, which would invalidate the token of every other
    process."""

    def __init__(self, vendor: Vendor, shared: SharedValues, api_url: str) -> None:
        self._vendor = vendor
        self._shared = shared
        self._url = URL(f"{api_url}/cgi-bin/stable_token")

    async def get(self, app: App) -> str:
        return await self._shared.get(_key(app), lambda: self._fetch(app))

    async def drop(self, app: App, token: str) -> None:
        """``token`` was refused; the next ``get`` fetches a new one."""
        await self._shared.drop(_key(app), token)

    async def _fetch(self, app: App) -> IssuedValue:
        body = {
            "grant_type": "client_credential",
            "appid": app.appid,
            "secret": app.secret.get_secret_value(),
            "force_refresh": False,
        }
        async with self._vendor.count_call("stable_token", None):
            answer = await self._vendor.exchange(
                "POST",
                self._url,
                Effect.READ,
                headers={"Content-Type": "application/json"},
                body=jsons.dumps(body),
                timeout=TIMEOUT,
            )
            data = self._vendor.read_object(answer, Effect.READ)
            _check_status(self._vendor.read_shape(_Status, data, Effect.READ, "stable_token"))
            token = self._vendor.read_shape(_Token, data, Effect.READ, "stable_token")
            return IssuedValue(token.access_token, min(token.expires_in, 7200))


def _check_status(status: _Status) -> None:
    errcode = status.errcode
    if errcode == 0:
        return
    errcode_meaning = meaning(errcode)
    if errcode_meaning.act in (ErrorAction.LATER, ErrorAction.TOMORROW):
        raise Transient(f"WeChat {errcode}: {errcode_meaning.text}", retry_after=errcode_meaning.retry_after or 60.0)
    # Here every other code, even a "refresh" one, means wrong settings: there is no older token to replace.
    raise NeedsOperator(str(errcode), errcode_meaning.text, account_wide=True)


def _key(app: App) -> str:
    return f"wx:token:{app.appid}"
