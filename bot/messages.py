"""Messages from WeChat: XML parsed into a frozen ``Message``.

Field lists: WeChat's pages 接收普通消息, 接收事件推送 and 自定义菜单事件推送. Unknown fields are kept and ignored.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeAlias, TypeVar
from xml.parsers import expat

from domain.clock import is_plausible

Value: TypeAlias = "str | dict[str, Value] | list[Value]"
"""A leaf's text, the children of an element by name, or the occurrences of a repeated element."""

MAX_BODY = 64 * 1024
"""Bytes of a callback's body that are read; WeChat's own have a few hundred."""

_MAX_DEPTH = 8
_MAX_ELEMENTS = 1000


_NUMBER, _WORD = re.compile(r"[0-9]{0,20}"), re.compile(r"[\x21-\x7e]{0,64}")
_FORMS: Mapping[str, re.Pattern[str]] = {
    "FromUserName": re.compile(r"[0-9A-Za-z_-]{1,64}"),
    "MsgType": _WORD,
    "Event": _WORD,
    "MsgId": _NUMBER,
    "MsgID": _NUMBER,
    "bizmsgmenuid": re.compile(r".{0,64}", re.DOTALL),
    "CreateTime": re.compile(r"[0-9]{0,11}"),
    "EventKey": re.compile(r".{0,1024}", re.DOTALL),
    "MediaId": re.compile(r".{0,512}", re.DOTALL),
    "Ticket": re.compile(r".{0,512}", re.DOTALL),
}
"""Permitted format of WeChat's fields; a missing field is empty."""

UNSUPPORTED = "unsupported"
"""Kind of a message that WeChat does not pass on: a sticker, a red packet, a video call."""
_PLACEHOLDER = "【收到不支持的消息类型，暂无法显示】"
"""The text that WeChat sends in its place (developers report it; no page of WeChat's states it)."""
ILLEGAL_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile("&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")

T = TypeVar("T")


class _lazy(Generic[T]):  # noqa: N801  (reads as a decorator)
    """``functools.cached_property`` without the lock that it takes until Python 3.12."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __get__(self, instance: object, _owner: type) -> T:
        value = self._compute(instance)
        instance.__dict__[self._compute.__name__] = value
        return value


class CallbackRefusal(Exception):
    """A request that is not WeChat's, or not meant for us. ``status`` is the HTTP status, always 4xx."""

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Malformed(CallbackRefusal):
    """Not valid XML or ciphertext."""


class Oversized(CallbackRefusal):
    status = 413


class Untrusted(CallbackRefusal):
    """Wrong signature, wrong appid, outside the time window, or addressed to another account."""

    status = 403


class Unusable(CallbackRefusal):
    """From WeChat, but unusable. Answered like a good message, since WeChat would repeat it otherwise."""

    status = 200


@dataclass(frozen=True)
class Location:
    """Degrees; ``label`` is the address that the phone shows."""

    latitude: float
    longitude: float
    label: str = ""


@dataclass(frozen=True)
class Message:
    """One message or event of one user. ``fields`` holds all that was sent, by WeChat's element names.

    ``received_at`` is by our clock, ``digest`` the SHA-256 of the decrypted body.
    """

    pool: str
    appid: str
    fields: Mapping[str, Value]
    received_at: datetime
    digest: str

    def get(self, name: str) -> str:
        """The text of a top-level field; empty when it is missing or has children."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    @_lazy
    def openid(self) -> str:
        return self.get("FromUserName").strip()

    @_lazy
    def account(self) -> str:
        """The account's gh_… id."""
        return self.get("ToUserName").strip()

    @_lazy
    def kind(self) -> str:
        """text, image, voice, video, shortvideo, location, link, event, UNSUPPORTED, or a kind unknown to us.

        A voice message that WeChat has recognised, which it does for some accounts, is a text.
        """
        kind = self.get("MsgType").strip().lower()
        if self._recognition:
            return "text"
        return UNSUPPORTED if kind == "text" and self.get("Content").strip() == _PLACEHOLDER else kind

    @_lazy
    def event(self) -> str:
        """Name of the event in lower case (``subscribe``, ``templatesendjobfinish``…); empty for messages."""
        return self.get("Event").strip().lower() if self.kind == "event" else ""

    @_lazy
    def event_key(self) -> str:
        """Menu key, link or scene as sent (``qrscene_`` precedes a scene of ``subscribe``)."""
        return self.get("EventKey").strip()

    @_lazy
    def scene(self) -> str:
        """The scene of a scanned QR code, on ``scan`` and ``subscribe`` alike; else empty."""
        if self.event == "scan":
            return self.event_key
        prefix = "qrscene_"
        return self.event_key[len(prefix) :] if self.event == "subscribe" and self.event_key.startswith(prefix) else ""

    @property
    def msg_id(self) -> str:
        """WeChat's 64-bit number as text; events have none, but delivery reports carry that of their message
        (MsgID)."""
        return (self.get("MsgId") or self.get("MsgID")).strip()

    @_lazy
    def text(self) -> str:
        """What the person typed, tapped or spoke, without surrounding white space."""
        if self.kind != "text":
            return ""
        return self._recognition or self.get("Content").strip()

    @property
    def _recognition(self) -> str:
        """What WeChat heard in a voice message."""
        is_voice = self.get("MsgType").strip().lower() == "voice"
        return self.get("Recognition").strip() if is_voice else ""

    @_lazy
    def tap(self) -> int | None:
        """``bizmsgmenuid`` of a tapped choice; None when none was tapped or the client sent an invalid one (0)."""
        digits = self.get("bizmsgmenuid").strip()
        usable = digits.isascii() and digits.isdigit() and len(digits) <= 19
        return (int(digits) or None) if usable else None

    @_lazy
    def location(self) -> Location | None:
        """Position of a location message, or of the report event when the user allowed it."""
        names = ("Location_X", "Location_Y") if self.kind == "location" else ("Latitude", "Longitude")
        try:
            latitude, longitude = (float(self.get(name)) for name in names)
        except ValueError:
            return None
        in_range = -90 <= latitude <= 90 and -180 <= longitude <= 180
        return Location(latitude, longitude, self.get("Label").strip()) if in_range else None

    @property
    def created_at(self) -> str:
        """WeChat's CreateTime, seconds since 1970 as text."""
        return self.get("CreateTime").strip()

    @property
    def sent_at(self) -> datetime:
        """When the person sent it, to the second; by our clock when WeChat sends no time."""
        return datetime.fromtimestamp(int(self.created_at), UTC) if self.created_at else self.received_at

    @_lazy
    def key(self) -> str:
        """Identifies a message over all its deliveries. 32 hex digits."""
        if self.kind == "event":
            parts = [self.appid, self.openid, self.created_at, self.event, self.event_key, self.digest]
        else:
            parts = [self.appid, self.get("MsgId").strip() or self.digest]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def items(self, *path: str) -> list[Mapping[str, Value]]:
        """The elements at ``path`` as mappings, whether the last one occurs zero, one or more times."""
        value: Value | None = dict(self.fields)
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        elements = value if isinstance(value, list) else [value]
        return [item for item in elements if isinstance(item, dict)]


