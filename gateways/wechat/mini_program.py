"""The mini-program of each pool: log-in, phone number, subscribe messages, links that open it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from config.settings import MiniProgramSettings, Wechat
from domain.clock import Clock
from domain.errors import Rejected
from gateways.http import Effect
from gateways.shapes import Shape, Text
from gateways.wechat.access_token import App
from gateways.wechat.api import Done, Id, OptionalId, WechatApi
from gateways.wechat.template_fields import fit
from services.ports import MiniLogin

LONGEST_LINK = 30 * 86400
"""Seconds that a URL Link may live."""
_QUERY_CHARACTERS = 1024
_MOBILE = re.compile(r"1[0-9]{10}")


class _Login(Shape):
    openid: Id
    unionid: OptionalId = ""


class _Watermark(Shape):
    appid: Text


class _PhoneInfo(Shape):
    number: Text = Field(alias="purePhoneNumber")
    country_code: Text = Field(alias="countryCode")
    watermark: _Watermark


class _PhoneNumber(Shape):
    phone_info: _PhoneInfo


class _Link(Shape):
    url_link: Annotated[Text, Field(pattern=r"^https?://")]


@dataclass(frozen=True)
class MiniPrograms:
    """Implements the port MiniProgramPlatform; ``pool`` picks the mini-program."""

    settings: Wechat
    api: WechatApi
    clock: Clock

    async def login(self, pool: str, code: str) -> MiniLogin:
        """Rejected 40029 or 40163: the mini-program must call ``wx.login`` again. The session key is not stored."""
        path = "/sns/jscode2session"
        query = {"js_code": code, "grant_type": "authorization_code"}
        login = await self.api.get_by_secret(self._app(pool, path), path, _Login, query)
        return MiniLogin(login.openid, login.unionid or None)

    async def phone_number(self, pool: str, code: str) -> str:
        """11 digits. Rejected ``foreign_number`` for any other country's; a code works once and for five minutes."""
        path = "/wxa/business/getuserphonenumber"
        app = self._app(pool, path)
        info = (await self.api.post(app, path, {"code": code}, Effect.READ, _PhoneNumber)).phone_info
        if info.watermark.appid != app.appid:
            raise self.api.invalid_response(Effect.READ, path, "our watermark")
        if info.country_code != "86" or not _MOBILE.fullmatch(info.number):
            raise Rejected("foreign_number", "not a mobile number of the Chinese mainland")
        return info.number

    async def send_subscribe(self, pool: str, openid: str, kind: str, fields: Mapping[str, str], *, page: str) -> None:
        """Uses up one consent of the receiver; Rejected 43101 when there is none."""
        path = "/cgi-bin/message/subscribe/send"
        program = self._program(pool, path)
        body = {
            "touser": openid,
            "template_id": program.templates.get(kind, kind),
            "page": page,
            "lang": "zh_CN",
            "data": fit(fields),
        }
        await self.api.post(_app(program), path, body, Effect.WRITE, Done, about=kind)

    async def url_link(self, pool: str, path: str, query: str, lifetime: int) -> str:
        """``path`` without query, ``query`` up to 1024 characters, ``lifetime`` up to 30 days."""
        if not 1 <= lifetime <= LONGEST_LINK:
            raise Rejected("85401", "a link lives 1 second to 30 days")
        if len(query) > _QUERY_CHARACTERS or "?" in path:
            raise Rejected("40212", "the query has up to 1024 characters and stands apart from the path")
        expires = int(self.clock.now().timestamp()) + lifetime
        body = {"path": path, "query": query, "expire_type": 0, "expire_time": expires}
        call = "/wxa/generate_urllink"
        return (await self.api.post(self._app(pool, call), call, body, Effect.READ, _Link)).url_link

    def _program(self, pool: str, call: str) -> MiniProgramSettings:
        program = self.settings.mini_programs.get(pool)
        if program is None:
            raise self.api.missing_setting(pool, call, "no_mini_program", f"no mini-program is set up for pool {pool}")
        return program

    def _app(self, pool: str, call: str) -> App:
        return _app(self._program(pool, call))


def _app(program: MiniProgramSettings) -> App:
    return App(program.appid, program.secret)
