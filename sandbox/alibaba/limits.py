"""Frequency limits of SMS and calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

CODE_LIMITS = ((MINUTE, 1), (HOUR, 5), (DAY, 10))
"""Verification SMS of one signature to one number."""
NOTICE_LIMITS = ((DAY, 50),)
"""Other SMS of one signature and template to one number."""
NUMBER_LIMITS = ((DAY, 40),)
"""Verification SMS to one number over all signatures."""
CALL_LIMITS = ((MINUTE, 1), (HOUR, 5), (DAY, 20))
"""Calls to one number; failed ones count."""


@dataclass(slots=True)
class SendLimits:
    """Counts what was submitted, over rolling spans."""

    _times: dict[tuple[str, ...], list[float]] = field(default_factory=dict)

    def exceeded_span(self, key: tuple[str, ...], rules: Sequence[tuple[float, int]], now: float) -> float | None:
        """The span in seconds whose limit is reached; None when another message is allowed."""
        times = self._times.get(key, [])
        for span, most in rules:
            if sum(1 for at in times if at > now - span) >= most:
                return span
        return None

    def count_attempt(self, key: tuple[str, ...], now: float) -> None:
        times = self._times.setdefault(key, [])
        times[:] = [at for at in times if at > now - DAY]
        times.append(now)
