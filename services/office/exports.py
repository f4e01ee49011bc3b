"""Lists that administrators export as XLSX. Each export is logged; identities are masked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.clock import local
from domain.errors import InvalidInput
from domain.forms.display import show_region, show_specialty
from domain.ids import new_id
from domain.masking import mask_id_number, mask_mobile, mask_name
from domain.payments.fees import DIFFERENCE_NAMES, TRADE_NAMES
from domain.payments.lifecycles import OrderState, RefundState
from domain.rulebook.book import Rulebook
from services.applications import entry_names
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.sql_values import SqlValues
from services.office.application_list import ApplicationList, Filter
from services.office.expert_list import COLUMNS, SHOWN, ExpertFilter, ExpertList
from services.spreadsheets.export import ExportColumn, Value, write_sheet, yuan

ROWS_MAX = 100_000
_BATCH = 500
"""Rows fetched, masked and written at a time; all but fetching happens in a thread."""
_FIRST = UUID(int=0)

_APPLICATIONS = (
    ExportColumn("申请编号", 20),
    ExportColumn("申请类型", 10),
    ExportColumn("状态", 10),
    ExportColumn("审核环节", 18),
    ExportColumn("姓名", 12),
    ExportColumn("身份证号", 16),
    ExportColumn("手机号", 14),
    ExportColumn("地区", 20),
    ExportColumn("评标专业", 40),
    ExportColumn("专家编号", 14),
    ExportColumn("征集", 28),
    ExportColumn("提交次数", 10),
    ExportColumn("最近提交", 20),
    ExportColumn("进入状态时间", 20),
    ExportColumn("审核通过", 20),
    ExportColumn("结束时间", 20),
)
_APPLICATION_ROWS = """
SELECT p.id, p.number, p.entry_type, p.state, p.step, p.name, a.real_name, a.id_number_sealed, a.mobile_sealed,
    p.region, p.expert_number, coalesce(c.name, '') AS campaign, p.round, p.submitted_at, p.state_since, p.approved_at,
    p.ended_at,
    (SELECT coalesce(array_agg(s.code ORDER BY s.position), '{{}}') FROM application_specialty s
     WHERE s.application_id = p.id AND s.admitted IS NOT FALSE) AS specialties
FROM (SELECT * FROM application WHERE {where} AND id > {after} ORDER BY id{limit}) p
JOIN account a ON a.id = p.account_id LEFT JOIN campaign c ON c.id = p.campaign_id ORDER BY p.id
"""
_EXPERT_ROWS = """
SELECT {columns} FROM (SELECT e.* FROM expert e WHERE {where} AND e.id > {after} ORDER BY e.id{limit}) e ORDER BY e.id
"""
_EXPERT_WIDTHS = {"specialties": 40, "employer": 28, "region": 20, "left_reason": 28, "id_number": 20}
_ORDERS = (
    ExportColumn("商户订单号", 34),
    ExportColumn("微信支付单号", 32),
    ExportColumn("专家编号", 14),
    ExportColumn("申请人", 10),
    ExportColumn("商品", 28),
    ExportColumn("金额（元）", 12),
    ExportColumn("已退（元）", 12),
    ExportColumn("方式", 10),
    ExportColumn("状态", 10),
    ExportColumn("多付", 8),
    ExportColumn("下单时间", 20),
    ExportColumn("支付时间", 20),
    ExportColumn("关闭时间", 20),
)
_ORDER_ROWS = """
SELECT o.id, o.out_trade_no, coalesce(o.transaction_id, '') AS transaction_id, f.expert_number, a.real_name,
    o.description, o.amount, o.refunded, o.trade, o.state, o.surplus, o.created_at, o.success_at, o.closed_at
FROM pay_order o JOIN fee f ON f.id = o.fee_id JOIN account a ON a.id = f.account_id
WHERE o.pool = $1 AND o.id > $4 AND ($2::timestamptz IS NULL OR coalesce(o.success_at, o.created_at) >= $2)
    AND ($3::timestamptz IS NULL OR coalesce(o.success_at, o.created_at) < $3) ORDER BY o.id{limit}
"""
_REFUNDS = (
    ExportColumn("退款单号", 34),
    ExportColumn("商户订单号", 34),
    ExportColumn("微信退款单号", 32),
    ExportColumn("专家编号", 14),
    ExportColumn("申请人", 10),
    ExportColumn("金额（元）", 12),
    ExportColumn("原因", 28),
    ExportColumn("状态", 10),
    ExportColumn("申请时间", 20),
    ExportColumn("到账时间", 20),
    ExportColumn("失败代码", 16),
)
_REFUND_ROWS = """
SELECT r.id, r.out_refund_no, o.out_trade_no, r.refund_id, f.expert_number, a.real_name, r.amount, r.reason, r.state,
    r.created_at, r.done_at, r.failure
