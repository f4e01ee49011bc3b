"""The agency's payment sheet. It contains names and full ID numbers, so only unsealed panels are in it, and each one is
logged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.clock import print_time
from domain.payments.money import yuan as print_yuan
from domain.remuneration.lifecycles import RemunerationState
from models.remuneration import Remuneration
from services.core import permissions
from services.core.base import Actor, Deps, from_row, record, rows, transaction, violation
from services.core.months import month_bounds
from services.draws import DrawAccess
from services.remuneration.records import line_views
from services.spreadsheets.export import ExportColumn, Value, write_sheet, yuan

_COLUMNS = (
    ExportColumn("活动编号", 22),
    ExportColumn("活动名称", 30),
    ExportColumn("评标开始", 20),
    ExportColumn("姓名", 12),
    ExportColumn("身份证号", 22),
    ExportColumn("金额（元）", 12),
    ExportColumn("明细", 60),
    ExportColumn("说明", 30),
    ExportColumn("状态", 12),
    ExportColumn("支付日期", 12),
    ExportColumn("支付方式", 12),
)
_ROWS = """
SELECT d.number, d.name AS draw_name, d.starts_at, e.name, e.id_number_sealed, r AS remuneration
FROM remuneration r JOIN draw d ON d.id = r.draw_id JOIN expert e ON e.id = r.expert_id
JOIN invitation i ON i.id = r.invitation_id
WHERE {where} AND r.state IN ('confirmed', 'assumed', 'paid') ORDER BY d.ended_at, d.number, i.code
"""


@dataclass(frozen=True)
class PaymentSheets:
    """Contains confirmed amounts, and those that count as such; no disputed ones."""

    deps: Deps
    access: DrawAccess

    async def write_draw_sheet(self, actor: Actor, draw_id: UUID) -> bytes:
        """XLSX. Raises NotFound for another agency's draw, RuleViolation before unsealing."""
        permissions.check(actor, "remuneration.pay")
        async with transaction():
            draw = await self.access.get(actor, draw_id)
            if not self.access.is_unsealed(draw):
                message = f"名单{print_time(self.access.unseals_at(draw))}解密，解密后可下载酬劳支付表。"
                raise violation(self.deps.book(draw.pool), "draw.result_visible_before", message)
            sheet_rows = await rows(_ROWS.format(where="d.id = $1"), draw.id)
            await record(actor, self.deps.now(), "remuneration.exported", "draw", draw.id, count=len(sheet_rows))
        return await self._write_rows(sheet_rows)

    async def write_month_sheet(self, actor: Actor, month: str) -> bytes:
        """Of all unsealed draws visible to the actor that ended in a month such as ``2026-11``."""
        permissions.check(actor, "remuneration.pay")
        first, after = month_bounds(month, month)
        where, values = self.access.visibility_condition(actor)
        where += f" AND d.ended_at >= {values.add(first)} AND d.ended_at < {values.add(after)}"
        sealed_for = self.deps.book(actor.pool).draw.result_visible_before
        where += f" AND d.starts_at <= {values.add(self.deps.now() + sealed_for)}"
        async with transaction():
            sheet_rows = await rows(_ROWS.format(where=where), *values)
            await record(
                actor,
                self.deps.now(),
                "remuneration.exported",
                "organisation",
                actor.organisation_id,
                count=len(sheet_rows),
                month=month,
            )
        return await self._write_rows(sheet_rows)

    async def _write_rows(self, sheet_rows: Sequence[Any]) -> bytes:
        async def batches() -> AsyncIterator[Sequence[Sequence[Value]]]:
            yield [self._sheet_row(row) for row in sheet_rows]

        return await write_sheet("专家酬劳", _COLUMNS, batches())

    def _sheet_row(self, row: Any) -> Sequence[Value]:
        remuneration = from_row(Remuneration, row["remuneration"])
        parts = [f"{line.label}{print_yuan(line.amount)}（{line.words}）" for line in line_views(remuneration.lines)]
        return (
            row["number"],
            row["draw_name"],
            row["starts_at"],
            row["name"],
            self.deps.keys.open_text(row["id_number_sealed"], "id_number"),
            yuan(remuneration.amount),
            "；".join(parts),
            remuneration.reason,
            RemunerationState(remuneration.state).label,
            remuneration.paid_on,
            remuneration.paid_way,
        )
