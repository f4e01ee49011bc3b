"""Orders, refunds, invoices and bills, for the pool's administrators."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationState
from domain.payments.fees import After, Trade
from domain.payments.lifecycles import InvoiceState, OrderState
from miniapp_api.http.call import Call, Upload, UploadRule
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Created, Input, Listing, Output, PageOut, PageQuery, Params, PoolPath
from services.office import RefundLine
from services.payments import (
    BANKS,
    PDF_BYTES,
    BillView,
    Destination,
    DifferenceView,
    InvoiceFilter,
    InvoiceRow,
    OrderFilter,
    OrderRow,
    UnmatchedFilter,
    UnmatchedPayment,
)
from services.ports import ReverseReason

api = Api("office_payments", "缴费管理", "Amounts are in fen. Names are masked.")

_MANAGE = "payment.manage"


class OrderPath(PoolPath):
    order_id: UUID


class RefundPath(PoolPath):
    refund_id: UUID


class UnmatchedPaymentPath(PoolPath):
    alarm_id: UUID


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
    only: InvoiceFilter = Field(
        "all", description="`to_make`: waits for the office; `to_reverse`: the office has to reverse it"
    )


class UnmatchedPaymentsQuery(PageQuery):
    only: UnmatchedFilter = "all"


class NumberQuery(Params):
    number: str = Field("", max_length=40, description="Of the invoice (发票号码)")


class RefundIn(Input):
    reason: str = Field(
        min_length=2, max_length=26, description="The payer reads it; at most 80 bytes", examples=["本人申请退费"]
    )
    after: After = Field(
        "keep",
        description="What becomes of the application: it goes on, it ends at once, or the fee is due again when the "
        "money is back. What is possible now stands in the order",
    )


class RedirectIn(Input):
    """The other account for an abnormal refund. Number and name are passed on encrypted and not stored."""

    to: Destination = Field(description="A debit card of the payer's, or the merchant's own bank account")
    bank: str = Field("", max_length=16, description=f"One of {', '.join(BANKS)}")
    account: str = Field("", max_length=30, description="Card number; blanks and hyphens don't matter")
    holder: str = Field("", max_length=50)


class ReversalIn(Input):
    """`red_number`: number of the invoice by which the office reversed its own; empty if the platform is to reverse
    it."""

    reason: ReverseReason = Field(description="`issue_error`: a mistake; `service_ended`: the fee was sent back")
    note: str = Field(min_length=2, max_length=100, examples=["本人申请退费"])
    red_number: str = Field("", max_length=20, examples=["26440000000012345678"])


class NoteIn(Input):
    note: str = Field(min_length=2, max_length=200, examples=["已与平台核对，次日到账。"])


class DayIn(Input):
    day: str = Field(
        pattern=r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", description="In Shanghai", examples=["2026-11-20"]
    )


class OrderOut(Output):
    """`choices`: possible consequences for the application when this order is refunded; empty: no refund is possible
    now."""

    id: UUID
    out_trade_no: str
    transaction_id: str
    trade: Trade
    amount: int
    refunded: int
    state: OrderState
    surplus: bool
    title: str = Field(description="What is paid for", examples=["培训费"])
    application_id: UUID | None
    application_state: ApplicationState | None
    enrolment_id: UUID | None = Field(description="In a course, where the fee belongs to one")
    invoice_state: InvoiceState | None
    refunds: tuple[RefundLine, ...] = Field(description="Newest first")
    choices: tuple[After, ...]


@api.get("/payments/orders", "订单列表", action=_MANAGE)
async def orders(call: Call, query: OrdersQuery) -> PageOut[OrderRow]:
    """Newest first."""
    found = await call.services.payments.queries.orders(
        call.actor, query.only, query.search, offset=query.offset, limit=query.size
    )
    return PageOut.of_query(found, query)


@api.get("/payments/orders/{order_id}", "订单详情", action=_MANAGE)
async def order(call: Call, path: OrderPath) -> OrderOut:
    """One order, its refunds, and the possible consequences of a refund."""
    view = await call.services.office.payment_views.order(call.actor, path.order_id)
    line = view.order
    return OrderOut(
        id=line.id,
        out_trade_no=line.out_trade_no,
        transaction_id=line.transaction_id,
        trade=line.trade,
        amount=line.amount,
        refunded=line.refunded,
        state=line.state,
        surplus=line.surplus,
        title=view.title,
        application_id=view.application_id,
        application_state=view.application_state,
        enrolment_id=view.enrolment_id,
        invoice_state=view.invoice_state,
        refunds=view.refunds,
        choices=view.choices,
    )


@api.post("/payments/orders/{order_id}/refund", "退款", action=_MANAGE, status=201)
async def refund(call: Call, path: OrderPath, body: RefundIn) -> Created:
    """Refund the whole amount, with a consequence for the application; the order shows the result."""
    return Created.of(
        await call.services.payments.refunds.request(call.actor, path.order_id, body.reason, after=body.after)
    )


@api.post("/payments/refunds/{refund_id}/redirection", "异常退款改退", action=_MANAGE, keyed="service")
async def redirect(call: Call, path: RefundPath, body: RedirectIn) -> None:
    """Redirect a refund that the payer's account can't receive. 409 `redirect_refused`: the platform doesn't accept
    that account; 503: no response, check the order in a minute before trying again."""
    await call.services.payments.redirects.redirect(
        call.actor, path.refund_id, body.to, bank=body.bank, account=body.account, holder=body.holder
    )


@api.get("/payments/alarms", "异常通知", action=_MANAGE)
async def unmatched_payments(call: Call, query: UnmatchedPaymentsQuery) -> PageOut[UnmatchedPayment]:
    """Notifications that match none of our orders, or have another amount; open ones first, newest first."""
    found = await call.services.payments.unmatched_payments.list(
        call.actor, query.only, offset=query.offset, limit=query.size
    )
    return PageOut.of_query(found, query)


@api.post("/payments/alarms/{alarm_id}/resolution", "登记异常处理结果", action=_MANAGE)
async def close_unmatched_payment(call: Call, path: UnmatchedPaymentPath, body: NoteIn) -> None:
    """Record how one was handled; it stays readable."""
    await call.services.payments.unmatched_payments.close(call.actor, path.alarm_id, body.note)


@api.get("/payments/invoices", "发票列表", action=_MANAGE)
async def invoices(call: Call, query: InvoicesQuery) -> PageOut[InvoiceRow]:
    """Newest first."""
    found = await call.services.payments.queries.invoices(call.actor, query.only, offset=query.offset, limit=query.size)
    return PageOut.of_query(found, query)


@api.post(
    "/payments/invoices/{invoice_id}/file",
    "上传发票",
    action=_MANAGE,
    keyed="service",
    upload=UploadRule(PDF_BYTES + 1, (".pdf",)),
)
async def upload_invoice(call: Call, path: InvoicePath, query: NumberQuery, upload: Upload) -> None:
    """Upload the tax platform's PDF of an invoice that the office issues; it is mailed automatically."""
    await call.services.payments.invoices.upload(call.actor, path.invoice_id, upload.content, query.number)


