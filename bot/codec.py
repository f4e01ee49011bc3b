"""The wire protocol of one official account: signatures, AES, and the envelope around messages and replies.

Source: WeChat's page 消息推送 (signature, 安全模式). Why not wechatpy, whose bytes the
tests compare with ours: decision 5.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.messages import (
    MAX_BODY,
    CallbackRefusal,
    Malformed,
    Message,
    Oversized,
    Untrusted,
    Unusable,
    check_fields,
    parse_message,
    parse_typed_xml,
)
from config.settings import OfficialAccount

_USUAL = re.compile(
    rb"\s*<xml>\s*(?:<ToUserName><!\[CDATA\[[\w-]*\]\]></ToUserName>\s*)?"
    rb"<Encrypt><!\[CDATA\[([A-Za-z0-9+/=]+)\]\]></Encrypt>\s*</xml>\s*"
)
"""The envelope in WeChat's usual layout; anything else goes through the XML parser."""

MAX_AGE = 600
"""Seconds by which our clock and the time that WeChat signed may differ."""
_BLOCK = 32
"""Padding reaches to multiples of 32 bytes, twice AES's own block."""


@dataclass(frozen=True)
class VerifiedCallback:
    """A verified POST: the message, and the nonce that the reply repeats."""

    message: Message
    nonce: str


class Codec:
    """``mode`` is what the WeChat console is set to. In plain mode nothing on the wire is encrypted."""

    def __init__(
        self,
        pool: str,
        *,
        appid: str,
        token: str,
        aes_key: str,
        original_id: str,
        mode: Literal["plain", "compatible", "safe"] = "safe",
        max_age: int = MAX_AGE,
    ) -> None:
        """``max_age`` in seconds. Raises ValueError when ``aes_key`` isn't the 43 characters that the console shows."""
        self.pool = pool
        self.appid = appid
        self.mode = mode
        self._original_id = original_id
        self._max_age = max_age
        self._token = token.encode()
        key = _aes_key(aes_key)
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._appid = appid.encode()

    @classmethod
    def from_account(cls, pool: str, account: OfficialAccount, max_age: int = MAX_AGE) -> Codec:
        return cls(
            pool,
            appid=account.appid,
            token=account.token.get_secret_value(),
            aes_key=account.aes_key.get_secret_value(),
            original_id=account.original_id,
            mode=account.mode,
            max_age=max_age,
        )

    def sign(self, *parts: str) -> str:
        """``hex(sha1(sorted parts and token))``."""
        pieces = sorted([self._token, *(part.encode() for part in parts)])
        return hashlib.sha1(b"".join(pieces), usedforsecurity=False).hexdigest()

    def verify_address(self, query: Mapping[str, str]) -> str:
        """Decrypts the echo that proves to the WeChat console that this address is ours. Raises Untrusted."""
        self._check(query.get("signature", ""), query.get("timestamp", ""), query.get("nonce", ""))
        return query.get("echostr", "")

    def open(self, query: Mapping[str, str], body: bytes, received_at: datetime) -> VerifiedCallback:
        """Verify, decrypt and parse a POST. Raises CallbackRefusal.

        The signature covers the timestamp, so a recorded request can't be replayed later. In the encrypted modes it
        also covers the body: a repeated nonce means a repeated message, which is recognised by its id. Once signature
        and time are proved the only refusal is Unusable, whatever the content: WeChat shows its user any other answer
        as a failure of the account.
        """
        if len(body) > MAX_BODY:
            raise Oversized(f"{len(body)} bytes")
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if self.mode == "plain":
            sealed = None
            self._check(query.get("signature", ""), timestamp, nonce)
        else:
            sealed = _read_encrypted(body)
            self._check(query.get("msg_signature", ""), timestamp, nonce, sealed)
        self._check_age(timestamp, received_at)
        try:
            plain = body if sealed is None else self.decrypt(sealed)
            return VerifiedCallback(self._read_proven(plain, received_at), nonce)
        except CallbackRefusal as error:
            raise Unusable(error.reason) from error

    def _read_proven(self, plain: bytes, received_at: datetime) -> Message:
        message = parse_message(plain, self.pool, self.appid, received_at)
        if message.account != self._original_id:
            raise Untrusted("addressed to another account")
        check_fields(message)
        return message

    def envelope(self, sealed: str, nonce: str, timestamp: int) -> bytes:
        """The body of a reply whose XML was encrypted by ``encrypt``; plain XML again in plain mode."""
        if self.mode == "plain":
            return self.decrypt(sealed)
        stamp = str(timestamp)
        signature = self.sign(stamp, nonce, sealed)
        return (
            f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{stamp}</TimeStamp><Nonce><![CDATA[{nonce.replace(']]>', '')}]]></Nonce></xml>"
        ).encode()

    def encrypt(self, plain: bytes) -> str:
        """Base64 of AES-256-CBC over random, length, ``plain`` and appid."""
        prefix = os.urandom(8).hex().encode()
        raw = b"".join((prefix, len(plain).to_bytes(4, "big"), plain, self._appid))
        pad = _BLOCK - len(raw) % _BLOCK
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(raw + bytes((pad,)) * pad) + encryptor.finalize()).decode()

    def decrypt(self, sealed: str) -> bytes:
        """Raises Malformed for what isn't WeChat's ciphertext and Untrusted for that of another account."""
        try:
            data = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Malformed("Encrypt is not base64") from error
        if not data or len(data) % _BLOCK:
            raise Malformed("ciphertext of an impossible length")
        decryptor = self._cipher.decryptor()
        raw = decryptor.update(data) + decryptor.finalize()
        pad = raw[-1]
        if not 1 <= pad <= _BLOCK or raw[-pad:] != bytes((pad,)) * pad:
            raise Malformed("broken padding")
        end = 20 + int.from_bytes(raw[16:20], "big")
        if end > len(raw) - pad:
            raise Malformed("broken length")
        if not hmac.compare_digest(raw[end : len(raw) - pad], self._appid):
            raise Untrusted("encrypted for another appid")
        return raw[20:end]

    def _check(self, signature: str, *parts: str) -> None:
        if not hmac.compare_digest(self.sign(*parts).encode(), signature.encode("utf-8", "replace")):
            raise Untrusted("wrong signature")

    def _check_age(self, timestamp: str, now: datetime) -> None:
        digits = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11
        if not digits or abs(now.timestamp() - int(timestamp)) > self._max_age:
            raise Untrusted("not of now")


def _aes_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text + "=")
    except binascii.Error as error:
        raise ValueError("EncodingAESKey is not base64") from error
    if len(key) != 32:
        raise ValueError("EncodingAESKey must have 43 characters")
    return key


def _read_encrypted(body: bytes) -> str:
    usual = _USUAL.fullmatch(body)
    if usual is not None:
        return usual[1].decode("ascii")
    # in compatible mode what the person typed stands beside the ciphertext
    value = parse_typed_xml(body).get("Encrypt", "")
    if not isinstance(value, str) or not value.strip():
        raise Malformed("Encrypt is missing")
    return value.strip()
