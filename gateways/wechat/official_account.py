"""The 服务号 of each pool: messages, menu, scene QR codes, followers, and pages inside WeChat's browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from config.settings import OfficialAccount, Wechat
from domain.errors import Rejected
from gateways.http import Effect
from gateways.jsons import Json
from gateways.shapes import NonEmptyText, Shape, Whole
from gateways.wechat.access_token import App
from gateways.wechat.api import Done, Id, OptionalId, WechatApi
from gateways.wechat.template_fields import fit
from services.ports import MenuItem, TemplateMessage, WebUser

LONGEST_SCENE = 30 * 86400
"""Seconds that a temporary scene QR code may live."""
_SCENE_CHARACTERS = 64


class _Sent(Shape):
    msgid: Id


class _Uploaded(Shape):
    media_id: NonEmptyText


class _Scene(Shape):
    url: NonEmptyText


class _Visitor(Shape):
    openid: Id
    unionid: OptionalId = ""
    is_snapshotuser: Whole = 0


@dataclass(frozen=True)
class OfficialAccounts:
    """Implements the ports OfficialAccountSender and WechatWeb; ``pool`` picks the account."""

    settings: Wechat
    api: WechatApi

    # -- messages -------------------------------------------------------------------------------------------------

    async def send_template(self, pool: str, message: TemplateMessage) -> str:
        """The msgid. Free text in the fields is cut to the length that a field shows."""
        path = "/cgi-bin/message/template/send"
        account = self._account(pool, path)
        body = self._card(pool, message, account.templates.get(message.kind, message.kind), "url")
        body["client_msg_id"] = message.client_msg_id
        message_sent = await self.api.post(_app(account), path, body, Effect.WRITE, _Sent, about=message.kind)
        return message_sent.msgid

    async def send_subscription(self, pool: str, message: TemplateMessage, template_id: str) -> None:
        """A 订阅通知. WeChat's answer names no message; its event ``subscribe_msg_sent_event`` does."""
        path = "/cgi-bin/message/subscribe/bizsend"
        account = self._account(pool, path)
        body = self._card(pool, message, template_id, "page")
        await self.api.post(_app(account), path, body, Effect.WRITE, Done, about=message.kind)

    def _card(self, pool: str, message: TemplateMessage, template_id: str, link: str) -> Json:
        """``link`` is the name of the field that holds the address."""
        body: Json = {"touser": message.openid, "template_id": template_id, "data": fit(message.fields)}
        if message.url:
            body[link] = message.url
        program = self.settings.mini_programs.get(pool)
        if message.mini_page and program is not None:
            body["miniprogram"] = {"appid": program.appid, "pagepath": message.mini_page}
        return body

    async def send_text(self, pool: str, openid: str, text: str) -> None:
        """A customer-service message; refused (45015, 45047) when no window is open."""
        await self._send_custom(pool, openid, "text", {"content": text})

    async def send_menu(self, pool: str, openid: str, head: str, items: Sequence[MenuItem], tail: str) -> None:
        """A message with tappable choices, inside an open window only."""
        choices = [{"id": str(item.id), "content": item.label} for item in items]
        menu = {"head_content": head, "list": choices, "tail_content": tail}
        await self._send_custom(pool, openid, "msgmenu", menu)

    async def upload_image(self, pool: str, png: bytes) -> str:
        """The media id of an image, which WeChat keeps for three days."""
        path, query = "/cgi-bin/media/upload", {"type": "image"}
        return (await self.api.upload(self._app(pool, path), path, _Uploaded, query, "picture.png", png)).media_id

    async def send_image(self, pool: str, openid: str, media_id: str) -> None:
        """An image uploaded before, inside an open window only."""
        await self._send_custom(pool, openid, "image", {"media_id": media_id})

    async def _send_custom(self, pool: str, openid: str, kind: str, content: Mapping[str, object]) -> None:
        path, body = "/cgi-bin/message/custom/send", {"touser": openid, "msgtype": kind, kind: content}
        await self.api.post(self._app(pool, path), path, body, Effect.WRITE, Done)

    # -- the account itself ---------------------------------------------------------------------------------------

    async def create_menu(self, pool: str, buttons: Sequence[Mapping[str, object]]) -> None:
        """Install the menu. ``buttons`` in WeChat's format; phones show it within five minutes."""
        path = "/cgi-bin/menu/create"
        await self.api.post(self._app(pool, path), path, {"button": list(buttons)}, Effect.READ, Done)

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
        return (await self.api.post(self._app(pool, path), path, body, Effect.READ, _Scene)).url

    # -- pages in WeChat's browser --------------------------------------------------------------------------------

    def authorize_url(self, pool: str, redirect_uri: str, state: str) -> str:
        """The address that logs a visitor in silently; Rejected ``no_account`` for a pool without an official account,
        whose pages offer no such log-in. WeChat demands this order of parameters."""
        account = self.settings.accounts.get(pool)
        if account is None:
            raise Rejected("no_account", f"no official account is set up for pool {pool}")
        query = {
            "appid": account.appid,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self.settings.open_url}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"

    async def web_user(self, pool: str, code: str) -> WebUser:
        """The user who came back with ``code``. Rejected 40029, 40163 or 42003: redirect the visitor again."""
        path = "/sns/oauth2/access_token"
        query = {"code": code, "grant_type": "authorization_code"}
        app = self._app(pool, path)
        visitor = await self.api.get_by_secret(app, path, _Visitor, query)
        return WebUser(visitor.openid, visitor.unionid or None, visitor.is_snapshotuser == 1, app.appid)

    def _account(self, pool: str, call: str) -> OfficialAccount:
        account = self.settings.accounts.get(pool)
        if account is None:
            raise self.api.missing_setting(pool, call, "no_account", f"no official account is set up for pool {pool}")
        return account

    def _app(self, pool: str, call: str) -> App:
        return _app(self._account(pool, call))


def _app(account: OfficialAccount) -> App:
    return App(account.appid, account.secret)
