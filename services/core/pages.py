"""Reads one page of a long list by one statement whose cost doesn't grow with the list.

The page is selected first, in the order of an index, and only its rows are joined with other tables. The total is
counted up to a limit, since no reader turns five hundred pages, and a full count reads all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.person_names import name_key
from services.core.base import rows
from services.core.sql_values import SqlValues

COUNTED = 10_000
"""Limit of counting; a total of that many means that many or more."""


Values = SqlValues | Sequence[object]


class PageRows(NamedTuple):
    """Rows of one page, and the number of matches, counted up to ``COUNTED``."""

    rows: list[Any]
    total: int


async def read_page(
    columns: str, joined: str, source: str, order: str, values: Values, *, offset: int, limit: int
) -> PageRows:
    """The rows of a page, and the number of matches.

    ``source`` is a table with its alias (``pay_order o``), joins needed for filtering, and WHERE; it uses all
    ``values``. ``order`` ends in a unique column. ``columns`` are selected from ``joined``, which begins with the
    alias: ``o JOIN fee f ON f.id = o.fee_id``.
    """
    counted = f"{columns}, ({_count(source)}) AS total"
    page_rows = await read_rows(counted, joined, source, order, values, offset=offset, limit=limit)
    if page_rows or offset == 0:
        return PageRows(page_rows, page_rows[0]["total"] if page_rows else 0)
    return PageRows([], (await rows(_count(source), *values))[0]["n"])


async def read_rows(
    columns: str, joined: str, source: str, order: str, values: Values, *, offset: int, limit: int
) -> list[Any]:
    """The rows of a page, as ``read_page`` reads them, without the number of matches."""
    alias, values = source.split(maxsplit=2)[1], SqlValues(*values)
    return await rows(
        f"WITH {alias} AS MATERIALIZED (SELECT {alias}.* FROM {source} ORDER BY {order} "
        f"LIMIT {values.add(limit)} OFFSET {values.add(offset)}) SELECT {columns} FROM {joined} ORDER BY {order}",
        *values,
    )


def contains(text: str) -> str:
    """The ILIKE pattern for texts that contain ``text``."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def contains_name(text: str) -> str:
    """The LIKE pattern for ``person_key`` of names of persons that contain ``text``, however it is spelt."""
    key = name_key(text)
    return contains(key) if key else ""


def _count(source: str) -> str:
    return f"SELECT count(*)::int AS n FROM (SELECT FROM {source} LIMIT {COUNTED}) AS counted"
