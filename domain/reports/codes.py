"""The number of a report, which opens nothing, and the code by which its reporter follows it (查询码).

The code has 100 bits, in five groups of four characters.
"""

from __future__ import annotations

import re
from datetime import datetime

from domain.clock import local

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters without 0, 1, I and O, which are mistaken for each other."""
_LENGTH = 20
_CODE = re.compile(f"[{_ALPHABET}]{{{_LENGTH}}}")
_NUMBER_LENGTH = 6
_NUMBER = re.compile(rf"JB\d{{6}}[{_ALPHABET}]{{{_NUMBER_LENGTH}}}(?![0-9A-Z])")


def make_code(digest: str) -> str:
    """A code from a secret hex digest of at least 100 bits: ``K7M2-QXPA-…``."""
    number = int(digest[: _LENGTH * 5 // 4], 16)
    characters = [_ALPHABET[number >> shift & 31] for shift in range(0, _LENGTH * 5, 5)]
    return "-".join("".join(characters[at : at + 4]) for at in range(0, _LENGTH, 4))


def read_code(text: str) -> str | None:
    """The code as ``make_code`` writes it, from how a person types it; None for what is no code."""
    plain = re.sub(r"[\s\-—–_]", "", text).upper()
    if not _CODE.fullmatch(plain):
        return None
    return "-".join(plain[at : at + 4] for at in range(0, _LENGTH, 4))


def make_number(at: datetime, digest: str) -> str:
    """A number from the day and a hex digest as of ``make_code``: ``JB261127K7M2QX``."""
    return f"JB{local(at):%y%m%d}{make_code(digest).replace('-', '')[:_NUMBER_LENGTH]}"


def names_a_number(text: str) -> bool:
    """Whether a text as ``half_width`` gives it holds what may be the number of a report."""
    return _NUMBER.search(text.upper()) is not None
