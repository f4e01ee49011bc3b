"""Phones and what their owners see. There may be thousands, so parts are made when first used."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import deque
from dataclasses import dataclass, field

from sandbox.jsons import Json

LINES = {
    "normal": "",
    "no_answer": "200003",
    "busy": "200002",
    "bad_number": "200004",
    "rejects": "200005",
    "unreachable": "200007",
    "off": "200010",
    "suspended": "200011",
    "time_limit": "200118",
    "frequency_limit": "200119",
    "too_many": "200121",
    "system_error": "999999",
}
"""Status code of a call that the person can't answer, by the state of the phone's line."""


def openid_of(appid: str, mobile: str) -> str:
    """28 characters, the same after a restart, different for every account."""
    digest = hashlib.sha256(f"{appid}|{mobile}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


@dataclass(frozen=True, slots=True)
class PhoneLink:
    """A link to tap. ``kind``: url, menu (a choice that is sent as text), mini (opens the mini-program)."""

    label: str
    kind: str
    url: str = ""
    menu_id: str = ""
    content: str = ""
    appid: str = ""
    pagepath: str = ""

    def as_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Segment:
    text: str
    link: PhoneLink | None = None


@dataclass(frozen=True, slots=True)
class Bubble:
    """One line of a chat. ``side``: account, me, system. ``source``: reply, custom, template, subscribe."""

    id: int
    at: float
    side: str
    kind: str
    segments: tuple[Segment, ...]
    title: str = ""
    image: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    @property
    def links(self) -> list[PhoneLink]:
        return [segment.link for segment in self.segments if segment.link is not None]

    def as_json(self) -> Json:
        segments: list[Json] = []
        index = 0
        for segment in self.segments:
            if segment.link is None:
                segments.append({"text": segment.text})
            else:
                segments.append({"text": segment.text, "link": index})
                index += 1
        return {
            "id": self.id,
            "at": self.at,
            "side": self.side,
            "kind": self.kind,
            "title": self.title,
            "image": self.image,
            "source": self.source,
            "text": self.text,
            "segments": segments,
            "links": [link.as_json() for link in self.links],
        }


@dataclass(slots=True)
class Window:
    """How many customer-service messages may still be sent, and until when (seconds since 1970)."""

    until: float = 0.0
    left: int = 0

    def open(self, now: float, seconds: float, count: int) -> None:
        self.until, self.left = now + seconds, count


@dataclass(slots=True)
class Chat:
    """A person's chat with one official account."""

    pool: str
    openid: str
    bubbles: deque[Bubble]
    following: bool = False
    followed_at: int = 0
    scene: str = ""
    spoken: Window = field(default_factory=Window)
    """Opened by a message: 5 in 48 hours."""
    touched: Window = field(default_factory=Window)
    """Opened by a tap, a scan or following: 3 in a minute."""
    last_exchange: float = 0.0
    typing_until: float = 0.0
    refuses: bool = False
    """The person switched off the account's messages."""

    def as_json(self) -> Json:
        return {
            "pool": self.pool,
            "openid": self.openid,
            "following": self.following,
            "refuses": self.refuses,
            "typing_until": self.typing_until,
            "bubbles": [bubble.as_json() for bubble in self.bubbles],
        }


@dataclass(frozen=True, slots=True)
class Sms:
    id: int
    at: float
    sign: str
    text: str
    biz_id: str
    template: str

    def as_json(self) -> Json:
        return {
            "id": self.id,
            "at": self.at,
            "sign": self.sign,
            "text": self.text,
            "biz_id": self.biz_id,
            "template": self.template,
        }


