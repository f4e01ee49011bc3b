"""Notifications: signed, encrypted, repeated on the movable clock until the merchant answers 2xx."""

from __future__ import annotations

import asyncio
import base64
import itertools
import secrets
from dataclasses import dataclass, replace

import aiohttp

from sandbox import jsons
from sandbox.config import MerchantConfig
from sandbox.jsons import Json
from sandbox.pay import keys
from sandbox.pay.fields import rfc3339
from sandbox.pay.keys import PlatformKeyPairs
from sandbox.world import World

WAITS = (15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600)
"""Seconds between tries: 24 hours and 4 minutes in all."""
DUE = (0, *itertools.accumulate(WAITS))
"""Seconds from the first try to each."""
PROBE = "WECHATPAY/SIGNTEST/"
OLD_SECONDS = 900
OUT_OF_ORDER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """An event of a merchant. ``resource`` is sent encrypted."""

    merchant: MerchantConfig
    url: str
    kind: str
    """Such as TRANSACTION.SUCCESS."""
    original_type: str
    summary: str
    resource: Json
    phone: str = ""


@dataclass(slots=True)
class PlatformNotification:
    """An event to deliver: the same body in every try, with a new signature."""

    event: PlatformEvent
    body: bytes
    began_at: float
    tries: int = 0
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """The request of one try."""

    body: bytes
    timestamp: str
    nonce: str
    serial: str
    signature: str
    note: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "Mozilla/4.0",
            "Pragma": "no-cache",
            "Request-ID": f"08{secrets.token_hex(12).upper()}-0",
            "Wechatpay-Timestamp": self.timestamp,
            "Wechatpay-Nonce": self.nonce,
            "Wechatpay-Serial": self.serial,
            "Wechatpay-Signature": self.signature,
            "Wechatpay-Signature-Type": keys.SCHEME,
        }


