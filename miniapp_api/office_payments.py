"""Orders, refunds, invoices and bills, for the pool's administrators."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call, Upload, UploadRule
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Created, Input, Listing, Moment, Output, Page, PageQuery, Params, PoolPath
from services.payments.invoices import PDF_BYTES
from services.payments.reading import InvoiceFilter, OrderFilter

api = Api("office_payments", "缴费管理", "Amounts are in fen. Names are masked.")

_MANAGE = "payment.manage"


class OrderPath(PoolPath):
    order_id: UUID


class InvoicePath(PoolPath):
    invoice_id: UUID


class BillPath(PoolPath):
    bill_id: UUID


class DifferencePath(PoolPath):
    difference_id: UUID


class OrdersQuery(PageQuery):
    only: OrderFilter = Field("all", description="`abnormal`: a refund that is stuck, closed or delayed")
    search: str = Field("", max_length=64, description="An expert's number, ours or WeChat's, in full")


class InvoicesQuery(PageQuery):
    only: InvoiceFilter = Field("all", description="`to_make`: waits for the office; `to_reverse`: refunded since")


class NumberQuery(Params):
    number: str = Field("", max_length=40, description="Of the invoice (发票号码)")


class RefundIn(Input):
    reason: str = Field(
        min_length=2, max_length=26, description="The payer reads it; at most 80 bytes", examples=["本人申请退费"]
    )


class NoteIn(Input):
    note: str = Field(min_length=2, max_length=200, examples=["已与平台核对，次日到账。"])


class DayIn(Input):
    day: str = Field(
        pattern=r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", description="In Shanghai", examples=["2026-11-20"]
    )


class OrderRowOut(Output):
    """`surplus`: paid though nothing was owed any more; it goes back by itself. `refund`: state of the newest one."""

    id: UUID
    out_trade_no: str
    transaction_id: str
    expert_number: str
    name: str
    trade: Literal["native", "jsapi", "mini"]
    amount: int
    refunded: int
    state: Literal["new", "open", "paid", "closed", "refunded"]
    surplus: bool
    created_at: Moment
    success_at: Moment | None
    refund: str
    refund_failure: str


class InvoiceRowOut(Output):
    id: UUID
    expert_number: str
    title: str
    taxpayer_id: str
    amount: int
    issued_by: Literal["wechat", "office"]
    state: str
    number: str
    failure: str
    to_reverse: bool
    has_email: bool
    created_at: Moment
    sent_at: Moment | None


class AlarmOut(Output):
    """Money that was told of and counted nowhere; `outcome` says why."""

    id: UUID
    kind: str
    out_trade_no: str
    outcome: str
    received_at: Moment


class BillOut(Output):
    id: UUID
    day: date
    state: Literal["waiting", "equal", "differs", "empty"]
    trades: int
    received: int
    refunded: int
    open_differences: int
    compared_at: Moment | None
    failure: str


class DifferenceOut(Output):
    """`unknown_here`: the bill has it, we don't; `unknown_there`: the other way round; `state`; `amount`."""

    id: UUID
    kind: str
    out_trade_no: str
    out_refund_no: str
    transaction_id: str
    ours: int | None
    theirs: int | None
    note: str
    resolved_at: Moment | None
    resolution: str


@api.get("/payments/orders", "订单列表", action=_MANAGE)
async def orders(call: Call, query: OrdersQuery) -> Page[OrderRowOut]:
    """Newest first."""
    found, total = await call.services.pay.reading.orders(
        call.actor, query.only, query.search, offset=query.offset, limit=query.size
    )
    return Page[OrderRowOut](items=OrderRowOut.each(found), total=total, page=query.page, size=query.size)


@api.post("/payments/orders/{order_id}/refund", "退款", action=_MANAGE, status=201)
async def refund(call: Call, path: OrderPath, body: RefundIn) -> Created:
    """Send the whole amount back. The application keeps its stage; the result shows in the list of orders."""
    return Created.of(await call.services.pay.refunds.request(call.actor, path.order_id, body.reason))


@api.get("/payments/alarms", "异常通知", action=_MANAGE)
async def alarms(call: Call) -> Listing[AlarmOut]:
    """Notifications that fit none of our orders, or another amount; newest first."""
    return Listing[AlarmOut](items=AlarmOut.each(await call.services.pay.reading.alarms(call.actor)))


@api.get("/payments/invoices", "发票列表", action=_MANAGE)
async def invoices(call: Call, query: InvoicesQuery) -> Page[InvoiceRowOut]:
    """Newest first."""
    found, total = await call.services.pay.reading.invoices(
        call.actor, query.only, offset=query.offset, limit=query.size
    )
    return Page[InvoiceRowOut](items=InvoiceRowOut.each(found), total=total, page=query.page, size=query.size)


@api.post(
    "/payments/invoices/{invoice_id}/file", "上传发票", action=_MANAGE, keyed="service",
    upload=UploadRule(PDF_BYTES + 1, (".pdf",)),
)  # fmt: skip
async def upload_invoice(call: Call, path: InvoicePath, query: NumberQuery, upload: Upload) -> None:
    """The tax platform's PDF of an invoice that the office makes; it is mailed by itself."""
    await call.services.pay.invoices.upload(call.actor, path.invoice_id, upload.content, query.number)


@api.post("/payments/invoices/{invoice_id}/resend", "重发发票", action=_MANAGE)
async def resend(call: Call, path: InvoicePath) -> None:
    """Mail receipt and invoice again; a failed one is asked for again."""
    await call.services.pay.invoices.resend(call.actor, path.invoice_id)


@api.post("/payments/invoices/{invoice_id}/reversal", "登记冲红", action=_MANAGE)
async def reverse(call: Call, path: InvoicePath, body: NoteIn) -> None:
    """Note that the invoice was reversed at the tax platform, after a refund."""
    await call.services.pay.invoices.reverse(call.actor, path.invoice_id, body.note)


@api.get("/payments/bills", "对账列表", action=_MANAGE)
async def bills(call: Call) -> Listing[BillOut]:
    """The last 31 days, newest first."""
    return Listing[BillOut](items=BillOut.each(await call.services.pay.bills.list(call.actor)))


@api.post("/payments/bills", "立即对账", action=_MANAGE)
async def compare(call: Call, body: DayIn) -> None:
    """Fetch and compare a day's bill anew, within seconds."""
    await call.services.pay.bills.again(call.actor, body.day)


@api.get("/payments/bills/{bill_id}/differences", "对账差异", action=_MANAGE)
async def differences(call: Call, path: BillPath) -> Listing[DifferenceOut]:
    """Where the bill and our books differ, settled ones included."""
    found = await call.services.pay.bills.differences(call.actor, path.bill_id)
    return Listing[DifferenceOut](items=DifferenceOut.each(found))


@api.post("/payments/differences/{difference_id}/resolution", "登记处理结果", action=_MANAGE)
async def resolve(call: Call, path: DifferencePath, body: NoteIn) -> None:
    """Note how a difference was settled."""
    await call.services.pay.bills.resolve(call.actor, path.difference_id, body.note)
