"""Callbacks as WeChat sends them in safe mode: signed, encrypted, each with a MsgId of its own."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from urllib.parse import unquote

from benchmarks.load import request
from bot.codec import Codec
from bot.messages import parse_xml

_numbers = itertools.count(int(time.time() * 1_000_000))
_CHOICE = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=([^&"]*)&msgmenuid=(\d+)">([^<]*)</a>')


@dataclass(frozen=True)
class Account:
    """An official account: its id and the address of its callbacks."""

    codec: Codec
    path: str
    original_id: str

    def says(self, openid: str, text: str, *, tap: int | None = None, close: bool = False) -> bytes:
        """The request of one message; ``tap`` is the choice that was tapped."""
        number = next(_numbers)
        tapped = f"<bizmsgmenuid>{tap}</bizmsgmenuid>" if tap is not None else ""
        plain = (
            f"<xml><ToUserName><![CDATA[{self.original_id}]]></ToUserName>"
            f"<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{int(time.time())}</CreateTime>"
            f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId>"
            f"{tapped}</xml>"
        )
        sealed, nonce, stamp = self.codec.encrypt(plain.encode()), str(number), str(int(time.time()))
        signature = self.codec.sign(stamp, nonce, sealed)
        to = self.original_id
        body = f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        query = f"timestamp={stamp}&nonce={nonce}&encrypt_type=aes&msg_signature={signature}"
        return request(
            "POST", f"{self.path}?{query}", headers=["Content-Type: text/xml"], body=body.encode(), close=close
        )

    def read(self, body: bytes) -> str:
        """The text of a reply; empty for an answer without one."""
        return self._field(body, "Content")

    def reader(self, body: bytes) -> str:
        """The openid that receives the reply."""
        return self._field(body, "ToUserName")

    def _field(self, body: bytes, name: str) -> str:
        sealed = parse_xml(body).get("Encrypt") if body.startswith(b"<xml>") else None
        return str(parse_xml(self.codec.decrypt(str(sealed))).get(name, "")) if sealed else ""


def is_reply(head: bytes, body: bytes) -> bool:
    """An answer that carries an encrypted reply."""
    return b" 200 " in head[:20] and b"<Encrypt>" in body


def choices(text: str) -> dict[str, tuple[str, int]]:
    """Choices of a reply by label: the text that a tap sends, and its number."""
    return {label: (unquote(content), int(tap)) for content, tap, label in _CHOICE.findall(text)}