@api.post("/payments/invoices/{invoice_id}/resend", "重发发票", action=_MANAGE)
async def resend(call: Call, path: InvoicePath) -> None:
    """Mail receipt and invoice again; a failed invoice is requested again."""
    await call.services.payments.invoices.resend(call.actor, path.invoice_id)


@api.post("/payments/invoices/{invoice_id}/reversal", "冲红", action=_MANAGE)
async def reverse(call: Call, path: InvoicePath, body: ReversalIn) -> None:
    """Have the platform reverse its invoice, again after a failure; or record the number under which the office did
    it."""
    await call.services.payments.invoices.reverse(
        call.actor, path.invoice_id, body.reason, body.note, red_number=body.red_number
    )


@api.get("/payments/bills", "对账列表", action=_MANAGE)
async def bills(call: Call) -> Listing[BillView]:
    """The last 31 days, newest first."""
    return Listing(items=await call.services.payments.reconciliation.list(call.actor))


@api.post("/payments/bills", "立即对账", action=_MANAGE)
async def compare(call: Call, body: DayIn) -> None:
    """Fetch and reconcile a day's bill again, within seconds."""
    await call.services.payments.reconciliation.again(call.actor, body.day)


@api.get("/payments/bills/{bill_id}/differences", "对账差异", action=_MANAGE)
async def differences(call: Call, path: BillPath) -> Listing[DifferenceView]:
    """Differences between the bill and our records, including resolved ones."""
    found = await call.services.payments.reconciliation.differences(call.actor, path.bill_id)
    return Listing(items=found)


@api.post("/payments/differences/{difference_id}/resolution", "登记处理结果", action=_MANAGE)
async def resolve(call: Call, path: DifferencePath, body: NoteIn) -> None:
    """Record how a difference was resolved."""
    await call.services.payments.reconciliation.resolve(call.actor, path.difference_id, body.note)