class Notifier:
    def __init__(self, world: World, platform_keys: PlatformKeyPairs) -> None:
        self._world = world
        self._keys = platform_keys

    async def push(self, event: PlatformEvent) -> bool:
        """The first try; the others follow on the clock. True when the merchant accepted it."""
        faults, config = self._world.faults, self._world.config
        if not event.url or not event.merchant.notify:
            return False
        if faults.strikes("pay", "lost", event.kind):
            self._log_delivery(event, None, "lost by a fault switch")
            return False
        if late := faults.strikes("pay", "out_of_order", event.kind):
            await asyncio.sleep(late.seconds or OUT_OF_ORDER_SECONDS)
        public = config.service_public_url
        if public and event.url.startswith(f"{public}/"):
            event = replace(event, url=config.service_url + event.url.removeprefix(public))
        notice = PlatformNotification(event, self._body(event), self._world.clock.now())
        if faults.strikes("pay", "concurrent", event.kind):
            await asyncio.gather(
                self._try_delivery(notice), self._send(notice, "sent at the same moment by a fault switch")
            )
        else:
            await self._try_delivery(notice)
        if faults.strikes("pay", "twice", event.kind):
            await self._send(notice, "sent a second time by a fault switch")
        self._plan_next_try(notice)
        return notice.delivered

    def push_soon(self, event: PlatformEvent) -> None:
        self._world.spawn(self._push_quietly(event))

    async def _push_quietly(self, event: PlatformEvent) -> None:
        await self.push(event)

    # -- tries ----------------------------------------------------------------------------------------------------

    def _plan_next_try(self, notice: PlatformNotification) -> None:
        """Plan the next try, if there is one, by its delay since the first."""
        if notice.delivered or notice.tries >= len(DUE):
            return
        wait = notice.began_at + DUE[notice.tries] - self._world.clock.now()
        wait = max(wait, self._world.config.wire.notify_gap)
        self._world.timeline.run_after(wait, lambda: self._world.spawn(self._try_again(notice)))

    async def _try_again(self, notice: PlatformNotification) -> None:
        await self._try_delivery(notice)
        self._plan_next_try(notice)

    async def _try_delivery(self, notice: PlatformNotification) -> None:
        notice.tries += 1
        if await self._send(notice, f"try {notice.tries}"):
            notice.delivered = True

    async def _send(self, notice: PlatformNotification, note: str) -> bool:
        """One delivery; True for 2xx. Redirects are not followed."""
        event = notice.event
        parcel = self._spoil_parcel(self._signed_parcel(event.merchant, notice.body), event.kind)
        timeout = aiohttp.ClientTimeout(total=self._world.config.wire.notify_timeout)
        answer: Json
        try:
            async with self._world.http.post(
                event.url, data=parcel.body, headers=parcel.headers, timeout=timeout, allow_redirects=False
            ) as response:
                text = (await response.text(errors="replace"))[:500]
                answer, accepted = {"status": response.status, "body": text}, 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError) as error:
            answer, accepted = {"error": type(error).__name__}, False
        outcome = "taken" if accepted else "given up" if notice.tries >= len(DUE) else "repeated later"
        self._log_delivery(event, answer, "; ".join(part for part in (note, parcel.note, outcome) if part))
        return accepted

    def _log_delivery(self, event: PlatformEvent, answer: object, note: str) -> None:
        logged: Json = {"url": event.url, "resource": event.resource}
        self._world.ledger.add("pay", "out", event.kind, logged, answer, phone=event.phone, note=note)

    # -- requests -----------------------------------------------------------------------------------------------

    def _body(self, event: PlatformEvent) -> bytes:
        resource = dict(event.resource)
        if self._world.faults.strikes("pay", "wrong_amount", event.kind):
            amount = jsons.mapping(resource, "amount")
            resource["amount"] = {**amount, "total": jsons.integer(amount, "total") + 1}
        text = jsons.dumps(resource).encode()
        nonce, ciphertext = keys.encrypt(event.merchant.apiv3_key, event.original_type, text)
        now = self._world.clock.now()
        envelope: Json = {
            "id": f"EV-{self._world.new_number()}",
            "create_time": rfc3339(now),
            "resource_type": "encrypt-resource",
            "event_type": event.kind,
            "summary": event.summary,
            "resource": {
                "original_type": event.original_type,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": ciphertext,
                "associated_data": event.original_type,
                "nonce": nonce,
            },
        }
        return jsons.dumps(envelope).encode()

    def _signed_parcel(self, merchant: MerchantConfig, body: bytes) -> Parcel:
        signer = self._keys.signer_of_mode(merchant.mode)
        timestamp, nonce = str(int(self._world.clock.now())), keys.new_nonce(32)
        signature = signer.sign(keys.answer_text(timestamp, nonce, body))
        return Parcel(body, timestamp, nonce, signer.serial, signature)

    def _spoil_parcel(self, parcel: Parcel, kind: str) -> Parcel:
        """Apply fault switches to the request."""
        faults = self._world.faults
        if faults.strikes("pay", "sign_probe", kind):
            junk = base64.b64encode(secrets.token_bytes(256)).decode()
            return replace(parcel, signature=PROBE + junk, note="signature probe")
        if faults.strikes("pay", "wrong_signature", kind):
            return replace(
                parcel, signature=base64.b64encode(secrets.token_bytes(256)).decode(), note="wrong signature"
            )
        if faults.strikes("pay", "wrong_serial", kind):
            return replace(parcel, serial=secrets.token_hex(20).upper(), note="wrong serial")
        if faults.strikes("pay", "altered_body", kind):
            return replace(parcel, body=parcel.body.replace(b"EV-", b"EV_", 1), note="altered body")
        if faults.strikes("pay", "old_timestamp", kind):
            return self._with_old_timestamp(parcel)
        return parcel

    def _with_old_timestamp(self, parcel: Parcel) -> Parcel:
        signer = self._keys.find_signer(parcel.serial) or self._keys.public
        timestamp = str(int(parcel.timestamp) - OLD_SECONDS)
        signature = signer.sign(keys.answer_text(timestamp, parcel.nonce, parcel.body))
        return replace(parcel, timestamp=timestamp, signature=signature, note="old timestamp")
