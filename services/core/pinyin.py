"""Sort keys of Chinese names: a column beside the name, since the PostgreSQL wheel has no Chinese collation."""

from __future__ import annotations

import os
from functools import lru_cache

LONGEST = 200
"""Characters of the column; further ones don't affect sorting."""


@lru_cache(maxsize=65_536)
def sort_name(name: str) -> str:
    """``ou1 yang2 feng1``: surname first, tones included."""
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")  # our code doesn't modify its dictionaries
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 (40 MB and 0.4 s, for the few who write a name down)

    return " ".join(lazy_pinyin(name, style=Style.TONE3, neutral_tone_with_five=True))[:LONGEST]
