"""Alibaba Cloud's RPC calls, signed with ACS3-HMAC-SHA256, as SMS, voice and the identity verification use them.

Source: the vendor's page on request structure and signature V3, whose example is one of our tests.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from urllib.parse import quote

import structlog
from pydantic import Field, SecretStr, ValidationError
from yarl import URL

from domain.clock import SHANGHAI, Clock, is_plausible, seconds_until_tomorrow
from domain.errors import GatewayError, InvalidInput, NeedsOperator, Rejected, Transient
from gateways import jsons
from gateways.alibaba.errors import LOCAL, SMS, VOICE, operator_code
from gateways.http import Effect, Vendor
from gateways.jsons import Json
from gateways.operator_faults import OperatorCodes
from gateways.shapes import OR_EMPTY, S, Shape, Text, Visible

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")


class _Outcome(Shape):
    code: Text = Field("", alias="Code")
    message: Annotated[Text, OR_EMPTY] = Field("", alias="Message")


class SuccessShape(Shape):
    """A success whose content isn't used."""


@dataclass(frozen=True)
class Product:
    """How one product responds: ``fine`` is its success code, ``away`` its transient codes, ``operator`` its codes that
    need an operator, in addition to the codes that all products share."""

    version: str
    operator: OperatorCodes
    fine: str = "OK"
    away: frozenset[str] = frozenset()


SMS_PRODUCT = Product("2017-05-25", SMS)
VOICE_PRODUCT = Product("2017-05-25", VOICE)
"""Voice calls and click to dial."""
LONGEST_OUT_ID = 15
"""Characters of our attempt id that the vendor accepts and echoes."""
VendorId = Annotated[Visible, Field(min_length=1, max_length=80)]
"""A CallId or BizId; the vendor's own have about thirty characters."""
StatusCode = Annotated[Visible, Field(max_length=60)]
OutId = Annotated[Text, Field(pattern=rf"^[0-9A-Za-z]{{1,{LONGEST_OUT_ID}}}$")]
"""Our attempt id as a report echoes it."""
MOBILE = re.compile(r"1[0-9]{10}")
_OUT_ID = re.compile(rf"[0-9A-Za-z]{{1,{LONGEST_OUT_ID}}}")

_SPANS = {"分钟": 60.0, "小时": 3600.0, "天": 86400.0}


@dataclass(frozen=True)
class AlibabaCredentials:
    key_id: str
    secret: SecretStr


@dataclass(frozen=True)
class Unsigned:
    """A call; ``parameters`` are those of the URL. ``date`` like ``2026-11-21T11:00:00Z``; ``path`` as it stands in the
    URL. ``form`` is the body, empty for none."""

    method: str
    host: str
    path: str
    action: str
    version: str
    parameters: Mapping[str, str]
    date: str
    nonce: str
    form: bytes = b""


