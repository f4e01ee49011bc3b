"""Records that are kept ready to be sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast
from uuid import uuid4

import pytest

from domain.errors import Conflict
from models.draws import Draw
from services.draws.results.record_files import RecordFiles
from tests.factories.draw_records import whole_draw


class Records:
    """Makes a record under the head that the draw was read with, and counts them."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def document_of(self, draw: Draw) -> dict[str, Any]:
        self.made.append(draw.log_head)
        await asyncio.sleep(0)
        if not draw.log_head:
            raise Conflict("没有记录")
        return {**whole_draw().record(), "head": draw.log_head}


def draw_at(head: str) -> Draw:
    return Draw(id=uuid4(), log_head=head)


async def test_a_record_is_made_once_for_all_who_ask_meanwhile_and_later() -> None:
    records, draw = Records(), draw_at("a")
    files = RecordFiles(cast("Any", records))
    first, other = await asyncio.gather(files.file_of(draw), files.file_of(draw))
    assert first is other is await files.file_of(draw)
    assert records.made == ["a"]
    record = json.loads(first.decompress())
    assert first.entries() == record["log"]
    assert first.sizes == (("1/main/1", 12),)


async def test_what_is_kept_is_bounded_by_its_bytes_and_what_was_used_last_stays() -> None:
    first, second, third = (draw_at(head) for head in "abc")
    size = (await RecordFiles(cast("Any", Records())).file_of(first)).size
    records = Records()
    files = RecordFiles(cast("Any", records), cache_bytes=int(2.5 * size))
    for draw in (first, second, first, third, first, second):
        await files.file_of(draw)
    assert records.made == ["a", "b", "c", "b"]


async def test_one_who_goes_away_ends_nothing_for_the_others_and_a_failure_is_tried_anew() -> None:
    records, draw = Records(), draw_at("a")
    files = RecordFiles(cast("Any", records))
    impatient, patient = asyncio.create_task(files.file_of(draw)), asyncio.create_task(files.file_of(draw))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).head == "a"
    for _ in range(2):
        with pytest.raises(Conflict):
            await files.file_of(draw_at(""))
    assert records.made == ["a", "", ""]
