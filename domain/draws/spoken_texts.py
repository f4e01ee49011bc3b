"""Finds in a text that calls speak (语音通知) what they must not tell: numbers, names of a project, of persons. Pure.

Another person may pick up, and whoever hears a number can call it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.person_names import name_key

_DIGIT = "[0-9〇○零一二三四五六七八九幺两]"
_NUMBER = re.compile(rf"{_DIGIT}(?:[ -]?{_DIGIT}){{5,}}")
"""Six digits or more in figures or words: shorter ones are rooms, floors, hours and minutes."""
_DATE = re.compile(r"20\d\d-\d{1,2}-\d{1,2}(?!\d)")


def find_number(text: str) -> str:
    """The first telephone or other long number in a half-width text, as it was typed; empty: none. A date is none."""
    number = _NUMBER.search(_DATE.sub(" 日期 ", text))
    return number.group() if number else ""


def find_name(text: str, names: Iterable[str], *, shortest: int) -> str:
    """The first of the names that the text has in any spelling; empty: none.

    Names of fewer characters than ``shortest`` don't count, since other words have them too.
    """
    key = name_key(text)
    keys = ((name, name_key(name)) for name in names)
    return next((name for name, own in keys if len(own) >= shortest and own in key), "")
