"""Faults of our own side at vendors, each alarmed once when it begins and once when it is over.

A vendor's code belongs into exactly one table: ``wechat/errors.py``, ``wechat_pay/errors.py``, ``alibaba/errors.py``,
``mail.py``, ``identity.py``, ``files.py``. What is in such a table is raised as ``NeedsOperator``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Gauge

from domain.errors import NeedsOperator

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ACCOUNT = ""
"""In place of a call: the whole account."""


@dataclass(frozen=True)
class OperatorCode:
    """A code that only an operator can resolve. ``account_wide``: it concerns every call of the account."""

    text: str
    account_wide: bool = False

    def error(self, vendor_code: str, *, retry_after: float | None = None) -> NeedsOperator:
        return NeedsOperator(vendor_code, self.text, account_wide=self.account_wide, retry_after=retry_after)


OperatorCodes = Mapping[str, OperatorCode]
"""A vendor's table, by its code."""


class OperatorFaults:
    """The present faults of this process, by vendor, account and call."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauge = Gauge(
            "pbt_gateway_needs_operator",
            "1 while a vendor refuses a call for a reason that only an operator can resolve; no call: all calls.",
            ["vendor", "account", "call"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._present: dict[tuple[str, str, str], str] = {}

    def note(self, vendor: str, account: str, call: str, error: NeedsOperator) -> None:
        """``account`` names the account at the vendor, empty for an only one; ``call`` may include its template."""
        if not error.account_wide:
            self._end(vendor, account, _ACCOUNT)
        key = (vendor, account, _ACCOUNT if error.account_wide else call)
        if self._present.get(key) == error.vendor_code:
            return
        self._present[key] = error.vendor_code
        self._gauge.labels(*key).set(1)
        log.error("vendor_needs_operator", vendor=vendor, account=account, call=call, code=error.vendor_code)

    def note_success(self, vendor: str, account: str, call: str) -> None:
        self._end(vendor, account, _ACCOUNT)
        self._end(vendor, account, call)

    def note_refusal(self, vendor: str, account: str) -> None:
        """The vendor refused an object, so it accepts the account."""
        self._end(vendor, account, _ACCOUNT)

    def _end(self, vendor: str, account: str, call: str) -> None:
        code = self._present.pop((vendor, account, call), None)
        if code is not None:
            self._gauge.labels(vendor, account, call).set(0)
            log.info("vendor_works_again", vendor=vendor, account=account, call=call, code=code)
