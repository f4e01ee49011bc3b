"""How many requests of a process wait to be stored: all together, and of one attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from domain.errors import TooMany

WAITING_MAX = 2000
"""More could not be stored within a few seconds."""
OWN_MAX = 4
"""A page waits for its reply before it sends on; a second page and a repeat after a time-out may come beside it."""
_RETRY = 5
"""Seconds after which a request that was turned away comes again; clients spread it."""


class WaitingPlaces:
    """``words`` say what a refused candidate should do."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._all = 0
        self._by_attempt: Counter[UUID] = Counter()

    @contextmanager
    def place(self, attempt_id: UUID) -> Iterator[None]:
        """Held by one request until it is answered. Raises TooMany when there is none."""
        if self._all >= WAITING_MAX or self._by_attempt[attempt_id] >= OWN_MAX:
            raise TooMany(self._words, retry_after=_RETRY)
        self._all += 1
        self._by_attempt[attempt_id] += 1
        try:
            yield
        finally:
            self._all -= 1
            self._by_attempt[attempt_id] -= 1
            if not self._by_attempt[attempt_id]:
                del self._by_attempt[attempt_id]