FROM refund r JOIN pay_order o ON o.id = r.order_id JOIN fee f ON f.id = o.fee_id JOIN account a ON a.id = f.account_id
WHERE r.pool = $1 AND r.id > $4 AND ($2::timestamptz IS NULL OR r.created_at >= $2)
    AND ($3::timestamptz IS NULL OR r.created_at < $3) ORDER BY r.id{limit}
"""
_DIFFERENCE_COLUMNS = (
    ExportColumn("账单日", 12),
    ExportColumn("差异", 14),
    ExportColumn("商户订单号", 34),
    ExportColumn("退款单号", 34),
    ExportColumn("微信支付单号", 32),
    ExportColumn("本系统（元）", 12),
    ExportColumn("账单（元）", 12),
    ExportColumn("说明", 32),
    ExportColumn("处理时间", 20),
    ExportColumn("处理说明", 32),
)
_DIFFERENCE_ROWS = """
SELECT d.id, b.day, d.kind, d.out_trade_no, d.out_refund_no, d.transaction_id, d.ours, d.theirs, d.note, d.resolved_at,
    d.resolution
FROM bill_difference d JOIN bill b ON b.id = d.bill_id
WHERE b.pool = $1 AND d.id > $4
    AND ($2::timestamptz IS NULL OR (b.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' > $2)
    AND ($3::timestamptz IS NULL OR b.day::timestamp AT TIME ZONE 'Asia/Shanghai' < $3) ORDER BY d.id{limit}
"""
"""A day counts if any moment of it lies in the range."""

Show = Callable[[Any], Sequence[Value]]


@dataclass(frozen=True)
class Export:
    """An XLSX file; ``count`` are its rows below the heading."""

    content: bytes
    filename: str
    count: int


@dataclass(frozen=True)
class Range:
    """Half-open; None: no end."""

    since: datetime | None = None
    until: datetime | None = None


What = Literal["applications", "experts", "orders", "refunds", "differences"]
Progress = Callable[[int], Awaitable[None]]
"""Called with the number of rows written so far."""


@dataclass(frozen=True)
class ExportRequest:
    """The list to export: ``filter`` for applications, ``experts`` with ``columns`` beside the name for experts,
    ``within`` for all others."""

    what: What
    filter: Filter = field(default_factory=Filter)
    within: Range = field(default_factory=Range)
    experts: ExpertFilter = field(default_factory=ExpertFilter)
    columns: Sequence[str] = SHOWN


@dataclass(frozen=True)
class Exports:
    """Every list is limited to 100,000 rows: a larger one is refused, not truncated."""

    deps: Deps
    listing: ApplicationList
    experts: ExpertList

    async def count(self, actor: Actor, request: ExportRequest) -> int:
        """Number of rows that ``make_file`` would write. Raises as ``make_file``."""
        sql, values = self._query(actor, request, after=_FIRST, limit="")
        counts = await rows(f"SELECT count(*)::int AS n FROM ({sql} LIMIT {ROWS_MAX + 1}) AS listed", *values)
        _check_count(counts[0]["n"])
        return int(counts[0]["n"])

    async def make_file(self, actor: Actor, request: ExportRequest, progress: Progress | None = None) -> Export:
        """The list as a file, fetched, masked and written batch by batch. Raises InvalidInput."""
        count = 0

        async def masked_batches() -> AsyncIterator[Sequence[Sequence[Value]]]:
            nonlocal count
            last = _FIRST
            # continued by id: an offset would skip or repeat rows where others come meanwhile
            while batch := await self._batch(actor, request, after=last):
                count, last = count + len(batch), batch[-1]["id"]
                _check_count(count)
                yield await self._mask_rows(actor.pool, request, batch)
                if progress is not None:
                    await progress(count)

        title, columns = ("专家", _expert_columns(request)) if request.what == "experts" else _SHEETS[request.what]
        content = await write_sheet(title, columns, masked_batches())
        now = self.deps.now()
        async with transaction():
            await record(actor, now, "export", request.what, new_id(), rows=count)
        return Export(content, f"{request.what}-{local(now):%Y%m%d-%H%M}.xlsx", count)

    async def _batch(self, actor: Actor, request: ExportRequest, *, after: UUID) -> list[Any]:
        sql, values = self._query(actor, request, after=after, limit=f" LIMIT {_BATCH}")
        return await rows(sql, *values)

    def _query(self, actor: Actor, request: ExportRequest, *, after: UUID, limit: str) -> tuple[str, SqlValues]:
        """SQL, with its values, for rows with ids after ``after``. Raises InvalidInput."""
        if request.what == "applications":
            permissions.check(actor, "application.export")
            where, values = self.listing.where(actor, request.filter)
            return _APPLICATION_ROWS.format(where=where, after=values.add(after), limit=limit), values
        if request.what == "experts":
            permissions.check(actor, "expert.read")
            where, values = self.experts.where(actor, request.experts)
            return _EXPERT_ROWS.format(
                columns=self.experts.columns_sql(actor.pool, request.columns),
                where=where,
                after=values.add(after),
                limit=limit,
            ), values
        permissions.check(actor, "payment.export")
        within = request.within
        if within.since and within.until and within.since >= within.until:
            raise InvalidInput("结束时间应晚于开始时间，请重新选择。", code="bad_range", field="until")
        return _PAYMENTS[request.what].format(limit=limit), SqlValues(actor.pool, within.since, within.until, after)

    async def _mask_rows(self, pool: str, request: ExportRequest, batch: Sequence[Any]) -> Sequence[Sequence[Value]]:
        """Masks rows in a thread, which takes longer than fetching them."""
        if request.what == "experts":
            lines = await self.experts.lines(pool, batch, request.columns)
            return [[line.name, *(line.values[code] for code in request.columns)] for line in lines]
        if request.what != "applications":
            show = _MASKED_ROWS[request.what]
            return await asyncio.to_thread(lambda: [show(row) for row in batch])
        book = self.deps.book(pool)
        codes = await load_codes(book, [row["region"] for row in batch], [list(row["specialties"]) for row in batch])
        return await asyncio.to_thread(self._mask_applications, book, codes, batch)

    def _mask_applications(self, book: Rulebook, codes: CatalogueCodes, batch: Sequence[Any]) -> list[Sequence[Value]]:
        keys = self.deps.keys
        lines: list[Sequence[Value]] = []
        types = entry_names(book)
        for row in batch:
            state, step = ApplicationState(row["state"]), row["step"]
            in_review = state in (ApplicationState.REVIEWING, ApplicationState.SENT_BACK)
            review_step = book.review.step_at(step) if in_review else None
            lines.append(
                (
                    row["number"],
                    types[row["entry_type"]],
                    state.label,
                    review_step.name if review_step else "",
                    row["name"] or row["real_name"],
                    mask_id_number(keys.read(row["id_number_sealed"], "id_number")),
                    mask_mobile(keys.read(row["mobile_sealed"], "mobile")),
                    show_region(row["region"], codes) if row["region"] else "",
                    "；".join(f"{code} {show_specialty(code, codes)}" for code in row["specialties"]),
                    row["expert_number"],
                    row["campaign"],
                    row["round"],
                    row["submitted_at"],
                    row["state_since"],
                    row["approved_at"],
                    row["ended_at"],
                )
            )
        return lines


def _expert_columns(request: ExportRequest) -> list[ExportColumn]:
    if unknown := [code for code in request.columns if code not in COLUMNS]:
        raise InvalidInput(f"没有这一列：{'、'.join(unknown)}，请返回列表重新选择。", field="columns")
    chosen = [ExportColumn(COLUMNS[code], _EXPERT_WIDTHS.get(code, 16)) for code in request.columns]
    return [ExportColumn("姓名", 12), *chosen]


def _order_row(row: Any) -> Sequence[Value]:
    return (
        row["out_trade_no"],
        row["transaction_id"],
        row["expert_number"],
        mask_name(row["real_name"]),
        row["description"],
        yuan(row["amount"]),
        yuan(row["refunded"]),
        TRADE_NAMES.get(row["trade"], row["trade"]),
        OrderState(row["state"]).label,
        "是" if row["surplus"] else "",
        row["created_at"],
        row["success_at"],
        row["closed_at"],
    )


def _refund_row(row: Any) -> Sequence[Value]:
    return (
        row["out_refund_no"],
        row["out_trade_no"],
        row["refund_id"],
        row["expert_number"],
        mask_name(row["real_name"]),
        yuan(row["amount"]),
        row["reason"],
        RefundState(row["state"]).label,
        row["created_at"],
        row["done_at"],
        row["failure"],
    )


def _difference_row(row: Any) -> Sequence[Value]:
    return (
        row["day"],
        DIFFERENCE_NAMES.get(row["kind"], row["kind"]),
        row["out_trade_no"],
        row["out_refund_no"],
        row["transaction_id"],
        yuan(row["ours"]),
        yuan(row["theirs"]),
        row["note"],
        row["resolved_at"],
        row["resolution"],
    )


def _check_count(count: int) -> None:
    if count > ROWS_MAX:
        raise InvalidInput(f"超过{ROWS_MAX}行，请缩小范围后分次导出。", code="export_too_large")


_SHEETS: Mapping[What, tuple[str, Sequence[ExportColumn]]] = {
    "applications": ("申请", _APPLICATIONS),
    "orders": ("订单", _ORDERS),
    "refunds": ("退款", _REFUNDS),
    "differences": ("对账差异", _DIFFERENCE_COLUMNS),
}
_PAYMENTS: Mapping[What, str] = {"orders": _ORDER_ROWS, "refunds": _REFUND_ROWS, "differences": _DIFFERENCE_ROWS}
_MASKED_ROWS: Mapping[What, Show] = {"orders": _order_row, "refunds": _refund_row, "differences": _difference_row}
