"""Rows as readers of files pass them on, and what is common to the cells of all kinds of files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FORMULA_TEXT = re.compile(r'="([^"]*)"')
"""How programs keep the zeros in front of a number in a CSV: ``="001"``."""
_ERROR_VALUE = re.compile(r"#(?:N/A|NAME\?|REF!|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)|Err:\d{3}|#{3,}")


@dataclass
class SheetRow:
    """``number`` as the spreadsheet counts. ``cells`` are trimmed; ``faults``: index of a cell → why it can't be read,
    going on after the cell's name."""

    number: int
    cells: list[str]
    faults: dict[int, str] = field(default_factory=dict)
    is_hidden: bool = False


def tidy_cell(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith('="') and (quoted := _FORMULA_TEXT.fullmatch(stripped)):
        return quoted[1].strip()
    return stripped


def find_error_value(text: str) -> str:
    """Why a text can't be used that a program left in place of a value; empty: it can."""
    if text[:1] not in ("#", "E") or not _ERROR_VALUE.fullmatch(text):
        return ""
    if text.startswith("###"):
        return f"显示为“{text[:8]}”（列宽不够或日期无效），请加宽列后重新保存，或直接填写内容"
    return f"显示为“{text}”，请改正公式，或直接填写内容"


def column_letters(index: int) -> str:
    """A, B … Z, AA, AB … for 0, 1 … 25, 26, 27 …"""
    return (column_letters(index // 26 - 1) if index >= 26 else "") + chr(65 + index % 26)


def column_index(letters: str) -> int:
    """The inverse of ``column_letters``."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
