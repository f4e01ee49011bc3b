"""The bank in memory, for comparison with a file: items by code, or by question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from domain.exams.items import ItemData, ItemKind, same_question, stem_hash
from models.exams import ExamItem
from services.exams.bank.item_rows import Kept, read_items


@dataclass
class Bank:
    """All items of a pool with their keys; for readers who may see them."""

    _by_code: dict[str, Kept] = field(default_factory=dict)
    _by_id: dict[UUID, Kept] = field(default_factory=dict)
    _by_stem: dict[tuple[UUID | None, str], list[Kept]] = field(default_factory=lambda: defaultdict(list))
    _parts: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    async def load(cls, pool: str) -> Self:
        bank = cls()
        for kept in await read_items(await ExamItem.filter(pool=pool).order_by("code")):
            bank._by_code[kept.row.code] = bank._by_id[kept.row.id] = kept
            bank._by_stem[kept.row.group_id, stem_hash(kept.data.stem)].append(kept)
            if kept.row.group_id:
                bank._parts[kept.row.group_id] += 1
        return bank

    def by_code(self, code: str) -> Kept | None:
        return self._by_code.get(code) if code else None

    def by_question(self, data: ItemData, case_id: UUID | None) -> Kept | None:
        """The item of the same case, or of none, with this question.

        With different options it counts as the same only if no other item of its kind has that stem: many items ask
        "which of these is right".
        """
        found = [kept for kept in self._by_stem[case_id, stem_hash(data.stem)] if kept.data.kind is data.kind]
        exact = [kept for kept in found if same_question(kept.data, data)]
        return _in_use(exact) or (found[0] if len(found) == 1 else None)

    def find_case(self, code: str) -> UUID | None:
        kept = self.by_code(code)
        return kept.row.id if kept and kept.data.kind is ItemKind.CASE else None

    def case_id(self, code: str, item_id: str) -> UUID | None:
        """For a part: the case ``item_id`` in its file, or if that is empty, the bank's case with that code."""
        return UUID(item_id) if item_id else self.find_case(code)

    def stem(self, item_id: UUID | None) -> str:
        return self._by_id[item_id].data.stem if item_id else ""

    def parts(self, case_id: UUID | None) -> int:
        return self._parts[case_id] if case_id else 0

    def item(self, item_id: UUID) -> Kept:
        return self._by_id[item_id]


def is_same_content(one: ItemData, other: ItemData) -> bool:
    """Whether nothing would change; the order of options counts, since masks depend on it."""
    return one == other


def _in_use(found: Sequence[Kept]) -> Kept | None:
    """Of several with the same question the first that is not retired."""
    return next((kept for kept in found if kept.row.retired_at is None), found[0] if found else None)
