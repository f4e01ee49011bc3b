"""Signatures by which WeChat lets a page of ours use its script (JS-SDK), as the tag wx-open-subscribe needs."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from config.settings import Wechat
from domain.clock import Clock
from gateways.shapes import NonEmptyText, Shape, Whole
from gateways.wechat.access_token import App
from gateways.wechat.api import WechatApi
from gateways.wechat.token_cache import IssuedValue, SharedValues
from services.ports import PageSignature

_PATH = "/cgi-bin/ticket/getticket"


class _Ticket(Shape):
    ticket: NonEmptyText
    expires_in: Annotated[Whole, Field(gt=0)]


@dataclass(frozen=True)
class PageTickets:
    """Implements the port PageSigner. All processes share a ticket per account."""

    settings: Wechat
    api: WechatApi
    shared: SharedValues
    clock: Clock

    async def sign(self, pool: str, url: str) -> PageSignature:
        account = self.settings.accounts.get(pool)
        if account is None:
            raise self.api.missing_setting(pool, _PATH, "no_account", f"pool {pool} has no official account")
        app = App(account.appid, account.secret)
        ticket = await self.shared.get(f"wx:ticket:{app.appid}", lambda: self._fetch(app))
        nonce, timestamp = secrets.token_hex(8), int(self.clock.now().timestamp())
        signature = sign_page(ticket, nonce, timestamp, url)
        return PageSignature(app.appid, timestamp, nonce, signature, self.settings.script_url)

    async def _fetch(self, app: App) -> IssuedValue:
        answer = await self.api.get(app, _PATH, _Ticket, {"type": "jsapi"})
        return IssuedValue(answer.ticket, min(answer.expires_in, 7200))


def sign_page(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """``url`` is the page's address with its query; what follows # is left out."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url.partition('#')[0]}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
