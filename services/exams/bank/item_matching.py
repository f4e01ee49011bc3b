"""The bank in memory, while a file is compared with it: found by code, or by what is asked."""

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
    """All items of a pool with their keys; for people who may see them."""

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
        """The item of the same case, or of none, that asks this.

        With other options it is taken for the same only where no other item of its kind has that stem: many ask
        which of these is right.
        """
        found = [kept for kept in self._by_stem[case_id, stem_hash(data.stem)] if kept.data.kind is data.kind]
        exact = [kept for kept in found if same_question(kept.data, data)]
        return _in_use(exact) or (found[0] if len(found) == 1 else None)

    def find_case(self, code: str) -> UUID | None:
        kept = self.by_code(code)
        return kept.row.id if kept and kept.data.kind is ItemKind.CASE else None

    def case_id(self, code: str, item_id: str) -> UUID | None:
        """Of a part: the case ``item_id`` that its file names, or where that is empty, the bank's case of that code."""
        return UUID(item_id) if item_id else self.find_case(code)

    def stem(self, item_id: UUID | None) -> str:
        return self._by_id[item_id].data.stem if item_id else ""

    def parts(self, case_id: UUID | None) -> int:
        return self._parts[case_id] if case_id else 0

    def item(self, item_id: UUID) -> Kept:
        return self._by_id[item_id]


def same_said(one: ItemData, other: ItemData) -> bool:
    """Whether nothing would change; the order of options counts, since masks follow it."""
    return one == other


def _in_use(found: Sequence[Kept]) -> Kept | None:
    """Of several that ask the same the first that is not retired."""
    return next((kept for kept in found if kept.row.retired_at is None), found[0] if found else None)
