"""Personal data at rest: AES-256-GCM, with algorithm and key id in the ciphertext, and a keyed hash for look-up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ALGORITHM = "a256gcm"
PHONE, TEXT, REPORT = "phone", "text", "report"
"""Purposes of encrypted columns: a phone of staff, free text that a person wrote to the office, and what belongs to a
report to supervision."""


class SealBroken(Exception):
    """A ciphertext is damaged, of an unknown key, or was sealed for another purpose."""


@dataclass(frozen=True)
class Keyring:
    """``data`` are 32-byte keys by id; ``active`` seals, all open. ``lookup`` and ``signing`` are 32-byte HMAC keys."""

    data: dict[str, bytes] = field(repr=False)
    active: str
    lookup: bytes = field(repr=False)
    signing: bytes = field(repr=False)
    _ciphers: dict[str, AESGCM] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ciphers", {name: AESGCM(key) for name, key in self.data.items()})

    def seal(self, plain: str | bytes, purpose: str) -> str:
        """Encrypt; ``purpose`` (``mobile``, ``salts``…) is authenticated and must be given again to decrypt."""
        raw = plain.encode() if isinstance(plain, str) else plain
        nonce = os.urandom(12)
        body = self._ciphers[self.active].encrypt(nonce, raw, purpose.encode())
        return f"{_ALGORITHM}:{self.active}:{base64.b64encode(nonce + body).decode()}"

    def open(self, sealed: str, purpose: str) -> bytes:
        """Raises SealBroken."""
        try:
            algorithm, key_id, body = sealed.split(":", 2)
            raw = base64.b64decode(body)
            cipher = self._ciphers[key_id]
        except (ValueError, KeyError) as error:
            raise SealBroken(purpose) from error
        if algorithm != _ALGORITHM or len(raw) < 12:
            raise SealBroken(purpose)
        try:
            return cipher.decrypt(raw[:12], raw[12:], purpose.encode())
        except InvalidTag as error:
            raise SealBroken(purpose) from error

    def seal_file(self, content: bytes, purpose: str) -> bytes:
        """The same for a file, without base64's overhead of a third: ``a256gcm:key:``, nonce, ciphertext."""
        nonce = os.urandom(12)
        head = f"{_ALGORITHM}:{self.active}:".encode()
        return head + nonce + self._ciphers[self.active].encrypt(nonce, content, purpose.encode())

    def open_file(self, sealed: bytes, purpose: str) -> bytes:
        """Raises SealBroken."""
        algorithm, _, rest = sealed.partition(b":")
        key_id, _, body = rest.partition(b":")
        cipher = self._ciphers.get(key_id.decode(errors="replace"))
        if algorithm != _ALGORITHM.encode() or cipher is None or len(body) < 12:
            raise SealBroken(purpose)
        try:
            return cipher.decrypt(body[:12], body[12:], purpose.encode())
        except InvalidTag as error:
            raise SealBroken(purpose) from error

    def open_text(self, sealed: str, purpose: str) -> str:
        return self.open(sealed, purpose).decode()

    def read(self, sealed: str, purpose: str) -> str:
        """The decrypted text of a column; empty for an empty one: never set, or erased."""
        return self.open_text(sealed, purpose) if sealed else ""

    def lookup_hash(self, kind: str, value: str) -> str:
        """A stable 64-digit hex hash of ``value`` for unique keys and searches; useless without the key."""
        return hmac.new(self.lookup, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()