def check_fields(message: Message) -> None:
    """Raises Unusable for a field whose length, format or range would fail in later code."""
    for name, form in _FORMS.items():
        value = message.fields.get(name, "")
        if not isinstance(value, str) or not form.fullmatch(value.strip()):
            raise Unusable(f"a strange {name}")
    if message.created_at and not is_plausible(datetime.fromtimestamp(int(message.created_at), UTC)):
        raise Unusable("sent in another century")


def parse_message(body: bytes, pool: str, appid: str, received_at: datetime) -> Message:
    """``body`` is proved to be WeChat's. Raises Malformed when it is not its XML, or lacks sender, receiver or type."""
    fields = parse_typed_xml(body)
    message = Message(pool, appid, fields, received_at, hashlib.sha256(body).hexdigest())
    if not (message.openid and message.account and message.kind):
        raise Malformed("FromUserName, ToUserName or MsgType is missing")
    if message.kind == "event" and not message.event:
        raise Malformed("an event without a name")
    return message


def parse_typed_xml(body: bytes) -> dict[str, Value]:
    """``parse_xml`` of what may hold a person's text: characters that XML forbids can be typed or pasted, and WeChat
    passes them on. They are dropped."""
    try:
        return parse_xml(body)
    except Malformed:
        return parse_xml(_drop_forbidden(body))


def _drop_forbidden(body: bytes) -> bytes:
    """Without bytes that are not UTF-8, characters that XML forbids, and references to these."""
    text = ILLEGAL_IN_XML.sub("", body.decode("utf-8", "ignore"))
    return _REFERENCE.sub(lambda match: match[0] if _is_allowed(match) else "", text).encode()


def _is_allowed(reference: re.Match[str]) -> bool:
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return 0 < code <= sys.maxunicode and not ILLEGAL_IN_XML.match(chr(code))


def parse_xml(body: bytes) -> dict[str, Value]:
    """The children of the root ``<xml>``. Refuses document types and custom entities; depth and number are bounded."""
    if len(body) > MAX_BODY:
        raise Oversized(f"{len(body)} bytes")
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise Malformed(f"no XML: {error}") from error
    if not isinstance(reader.root, dict):
        raise Malformed("no children")
    return reader.root


class _Reader:
    """Collects elements during expat's parse. Holds no reference to the parser: a cycle would wait for the GC."""

    def __init__(self) -> None:
        self.root: Value = ""
        self._open: list[tuple[str, dict[str, Value], list[str]]] = []
        self._count = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if not self._open and name != "xml":
            raise Malformed(f"root is {name[:20]!r}")
        if len(self._open) >= _MAX_DEPTH or self._count > _MAX_ELEMENTS:
            raise Malformed("too deep or too many elements")
        self._open.append((name, {}, []))

    def text(self, data: str) -> None:
        self._open[-1][2].append(data)

    def end(self, _name: str) -> None:
        name, children, texts = self._open.pop()
        value: Value = children or "".join(texts)
        if not self._open:
            self.root = value
            return
        siblings = self._open[-1][1]
        before = siblings.get(name)
        if before is None:
            siblings[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            siblings[name] = [before, value]

    def doctype(self, *_declaration: object) -> None:
        raise Malformed("a document type is not accepted")
