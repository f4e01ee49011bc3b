"""When participants sign in at a lecture (面授或直播), and what follows from that for the course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SIGN_IN_EARLY = SIGN_IN_LATE = timedelta(minutes=30)


@dataclass(frozen=True)
class SignInTime:
    opens: datetime
    closes: datetime


def sign_in_time(starts: datetime, ends: datetime) -> SignInTime:
    """Both ends belong to it."""
    return SignInTime(starts - SIGN_IN_EARLY, ends + SIGN_IN_LATE)


def is_missed(ends: datetime | None, now: datetime) -> bool:
    """Whether nobody can sign in any more at the lecture without his sign-in that ends first; None: there is none."""
    return ends is not None and now > ends + SIGN_IN_LATE
