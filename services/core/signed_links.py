"""Signed links: a token in an SMS or WeChat message opens exactly one page, for one person, until its expiry."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.clock import Clock
from domain.errors import Forbidden
from services.core.crypto import Keyring

_TAG = b"pbt-link-v1\0"
_MAC = 16
_BODIES = {16 + 5 + _MAC: 1, 16 + 16 + 5 + _MAC: 2}
"""Number of ids in a token, by its length in bytes."""


@dataclass(frozen=True)
class Link:
    """The content of a token: one ``purpose``, one subject (an invitation, a draw), one person (expert or account)."""

    purpose: str
    subject_id: UUID
    person_id: UUID
    expires: datetime


@dataclass(frozen=True)
class Links:
    """Makes and checks tokens of 71 URL-safe characters. Nothing is stored: a token is valid until it expires.

    Where no person is needed (a venue's code is for all) one id is enough, and the token has 50 characters, which fit a
    scene QR code.
    """

    keys: Keyring
    clock: Clock

    def sign(self, purpose: str, subject_id: UUID, person_id: UUID, expires: datetime) -> str:
        """``expires`` is rounded up to the second."""
        seconds = int((expires + timedelta(microseconds=999_999)).timestamp())
        ids = subject_id.bytes if person_id == subject_id else subject_id.bytes + person_id.bytes
        body = ids + seconds.to_bytes(5, "big")
        return base64.urlsafe_b64encode(body + self._mac(purpose, body)).decode().rstrip("=")

    def check(self, token: str, purpose: str) -> Link:
        """Raises Forbidden for a token that is forged, for another purpose, or expired."""
        raw = _decode(token)
        body, mac = raw[:-_MAC], raw[-_MAC:]
        count = _BODIES.get(len(raw))
        if count is None or not hmac.compare_digest(mac, self._mac(purpose, body)):
            raise Forbidden("链接无效，请使用最新一条通知中的链接。", code="link_invalid")
        ids = [UUID(bytes=body[at : at + 16]) for at in range(0, 16 * count, 16)]
        expires = datetime.fromtimestamp(int.from_bytes(body[-5:], "big"), UTC)
        if expires <= self.clock.now():
            raise Forbidden("链接已过期，请使用最新一条通知，或在公众号回复“状态”查看。", code="link_expired")
        return Link(purpose, ids[0], ids[-1], expires)

    def _mac(self, purpose: str, body: bytes) -> bytes:
        name = purpose.encode()
        message = _TAG + len(name).to_bytes(2, "big") + name + body
        return hmac.new(self.keys.signing, message, hashlib.sha256).digest()[:_MAC]


def _decode(token: str) -> bytes:
    """The bytes of a token; empty for an invalid one, including alternative spellings."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == token else b""
