"""The public record of a draw that is over, for anyone who has its number. Once ended, a record never changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.draws.record import Ended
from domain.errors import InvalidInput, NotFound
from domain.typed_text import half_width
from models.draws import Draw
from services.core.base import Deps, rows
from services.draws.results.record_files import RecordFile, RecordFiles
from services.draws.views import DrawView, view_of

_NUMBER = re.compile("[A-Z]{1,8}[0-9]{9,16}")
_FIND = """
SELECT d.id, d.pool, d.number FROM draw d JOIN draw_log l ON l.draw_id = d.id AND l.seq = d.log_length
WHERE d.pool = ANY($1::text[]) AND d.number = $2 AND l.act = $3 ORDER BY d.pool
"""


@dataclass(frozen=True)
class RecordMatch:
    """A draw with a complete record. Each pool numbers separately, so several pools may have the same number."""

    id: UUID
    pool: str
    pool_name: str
    number: str


@dataclass(frozen=True)
class FinishedRecords:
    """Gives the same response for unknown numbers and running draws, so that trying numbers discloses no draw."""

    deps: Deps
    files: RecordFiles

    async def find(self, number: str) -> list[RecordMatch]:
        """Draws with this number, of every pool. Raises InvalidInput, NotFound."""
        typed = "".join(half_width(number).split()).upper()
        if not _NUMBER.fullmatch(typed):
            raise InvalidInput("活动编号由字母和数字组成，如CQSQ202611210001，请核对后重新输入。", field="number")
        return await self._search(list(self.deps.rulebooks), typed)

    async def get(self, pool: str, number: str) -> tuple[DrawView, RecordFile]:
        """The draw and its record. Raises NotFound."""
        [record] = await self._search([pool] if pool in self.deps.rulebooks else [], number)
        draw = await Draw.get(id=record.id)
        return view_of(DrawView, draw), await self.files.file_of(draw)

    async def _search(self, pools: list[str], number: str) -> list[RecordMatch]:
        draws = await rows(_FIND, pools, number, Ended.name)
        if not draws:
            raise NotFound(
                "没有找到这个编号的已结束活动。请核对编号；活动还没有结束的，请在结束后再查，"
                "或者向经办人索取抽取记录的链接。",
                code="no_finished_draw",
            )
        return [self._view(row) for row in draws]

    def _view(self, row: Mapping[str, Any]) -> RecordMatch:
        return RecordMatch(row["id"], row["pool"], self.deps.book(row["pool"]).pool.name, row["number"])
