"""Acts of a person in WeChat: follow, write, tap, scan. Each one shows on the phone and pushes its callback."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox import jsons
from sandbox.config import AccountConfig
from sandbox.jsons import BadControlRequest, Json
from sandbox.phones import Chat, Phone, PhoneLink
from sandbox.wechat import windows
from sandbox.wechat.callbacks import PushOutcome
from sandbox.wechat.platform import Platform


@dataclass(slots=True)
class TapOutcome:
    """Result of an act: the push's outcome if there was a push, and the page that opens on the phone."""

    outcome: PushOutcome | None = None
    open_url: str = ""
    open_mini: str = ""
    """Page path in the mini-program, with its query."""

    def as_json(self) -> Json:
        answer: Json = {"open_url": self.open_url, "open_mini": self.open_mini}
        if self.outcome is not None:
            answer.update(self.outcome.as_json())
        return answer


class Person:
    """A phone's owner before one official account."""

    def __init__(self, platform: Platform, phone: Phone, pool: str = "") -> None:
        self.platform = platform
        self.world = platform.world
        self.phone = phone
        self.chat: Chat = self.world.chat(phone, pool or phone.pool)
        account = self.world.accounts.get(self.chat.pool)
        if account is None:
            raise BadControlRequest("this is no chat with an official account of ours")
        self.account: AccountConfig = account

    async def push(self, fields: Json) -> TapOutcome:
        """Any raw message or event; nothing on the phone changes before the reply."""
        return TapOutcome(await self.platform.callbacks.push(self.account, self.phone, self.chat, fields))

    async def _event(self, event: str, **more: object) -> TapOutcome:
        return await self.push({"MsgType": "event", "Event": event, **more})

    async def _message(self, kind: str, **more: object) -> TapOutcome:
        self._check_following()
        windows.note_message(self.chat, self.world.clock.now())
        return await self.push({"MsgType": kind, **more, "MsgId": self.world.new_number()})

    def _check_following(self) -> None:
        if not self.chat.following:
            raise BadControlRequest("the phone does not follow this account: follow first")

    def _show_message(self, kind: str, text: str) -> None:
        self.world.show(self.phone, self.chat, "me", kind, text)

    def _begin_following(self, scene: str) -> None:
        now = self.world.clock.now()
        self.chat.following, self.chat.followed_at, self.chat.scene = True, int(now), scene
        windows.note_tap(self.chat, now)
        self.world.show_phone(self.phone)

    async def follow(self) -> TapOutcome:
        if self.chat.following:
            raise BadControlRequest("the phone follows this account already")
        self._begin_following("")
        return await self._event("subscribe", EventKey="")

    async def unfollow(self) -> TapOutcome:
        self._check_following()
        self.chat.following = False
        windows.close(self.chat)
        self.platform.tags_of.pop((self.account.appid, self.chat.openid), None)
        for key in [key for key in self.phone.consents if key[0] == self.account.appid]:
            del self.phone.consents[key]
        self.world.show_phone(self.phone)
        return await self._event("unsubscribe", EventKey="")

    async def text(self, content: str) -> TapOutcome:
        self._check_following()
        self._show_message("text", content)
        return await self._message("text", Content=content)

    async def location(self, latitude: float, longitude: float, label: str) -> TapOutcome:
        self._check_following()
        self._show_message("location", f"[位置] {label or f'{latitude}, {longitude}'}")
        place: Json = {"Location_X": latitude, "Location_Y": longitude, "Scale": 16, "Label": label}
        return await self._message("location", **place)

    async def message(self, kind: str, fields: Json) -> TapOutcome:
        """Any other message type of a person: image, voice, video, shortvideo, link."""
        self._check_following()
        names = {"image": "图片", "voice": "语音", "video": "视频", "shortvideo": "小视频", "link": "链接"}
        if kind not in names:
            raise BadControlRequest(f"no message type {kind!r}; known: {', '.join(names)}, text, location")
        self._show_message(kind, f"[{names[kind]}]")
        return await self._message(kind, **fields)

    async def choose(self, link: PhoneLink) -> TapOutcome:
        """Tap a choice. It is sent as a text, but counts as a tap, not as writing."""
        self._check_following()
        self._show_message("text", link.content)
        windows.note_tap(self.chat, self.world.clock.now())
        fields: Json = {"MsgType": "text", "Content": link.content, "MsgId": self.world.new_number()}
        if link.menu_id:
            fields["bizmsgmenuid"] = link.menu_id
        return await self.push(fields)

    async def tap(self, link: PhoneLink) -> TapOutcome:
        if link.kind == "menu":
            return await self.choose(link)
        if link.kind == "mini":
            return TapOutcome(open_mini=link.pagepath or "/")
        return TapOutcome(open_url=link.url)

    # -- the menu below the chat ----------------------------------------------------------------------------------

    def buttons(self) -> list[Json]:
        """Every button that does something, sub-buttons included."""
        menu = self.platform.menu_of(self.account.appid, self.chat.openid)
        buttons: list[Json] = []
        for button in jsons.objects(menu, "button"):
            buttons += jsons.objects(button, "sub_button") or [button]
        return buttons

    async def menu(self, name_or_key: str) -> TapOutcome:
        """Taps the button with this name or key."""
        self._check_following()
        button = next((item for item in self.buttons() if name_or_key in (item.get("name"), item.get("key"))), None)
        if button is None:
            raise BadControlRequest(f"no menu button {name_or_key!r}")
        kind, key = jsons.text(button, "type"), jsons.text(button, "key")
        if kind == "click":
            windows.note_tap(self.chat, self.world.clock.now())
            return await self._event("CLICK", EventKey=key)
        if kind == "view":
            act = await self._event("VIEW", EventKey=jsons.text(button, "url"), MenuId=410418124)
            act.open_url = jsons.text(button, "url")
            return act
        if kind == "miniprogram":
            act = await self._event("view_miniprogram", EventKey=jsons.text(button, "pagepath"), MenuId=410418124)
            act.open_mini = jsons.text(button, "pagepath")
            return act
        if kind.startswith("scancode"):
            raise BadControlRequest("this button opens the scanner: scan with “menu_key” set to the button's key")
        raise BadControlRequest(f"a button of type {kind!r} can't be tapped here: inject its event")

    # -- the scanner ----------------------------------------------------------------------------------------------

    async def scan(self, content: str, menu_key: str = "") -> TapOutcome:
        """Scans a code: a scene of an account, a page of ours, any other address; or for a menu button."""
        if menu_key:
            return await self._scan_for_menu(content, menu_key)
        scene = self._find_scene(content)
        if scene is not None:
            return await self._scan_scene(*scene)
        parts = urlsplit(content)
        if content.startswith(f"{self.world.config.public_url}/wechat/link/"):
            return self._open_mini(content.rpartition("/")[2])
        if parts.scheme in ("http", "https"):
            return TapOutcome(open_url=content)
        raise BadControlRequest("this code leads nowhere")

    def _find_scene(self, content: str) -> tuple[str, str] | None:
        """Scene key and ticket, when the code is one of this account's; BadRequest when it has expired."""
        parts = urlsplit(content)
        ticket = parse_qs(parts.query).get("ticket", [""])[0]
        scene = self.platform.scenes.get(content) or self.platform.scenes.get(ticket)
        if scene is not None and scene.appid == self.account.appid:
            if scene.expires and scene.expires <= self.world.clock.now():
                raise BadControlRequest("this QR code has expired")
            return scene.key, scene.ticket
        prefix = f"/q/{self.account.pool}/"
        if parts.netloc == "weixin.qq.com" and parts.path.startswith(prefix):
            return unquote(parts.path.removeprefix(prefix)), "made-up-ticket"
        return None

    async def _scan_scene(self, key: str, ticket: str) -> TapOutcome:
        if self.chat.following:
            windows.note_tap(self.chat, self.world.clock.now())
            return await self._event("SCAN", EventKey=key, Ticket=ticket)
        self._begin_following(key)
        return await self._event("subscribe", EventKey=f"qrscene_{key}", Ticket=ticket)

    async def _scan_for_menu(self, content: str, key: str) -> TapOutcome:
        button = next((item for item in self.buttons() if item.get("key") == key), None)
        kind = jsons.text(button or {}, "type")
        if kind not in ("scancode_waitmsg", "scancode_push"):
            raise BadControlRequest(f"no scan button with key {key!r}")
        windows.note_tap(self.chat, self.world.clock.now())
        info: Json = {"ScanType": "qrcode", "ScanResult": content}
        return await self._event(kind, EventKey=key, ScanCodeInfo=info)

    def _open_mini(self, name: str) -> TapOutcome:
        link = self.platform.links.get(name)
        if link is None or link.expires <= self.world.clock.now():
            raise BadControlRequest("this link has expired")
        return TapOutcome(open_mini=f"{link.path}?{link.query}".strip("?") or "/")

    # -- consent to notices -----------------------------------------------------------------------------------------

    async def consent(self, template_id: str, accept: bool, mini: bool, *, always: bool = False) -> TapOutcome:
        """Answers the pop-up for a notice. An official account gets an event; a mini-program none.

        ``always``: the same answer is given from now on without a question.
        """
        app = self.world.minis.get(self.chat.pool) if mini else self.account
        if app is None:
            raise BadControlRequest(f"no mini-program for pool {self.chat.pool!r}")
        key = (app.appid, template_id)
        template = app.templates.get(template_id)
        if accept:
            held = template is not None and template.long_term
            self.phone.consents[key] = 1 if held else self.phone.consents.get(key, 0) + 1
        if always:
            self.phone.choices[key] = accept
        self.phone.touch()
        if mini:
            return TapOutcome()
        status = "accept" if accept else "reject"
        item: Json = {"TemplateId": template_id, "SubscribeStatusString": status, "PopupScene": 1}
        return await self._event("subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": item})

    async def revoke(self, template_id: str) -> TapOutcome:
        """Switches a notice off in the account's settings."""
        self.phone.consents.pop((self.account.appid, template_id), None)
        item: Json = {"TemplateId": template_id, "SubscribeStatusString": "reject"}
        return await self._event("subscribe_msg_change_event", SubscribeMsgChangeEvent={"List": item})
