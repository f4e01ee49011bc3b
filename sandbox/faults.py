"""Fault switches: what can go wrong on the wire, set globally (vendor ``*``) or per vendor."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass

from sandbox.jsons import BadControlRequest, Json

VENDORS = ("*", "wechat", "sms", "voice", "identity", "persons", "pay", "mail")

KINDS = {
    "slow": "answers `seconds` late",
    "fail_500": "answers HTTP 500 without doing anything",
    "drop_answer": "does it, then cuts the connection after `seconds` without an answer",
    "refuse_us": "refuses every call with the vendor's error `code`, doing nothing: as for a wrong signature or clock",
    "quota_used_up": "answers that the day's quota is used up",
    "twice": "pushes a callback or report a second time, at once",
    "out_of_order": "holds a callback or report back for `seconds`, so that later ones overtake it",
    "lost": "never pushes the callback or report",
    "wrong_signature": "pushes a callback with a wrong signature",
    "face_fails": "wechat: the person leaves the face check",
    "register_away": "persons: answers that the authority's register is away",
    "no_record": "persons: answers that the register knows nothing of the number",
    "error_after": "pay: does it, then answers SYSTEM_ERROR",
    "forged_answer": "pay: answers with a wrong signature",
    "concurrent": "pay: pushes a notification twice at the same moment",
    "sign_probe": "pay: pushes a notification as a signature probe first; the true one follows by the retry clock",
    "wrong_serial": "pay: pushes a notification under a serial number that nobody knows",
    "old_timestamp": "pay: pushes a notification signed a quarter of an hour ago",
    "altered_body": "pay: pushes a notification whose body was changed after signing",
    "wrong_amount": "pay: notifies one fen too much",
    "early_order": "pay: an order is paid and notified before the order call is answered",
    "early_pay": "pay: notifies before the payer's phone is told that the payment went through",
    "early_refund": "pay: a refund arrives and is notified before the refund call is answered",
    "pay_after_close": "pay: an order that was closed can still be paid",
    "not_enough": "pay: refuses a refund because the merchant has too little money",
    "refund_slow": "pay: a refund stays PROCESSING for `seconds`",
    "refund_abnormal": "pay: a refund ends as ABNORMAL",
    "bill_creating": "pay: the bill is still being made",
    "bill_unknown_row": "pay: the bill has a payment that nobody asked for",
    "bill_missing_row": "pay: the bill lacks its last row",
    "bill_bad_hash": "pay: the bill's hash is not that of its file",
    "fapiao_failed": "pay: an invoice can't be issued",
    "fapiao_slow": "pay: an invoice is issued or reversed only after `seconds`",
    "reverse_failed": "pay: an invoice can't be reversed",
    "refuse": "mail: refuses every message",
}


@dataclass(slots=True)
class Fault:
    vendor: str
    kind: str
    probability: float = 1.0
    count: int | None = None
    """Times left; None: until switched off."""
    seconds: float = 0.0
    path: str = ""
    """Pay only: applies where the call's path, the event's name, the number of the order, refund or application, or
    the bill's date contains this; empty: everywhere."""

    code: str = ""
    """With ``refuse_us``: the vendor's code (``SIGN_ERROR``, ``48001``, ``isv.AMOUNT_NOT_ENOUGH``, ``535``)."""

    def as_json(self) -> Json:
        return asdict(self)


class Faults:
    def __init__(self, seed: int = 1) -> None:
        self._set: dict[tuple[str, str], Fault] = {}
        self._random = random.Random(seed)  # noqa: S311 - faults must repeat, not surprise

    def set(self, fault: Fault) -> None:
        if fault.vendor not in VENDORS:
            raise BadControlRequest(f"no vendor {fault.vendor!r}; known: {', '.join(VENDORS)}")
        if fault.kind not in KINDS:
            raise BadControlRequest(f"no fault {fault.kind!r}; known: {', '.join(KINDS)}")
        if not 0 <= fault.probability <= 1:
            raise BadControlRequest("“probability” must be between 0 and 1")
        if fault.path and fault.vendor != "pay":
            raise BadControlRequest("“path” narrows faults of the vendor pay only")
        if fault.kind == "refuse_us" and not fault.code:
            raise BadControlRequest("“refuse_us” needs the vendor's “code”")
        self._set[fault.vendor, fault.kind] = fault

    def clear(self, vendor: str = "", kind: str = "") -> None:
        self._set = {
            key: fault for key, fault in self._set.items() if (vendor and key[0] != vendor) or (kind and key[1] != kind)
        }

    def all(self) -> list[Fault]:
        return list(self._set.values())

    def strikes(self, vendor: str, kind: str, name: str = "") -> Fault | None:
        """The fault if it applies now; decrements its count. ``name``: of the current call or event."""
        if not self._set:
            return None
        fault = self._set.get((vendor, kind)) or self._set.get(("*", kind))
        if fault is None or fault.path not in name or self._random.random() >= fault.probability:
            return None
        if fault.count is not None:
            if fault.count <= 0:
                return None
            fault.count -= 1
        return fault
