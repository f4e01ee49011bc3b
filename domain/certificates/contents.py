"""A certificate's contents and their digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime


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


def _iso(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return value.isoformat()
