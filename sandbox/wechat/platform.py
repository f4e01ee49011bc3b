"""State of the platform beside the phones: tokens, quotas, menus, codes, media."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from sandbox.config import AccountConfig, MiniProgramConfig
from sandbox.jsons import Json
from sandbox.phones import Phone
from sandbox.wechat.callbacks import Callbacks
from sandbox.wechat.errors import WechatError
from sandbox.wechat.quota import Quotas
from sandbox.wechat.tokens import IssuedTokens
from sandbox.world import World

App = AccountConfig | MiniProgramConfig
CODE_TTL = 300.0
MEDIA_TTL = 3 * 86400.0
MEDIA_KEPT = 200


@dataclass(frozen=True, slots=True)
class SingleUseCode:
    """A single-use code for a person at an app."""

    phone: Phone
    appid: str
    scope: str
    expires: float


class SingleUseCodes:
    """Single-use codes: log-in, phone number, OAuth. Used ones are remembered for their error code."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._live: dict[str, SingleUseCode] = {}
        self._used: OrderedDict[str, None] = OrderedDict()

    def issue(self, phone: Phone, appid: str, scope: str = "") -> str:
        code = "0" + secrets.token_urlsafe(23)
        self._live[code] = SingleUseCode(phone, appid, scope, self._world.clock.now() + CODE_TTL)
        return code

    def redeem(self, code: str, appid: str, *, used_error: int = 40163) -> SingleUseCode:
        """WechatError 40029 for an unknown or expired code, ``used_error`` for one that was used."""
        if code in self._used:
            raise WechatError(used_error)
        issued = self._live.get(code)
        if issued is None or issued.appid != appid:
            raise WechatError(40029)
        del self._live[code]
        self._used[code] = None
        while len(self._used) > 10_000:
            self._used.popitem(last=False)
        if issued.expires <= self._world.clock.now():
            raise WechatError(40029)
        return issued


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene QR code. ``expires`` 0: never."""

    appid: str
    key: str
    ticket: str
    url: str
    expires: float


@dataclass(frozen=True, slots=True)
class Media:
    kind: str
    content_type: str
    data: bytes
    created: float


@dataclass(frozen=True, slots=True)
class MiniLink:
    """A URL Link that opens a mini-program page."""

    appid: str
    path: str
    query: str
    expires: float


@dataclass(slots=True)
class Face:
    """A face check. ``name`` and ``card`` are the expected person's; ``verdict`` 0: no result yet."""

    number: str
    openid: str
    name: str
    card: str
    expires: float
    verdict: int = 0

    @property
    def hash(self) -> str:
        fields = (("cert_type", "IDENTITY_CARD"), ("cert_name", self.name), ("cert_no", self.card))
        text = "&".join(f"{key}={base64.b64encode(value.encode()).decode()}" for key, value in fields)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PersonalMenu:
    """A menu for followers with one tag (个性化菜单)."""

    tag: int
    menu: Json


@dataclass(slots=True)
class Platform:
    world: World
    tokens: IssuedTokens
    quotas: Quotas
    callbacks: Callbacks
    login_codes: SingleUseCodes
    phone_codes: SingleUseCodes
    oauth_codes: SingleUseCodes
    menus: dict[str, Json] = field(default_factory=dict)
    """Menu as the account sent it, by app id."""
    personal_menus: dict[str, dict[str, PersonalMenu]] = field(default_factory=dict)
    """By app id and menu id, the oldest first."""
    tags: dict[str, dict[int, str]] = field(default_factory=dict)
    """Names of an account's tags of followers, by app id and tag id."""
    tags_of: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Of a follower, by app id and openid; the newest last."""
    scenes: dict[str, Scene] = field(default_factory=dict)
    """By ticket and by url."""
    media: OrderedDict[str, Media] = field(default_factory=OrderedDict)
    links: dict[str, MiniLink] = field(default_factory=dict)
    session_keys: dict[str, str] = field(default_factory=dict)
    """By mini-program openid."""
    user_tokens: dict[str, tuple[str, str, str, float]] = field(default_factory=dict)
    """OAuth access or refresh token to app id, openid, scope, expiry."""
    sent: dict[tuple[str, str, str], tuple[float, int]] = field(default_factory=dict)
    """Template messages by app id, openid and client_msg_id: when, and which msgid."""
    sending: set[str] = field(default_factory=set)
    """Openids to which a subscribe message is being sent."""
    tickets: dict[str, tuple[str, float]] = field(default_factory=dict)
    faces: dict[str, Face] = field(default_factory=dict)
    """By verify_id."""

    def menu_of(self, appid: str, openid: str) -> Json:
        """What a follower sees below the chat: of the personalised menus the newest whose tag he has."""
        tags = self.tags_of.get((appid, openid), [])
        for menu in reversed(self.personal_menus.get(appid, {}).values()):
            if menu.tag in tags:
                return menu.menu
        return self.menus.get(appid, {})

    def app(self, appid: str) -> App | None:
        return self.world.apps.get(appid)

    def keep_media(self, media: Media) -> str:
        media_id = secrets.token_urlsafe(48)
        self.media[media_id] = media
        while len(self.media) > MEDIA_KEPT:
            self.media.popitem(last=False)
        return media_id


def new_platform(world: World) -> Platform:
    return Platform(
        world,
        IssuedTokens(world.clock),
        Quotas(world.clock),
        Callbacks(world),
        SingleUseCodes(world),
        SingleUseCodes(world),
        SingleUseCodes(world),
    )
