"""Running numbers that begin anew with every test, so that a test does not depend on the tests before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class Numbers(Iterator[int]):
    """Like ``itertools.count``."""

    _made: ClassVar[list[Numbers]] = []

    def __init__(self, first: int = 1) -> None:
        self._first = self._next = first
        self._made.append(self)

    def __next__(self) -> int:
        self._next += 1
        return self._next - 1

    @classmethod
    def begin_anew(cls) -> None:
        for numbers in cls._made:
            numbers._next = numbers._first
