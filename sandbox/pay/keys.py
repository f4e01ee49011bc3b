"""Keys of both sides: RSA signatures, WeChat's self-signed platform certificate, AES-GCM with the APIv3 key."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from sandbox.config import ConfigError, PayConfig

SCHEME = "WECHATPAY2-SHA256-RSA2048"
CERTIFICATE_TTL = timedelta(days=5 * 365)
NONCE_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def new_nonce(length: int) -> str:
    return "".join(secrets.choice(NONCE_LETTERS) for _ in range(length))


def sign(key: rsa.RSAPrivateKey, text: bytes) -> str:
    """RSASSA-PKCS1-v1_5 with SHA-256, base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, text: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def request_text(method: str, path: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a request signs: five lines. ``path`` with its query, exactly as sent."""
    return f"{method}\n{path}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What an answer or a notification signs: three lines."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def pay_text(appid: str, timestamp: str, nonce: str, package: str) -> bytes:
    """What ``paySign`` signs, on a page and in a mini-program: four lines. ``package`` is ``prepay_id=…``."""
    return f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()


def encrypt(apiv3_key: str, associated_data: str, text: bytes) -> tuple[str, str]:
    """Nonce and base64 of cipher text and tag, AES-256-GCM."""
    nonce = new_nonce(12)
    sealed = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), text, associated_data.encode())
    return nonce, base64.b64encode(sealed).decode()


def decrypt(apiv3_key: str, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """ValueError when key, nonce, data or cipher text don't belong together."""
    try:
        return AESGCM(apiv3_key.encode()).decrypt(
            nonce.encode(), base64.b64decode(ciphertext), associated_data.encode()
        )
    except InvalidTag as error:
        raise ValueError("the cipher text doesn't fit the key") from error


def _oaep() -> padding.OAEP:
    """How single fields are encrypted for the other side."""
    return padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the protocol's own choice


def seal(key: rsa.RSAPublicKey, text: str) -> str:
    return base64.b64encode(key.encrypt(text.encode(), _oaep())).decode()


@dataclass(frozen=True, slots=True)
class PlatformSigner:
    """One of WeChat's keys, with the id that travels in ``Wechatpay-Serial``."""

    serial: str
    key: rsa.RSAPrivateKey

    def sign(self, text: bytes) -> str:
        return sign(self.key, text)

    def open(self, sealed: str) -> str:
        """A field that a merchant encrypted for WeChat (RSA-OAEP with SHA-1); ValueError when it is for another key."""
        return self.key.decrypt(base64.b64decode(sealed), _oaep()).decode()


class PlatformKeyPairs:
    """WeChat's side: the public key of one mode and the certificate of the other, both in force at once.

    Made when first used, as making a key takes a tenth of a second; ConfigError then when a given one is unusable.
    """

    def __init__(self, pay: PayConfig, now: datetime) -> None:
        self._pay = pay
        self._now = now

    @cached_property
    def public(self) -> PlatformSigner:
        return PlatformSigner(self._pay.public_key_id, _private_key(self._pay.private_key, "pay.private_key"))

    @cached_property
    def certified(self) -> PlatformSigner:
        key = _private_key(self._pay.certificate_key, "pay.certificate_key")
        return PlatformSigner(f"{_serial(key):040X}", key)

    @cached_property
    def certificate(self) -> x509.Certificate:
        return _certificate(self.certified.key, self._now)

    def check(self) -> None:
        """ConfigError when a given key is unusable."""
        _ = self.public, self.certificate

    def signer_of_mode(self, mode: str) -> PlatformSigner:
        return self.certified if mode == "certificate" else self.public

    def find_signer(self, serial: str) -> PlatformSigner | None:
        return next((signer for signer in (self.public, self.certified) if signer.serial == serial), None)

    @property
    def public_pem(self) -> str:
        return public_pem(self.public.key.public_key())

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def public_pem(key: rsa.RSAPublicKey) -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, shape).decode()


def merchant_key(pem: str, where: str) -> rsa.RSAPublicKey:
    """From a public key or a certificate in PEM; ConfigError when it is neither."""
    raw = pem.encode()
    certified = b"CERTIFICATE" in raw
    try:
        key = x509.load_pem_x509_certificate(raw).public_key() if certified else serialization.load_pem_public_key(raw)
    except ValueError as error:
        raise ConfigError(f"{where} is neither a public key nor a certificate in PEM") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise ConfigError(f"{where} must be an RSA key")
    return key


def _private_key(pem: str, where: str) -> rsa.RSAPrivateKey:
    if not pem:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    try:
        return _load(pem)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where} is not an unencrypted RSA private key in PEM") from error


@lru_cache(maxsize=8)
def _load(pem: str) -> rsa.RSAPrivateKey:
    """Kept, as the library proves both primes anew at every loading, which takes a tenth of a second."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key


def _certificate(key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tenpay.com"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sandbox"),
        ]
    )
    start = now.astimezone(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), _serial(key), start, start + CERTIFICATE_TTL)
    return builder.sign(key, hashes.SHA256())


def _serial(key: rsa.RSAPrivateKey) -> int:
    """The same for the same key, so that a restart doesn't change it; 40 hexadecimal digits."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public_pem(key.public_key()).encode())
    return int.from_bytes(b"\x5a" + digest.finalize()[:19], "big")
