"""The marking rule for chosen options in Python, to compare with the SQL of ``services.exams.marking``."""

from __future__ import annotations

from domain.exams.items import ItemKind
from domain.rulebook.exams import PartialCredit


def mark_choice(kind: ItemKind, key: int, mask: int, mark: int, partial: PartialCredit, share: int = 25) -> int:
    """Tenths for the options chosen. ``share``: percent of the marks for each right option.

    Any wrong option gives no marks; partial credit is for multiple choice only.
    """
    if not mask:
        return 0
    if mask == key:
        return mark
    if mask & ~key or kind != ItemKind.MULTIPLE or partial == "none":
        return 0
    return mark // 2 if partial == "half" else min(mark, mark * share * mask.bit_count() // 100)
