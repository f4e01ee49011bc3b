"""Stored papers (试卷): which versions of items stand in which order, and how the options of each are shown.

An order of n options is one small integer: the index of the permutation in lexicographic order, 0 being the canonical
one. Answers are masks: bit n is option n, canonical for marking and as displayed for input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import factorial
from uuid import UUID


@dataclass(frozen=True)
class Slot:
    """One question of a paper."""

    version_id: UUID
    order: int
    """Index of the permutation of its options."""
    mark: int
    """Tenths."""


def orders(n: int) -> int:
    """Number of orders of n options."""
    return factorial(n)


@lru_cache(maxsize=4096)
def permutation(index: int, n: int) -> tuple[int, ...]:
    """The canonical option at each displayed position; raises ValueError if there is no such order."""
    if not 0 <= index < orders(n):
        raise ValueError(f"{n} options have no order {index}")
    remaining, displayed = list(range(n)), []
    for size in range(n - 1, -1, -1):
        place, index = divmod(index, factorial(size))
        displayed.append(remaining.pop(place))
    return tuple(displayed)


@lru_cache(maxsize=65_536)
def to_canonical(mask: int, index: int, n: int) -> int:
    """Displayed bits as canonical bits; raises ValueError for a bit beyond the options."""
    _check_mask(mask, n)
    return sum(1 << option for position, option in enumerate(permutation(index, n)) if mask >> position & 1)


def to_display(mask: int, index: int, n: int) -> int:
    """Canonical bits as displayed on this paper; the inverse of ``to_canonical``."""
    _check_mask(mask, n)
    return sum(1 << position for position, option in enumerate(permutation(index, n)) if mask >> option & 1)


def _check_mask(mask: int, n: int) -> None:
    if not 0 <= mask < 1 << n:
        raise ValueError(f"mask {mask} does not fit {n} options")
