"""The 服务号 of each pool: messages, menu, scene QR codes, followers, and pages inside WeChat's browser."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from config.settings import OfficialAccount, Wechat
from domain.clock import Clock
from domain.errors import Rejected
from gateways import jsons
from gateways.http import Effect
from gateways.jsons import Json
from gateways.wechat.access_token import App
from gateways.wechat.api import LONGEST_ID, WechatApi
from gateways.wechat.template_fields import fit
from gateways.wechat.token_cache import Fresh, SharedValues
from services.ports import JsConfig, MenuItem, TemplateMessage, WebUser

LONGEST_SCENE = 30 * 86400
"""Seconds that a temporary scene QR code may live."""
_SCENE_CHARACTERS = 64
_NO_MENU = "46003"


@dataclass(frozen=True)
class Follower:
    """What WeChat tells of a user. Without ``subscribed`` nothing else is known; there is no nickname since 2021."""

    subscribed: bool
    unionid: str | None
    subscribed_at: datetime | None
    scene: str
    """The scene QR code that brought the user, where it was one."""


@dataclass(frozen=True)
class Quota:
    """Calls a day of one API path."""

    daily_limit: int
    used: int
    remain: int


class OfficialAccounts:
    """Implements the ports OfficialAccountSender and WechatWeb; ``pool`` picks the account."""

    def __init__(self, settings: Wechat, api: WechatApi, shared: SharedValues, clock: Clock) -> None:
        self._settings = settings
        self._api = api
        self._shared = shared
        self._clock = clock

    # -- messages -------------------------------------------------------------------------------------------------

    async def send_template(self, pool: str, message: TemplateMessage) -> str:
        """The msgid. Free text in the fields is cut to what a field shows."""
        account = self._account(pool)
        body: Json = {
            "touser": message.openid,
            "template_id": account.templates.get(message.kind, message.kind),
            "client_msg_id": message.client_msg_id,
            "data": fit(message.fields),
        }
        if message.url:
            body["url"] = message.url
        program = self._settings.mini_programs.get(pool)
        if message.mini_page and program is not None:
            body["miniprogram"] = {"appid": program.appid, "pagepath": message.mini_page}
        path = "/cgi-bin/message/template/send"
        data = await self._api.post(_app(account), path, body, Effect.WRITE)
        msgid = jsons.token(data, "msgid", LONGEST_ID)
        if not msgid:
            raise self._api.lie(Effect.WRITE, path, "msgid")
        return msgid

    async def send_text(self, pool: str, openid: str, text: str) -> None:
        """A customer-service message; refused (45015, 45047) when no window is open."""
        await self._send_custom(pool, openid, "text", {"content": text})

    async def send_menu(self, pool: str, openid: str, head: str, items: Sequence[MenuItem], tail: str) -> None:
        """A message with tappable choices, inside an open window only."""
        choices = [{"id": str(item.id), "content": item.label} for item in items]
        menu = {"head_content": head, "list": choices, "tail_content": tail}
        await self._send_custom(pool, openid, "msgmenu", menu)

    async def upload_image(self, pool: str, png: bytes) -> str:
        """The media id of a picture that WeChat keeps for three days."""
        path = "/cgi-bin/media/upload"
        data = await self._api.upload(self._app(pool), path, {"type": "image"}, "picture.png", png)
        media_id = jsons.text(data, "media_id")
        if not media_id:
            raise self._api.lie(Effect.READ, path, "media_id")
        return media_id

    async def send_image(self, pool: str, openid: str, media_id: str) -> None:
        """A picture uploaded before, inside an open window only."""
        await self._send_custom(pool, openid, "image", {"media_id": media_id})

    async def _send_custom(self, pool: str, openid: str, kind: str, content: Mapping[str, object]) -> None:
        body = {"touser": openid, "msgtype": kind, kind: content}
        await self._api.post(self._app(pool), "/cgi-bin/message/custom/send", body, Effect.WRITE)

    # -- the account itself ---------------------------------------------------------------------------------------

    async def create_menu(self, pool: str, buttons: Sequence[Mapping[str, object]]) -> None:
        """Put the menu in place. ``buttons`` as WeChat wants them; phones show it within five minutes."""
        await self._api.post(self._app(pool), "/cgi-bin/menu/create", {"button": list(buttons)}, Effect.READ)

    async def get_menu(self, pool: str) -> list[Json]:
        """The buttons in place; empty when there is no menu."""
        try:
            data = await self._api.get(self._app(pool), "/cgi-bin/menu/get")
        except Rejected as error:
            if error.vendor_code == _NO_MENU:
                return []
            raise
        return jsons.objects(jsons.mapping(data, "menu"), "button")

    async def delete_menu(self, pool: str) -> None:
        await self._api.get(self._app(pool), "/cgi-bin/menu/delete")

    async def create_scene(self, pool: str, scene: str, lifetime: int) -> str:
        """The text to draw as a QR code. ``lifetime`` 1 s to 30 days, ``scene`` 1 to 64 characters."""
        if not 1 <= lifetime <= LONGEST_SCENE or not 1 <= len(scene) <= _SCENE_CHARACTERS:
            raise Rejected("40053", "a scene has 1 to 64 characters and lives 1 second to 30 days")
        body = {
            "expire_seconds": lifetime,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        path = "/cgi-bin/qrcode/create"
        data = await self._api.post(self._app(pool), path, body, Effect.READ)
        url = jsons.text(data, "url")
        if not url:
            raise self._api.lie(Effect.READ, path, "url")
        return url

    async def user_info(self, pool: str, openid: str) -> Follower:
        path = "/cgi-bin/user/info"
        data = await self._api.get(self._app(pool), path, {"openid": openid, "lang": "zh_CN"})
        subscribed = jsons.integer(data, "subscribe")
        if subscribed is None:
            raise self._api.lie(Effect.READ, path, "subscribe")
        since = jsons.integer(data, "subscribe_time")
        return Follower(
            subscribed == 1,
            jsons.token(data, "unionid", LONGEST_ID) or None,
            datetime.fromtimestamp(since, UTC) if since is not None and 0 < since < 2**33 else None,
            jsons.text(data, "qr_scene_str"),
        )

    async def callback_ips(self, pool: str) -> list[str]:
        """Addresses and networks from which WeChat calls us."""
        data = await self._api.get(self._app(pool), "/cgi-bin/getcallbackip")
        found = data.get("ip_list")
        return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []

    async def quota_get(self, pool: str, path: str) -> Quota:
        """How much of today's calls of ``path`` (``/cgi-bin/…``) is used."""
        own = "/cgi-bin/openapi/quota/get"
        data = await self._api.post(self._app(pool), own, {"cgi_path": path}, Effect.READ)
        found = jsons.mapping(data, "quota")
        limit, used, remain = (jsons.integer(found, key) for key in ("daily_limit", "used", "remain"))
        if limit is None or used is None or remain is None:
            raise self._api.lie(Effect.READ, own, "quota")
        return Quota(limit, used, remain)

    async def clear_quota(self, pool: str) -> None:
        """Set all daily counts back to zero; WeChat allows that ten times a month."""
        await self._api.clear_quota(self._app(pool))

    # -- pages in WeChat's browser --------------------------------------------------------------------------------

    def authorize_url(self, pool: str, redirect_uri: str, state: str) -> str:
        """The address that logs a visitor in silently. The order of parameters is WeChat's demand."""
        query = {
            "appid": self._account(pool).appid,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self._settings.open_url}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"

    async def web_user(self, pool: str, code: str) -> WebUser:
        """Who came back with ``code``. Rejected 40029, 40163 or 42003: send the visitor round again."""
        path = "/sns/oauth2/access_token"
        query = {"code": code, "grant_type": "authorization_code"}
        data = await self._api.get_by_secret(self._app(pool), path, query)
        openid = jsons.token(data, "openid", LONGEST_ID)
        if not openid:
            raise self._api.lie(Effect.READ, path, "openid")
        unionid = jsons.token(data, "unionid", LONGEST_ID) or None
        return WebUser(openid, unionid, jsons.integer(data, "is_snapshotuser") == 1, self._account(pool).appid)

    async def js_config(self, pool: str, url: str) -> JsConfig:
        app = self._app(pool)
        ticket = await self._shared.get(f"wx:jsapi:{app.appid}", lambda: self._fetch_ticket(app))
        timestamp, nonce = int(self._clock.now().timestamp()), secrets.token_hex(8)
        return JsConfig(app.appid, timestamp, nonce, sign_page(ticket, nonce, timestamp, url))

    async def _fetch_ticket(self, app: App) -> Fresh:
        path = "/cgi-bin/ticket/getticket"
        data = await self._api.get(app, path, {"type": "jsapi"})
        ticket, seconds = jsons.text(data, "ticket"), jsons.integer(data, "expires_in")
        if not ticket or seconds is None or seconds <= 0:
            raise self._api.lie(Effect.READ, path, "ticket")
        return Fresh(ticket, min(seconds, 7200))

    def _account(self, pool: str) -> OfficialAccount:
        account = self._settings.accounts.get(pool)
        if account is None:
            raise Rejected("no_account", f"no official account is set up for pool {pool}")
        return account

    def _app(self, pool: str) -> App:
        return _app(self._account(pool))


def sign_page(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """The JS-SDK signature of a page; ``url`` as the browser shows it, of which a fragment is left out."""
    page = url.partition("#")[0]
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _app(account: OfficialAccount) -> App:
    return App(account.appid, account.secret)
