"""What services need from outside, each as small as its users allow. ``app`` hands the gateways in.

Every method may raise only ``Transient``, ``Rejected`` or ``OutcomeUnknown`` (``domain.errors``); none is called inside
a database transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class MenuItem:
    """A tappable choice; ``id`` comes back as ``bizmsgmenuid`` (digits only)."""

    id: int
    label: str


@dataclass(frozen=True)
class CallReport:
    """How a voice call went. ``keys`` are all keys pressed, in order; ``status`` the vendor's status code as text.

    ``ended`` is false while the vendor still works on it.
    """

    call_id: str
    attempt: int
    ended: bool
    status: str
    keys: str
    ended_at: datetime | None


@dataclass(frozen=True)
class SmsReport:
    """What became of an SMS; ``delivered`` None while unknown."""

    biz_id: str
    attempt: int
    delivered: bool | None
    vendor_code: str


@dataclass(frozen=True)
class MiniLogin:
    """Who a ``wx.login`` code stands for."""

    openid: str
    unionid: str | None


@dataclass(frozen=True)
class WebUser:
    """Who a code of WeChat's browser stands for. ``snapshot``: a virtual visitor, for whom no account may be made."""

    openid: str
    unionid: str | None
    snapshot: bool


@dataclass(frozen=True)
class JsConfig:
    """What ``wx.config`` wants for one page; ``timestamp`` in epoch seconds."""

    appid: str
    timestamp: int
    nonce: str
    signature: str


@dataclass(frozen=True)
class LoginStart:
    """A log-in under way at the identity platform. Keep the last three on our side, bound to the visitor's session."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class IdentityClaims:
    """What the identity platform (统一身份认证) vouches for. Empty text: not told.

    ``level`` is how surely it knows the person, 1 (weakest) to 4; ``user_type`` person, legal or agent.
    """

    subject: str
    name: str
    mobile: str
    id_number: str
    level: int
    user_type: str
    organisation_name: str
    credit_code: str


class OfficialAccountSender(Protocol):
    """The 服务号 of each pool."""

    async def send_template(
        self, pool: str, openid: str, kind: str, fields: Mapping[str, str], *, url: str, client_msg_id: str
    ) -> str:
        """Send a template message of a kind of notice; the answer is the msgid that the finish event will name.

        After OutcomeUnknown it may be sent again with the same ``client_msg_id`` within 10 minutes: WeChat then sends
        it once only.
        """
        ...

    async def send_text(self, pool: str, openid: str, text: str) -> None: ...

    async def send_menu(self, pool: str, openid: str, head: str, items: Sequence[MenuItem], tail: str) -> None: ...

    async def create_scene(self, pool: str, scene: str, lifetime: int) -> str:
        """Make a scene QR code of ``lifetime`` seconds; the answer is the text to draw as a QR code."""
        ...


class ChatWindows(Protocol):
    """The customer-service windows that users open by writing or tapping."""

    async def spend(self, pool: str, openid: str) -> bool:
        """Use up one message of the user's open window; False when none is open (or nobody knows)."""
        ...


class MiniProgramPlatform(Protocol):
    async def login(self, pool: str, code: str) -> MiniLogin: ...

    async def phone_number(self, pool: str, code: str) -> str:
        """The mobile behind a ``getPhoneNumber`` code, 11 digits."""
        ...

    async def send_subscribe(
        self, pool: str, openid: str, kind: str, fields: Mapping[str, str], *, page: str
    ) -> None: ...

    async def url_link(self, pool: str, path: str, query: str, lifetime: int) -> str:
        """An https link that opens the mini-program from an SMS, for ``lifetime`` seconds."""
        ...


class SmsSender(Protocol):
    async def send(self, mobile: str, template: str, params: Mapping[str, str], *, attempt: int) -> str:
        """Send one SMS. ``attempt`` is our number, echoed by the receipt; the answer is the vendor's id."""
        ...

    async def report(self, mobile: str, sent_at: datetime, biz_id: str, *, attempt: int) -> SmsReport | None:
        """Ask what became of it; None when the vendor knows nothing (yet)."""
        ...


class VoiceCaller(Protocol):
    async def call(
        self,
        mobile: str,
        template: str,
        params: Mapping[str, str],
        *,
        keys: Mapping[str, str],
        attempt: int,
        bye: str = "",
    ) -> str:
        """Ring a phone, speak ``template``, offer ``keys`` (key → template spoken when pressed; empty: just speak).

        ``bye`` is the template that ends a call with keys. The answer is the vendor's call id.
        """
        ...

    async def report(self, call_id: str, called_at: datetime) -> CallReport | None:
        """Ask how a call went; None when the vendor knows nothing of it (yet).

        ``attempt`` of the answer is 0 when the vendor doesn't echo it.
        """
        ...


class WechatWeb(Protocol):
    """H5 pages inside WeChat's browser."""

    def authorize_url(self, pool: str, redirect_uri: str, state: str) -> str:
        """Where to send the browser for a silent log-in; it comes back to ``redirect_uri`` with ``code``, ``state``."""
        ...

    async def web_user(self, pool: str, code: str) -> WebUser: ...

    async def js_config(self, pool: str, url: str) -> JsConfig:
        """Signed configuration of the JS-SDK for the page at ``url``; a fragment is left out."""
        ...


class IdentityPlatform(Protocol):
    """The OIDC provider of organisations (统一身份认证)."""

    async def start(self, redirect_uri: str) -> LoginStart: ...

    async def finish(self, code: str, redirect_uri: str, started: LoginStart) -> IdentityClaims:
        """Exchange the code that came back with ``started.state`` (which the caller has compared)."""
        ...
