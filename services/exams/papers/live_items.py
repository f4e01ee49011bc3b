"""Reads the live items of a pool's bank for drawing papers; never a key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.exams.blueprint import LiveItem, SlotQuestion
from domain.exams.items import ItemKind
from services.core.base import execute, rows

_LIVE = """
SELECT i.id, i.chapter, i.kind, i.difficulty, i.group_id, i.used, v.id AS version_id,
       cardinality(v.options) AS options, v.fixed_order
FROM exam_item i JOIN exam_item_version v ON v.item_id = i.id AND v.number = i.version
WHERE i.pool = $1 AND i.retired_at IS NULL ORDER BY i.position, i.id
"""
_USE = """
UPDATE exam_item SET used = used + u.papers FROM unnest($1::uuid[], $2::int[]) AS u (id, papers)
WHERE exam_item.id = u.id AND exam_item.id IN (
    SELECT id FROM exam_item WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
"""
"""Counters locked by another transaction are skipped: they only influence which items come first."""


async def load_live_items(pool: str) -> tuple[list[LiveItem], dict[UUID, int]]:
    """Live items, and the number of papers that contained each. A case without live questions is left out."""
    parts: dict[UUID, list[Any]] = defaultdict(list)
    whole = []
    for row in await rows(_LIVE, pool):
        if row["group_id"] is None:
            whole.append(row)
        else:
            parts[row["group_id"]].append(row)
    stock = [_live_item(row, parts[row["id"]] if row["kind"] == ItemKind.CASE else [row]) for row in whole]
    return [item for item in stock if item.questions], {row["id"]: row["used"] for row in whole}


async def count_use(papers: Mapping[UUID, int]) -> None:
    """Increase the counter of each item in these papers."""
    if papers:
        await execute(_USE, list(papers), list(papers.values()))


def _live_item(row: Any, question_rows: Sequence[Any]) -> LiveItem:
    questions = tuple(
        SlotQuestion(question["version_id"], question["options"], _is_fixed(question)) for question in question_rows
    )
    return LiveItem(row["id"], row["chapter"], ItemKind(row["kind"]), row["difficulty"], questions)


def _is_fixed(row: Any) -> bool:
    return bool(row["fixed_order"]) or row["kind"] == ItemKind.TRUE_FALSE
