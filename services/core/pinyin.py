"""Names as a Chinese reader sorts them: a column beside the name, since PostgreSQL's wheel has no Chinese collation."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin

LONGEST = 200
"""Characters of the column; what lies beyond sorts nothing any more."""


@lru_cache(maxsize=65_536)
def sort_name(name: str) -> str:
    """``ou1 yang2 feng1``: surname first, tones included."""
    return " ".join(lazy_pinyin(name, style=Style.TONE3, neutral_tone_with_five=True))[:LONGEST]