@dataclass(slots=True)
class PhoneCall:
    """A call at a phone. ``state``: ringing, talking, ended."""

    id: str
    mobile: str
    kind: str
    """ivr, tts or two_way; inbound: made by this phone, to ``show_number``."""
    at: float
    out_id: str
    show_number: str
    prompt: str
    menu: dict[str, str] = field(default_factory=dict)
    bye: str = ""
    play_times: int = 1
    key_wait: float = 5.0
    state: str = "ringing"
    rung_at: float = 0.0
    answered_at: float = 0.0
    ended_at: float = 0.0
    status_code: str = ""
    keys: str = ""
    hung_up_by: str = ""
    played: int = 0
    peer: str = ""
    """The other person's number in a two-way call."""
    connected_at: float = 0.0
    """When both persons of a two-way call had answered."""
    spoken: list[str] = field(default_factory=list)
    """Text spoken so far, as subtitles."""
    turn: int = 0
    wanted: int = 0
    collected: str = ""
    """Of an inbound call: number of the newest prompt, how many keys it collects, and keys that are not sent yet."""

    def as_json(self) -> Json:
        return {
            "id": self.id,
            "mobile": self.mobile,
            "kind": self.kind,
            "at": self.at,
            "show_number": self.show_number,
            "state": self.state,
            "answered_at": self.answered_at,
            "ended_at": self.ended_at,
            "status_code": self.status_code,
            "keys": self.keys,
            "menu": sorted(self.menu),
            "spoken": self.spoken,
            "peer": self.peer,
            "out_id": self.out_id,
        }


@dataclass(slots=True)
class Autopilot:
    """Answers for a person. ``choice``: accept, decline, silent. ``by``: voice, chat, both."""

    choice: str = "accept"
    by: str = "voice"
    after: float = 2.0
    """Seconds on the sandbox's clock before each act."""
    keys: str = ""
    """Keys pressed in a call; empty: 11 to accept, 22 to decline."""
    say: str = ""
    """Text written when a template message arrives; empty: 参加 or 不参加."""

    def as_json(self) -> Json:
        return {"choice": self.choice, "by": self.by, "after": self.after, "keys": self.keys, "say": self.say}


@dataclass(slots=True)
class Phone:
    id: str
    name: str
    mobile: str
    pool: str
    role: str = "expert"
    id_number: str = ""
    level: int = 4
    user_type: str = "person"
    organisation: str = ""
    credit_code: str = ""
    email: str = ""
    latest_email: int = 0
    """Number of the newest e-mail that was received while this was the phone's address."""
    line: str = "normal"
    net: str = "normal"
    """Network of its browser: normal, slow or lost."""
    skew: int = 0
    """Seconds by which the clock of its browser is wrong."""
    chats: dict[str, Chat] = field(default_factory=dict)
    sms: deque[Sms] = field(default_factory=lambda: deque(maxlen=200))
    calls: deque[PhoneCall] = field(default_factory=lambda: deque(maxlen=100))
    consents: dict[tuple[str, str], int] = field(default_factory=dict)
    """Subscribe messages still allowed, by app id and template id."""
    choices: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Always accepted or always refused without a question, by app id and template id."""
    cookies: dict[str, str] = field(default_factory=dict)
    """Of the phone's browser, at the service."""
    autopilot: Autopilot | None = None
    changes: int = 0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def touch(self) -> None:
        """Note a change on the phone and wake the waiting requests."""
        self.changes += 1
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait_for_change(self, timeout: float) -> bool:
        """Waits for a change; False when none came in ``timeout`` real seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            return False
        return True

    def find_call(self, call_id: str) -> PhoneCall | None:
        return next((call for call in self.calls if call.id == call_id), None)

    @property
    def live_call(self) -> PhoneCall | None:
        return next((call for call in self.calls if call.state != "ended"), None)

    def summary(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "mobile": self.mobile,
            "pool": self.pool,
            "role": self.role,
            "line": self.line,
            "net": self.net,
            "skew": self.skew,
            "changes": self.changes,
            "autopilot": self.autopilot.as_json() if self.autopilot else None,
        }

    def as_json(self) -> Json:
        return {
            **self.summary(),
            "id_number": self.id_number,
            "email": self.email,
            "latest_email": self.latest_email,
            "chats": {pool: chat.as_json() for pool, chat in self.chats.items()},
            "sms": [sms.as_json() for sms in self.sms],
            "calls": [call.as_json() for call in self.calls],
            "consents": [
                {"appid": appid, "template_id": template, "left": left}
                for (appid, template), left in self.consents.items()
            ],
            "choices": [
                {"appid": appid, "template_id": template, "accept": accept}
                for (appid, template), accept in self.choices.items()
            ],
        }
