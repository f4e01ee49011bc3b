"""The benchmark of words leaves none out."""

from __future__ import annotations

from benchmarks.words import WORDS
from handlers import commands


def test_every_word_that_can_be_tapped_is_measured() -> None:
    assert commands.TAPS.keys() <= WORDS.keys()
