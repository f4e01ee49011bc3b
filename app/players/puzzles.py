"""Solves the proof of work for an unknown browser, as the page's script does."""

from __future__ import annotations

import hashlib
from itertools import count

from services.accounts import Puzzle


def solve(puzzle: Puzzle) -> str:
    """The proof: the token, a dot, and for each part the first number that fits."""
    seed = hashlib.sha256(puzzle.token.encode()).hexdigest()[:32]
    numbers = (
        next(n for n in count() if _has_leading_zeros(f"{seed}:{part}:{n}", puzzle.bits))
        for part in range(puzzle.parts)
    )
    return f"{puzzle.token}.{'-'.join(map(str, numbers))}"


def _has_leading_zeros(text: str, bits: int) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) < 1 << (256 - bits)
