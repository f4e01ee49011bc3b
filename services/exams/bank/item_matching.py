"""The bank in memory, for comparison with a file: items by code, or by question."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from domain.exams.items import ItemData, ItemKind, question_key, stem_hash
from models.exams import ExamItem
from services.exams.bank.item_rows import StoredItem, read_items

_Place = tuple[UUID | None, ItemKind, str | tuple[str, ...]]
"""Case, kind, and a stem's hash or a question's key: what is looked up, since many items may share a stem."""


@dataclass
class Bank:
    """All items of a pool with their keys; for readers who may see them."""

    _by_code: dict[str, StoredItem] = field(default_factory=dict)
    _by_id: dict[UUID, StoredItem] = field(default_factory=dict)
    _by_stem: dict[_Place, list[StoredItem]] = field(default_factory=lambda: defaultdict(list))
    _by_question: dict[_Place, list[StoredItem]] = field(default_factory=lambda: defaultdict(list))
    _parts: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    async def load(cls, pool: str) -> Self:
        return await asyncio.to_thread(
            cls.of_items, await read_items(await ExamItem.filter(pool=pool).order_by("code"))
        )

    @classmethod
    def of_items(cls, items: Iterable[StoredItem]) -> Self:
        bank = cls()
        for item in items:
            bank._add(item)
        return bank

    def _add(self, item: StoredItem) -> None:
        self._by_code[item.row.code] = self._by_id[item.row.id] = item
        self._by_stem[item.row.group_id, item.data.kind, stem_hash(item.data.stem)].append(item)
        self._by_question[item.row.group_id, item.data.kind, question_key(item.data)].append(item)
        if item.row.group_id:
            self._parts[item.row.group_id] += 1

    def find_by_code(self, code: str) -> StoredItem | None:
        return self._by_code.get(code) if code else None

    def find_by_question(self, data: ItemData, case_id: UUID | None) -> StoredItem | None:
        """The item of the same case, or of none, with this question.

        With different options it counts as the same only if no other item of its kind has that stem: many items ask
        "which of these is right".
        """
        exact = self._by_question.get((case_id, data.kind, question_key(data)), [])
        same_stem = self._by_stem.get((case_id, data.kind, stem_hash(data.stem)), [])
        return _first_in_use(exact) or (same_stem[0] if len(same_stem) == 1 else None)

    def find_case(self, code: str) -> UUID | None:
        item = self.find_by_code(code)
        return item.row.id if item and item.data.kind is ItemKind.CASE else None

    def case_id(self, code: str, item_id: str) -> UUID | None:
        """For a part: the case ``item_id`` in its file, or if that is empty, the bank's case with that code."""
        return UUID(item_id) if item_id else self.find_case(code)

    def stem(self, item_id: UUID | None) -> str:
        return self._by_id[item_id].data.stem if item_id else ""

    def parts(self, case_id: UUID | None) -> int:
        return self._parts[case_id] if case_id else 0

    def item(self, item_id: UUID) -> StoredItem:
        return self._by_id[item_id]


def is_same_content(item: ItemData, other: ItemData) -> bool:
    """Whether nothing would change; the order of options counts, since masks depend on it."""
    return item == other


def _first_in_use(items: Sequence[StoredItem]) -> StoredItem | None:
    """Of several with the same question the first that is not retired."""
    return next((item for item in items if item.row.retired_at is None), items[0] if items else None)
