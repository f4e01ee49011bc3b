"""Limits the requests of a process that wait to be stored: in all, and per attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from domain.errors import TooMany

WAITING_MAX = 2000
"""More could not be stored within a few seconds."""
OWN_MAX = 4
"""A page sends one request at a time; a second page and a repetition after a time-out may coincide."""
_RETRY = 5
"""Seconds until a refused request is repeated; clients spread it."""


class SaveBacklog:
    """``words`` tell a refused candidate what to do."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._all = 0
        self._by_attempt: Counter[UUID] = Counter()

    @contextmanager
    def reserve_place(self, attempt_id: UUID) -> Iterator[None]:
        """A place held by one request until its response. Raises TooMany when there is none."""
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
