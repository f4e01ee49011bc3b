"""WeChat's keys of one merchant, and whether a message is provably WeChat's.

Two modes: a public key from the merchant platform (``PUB_KEY_ID_…``), or platform certificates that change and are
downloaded. While a merchant changes from one mode to the other both occur, so each message's ``Wechatpay-Serial``
decides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import timedelta

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import Field

from config.settings import PayMerchant, load_public_key
from domain.clock import Clock
from domain.errors import GatewayError, Rejected, Transient
from gateways import jsons
from gateways.http import HttpAnswer
from gateways.shapes import Shape, Text, read
from gateways.wechat_pay.errors import LOCAL
from gateways.wechat_pay.signing import PROBE, Seal, answer_text, decrypt, find_seal, is_signed

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SKEW = timedelta(minutes=5)
"""Seconds by which a message's time may differ from ours; beyond, it may be a replay."""
CERTIFICATE_TTL = 11 * 3600.0
"""Seconds that certificates are used without fetching new ones; WeChat asks for 12 hours at most."""
UNKNOWN_SERIAL_PAUSE = 60.0
"""Seconds between two fetches because of an unknown serial, so that forgers can't cause constant requests."""
AFTER_FAILURE = 5.0
"""Seconds without a further fetch after one that failed."""
PUBLIC_KEY = "PUB_KEY_ID_"


