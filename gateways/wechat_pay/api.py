"""One signed call of WeChat Pay's API v3 by one merchant, and the errors of its response."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import structlog
from yarl import URL

from config.settings import PayMerchant, load_private_key
from domain.clock import Clock
from domain.errors import GatewayError, NeedsOperator, Rejected, Transient
from gateways import jsons
from gateways.http import BODY_LIMIT, Effect, HttpAnswer, Vendor
from gateways.jsons import Json
from gateways.shapes import OR_EMPTY, S, Shape, Text
from gateways.wechat_pay.errors import BUSY, LOCAL, OPERATOR, SICK, plain_code
from gateways.wechat_pay.keys import Forged, PlatformKeys, SealingKey
from gateways.wechat_pay.signing import MerchantCredentials, authorization, find_seal, new_nonce

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_AGENT = "pingbiaotong"


class _Refusal(Shape):
    code: Annotated[Text, OR_EMPTY] = ""


class PayApi:
    """``target`` is always path and query below the API's base, encoded, as it is signed."""

    def __init__(
        self,
        merchant: PayMerchant,
        base_url: str,
        vendor: Vendor,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        key = load_private_key(merchant.private_key.get_secret_value())
        self.credentials = MerchantCredentials(merchant.mchid, merchant.serial, key)
        self.keys = PlatformKeys(merchant, self._fetch_certificates, clock, monotonic=monotonic)
        self._base = URL(base_url.rstrip("/"))
        self._vendor = vendor
        self._clock = clock
        self._account = merchant.mchid

    async def sealing_key(self, name: str) -> SealingKey:
        """The key that fields of a request of this ``name`` are encrypted with."""
        async with self._vendor.count_call(f"{name}_key", self._account):
            await self.keys.prepare()
            return await self.keys.sealing_key()

    def missing_setting(self, call: str, code: str) -> NeedsOperator:
        """The error, with its alarm, for a call that our settings don't permit to make."""
        return self._vendor.alarm(call, self._account, LOCAL[code].error(code))

    async def get(self, name: str, target: str) -> Json:
        """Query. ``name`` is the metrics label. Rejected with WeChat's code without underscores."""
        return await self._call(name, "GET", target, Effect.READ, b"")

    async def post(self, name: str, target: str, body: Json, *, serial: str = "") -> Json:
        """Act; returns an empty object for an empty success.

        ``serial`` names WeChat's key that fields of ``body`` are encrypted with. OutcomeUnknown without a response that
        is provably WeChat's. Transient also on an internal error of WeChat's: the action may have been done, and a
        repetition doesn't do it twice.
        """
        return await self._call(name, "POST", target, Effect.WRITE, jsons.dumps(body), serial)

    async def download(self, name: str, url: str, limit: int) -> bytes:
        """A file at an address that WeChat named; its response is not signed. ``limit`` in bytes.

        Signed only towards the API itself, so that our signature is never sent elsewhere. A refusal is Transient: the
        address lives for minutes, and the next attempt asks for a new one.
        """
        place = URL(url, encoded=True)
        ours = (place.scheme, place.host, place.port) == (self._base.scheme, self._base.host, self._base.port)
        async with self._vendor.count_call(name, self._account):
            if ours:
                target = place.raw_path_qs.removeprefix(self._base.raw_path.rstrip("/"))
                answer = await self._send("GET", target, Effect.READ, b"", limit=limit)
            elif place.scheme == "https" or self._base.scheme == "http":
                answer = await self._vendor.exchange("GET", place, Effect.READ, limit=limit)
            else:
                raise self._vendor.untrusted_answer(Effect.READ, "a file over plain HTTP")
            failure = self._failure(answer, Effect.READ)
            if isinstance(failure, Rejected) or (isinstance(failure, NeedsOperator) and not failure.account_wide):
                raise Transient(f"pay: {name}: {failure}") from failure
            if failure is not None:
                raise failure
            self._vendor.mark_recovered()
            return answer.body

    def read(self, shape: type[S], data: Json, effect: Effect, name: str) -> S:
        """Validate a verified response against ``shape``."""
        return self._vendor.read_shape(shape, data, effect, name)

    def invalid_response(self, effect: Effect, what: str) -> GatewayError:
        """The error for a verified response that lacks a required field."""
        return self._vendor.untrusted_answer(effect, what)

    async def _call(self, name: str, method: str, target: str, effect: Effect, body: bytes, serial: str = "") -> Json:
        async with self._vendor.count_call(name, self._account):
            await self.keys.prepare()
            answer = await self._send(method, target, effect, body, serial)
            await self._verify(answer, effect)
            if failure := self._failure(answer, effect):
                raise failure
            if not answer.body:
                self._vendor.mark_recovered()
                return {}
            return self._vendor.parse_object(answer, effect)

    async def _fetch_certificates(self) -> HttpAnswer:
        """Fetched without verification: the response is signed by one of the certificates inside."""
        async with self._vendor.count_call("certificates", None):
            answer = await self._send("GET", "/v3/certificates", Effect.READ, b"")
            if failure := self._failure(answer, Effect.READ):
                raise failure
            return answer

    async def _send(
        self, method: str, target: str, effect: Effect, body: bytes, serial: str = "", *, limit: int = BODY_LIMIT
    ) -> HttpAnswer:
        now = int(self._clock.now().timestamp())
        headers = {
            "Authorization": authorization(self.credentials, method, target, now, new_nonce(), body),
            "Accept": "application/json",
            "User-Agent": _AGENT,
        }
        if body:
            headers["Content-Type"] = "application/json"
        if key_serial := serial or self.keys.wanted_serial:
            headers["Wechatpay-Serial"] = key_serial
        url = URL(f"{self._base}{target}", encoded=True)
        return await self._vendor.exchange(method, url, effect, headers=headers, body=body or None, limit=limit)

    async def _verify(self, answer: HttpAnswer, effect: Effect) -> None:
        """A success without a valid signature is a forgery. A refusal may lack a signature, but not have a wrong
        one."""
        if answer.status >= 300 and find_seal(answer.headers) is None:
            return
        try:
            await self.keys.verify(answer.headers, answer.body)
        except Forged as error:
            log_as = log.info if error.probe else log.warning
            log_as("pay_answer_not_verified", reason=error.reason, status=answer.status)
            raise self._vendor.untrusted_answer(effect, f"HTTP {answer.status}: {error.reason}") from error
        except GatewayError as error:
            raise self._vendor.untrusted_answer(
                effect, f"HTTP {answer.status}: no certificate to verify it with"
            ) from error

    def _failure(self, answer: HttpAnswer, effect: Effect) -> GatewayError | None:
        if 200 <= answer.status < 300:
            return None
        code = plain_code(_Refusal.model_validate(jsons.object_or_empty(answer.body)).code)
        if not code:
            return self._vendor.status_failure(answer, effect)
        request_id = answer.headers.get("Request-ID", "")
        if code in BUSY or answer.status == 429:
            return Transient(f"pay: {code}", retry_after=answer.retry_after or 1.0)
        if code in SICK:
            log.warning("pay_platform_sick", code=code, request_id=request_id)
            return Transient(f"pay: {code}", retry_after=answer.retry_after)
        log.info("pay_refused", code=code, status=answer.status, mchid=self.credentials.mchid, request_id=request_id)
        if code in OPERATOR:
            return OPERATOR[code].error(code)
        return Rejected(code, f"HTTP {answer.status}")
