"""The office's side: amounts that each organisation owes and has paid, over whole months. Without experts' names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.errors import NotFound
from domain.ids import new_id
from services.core import permissions
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.months import month_bounds
from services.core.pages import contains
from services.spreadsheets.export import ExportColumn, Value, write_sheet, yuan

_GROUPS: Mapping[str, str] = {
    "proposed": "('proposed')",
    "disputed": "('disputed')",
    "payable": "('confirmed', 'assumed')",
    "paid": "('paid')",
}
"""Groups that are counted separately, with their states."""
_COUNTS = ", ".join(
    f"count(*) FILTER (WHERE r.state IN {states})::int AS {name}, "
    f"coalesce(sum(r.amount) FILTER (WHERE r.state IN {states}), 0)::bigint AS {name}_amount"
    for name, states in _GROUPS.items()
)
_WITHIN = "d.pool = $1 AND d.ended_at >= $2 AND d.ended_at < $3"
_NAMES = ("experts", "amount", *(part for name in _GROUPS for part in (name, f"{name}_amount")))
_ORGANISATIONS = f"""
WITH sums AS (
  SELECT o.id, o.name, o.credit_code, count(DISTINCT d.id)::int AS draws, count(*)::int AS experts,
    sum(r.amount)::bigint AS amount, {_COUNTS}, row_number() OVER (ORDER BY sum(r.amount) DESC, o.name, o.id) AS place
  FROM remuneration r JOIN draw d ON d.id = r.draw_id JOIN organisation o ON o.id = d.organisation_id
  WHERE {_WITHIN} AND o.name ILIKE $4 GROUP BY o.id, o.name, o.credit_code
)
SELECT 0 AS place, NULL::uuid AS id, '' AS name, '' AS credit_code, count(*)::int AS organisations,
  coalesce(sum(draws), 0)::int AS draws, {", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in _NAMES)}
FROM sums
UNION ALL
SELECT place, id, name, credit_code, 1, draws, {", ".join(_NAMES)} FROM sums WHERE place > $5 AND place <= $6
ORDER BY place
"""
"""All of them summed, and one page."""
_DRAWS = f"""
SELECT d.id, d.number, d.name, d.ended_at, count(*)::int AS experts, sum(r.amount)::bigint AS amount, {_COUNTS},
  count(*) OVER ()::int AS total
FROM remuneration r JOIN draw d ON d.id = r.draw_id
WHERE {_WITHIN} AND d.organisation_id = $4 GROUP BY d.id ORDER BY d.ended_at DESC, d.id LIMIT $5 OFFSET $6
"""
_NAME = "SELECT name FROM organisation WHERE id = $1 AND pool = $2"
_COLUMNS = (
    ExportColumn("代理机构", 32),
    ExportColumn("统一社会信用代码", 22),
    ExportColumn("活动数", 8),
    ExportColumn("人次", 8),
    ExportColumn("合计（元）", 14),
    ExportColumn("待专家确认（人次）", 12),
    ExportColumn("待专家确认（元）", 14),
    ExportColumn("待场地核对（人次）", 12),
    ExportColumn("待场地核对（元）", 14),
    ExportColumn("待支付（人次）", 12),
    ExportColumn("待支付（元）", 14),
    ExportColumn("已支付（人次）", 12),
    ExportColumn("已支付（元）", 14),
)
_ALL = 100_000
"""More than the number of organisations of any pool."""


@dataclass(frozen=True, kw_only=True)
class RemunerationSums:
    """Number of experts by state, and amounts in fen."""

    experts: int
    amount: int
    proposed: Annotated[int, Field(description="Not yet answered by the expert")]
    proposed_amount: int
    disputed: int
    disputed_amount: int
    payable: Annotated[int, Field(description="Confirmed, or counted as such, and not yet paid")]
    payable_amount: int
    paid: int
    paid_amount: int


@dataclass(frozen=True, kw_only=True)
class OverallSums(RemunerationSums):
    organisations: int
    draws: int


@dataclass(frozen=True, kw_only=True)
class OrganisationSums(RemunerationSums):
    id: UUID
    name: str
    credit_code: str
    draws: int


@dataclass(frozen=True, kw_only=True)
class DrawSums(RemunerationSums):
    id: UUID
    number: str
    name: str
    ended_at: datetime


@dataclass(frozen=True)
class OfficeTotals:
    """One page of organisations, largest amounts first. ``overall`` covers all pages."""

    overall: OverallSums
    items: tuple[OrganisationSums, ...]


@dataclass(frozen=True)
class RemunerationTotals:
    """Totals of draws that ended in the months from ``since`` to ``until``, such as ``2026-11``, both inclusive."""

    deps: Deps

    async def list_organisations(
        self, actor: Actor, since: str, until: str, search: str = "", *, offset: int = 0, limit: int = 20
    ) -> OfficeTotals:
        """``search`` is part of a name. Raises InvalidInput for an invalid month."""
        permissions.check(actor, "remuneration.report")
        bounds = month_bounds(since, until)
        overall, *organisation_rows = await rows(
            _ORGANISATIONS, actor.pool, *bounds, contains(search.strip()), offset, offset + limit
        )
        return OfficeTotals(
            OverallSums(organisations=overall["organisations"], draws=overall["draws"], **_sums(overall)),
            tuple(_organisation_sums(row) for row in organisation_rows),
        )

    async def list_draws(
        self, actor: Actor, organisation_id: UUID, since: str, until: str, *, offset: int = 0, limit: int = 20
    ) -> tuple[str, Page[DrawSums]]:
        """The organisation's name and one page of its draws, newest first. Raises NotFound, InvalidInput."""
        permissions.check(actor, "remuneration.report")
        bounds = month_bounds(since, until)
        organisation_rows = await rows(_NAME, organisation_id, actor.pool)
        if not organisation_rows:
            raise NotFound("找不到这个代理机构，请返回列表后刷新。", code="unknown")
        draw_rows = await rows(_DRAWS, actor.pool, *bounds, organisation_id, limit, offset)
        return organisation_rows[0]["name"], Page(
            tuple(_draw_sums(row) for row in draw_rows), draw_rows[0]["total"] if draw_rows else 0
        )

    async def write_overall_sheet(self, actor: Actor, since: str, until: str, search: str = "") -> bytes:
        """XLSX of all organisations. Logged."""
        totals = await self.list_organisations(actor, since, until, search, limit=_ALL)

        async def batches() -> AsyncIterator[Sequence[Sequence[Value]]]:
            yield [_sheet_row(sums) for sums in totals.items]

        content = await write_sheet("专家酬劳合计", _COLUMNS, batches())
        async with transaction():
            await record(actor, self.deps.now(), "export", "remuneration", new_id(), rows=len(totals.items))
        return content


def _sums(row: Any) -> dict[str, int]:
    return {name: int(row[name]) for name in _NAMES}


def _organisation_sums(row: Any) -> OrganisationSums:
    return OrganisationSums(
        id=row["id"], name=row["name"], credit_code=row["credit_code"], draws=row["draws"], **_sums(row)
    )


def _draw_sums(row: Any) -> DrawSums:
    return DrawSums(id=row["id"], number=row["number"], name=row["name"], ended_at=row["ended_at"], **_sums(row))


def _sheet_row(sums: OrganisationSums) -> Sequence[Value]:
    counted = [part for name in _GROUPS for part in (getattr(sums, name), yuan(getattr(sums, f"{name}_amount")))]
    return (sums.name, sums.credit_code, sums.draws, sums.experts, yuan(sums.amount), *counted)
