"""A certificate's number and the digest of its contents."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from stdnum.iso7064 import mod_37_36


@dataclass(frozen=True)
class Contents:
    """The contents of a certificate. ``facts``: pairs of label and value; ``valid_until`` None: it does not expire."""

    number: str
    title: str
    holder: str
    masked_id_number: str
    issuer: str
    facts: tuple[tuple[str, str], ...]
    issued_at: datetime
    valid_until: datetime | None


def digest(contents: Contents) -> str:
    """SHA-256 of the contents as JSON with sorted keys, in hex; shows whether the row was changed later."""
    text = json.dumps(asdict(contents), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_iso)
    return hashlib.sha256(text.encode()).hexdigest()


def make_number(prefix: str, year: int, letter: str, serial: int) -> str:
    """``XJ2026J-0000017``: pool, year, kind, six digits and a check character (ISO 7064 MOD 37,36)."""
    body = f"{prefix}{year}{letter}{serial:06}"
    return f"{prefix}{year}{letter}-{serial:06}{mod_37_36.calc_check_digit(body)}"


def next_issue(number: str) -> str:
    """The number of the certificate that replaces this one: ``…-2``, then ``…-3``."""
    head, dash, last = number.rpartition("-")
    return f"{head}-{int(last) + 1}" if dash and head.count("-") == 1 and last.isdigit() else f"{number}-2"


def _iso(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return value.isoformat()
