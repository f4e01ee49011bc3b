"""One call over HTTP, and the classification of its failure by whether the vendor may have acted.

Before a connection is established it hasn't (``Transient``). After that it is unknown: a call that only reads may be
repeated (``Transient``), one that acts is ``OutcomeUnknown``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

import aiohttp
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from pydantic import ValidationError
from yarl import URL

from domain.errors import GatewayError, NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways import jsons
from gateways.jsons import Json
from gateways.operator_faults import OperatorFaults
from gateways.shapes import S, first_field

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DEFAULT_TIMEOUT = 10.0
"""Seconds for a whole call."""
LONGEST_CONNECT = 4.0
"""Seconds to get a connection; always shorter than the whole call, so that a late connection isn't taken for a late
response."""
BODY_LIMIT = 1024 * 1024
"""Bytes of a response, after decompression."""
LONGEST_RETRY_AFTER = 86400.0


class Effect(Enum):
    """Effect of a repetition: none (READ), or a second action (WRITE)."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: bytes
    retry_after: float | None
    """Seconds, if the vendor named them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Looked up case-insensitively."""


class Metrics:
    """Metrics of all vendors; created once per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "pbt_gateway_calls",
            "Calls to the outside by how they ended: ok, transient, operator, rejected, unknown, cancelled, error.",
            ["vendor", "call", "outcome"],
            registry=registry,
        )
        self.seconds = Histogram("pbt_gateway_seconds", "How long they took.", ["vendor", "call"], registry=registry)
        self.operator_faults = OperatorFaults(registry)


class Vendor:
    """An outside party: its connection, its metrics, and whether it is down (logged once when it fails, once when it
    recovers)."""

    def __init__(
        self, name: str, session: aiohttp.ClientSession, metrics: Metrics, *, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        self.name = name
        self._session = session
        self._metrics = metrics
        self._operator_faults = metrics.operator_faults
        self._timeout = timeout
        self._down = False

    @asynccontextmanager
    async def count_call(self, call: str, account: str | None = "", about: str = "") -> AsyncIterator[None]:
        """Count and time the enclosed block as one call, and alarm the operator if our side is wrong.

        ``account`` is the account at the vendor, ``about`` the template or other setting that the call depends on.
        ``account`` None: part of an enclosing call, which alarms.
        """
        started, outcome = time.perf_counter(), "error"
        try:
            yield
            outcome = "ok"
            if account is not None:
                self._operator_faults.note_success(self.name, account, _call_label(call, about))
        except NeedsOperator as error:
            outcome = "operator"
            if account is not None:
                self._operator_faults.note(self.name, account, _call_label(call, about), error)
            raise
        except Transient:
            outcome = "transient"
            raise
        except Rejected:
            outcome = "rejected"
            if account is not None:
                self._operator_faults.note_refusal(self.name, account)
            raise
        except OutcomeUnknown:
            outcome = "unknown"
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._metrics.calls.labels(self.name, call, outcome).inc()
            self._metrics.seconds.labels(self.name, call).observe(time.perf_counter() - started)

    def alarm(self, call: str, account: str, error: NeedsOperator) -> NeedsOperator:
        """``error`` with its alarm, for a call that wasn't made."""
        self._operator_faults.note(self.name, account, call, error)
        return error

    async def exchange(
        self,
        method: str,
        url: URL,
        effect: Effect,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        limit: int = BODY_LIMIT,
    ) -> HttpAnswer:
        """Send once and read the response, whatever its status. Redirects are not followed: they would carry secrets to
        another address.

        Acting calls must be POST: aiohttp repeats GET by itself when a kept connection turns out closed.
        """
        total = timeout or self._timeout
        limits = aiohttp.ClientTimeout(total=total, connect=min(LONGEST_CONNECT, total / 2))
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, timeout=limits, allow_redirects=False
            ) as response:
                raw = await _read(response, limit)
                retry_after = _retry_after(response.headers.get("Retry-After", ""))
                return HttpAnswer(response.status, raw, retry_after, response.headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise self.unsent_call(type(error).__name__) from error
        except (aiohttp.InvalidURL, aiohttp.ClientResponseError) as error:
            # The text of these errors holds the URL, and the URL holds token or secret: keep it out of every traceback.
            failure = (
                NeedsOperator("bad_url", "the configured address is no URL", account_wide=True)
                if isinstance(error, aiohttp.InvalidURL)
                else self.untrusted_answer(effect, "the answer is not HTTP")
            )
            raise failure from None
        except _TooLarge as error:
            raise self.untrusted_answer(effect, f"the answer has more than {limit} bytes") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self.untrusted_answer(effect, type(error).__name__) from error

    def untrusted_answer(self, effect: Effect, reason: str) -> GatewayError:
        """The error for a call that was sent and got no trustworthy response."""
        self._mark_down(reason)
        reason = f"{self.name}: {reason}"
        return OutcomeUnknown(reason) if effect is Effect.WRITE else Transient(reason)

    def read_object(self, answer: HttpAnswer, effect: Effect) -> Json:
        """The JSON object of a response with status 200; raises the error of any other status or content."""
        if failure := self.status_failure(answer, effect):
            raise failure
        return self.parse_object(answer, effect)

    def parse_object(self, answer: HttpAnswer, effect: Effect) -> Json:
        """The JSON object of a response whose status was checked before."""
        try:
            value = jsons.parse(answer.body)
        except ValueError as error:
            raise self.untrusted_answer(effect, f"HTTP {answer.status} without JSON") from error
        if not isinstance(value, dict):
            raise self.untrusted_answer(effect, f"HTTP {answer.status} without a JSON object")
        self.mark_recovered()
        return value

    def read_shape(self, shape: type[S], data: Json, effect: Effect, call: str) -> S:
        """Validate a successful response to ``call`` against ``shape``."""
        try:
            return shape.model_validate(data)
        except ValidationError as error:
            raise self.untrusted_answer(effect, f"{call} without {first_field(error)}") from error

    def status_failure(self, answer: HttpAnswer, effect: Effect) -> GatewayError | None:
        """The error that the status alone implies; None for success.

        A refusal without a code of the vendor comes from something on the way (a proxy, a wrong address, a white list)
        and says nothing about the object.
        """
        status = answer.status
        if 200 <= status < 300:
            return None
        if status == 429:
            return Transient(f"{self.name}: HTTP 429", retry_after=answer.retry_after)
        if status >= 500 or status == 408:
            failure = self.untrusted_answer(effect, f"HTTP {status}")
            if isinstance(failure, Transient):
                failure.retry_after = answer.retry_after
            return failure
        return NeedsOperator(f"http_{status}", f"{self.name} answered HTTP {status}")

    def unsent_call(self, reason: str) -> Transient:
        """The error for a call that never reached the vendor."""
        self._mark_down(reason)
        return Transient(f"{self.name}: not reached ({reason})")

    def _mark_down(self, reason: str) -> None:
        if not self._down:
            self._down = True
            log.warning("gateway_down", vendor=self.name, reason=reason)

    def mark_recovered(self) -> None:
        """Mark the vendor as recovered; for responses that are no JSON."""
        if self._down:
            self._down = False
            log.info("gateway_back", vendor=self.name)


def _call_label(call: str, about: str) -> str:
    return f"{call} {about}" if about else call


class _TooLarge(Exception):
    """The response exceeds the limit."""


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limit:
            raise _TooLarge
        parts.append(part)
    return b"".join(parts)


def _retry_after(header: str) -> float | None:
    """Seconds; the form with a date is not used by our vendors and is ignored."""
    if header.isascii() and header.isdigit() and len(header) < 10:
        return min(float(header), LONGEST_RETRY_AFTER)
    return None
