"""One page of a long list by one statement that costs the same however long the list grows.

The page is cut out first, in an order that an index has, and only its rows are joined with what they show. How many
there are in all is counted up to a limit: a reader does not turn five hundred pages, and counting all reads all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from services.core.base import rows

COUNTED = 10_000
"""So many are counted; a total of that many means that many or more."""


class PageRows(NamedTuple):
    """Rows of one page, and how many match in all, counted up to ``COUNTED``."""

    rows: list[Any]
    total: int


async def read_page(
    columns: str, joined: str, source: str, order: str, values: Sequence[object], *, offset: int, limit: int
) -> PageRows:
    """The rows of a page, and how many match in all.

    ``source`` is a table with its alias (``pay_order o``), what must be joined to filter, and WHERE; it uses all
    ``values``. ``order`` ends in what is unique. ``columns`` are shown from ``joined``, which begins with the alias:
    ``o JOIN fee f ON f.id = o.fee_id``.
    """
    alias, at = source.split(maxsplit=2)[1], len(values)
    found = await rows(
        f"WITH {alias} AS MATERIALIZED (SELECT {alias}.* FROM {source} ORDER BY {order} "
        f"LIMIT ${at + 1} OFFSET ${at + 2}) "
        f"SELECT {columns}, ({_count(source)}) AS total FROM {joined} ORDER BY {order}",
        *values,
        limit,
        offset,
    )
    if found or offset == 0:
        return PageRows(found, found[0]["total"] if found else 0)
    return PageRows([], (await rows(_count(source), *values))[0]["n"])


def contains(text: str) -> str:
    """The pattern for ILIKE of what holds ``text``."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _count(source: str) -> str:
    return f"SELECT count(*)::int AS n FROM (SELECT FROM {source} LIMIT {COUNTED}) AS counted"
