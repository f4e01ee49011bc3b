"""The rule for options chosen, in Python: what ``services.exams.marking`` says in SQL is compared with it."""

from __future__ import annotations

from domain.exams.items import ItemKind
from domain.exams.marking import PER_OPTION
from domain.rulebook.exams import PartialCredit


def mark_choice(kind: ItemKind, key: int, mask: int, mark: int, partial: PartialCredit) -> int:
    """Tenths for the options chosen. Any wrong option is worth nothing; partial credit is for multiple choice only."""
    if not mask:
        return 0
    if mask == key:
        return mark
    if mask & ~key or kind != ItemKind.MULTIPLE or partial == "none":
        return 0
    return mark // 2 if partial == "half" else min(mark, PER_OPTION * mask.bit_count())
