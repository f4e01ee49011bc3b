"""One page of a long list."""

from __future__ import annotations

import pytest

from services.core import pages
from services.core.base import execute, rows
from services.core.pages import contains, read_page


async def read(offset: int, *, limit: int = 4) -> tuple[list[int], int]:
    page_rows, total = await read_page(
        "l.n", "l", "line l WHERE l.kind = $1", "l.n DESC", [0], offset=offset, limit=limit
    )
    return [row["n"] for row in page_rows], total


@pytest.fixture(autouse=True)
async def _lines(db: str) -> None:

    await execute("CREATE TABLE line AS SELECT n, n % 3 AS kind FROM generate_series(1, 30) AS n")


async def test_a_page_comes_with_the_number_of_all_that_match() -> None:
    assert await read(0) == ([30, 27, 24, 21], 10)
    assert await read(8) == ([6, 3], 10)


async def test_a_page_beyond_the_last_still_knows_how_many_there_are() -> None:
    assert await read(40) == ([], 10)


async def test_counting_stops_at_the_number_of_rows_that_can_be_paged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "COUNTED", 7)
    assert await read(0) == ([30, 27, 24, 21], 7)
    assert await read(8) == ([6, 3], 7)
    assert await read(40) == ([], 7)


async def test_what_people_type_is_looked_for_as_it_stands() -> None:
    texts = ["100%", "1000", "a_b", "acb", r"c\d", "cd"]
    for typed, expected in (("0%", ["100%"]), ("a_", ["a_b"]), ("\\", [r"c\d"])):
        matches = await rows("SELECT t FROM unnest($1::text[]) AS t WHERE t ILIKE $2", texts, contains(typed))
        assert [row["t"] for row in matches] == expected
