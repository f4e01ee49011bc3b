"""WeChat: the official account (服务号), the mini-program, and pages inside WeChat's browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

MiniProgramAppids = NewType("MiniProgramAppids", Mapping[str, str])
"""Appids of the mini-programs, by pool."""


@dataclass(frozen=True)
class SubscribeTemplate:
    """A template whose messages need the person's consent.

    ``long_term`` (长期订阅): a consent holds until it is withdrawn; else (一次性订阅) each message uses one up.
    """

    id: str
    long_term: bool = False


class SubscribeTemplates(Protocol):
    """The mini-program's template, by pool and kind of notice."""

    def __call__(self, pool: str, kind: str, /) -> SubscribeTemplate: ...


class AccountSubscriptions(Protocol):
    """The official account's 订阅通知, by pool and kind of notice; None: the kind goes out as a template message."""

    def __call__(self, pool: str, kind: str, /) -> SubscribeTemplate | None: ...


@dataclass(frozen=True)
class MenuItem:
    """A tappable choice; ``id`` comes back as ``bizmsgmenuid`` (digits only)."""

    id: int
    label: str


@dataclass(frozen=True)
class MiniLogin:
    """The visitor identified by a ``wx.login`` code."""

    openid: str
    unionid: str | None


@dataclass(frozen=True)
class WebUser:
    """The visitor identified by a code of WeChat's browser. ``snapshot``: a virtual visitor, for whom no account may be
    created."""

    openid: str
    unionid: str | None
    snapshot: bool
    appid: str
    """The official account's appid, to which the openid belongs."""


@dataclass(frozen=True)
class TemplateMessage:
    """A template message (模板消息) of one kind of notice to one follower; free text in ``fields`` may be cut.

    A tap opens ``mini_page`` where the pool has a mini-program, else ``url``; both may be empty. WeChat sends messages
    of one ``client_msg_id`` once only within 10 minutes.
    """

    openid: str
    kind: str
    fields: Mapping[str, str]
    url: str
    client_msg_id: str
    mini_page: str = ""


class OfficialAccountSender(Protocol):
    """The 服务号 of each pool."""

    async def send_template(self, pool: str, message: TemplateMessage) -> str:
        """Returns the msgid, which the finish event contains. After OutcomeUnknown it may be sent again."""
        ...

    async def send_subscription(self, pool: str, message: TemplateMessage, template_id: str) -> None:
        """Send a 订阅通知 by the receiver's consent; Rejected 43101 without one. An event reports its outcome. After
        OutcomeUnknown it must not be sent again: WeChat knows no id of ours."""
        ...

    async def send_text(self, pool: str, openid: str, text: str) -> None: ...

    async def send_menu(self, pool: str, openid: str, head: str, items: Sequence[MenuItem], tail: str) -> None: ...

    async def upload_image(self, pool: str, png: bytes) -> str:
        """Upload an image, which WeChat keeps for three days; returns its media id."""
        ...

    async def send_image(self, pool: str, openid: str, media_id: str) -> None: ...

    async def create_scene(self, pool: str, scene: str, lifetime: int) -> str:
        """Create a scene QR code of ``lifetime`` seconds; returns the text of the QR code."""
        ...


RoleMenuPools = NewType("RoleMenuPools", frozenset[str])
"""Pools whose official account has menus by role."""


class RoleMenuPlatform(Protocol):
    async def move_follower(self, pool: str, openid: str, old: str, new: str) -> None:
        """Take a follower out of the group of one menu and into another's, each empty for none. May be repeated.

        Rejected for who does not follow, and before the menus were pushed.
        """
        ...


class ChatWindows(Protocol):
    """Customer-service windows, opened by a user's message or tap. Raises Transient, since nothing was sent yet."""

    async def spend(self, pool: str, openid: str) -> bool:
        """Count one message against the user's open window; False when none is open (or it is unknown)."""
        ...


class MiniProgramPlatform(Protocol):
    async def login(self, pool: str, code: str) -> MiniLogin: ...

    async def phone_number(self, pool: str, code: str) -> str:
        """The mobile of a ``getPhoneNumber`` code, 11 digits."""
        ...

    async def send_subscribe(
        self, pool: str, openid: str, kind: str, fields: Mapping[str, str], *, page: str
    ) -> None: ...

    async def url_link(self, pool: str, path: str, query: str, lifetime: int) -> str:
        """An https link that opens the mini-program from an SMS, for ``lifetime`` seconds."""
        ...


@dataclass(frozen=True)
class PageSignature:
    """What a page passes to WeChat's script at ``script``, so that its browser lets the page use it."""

    appid: str
    timestamp: int
    nonce: str
    signature: str
    script: str


class PageSigner(Protocol):
    async def sign(self, pool: str, url: str) -> PageSignature:
        """``url`` is the page's own address, with its query."""
        ...


class WechatWeb(Protocol):
    """H5 pages inside WeChat's browser."""

    def authorize_url(self, pool: str, redirect_uri: str, state: str) -> str:
        """The address for a silent log-in; the browser comes back to ``redirect_uri`` with ``code``, ``state``."""
        ...

    async def web_user(self, pool: str, code: str) -> WebUser: ...
