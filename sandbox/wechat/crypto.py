"""Signatures and encryption of callbacks, written from the platform's message-push guide."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""Padding block in bytes; AES itself has 16."""


class CryptoError(Exception):
    """The text can't be decrypted or was meant for another app."""


def signature(*parts: str) -> str:
    """Hex SHA-1 over the sorted parts: token, timestamp, nonce and, when encrypted, the cipher text."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def _key(aes_key: str) -> bytes:
    return base64.b64decode(aes_key + "=")


def encrypt(aes_key: str, appid: str, message: str, random: bytes | None = None) -> str:
    """Base64 of the AES-CBC cipher text; ``random`` is 16 bytes, drawn when not given."""
    key, raw = _key(aes_key), message.encode()
    plain = (random or os.urandom(16)) + struct.pack(">I", len(raw)) + raw + appid.encode()
    pad = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def decrypt(aes_key: str, appid: str, encrypted: str) -> str:
    """The message; CryptoError when padding, length or app id are wrong."""
    key = _key(aes_key)
    try:
        raw = base64.b64decode(encrypted, validate=True)
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        plain = decryptor.update(raw) + decryptor.finalize()
    except (ValueError, binascii.Error) as error:
        raise CryptoError(f"not a cipher text: {error}") from error
    if len(plain) < BLOCK:
        raise CryptoError("the cipher text is too short")
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise CryptoError("the padding is wrong")
    body = plain[16:-pad]
    size = int(struct.unpack(">I", body[:4])[0])
    if body[4 + size :] != appid.encode():
        raise CryptoError("encrypted for another app id")
    return body[4 : 4 + size].decode()
