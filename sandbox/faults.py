"""Fault switches: what can go wrong on the wire, set globally (vendor ``*``) or per vendor."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass

from sandbox.jsons import BadRequest, Json

VENDORS = ("*", "wechat", "sms", "voice", "identity")

KINDS = {
    "slow": "answers `seconds` late",
    "fail_500": "answers HTTP 500 without doing anything",
    "drop_answer": "does it, then cuts the connection after `seconds` without an answer",
    "quota_used_up": "answers that the day's quota is used up",
    "twice": "pushes a callback or receipt a second time, at once",
    "out_of_order": "holds a callback or receipt back for `seconds`, so that later ones overtake it",
    "lost": "never pushes the callback or receipt",
    "wrong_signature": "pushes a callback with a wrong signature",
}


@dataclass(slots=True)
class Fault:
    vendor: str
    kind: str
    probability: float = 1.0
    count: int | None = None
    """How many more times; None: until switched off."""
    seconds: float = 0.0

    def as_json(self) -> Json:
        return asdict(self)


class Faults:
    def __init__(self, seed: int = 1) -> None:
        self._set: dict[tuple[str, str], Fault] = {}
        self._random = random.Random(seed)  # noqa: S311 - faults must repeat, not surprise

    def set(self, fault: Fault) -> None:
        if fault.vendor not in VENDORS:
            raise BadRequest(f"no vendor {fault.vendor!r}; known: {', '.join(VENDORS)}")
        if fault.kind not in KINDS:
            raise BadRequest(f"no fault {fault.kind!r}; known: {', '.join(KINDS)}")
        if not 0 <= fault.probability <= 1:
            raise BadRequest("“probability” must be between 0 and 1")
        self._set[fault.vendor, fault.kind] = fault

    def clear(self, vendor: str = "", kind: str = "") -> None:
        self._set = {
            key: fault for key, fault in self._set.items() if (vendor and key[0] != vendor) or (kind and key[1] != kind)
        }

    def all(self) -> list[Fault]:
        return list(self._set.values())

    def strikes(self, vendor: str, kind: str) -> Fault | None:
        """The fault when it happens this time; uses up one of its count."""
        if not self._set:
            return None
        fault = self._set.get((vendor, kind)) or self._set.get(("*", kind))
        if fault is None or self._random.random() >= fault.probability:
            return None
        if fault.count is not None:
            if fault.count <= 0:
                return None
            fault.count -= 1
        return fault
