"""Signatures and ciphers of WeChat Pay's API v3, pure functions.

Requests and answers: RSASSA-PKCS1-v1_5 with SHA-256 over lines that each end with a line feed, including the last.
Resources of notifications: AES-256-GCM under the merchant's APIv3 key. Secret fields: RSA-OAEP with SHA-1, WeChat's own
choice.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateways.shapes import Shape, Text, read

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
"""Prefix of the invalid signatures by which WeChat tests our verification; no cause for alarm."""
CIPHER = "AEAD_AES_256_GCM"


@dataclass(frozen=True)
class MerchantCredentials:
    """A merchant's signing key; ``serial`` of its API certificate."""

    mchid: str
    serial: str
    key: RSAPrivateKey


@dataclass(frozen=True)
class Seal:
    """The ``Wechatpay-…`` headers of an answer or notification; ``timestamp`` in epoch seconds."""

    serial: str
    timestamp: str
    nonce: str
    signature: str


def authorization(
    credentials: MerchantCredentials, method: str, target: str, timestamp: int, nonce: str, body: bytes
) -> str:
    """The header ``Authorization``. ``target`` is path and query exactly as sent, ``body`` the exact bytes."""
    signature = sign(credentials.key, request_text(method, target, timestamp, nonce, body))
    pairs = {
        "mchid": credentials.mchid,
        "nonce_str": nonce,
        "timestamp": str(timestamp),
        "serial_no": credentials.serial,
        "signature": signature,
    }
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in pairs.items())


def request_text(method: str, target: str, timestamp: int, nonce: str, body: bytes) -> bytes:
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def payment_text(appid: str, timestamp: int, nonce: str, package: str) -> bytes:
    """The text that ``paySign`` signs; ``package`` is ``prepay_id=…``."""
    return f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()


def sign(key: RSAPrivateKey, text: bytes) -> str:
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: RSAPublicKey, text: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def find_seal(headers: Mapping[str, str]) -> Seal | None:
    """None when a header is missing (some proxies strip them). Names are case-insensitive."""
    values = {name.lower(): value for name, value in headers.items()}
    parts = [values.get(f"wechatpay-{name}", "") for name in ("serial", "timestamp", "nonce", "signature")]
    return Seal(*parts) if all(parts) else None


class _Sealed(Shape):
    algorithm: Text = ""
    ciphertext: Text = ""
    nonce: Text = ""
    associated_data: Text = ""


def decrypt(apiv3_key: bytes, resource: Mapping[str, object]) -> bytes:
    """The plain text of ``{algorithm, nonce, associated_data, ciphertext}``; ValueError when it wasn't encrypted with
    this key.

    ``associated_data`` may be missing or empty.
    """
    resource_fields = read(_Sealed, resource)
    if resource_fields.algorithm != CIPHER:
        raise ValueError("another cipher than AEAD_AES_256_GCM")
    try:
        sealed = base64.b64decode(resource_fields.ciphertext, validate=True)
        return AESGCM(apiv3_key).decrypt(
            resource_fields.nonce.encode(), sealed, resource_fields.associated_data.encode()
        )
    except (InvalidTag, binascii.Error) as error:
        raise ValueError("sealed with another key, or damaged") from error


def encrypt_field(key: RSAPublicKey, text: str) -> str:
    """Encrypt a secret field for the holder of ``key``, base64. At most 214 bytes with RSA-2048 (ValueError)."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the protocol's own choice
    return base64.b64encode(key.encrypt(text.encode(), oaep)).decode()


def new_nonce() -> str:
    """32 hexadecimal capitals."""
    return secrets.token_hex(16).upper()
