"""The 服务号 of each pool: messages, menu, scene QR codes, followers, and pages inside WeChat's browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import Field

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
TAGS: Mapping[str, str] = {"expert": "评标通专家", "agency": "评标通招标代理", "staff": "评标通工作人员"}
"""Names of the tags by which the account's personalised menus are chosen, by the followers' group (``ROLE_GROUPS``)."""


class _Sent(Shape):
    msgid: Id


class _Uploaded(Shape):
    media_id: NonEmptyText


class _Scene(Shape):
    url: NonEmptyText


class _Tag(Shape):
    id: Whole
    name: str


class _Tags(Shape):
    tags: list[_Tag] = Field(default_factory=list)


class _NewTag(Shape):
    tag: _Tag


class _PersonalMenu(Shape):
    menuid: Whole


class _Menus(Shape):
    conditionalmenu: list[_PersonalMenu] = Field(default_factory=list)


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

    async def create_menus_by_role(self, pool: str, menus: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Replace the personalised menus (个性化菜单): buttons by the followers' group, after ``create_menu``.

        WeChat tells groups by tags (标签), which are created where they are missing.
        """
        app = self._app(pool, "/cgi-bin/menu/addconditional")
        installed = await self.api.get(app, "/cgi-bin/menu/get", _Menus)
        for menu in installed.conditionalmenu:
            body: Json = {"menuid": str(menu.menuid)}
            await self.api.post(app, "/cgi-bin/menu/delconditional", body, Effect.READ, Done)
        tags = await self._read_tags(app)
        for group, buttons in menus.items():
            tag_id = tags.get(TAGS[group]) or await self._create_tag(app, TAGS[group])
            body = {"button": list(buttons), "matchrule": {"tag_id": str(tag_id)}}
            await self.api.post(app, "/cgi-bin/menu/addconditional", body, Effect.READ, Done)

    async def move_follower(self, pool: str, openid: str, old: str, new: str) -> None:
        """Take the follower out of the group ``old`` and into ``new``, each empty for none. Harmless to repeat.

        Raises Rejected ``no_tag`` before the menus of this account were pushed.
        """
        app = self._app(pool, "/cgi-bin/tags/members/batchtagging")
        tags = await self._read_tags(app)
        if new and TAGS[new] not in tags:
            raise Rejected("no_tag", "the menus by role of this account were not pushed")
        for group, act in ((old, "batchuntagging"), (new, "batchtagging")):
            if group and TAGS[group] in tags:
                body: Json = {"openid_list": [openid], "tagid": tags[TAGS[group]]}
                await self.api.post(app, f"/cgi-bin/tags/members/{act}", body, Effect.READ, Done)

    async def _read_tags(self, app: App) -> dict[str, int]:
        """Ids by name."""
        return {tag.name: tag.id for tag in (await self.api.get(app, "/cgi-bin/tags/get", _Tags)).tags}

    async def _create_tag(self, app: App, name: str) -> int:
        created = await self.api.post(app, "/cgi-bin/tags/create", {"tag": {"name": name}}, Effect.READ, _NewTag)
        return created.tag.id

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