FORM = "application/x-www-form-urlencoded"


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Sorted and encoded by RFC 3986, exactly as in the URL."""
    return "&".join(f"{quote(key, safe='~')}={quote(parameters[key], safe='~')}" for key in sorted(parameters))


def sign(call: Unsigned, credentials: AlibabaCredentials) -> dict[str, str]:
    """All headers of the signed call, names in lower case, ``authorization`` among them."""
    body_hash = hashlib.sha256(call.form).hexdigest()
    headers = {
        **({"content-type": FORM} if call.form else {}),
        "host": call.host,
        "x-acs-action": call.action,
        "x-acs-content-sha256": body_hash,
        "x-acs-date": call.date,
        "x-acs-signature-nonce": call.nonce,
        "x-acs-version": call.version,
    }
    lines, names = "".join(f"{name}:{value}\n" for name, value in headers.items()), ";".join(headers)
    canonical = "\n".join((call.method, call.path, canonical_query(call.parameters), lines, names, body_hash))
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(credentials.secret.get_secret_value().encode(), text.encode(), hashlib.sha256).hexdigest()
    authorization = f"ACS3-HMAC-SHA256 Credential={credentials.key_id},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": authorization}


class AlibabaApi:
    """One product behind one address."""

    def __init__(
        self, vendor: Vendor, url: str, credentials: AlibabaCredentials, clock: Clock, product: Product
    ) -> None:
        self._vendor = vendor
        self._url = URL(url)
        self._credentials = credentials
        self._clock = clock
        self._product = product

    async def call(
        self,
        action: str,
        parameters: Mapping[str, str],
        effect: Effect,
        shape: type[S],
        *,
        form: Mapping[str, str] | None = None,
        about: str = "",
    ) -> S:
        """The response if it has the success code; raises the error of any other code.

        ``about`` names pool and template for the operator's alarm.

        ``parameters`` go into the URL, ``form`` into the body, where no proxy's log shows it.
        """
        async with self._vendor.count_call(action, about=about):
            body = canonical_query(form).encode() if form else b""
            unsigned = Unsigned(
                "POST",
                self._url.host_port_subcomponent or "",
                self._url.raw_path,
                action,
                self._product.version,
                parameters,
                self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                secrets.token_hex(16),
                body,
            )
            query = f"?{canonical_query(parameters)}" if parameters else ""
            url = URL(f"{self._url}{query}", encoded=True)
            headers = sign(unsigned, self._credentials)
            answer = await self._vendor.exchange("POST", url, effect, headers=headers, body=body or None)
            if refusal := self._vendor.status_failure(answer, effect):
                outcome = _read_outcome(jsons.object_or_empty(answer.body))
                if not outcome.code:
                    raise refusal
            else:
                data = self._vendor.parse_object(answer, effect)
                outcome = _read_outcome(data)
                if outcome.code == self._product.fine:
                    return self._vendor.read_shape(shape, data, effect, action)
            raise self._failure(action, outcome, answer.status, effect)

    def _failure(self, action: str, outcome: _Outcome, status: int, effect: Effect) -> GatewayError:
        code = outcome.code
        if not code or code == self._product.fine:
            return self._vendor.untrusted_answer(effect, f"HTTP {status} with code {code!r}")
        if code.startswith("Throttling"):
            return Transient(f"{action}: {code}", retry_after=1.0)
        if code in self._product.away:
            return Transient(f"{action}: {code}")
        if code == "SignatureNonceUsed":
            # Our nonces are random, so a proxy repeated this very request.
            return self._vendor.untrusted_answer(effect, "the request arrived twice")
        if code == "isv.BUSINESS_LIMIT_CONTROL":
            return Transient(f"{action}: {code}", retry_after=_limit_seconds(outcome.message))
        if status >= 500 or code.startswith(("isp.SYSTEM_ERROR", "InternalError")):
            return self._vendor.untrusted_answer(effect, f"{action}: {code}")
        log.info("alibaba_refused", vendor=self._vendor.name, call=action, code=code)
        if operator_fault := operator_code(code, self._product.operator):
            later = seconds_until_tomorrow(self._clock.now()) if code == "isv.DAY_LIMIT_CONTROL" else None
            return operator_fault.error(code, retry_after=later)
        return Rejected(code, f"{action} was refused")

    def missing_setting(self, action: str, code: str, about: str) -> NeedsOperator:
        """The error, with its alarm, for a call that our settings don't permit to make; as ``call`` would name it."""
        return self._vendor.alarm(f"{action} {about}", "", LOCAL[code].error(code))


def _read_outcome(data: Json) -> _Outcome:
    """The outcome code; a response whose code is no text has none."""
    try:
        return _Outcome.model_validate(data)
    except ValidationError:
        return _Outcome()


def _limit_seconds(message: str) -> float:
    """Seconds to wait for ``触发分钟级流控Permits:1``: the whole span, since it is a rolling window."""
    return next((seconds for word, seconds in _SPANS.items() if f"{word}级" in message), 60.0)


def check_out_id(out_id: str) -> str:
    """Our attempt id, checked against the vendor's limits."""
    if not _OUT_ID.fullmatch(out_id):
        raise Rejected("out_id", f"ids of attempts have up to {LONGEST_OUT_ID} letters and digits")
    return out_id


def parse_time(text: str) -> datetime | None:
    """``2026-11-21 19:30:00`` in Beijing as aware UTC; None for anything else, and for times of another century."""
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if is_plausible(at) else None


def parse_reports(body: bytes, shape: type[S], read: Callable[[S], T], kind: str) -> list[T]:
    """Apply ``read`` to each object of a pushed array (or to a lone object). InvalidInput when it is no such JSON.

    Invalid items are left out: refusing the array would lose the valid ones. ``kind`` is their Chinese name.
    """
    try:
        value = jsons.parse(body)
    except ValueError as error:
        raise _no_reports(kind) from error
    if not isinstance(value, list | dict):
        raise _no_reports(kind)
    items = value if isinstance(value, list) else [value]
    reports: list[T] = []
    for item in items:
        with suppress(ValidationError):
            reports.append(read(shape.model_validate(item)))
    if len(reports) < len(items):
        log.info("reports_left_out", kind=kind, count=len(items) - len(reports))
    return reports


def _no_reports(kind: str) -> InvalidInput:
    return InvalidInput(f"{kind}回执不是有效的 JSON 数组。", code="bad_report")
