"""Rounds of a draw (三方摇号) that were given up, as its pages, its notices and the next round count them."""

from __future__ import annotations

from collections.abc import Sequence

from domain.draws.round_stage import RoundAborts, count_aborts
from domain.rulebook.book import Rulebook
from models.draws import Round


def aborts_of(book: Rulebook, rounds: Sequence[Round]) -> RoundAborts:
    """``rounds``: all of one draw."""
    withheld = [bool(round_row.reveals) for round_row in rounds if round_row.aborted_at is not None]
    return count_aborts(book.draw.commitments.aborts_max, withheld)
