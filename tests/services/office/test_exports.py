"""Exports of administrators: the right rows, identities masked, every export in the audit trail."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from domain.errors import Forbidden, InvalidInput
from domain.ids import new_id
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty
from models.audit import AuditEntry
from models.payments import Bill, BillDifference, PayOrder, Refund
from services.core.base import Actor, Deps
from services.office import Export, Filter, Range
from services.office import exports as module
from services.office.exports import ExportRequest, Exports
from tests.factories.applicants import make_applicant
from tests.factories.applications import SPECIALTY, make_codes
from tests.factories.assembly import composed
from tests.factories.payments import make_fee

ADMIN = Actor("demo", "pool_admin", account_id=new_id())


@pytest.fixture
def service(db: str, deps: Deps) -> Exports:
    return composed(Exports, deps)


def rows_of(export: Export) -> list[dict[str, Any]]:
    """Heading → value for each row."""
    sheet = load_workbook(io.BytesIO(export.content)).worksheets[0]
    head, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in body]


async def submit_application(deps: Deps, **columns: Any) -> Application:
    values: dict[str, Any] = {
        "state": "reviewing",
        "step": 0,
        "round": 1,
        "name": "欧阳明",
        "region": "440106",
        "region_path": ["440106", "440100", "440000"],
        "submitted_at": deps.now(),
    }
    return (await make_applicant(deps, **values | columns)).application


async def test_applications_come_in_words_with_identities_masked(service: Exports, deps: Deps) -> None:
    await make_codes(deps.book("demo"))
    application = await submit_application(deps)
    for position, code in enumerate((SPECIALTY, "A010102")):
        await ApplicationSpecialty.create(application_id=application.id, code=code, position=position)
    export = await service.make_file(ADMIN, ExportRequest("applications", Filter()))
    [row] = rows_of(export)
    assert (row["申请编号"], row["申请类型"], row["状态"]) == (application.number, "新增", "审核中")
    assert (row["审核环节"], row["姓名"], row["地区"]) == ("行业部门预审", "欧阳明", "演示市演示区")
    assert row["评标专业"] == "A010101 规划 › 发展规划 › 总体规划；A010102 规划 › 发展规划 › 专项规划"
    assert str(row["最近提交"]) == "2026-11-21 12:00:00"
    assert row["身份证号"].startswith("1101***")
    assert row["手机号"].startswith("138****")
    assert (export.filename, export.count) == ("applications-20261121-1200.xlsx", 1)


async def test_who_had_the_account_deleted_is_listed_without_numbers(service: Exports, deps: Deps) -> None:
    application = await submit_application(deps, state="refused", ended_at=deps.now())
    await Account.filter(id=application.account_id).update(
        mobile_sealed="",
        mobile_hash="deleted",
        real_name="",
        id_number_sealed="",
        id_number_hash=None,
        registered_at=None,
        disabled_at=deps.now(),
    )
    [row] = rows_of(await service.make_file(ADMIN, ExportRequest("applications", Filter())))
    assert (row["申请编号"], row["身份证号"], row["手机号"]) == (application.number, None, None)


async def test_the_filter_is_that_of_the_list(service: Exports, deps: Deps) -> None:
    await submit_application(deps)
    other = await submit_application(deps, state="notice", region="440300", region_path=["440300", "440000"])
    await make_applicant(deps)
    assert (await service.make_file(ADMIN, ExportRequest("applications", Filter()))).count == 2
    for application_filter in (Filter(state="notice"), Filter(region="440300"), Filter(search=other.number)):
        assert [
            row["申请编号"]
            for row in rows_of(await service.make_file(ADMIN, ExportRequest("applications", application_filter)))
        ] == [other.number]
    with pytest.raises(InvalidInput):
        await service.make_file(ADMIN, ExportRequest("applications", Filter(state="nothing")))


async def test_all_batches_come_and_each_row_once(
    service: Exports, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {(await submit_application(deps)).number for _ in range(7)}
    monkeypatch.setattr(module, "_BATCH", 3)
    written = [
        row["申请编号"] for row in rows_of(await service.make_file(ADMIN, ExportRequest("applications", Filter())))
    ]
    assert (set(written), len(written)) == (numbers, 7)


async def test_more_than_fits_is_refused_not_cut_off(
    service: Exports, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await submit_application(deps)
    monkeypatch.setattr(module, "ROWS_MAX", 2)
    with pytest.raises(InvalidInput, match="请缩小范围"):
        await service.make_file(ADMIN, ExportRequest("applications", Filter()))
    assert await AuditEntry.filter(action="export").count() == 0


async def make_order(deps: Deps, **columns: Any) -> PayOrder:
    fee = await make_fee(deps)
    values: dict[str, Any] = {
        "pool": "demo",
        "fee_id": fee.id,
        "out_trade_no": new_id().hex,
        "trade": "native",
        "appid": "wx",
        "amount": 35_000,
        "description": "=cmd|calc",
        "state": "paid",
        "transaction_id": new_id().hex,
        "expires_at": deps.now(),
        "success_at": deps.now(),
        "created_at": deps.now(),
    }
    return await PayOrder.create(**values | columns)


async def test_orders_come_in_yuan_within_the_range(service: Exports, deps: Deps) -> None:
    order = await make_order(deps, refunded=1, state="refunded", surplus=True)
    await make_order(deps, success_at=deps.now() - timedelta(days=2))
    export = await service.make_file(ADMIN, ExportRequest("orders", within=Range(since=deps.now() - timedelta(days=1))))
    [row] = rows_of(export)
    assert (row["商户订单号"], row["金额（元）"], row["已退（元）"]) == (order.out_trade_no, 350, 0.01)
    assert (row["方式"], row["状态"], row["多付"], row["申请人"]) == ("扫码", "已退款", "是", "王**")
    assert row["商品"] == "'=cmd|calc"
    assert (await service.make_file(ADMIN, ExportRequest("orders", within=Range()))).count == 2
    assert (await service.make_file(ADMIN, ExportRequest("orders", within=Range(until=deps.now())))).count == 1
    with pytest.raises(InvalidInput):
        await service.make_file(ADMIN, ExportRequest("orders", within=Range(deps.now(), deps.now())))


async def test_refunds_and_differences_come_too(service: Exports, deps: Deps) -> None:
    order, now = await make_order(deps), deps.now()
    await Refund.create(
        pool="demo",
        order_id=order.id,
        out_refund_no="R1",
        amount=35_000,
        reason="重复支付",
        state="abnormal",
        created_at=now,
    )
    [refund] = rows_of(await service.make_file(ADMIN, ExportRequest("refunds", within=Range())))
    assert (refund["退款单号"], refund["状态"], refund["金额（元）"]) == ("R1", "退款异常", 350)
    bill = await Bill.create(pool="demo", day=date(2026, 11, 20), state="differs")
    await BillDifference.create(bill_id=bill.id, kind="amount", out_trade_no="T1", ours=100, theirs=None)
    [difference] = rows_of(await service.make_file(ADMIN, ExportRequest("differences", within=Range())))
    assert (difference["差异"], difference["本系统（元）"], difference["账单（元）"]) == ("金额不符", 1, None)
    day = datetime(2026, 11, 20, 15, 59, tzinfo=UTC)
    assert (await service.make_file(ADMIN, ExportRequest("differences", within=Range(since=day)))).count == 1, (
        "its last minute in Shanghai"
    )
    assert (
        await service.make_file(ADMIN, ExportRequest("differences", within=Range(since=day + timedelta(minutes=1))))
    ).count == 0
    assert (
        await service.make_file(ADMIN, ExportRequest("differences", within=Range(until=day - timedelta(days=1))))
    ).count == 0


async def test_another_pool_is_another_list(service: Exports, deps: Deps) -> None:
    await submit_application(deps)
    await make_order(deps)
    other = Actor("guangdong", "pool_admin", account_id=new_id())
    assert (await service.make_file(other, ExportRequest("applications", Filter()))).count == 0
    assert (await service.make_file(other, ExportRequest("orders", within=Range()))).count == 0


async def test_every_export_is_in_the_audit_trail_and_for_administrators_only(service: Exports, deps: Deps) -> None:
    await submit_application(deps)
    await service.make_file(ADMIN, ExportRequest("applications", Filter()))
    entry = await AuditEntry.get(action="export")
    assert (entry.actor_id, entry.subject, entry.details) == (ADMIN.account_id, "applications", {"rows": 1})
    for role in ("applicant", "reviewer", "verifier"):
        with pytest.raises(Forbidden):
            await service.make_file(Actor("demo", role, account_id=new_id()), ExportRequest("applications", Filter()))
        with pytest.raises(Forbidden):
            await service.make_file(Actor("demo", role, account_id=new_id()), ExportRequest("orders", within=Range()))