class Forged(Exception):
    """Not provably WeChat's, or outside the time window. ``probe``: WeChat's own test of our verification, which has to
    fail."""

    def __init__(self, reason: str, *, probe: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.probe = probe


class UnknownPublicKey(Forged):
    """Signed, as it says, with a public key that the settings lack: the merchant moved to public keys, or to a new
    one."""


Fetch = Callable[[], Awaitable[HttpAnswer]]
"""``GET /v3/certificates``: a response with status 200, its signature not yet verified."""


@dataclass(frozen=True)
class SealingKey:
    """A key to encrypt fields with, and the serial to send with them."""

    serial: str
    key: RSAPublicKey


class PlatformKeys:
    """``monotonic`` measures the age of certificates; ``clock`` decides whether they are valid."""

    def __init__(
        self, merchant: PayMerchant, fetch: Fetch, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._public_id = merchant.public_key_id
        self._public = load_public_key(merchant.public_key) if merchant.public_key else None
        self._clock = clock
        self._certificates = PlatformCertificates(merchant, fetch, clock, monotonic)

    @property
    def wanted_serial(self) -> str:
        """The ``Wechatpay-Serial`` to send so that WeChat signs with its public key; empty: WeChat chooses."""
        return self._public_id

    async def prepare(self) -> None:
        """Load the keys that verify the response before the request is sent; raises GatewayError otherwise."""
        if self._public is not None:
            return
        try:
            await self._certificates.prepare()
        except Rejected as error:
            # a merchant without certificates is one of the public-key mode
            raise LOCAL["NOPUBLICKEY"].error("NOPUBLICKEY") from error

    async def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Forged when it isn't WeChat's; GatewayError when certificates are needed and can't be fetched."""
        seal = find_seal(headers)
        if seal is None:
            raise Forged("a Wechatpay header is missing")
        if seal.signature.startswith(PROBE):
            raise Forged("a signature probe", probe=True)
        self._check_time(seal)
        key = await self._find_key(seal.serial)
        if key is None:
            raise Forged("signed with an unknown serial")
        if not is_signed(key, answer_text(seal.timestamp, seal.nonce, body), seal.signature):
            raise Forged("the signature doesn't fit")

    async def sealing_key(self) -> SealingKey:
        if self._public is not None:
            return SealingKey(self._public_id, self._public)
        return await self._certificates.newest_key()

    async def _find_key(self, serial: str) -> RSAPublicKey | None:
        if self._public is not None and serial == self._public_id:
            return self._public
        if serial.startswith(PUBLIC_KEY):
            raise UnknownPublicKey("signed with a public key that the settings lack")
        return await self._certificates.find_key(serial)

    def _check_time(self, seal: Seal) -> None:
        text = seal.timestamp
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise Forged("the timestamp is no number")
        if abs(self._clock.now().timestamp() - int(text)) > SKEW.total_seconds():
            raise Forged("the timestamp is more than 5 minutes from now")


class _Certificate(Shape):
    serial_no: Text
    encrypt_certificate: jsons.Json


class _Certificates(Shape):
    data: list[_Certificate] = Field(default_factory=list)


class PlatformCertificates:
    """The platform certificates in force. Several are held, as both serials occur around a change."""

    def __init__(
        self, merchant: PayMerchant, fetch: Fetch, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._mchid = merchant.mchid
        self._apiv3_key = merchant.apiv3_key.get_secret_value().encode()
        self._fetch = fetch
        self._clock = clock
        self._monotonic = monotonic
        self._held: dict[str, x509.Certificate] = {}
        self._fetched = float("-inf")
        self._failed: GatewayError | None = None
        self._tried = float("-inf")
        self._lock = asyncio.Lock()

    async def prepare(self) -> None:
        """Fetch certificates when those held are old. The old ones remain in use while the fetch fails."""
        if self._monotonic() - self._fetched < CERTIFICATE_TTL:
            return
        try:
            await self._refresh(CERTIFICATE_TTL)
        except GatewayError:
            if not self._held:
                raise

    async def find_key(self, serial: str) -> RSAPublicKey | None:
        """None for a serial that WeChat doesn't know, or an expired one."""
        await self.prepare()
        if serial not in self._held:
            await self._refresh(UNKNOWN_SERIAL_PAUSE)
        return self._key(serial)

    async def newest_key(self) -> SealingKey:
        """The certificate that expires last; Transient when none is in force."""
        await self.prepare()
        ends = {
            serial: certificate.not_valid_after_utc for serial, certificate in self._held.items() if self._key(serial)
        }
        serial = max(ends, key=lambda name: ends[name], default="")
        key = self._key(serial)
        if key is None:
            raise Transient("pay: no platform certificate is in force")
        return SealingKey(serial, key)

    def _key(self, serial: str) -> RSAPublicKey | None:
        certificate = self._held.get(serial)
        if (
            certificate is None
            or not certificate.not_valid_before_utc <= self._clock.now() <= certificate.not_valid_after_utc
        ):
            return None
        key = certificate.public_key()
        return key if isinstance(key, RSAPublicKey) else None

    async def _refresh(self, age: float) -> None:
        """Fetch certificates unless that was done within ``age`` seconds; raises as the last fetch did."""
        async with self._lock:
            now = self._monotonic()
            if self._failed is not None and now - self._tried < AFTER_FAILURE:
                # A copy, since each raising of one error object lengthens its traceback.
                raise copy(self._failed)
            if now - self._fetched < age:
                return
            self._tried = now
            try:
                answer = await self._fetch()
                self._held = self._read(answer)
            except GatewayError as error:
                self._failed = error
                log.warning("pay_certificates_not_fetched", mchid=self._mchid, reason=str(error))
                raise
            self._failed, self._fetched = None, self._monotonic()

    def _read(self, answer: HttpAnswer) -> dict[str, x509.Certificate]:
        """Certificates of a response that one of them signed. Only a holder of the APIv3 key can have encrypted
        them."""
        try:
            sealed = read(_Certificates, jsons.object_or_empty(answer.body)).data
            certificates = dict(self._open_certificate(item) for item in sealed)
        except ValueError as error:
            log.warning("pay_certificates_unreadable", mchid=self._mchid, reason=str(error))
            raise LOCAL["CERTIFICATES"].error("CERTIFICATES") from error
        seal = find_seal(answer.headers)
        if seal is not None and seal.serial.startswith(PUBLIC_KEY):
            raise LOCAL["NOPUBLICKEY"].error("NOPUBLICKEY")
        signer = certificates.get(seal.serial) or self._held.get(seal.serial) if seal else None
        key = signer.public_key() if signer else None
        if seal is None or not isinstance(key, RSAPublicKey):
            raise Transient("pay: certificates that none of them signed")
        if not is_signed(key, answer_text(seal.timestamp, seal.nonce, answer.body), seal.signature):
            raise Transient("pay: certificates with a wrong signature")
        return certificates

    def _open_certificate(self, item: _Certificate) -> tuple[str, x509.Certificate]:
        serial = item.serial_no
        pem = decrypt(self._apiv3_key, item.encrypt_certificate)
        certificate = x509.load_pem_x509_certificate(pem)
        if f"{certificate.serial_number:X}" != serial.upper().lstrip("0"):
            raise ValueError("a certificate under another's serial")
        return serial, certificate
