"""Lifecycles of fees, orders, refunds and invoices."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class FeeState(Labelled):
    """State of a fee. Paid once, by the order that was paid first."""

    DUE = "due", "待缴费"
    PAID = "paid", "已缴费"
    REFUNDED = "refunded", "已退费"
    VOID = "void", "已取消"


class FeeEvent(Labelled):
    PAY = "pay", "缴费"
    REFUND = "refund", "退费"
    CANCEL = "cancel", "取消缴费"


FEE: Lifecycle[FeeState, FeeEvent] = Lifecycle(
    noun="该笔费用",
    initial=FeeState.DUE,
    moves={
        FeeState.DUE: {FeeEvent.PAY: FeeState.PAID, FeeEvent.CANCEL: FeeState.VOID},
        FeeState.PAID: {FeeEvent.REFUND: FeeState.REFUNDED},
    },
)


class OrderState(Labelled):
    """State of an order at the payment platform (支付订单)."""

    NEW = "new", "下单中"
    """The row is written before the platform is called; as far as the service knows, the order can't be paid yet."""
    OPEN = "open", "待支付"
    PAID = "paid", "已支付"
    CLOSED = "closed", "已关闭"
    REFUNDED = "refunded", "已退款"
    """Refunded in full."""


PAID_STATES = (OrderState.PAID, OrderState.REFUNDED)
"""The money arrived, whether or not it was refunded since; fees use the same names."""


class OrderEvent(Labelled):
    PLACE = "place", "下单"
    PAY = "pay", "支付"
    CLOSE = "close", "关闭"
    REFUND = "refund", "退款"


ORDER: Lifecycle[OrderState, OrderEvent] = Lifecycle(
    noun="该订单",
    initial=OrderState.NEW,
    # A payment is always accepted: a closed order that turns out paid is paid. Reports may come in any order.
    moves={
        OrderState.NEW: {
            OrderEvent.PLACE: OrderState.OPEN,
            OrderEvent.PAY: OrderState.PAID,
            OrderEvent.CLOSE: OrderState.CLOSED,
        },
        OrderState.OPEN: {OrderEvent.PAY: OrderState.PAID, OrderEvent.CLOSE: OrderState.CLOSED},
        OrderState.CLOSED: {OrderEvent.PAY: OrderState.PAID},
        OrderState.PAID: {OrderEvent.REFUND: OrderState.REFUNDED},
    },
)


class RefundState(Labelled):
    """State of a refund (退款). The number stays the same over all attempts, so the money can't go out twice."""

    REQUESTED = "requested", "待退款"
    PROCESSING = "processing", "退款中"
    DONE = "done", "已退款"
    ABNORMAL = "abnormal", "退款异常"
    """The payer's card can't receive it; an administrator redirects the refund."""
    CLOSED = "closed", "退款关闭"


class RefundEvent(Labelled):
    ACCEPT = "accept", "受理"
    FINISH = "finish", "到账"
    MARK_ABNORMAL = "mark_abnormal", "转为异常"
    CLOSE = "close", "关闭"
    REDIRECT = "redirect", "改退其他账户"
    """By an administrator, where the payer's own account can't receive it."""


_OUTCOMES = {
    RefundEvent.FINISH: RefundState.DONE,
    RefundEvent.MARK_ABNORMAL: RefundState.ABNORMAL,
    RefundEvent.CLOSE: RefundState.CLOSED,
}


REFUND: Lifecycle[RefundState, RefundEvent] = Lifecycle(
    noun="该笔退款",
    initial=RefundState.REQUESTED,
    moves={
        RefundState.REQUESTED: {RefundEvent.ACCEPT: RefundState.PROCESSING, **_OUTCOMES},
        RefundState.PROCESSING: _OUTCOMES,
        RefundState.ABNORMAL: {
            RefundEvent.FINISH: RefundState.DONE,
            RefundEvent.CLOSE: RefundState.CLOSED,
            RefundEvent.REDIRECT: RefundState.PROCESSING,
        },
    },
)


class InvoiceState(Labelled):
    """State of an electronic invoice (电子发票)."""

    WANTED = "wanted", "待开票"
    APPLIED = "applied", "开票中"
    ISSUED = "issued", "已开票"
    SENT = "sent", "已发送"
    FAILED = "failed", "开票失败"
    REVERSING = "reversing", "冲红中"
    """The platform is to reverse it; the state of the reversal is queried from the platform."""
    STUCK = "stuck", "冲红失败"
    REVERSED = "reversed", "已冲红"


class InvoiceEvent(Labelled):
    APPLY = "apply", "申请开票"
    ISSUE = "issue", "开具"
    SEND = "send", "发送邮件"
    FAIL = "fail", "记为失败"
    RETRY = "retry", "重新申请"
    REQUEST_REVERSAL = "request_reversal", "申请冲红"
    FAIL_REVERSAL = "fail_reversal", "记为冲红失败"
    REVERSE = "reverse", "冲红"


_REVERSING = {InvoiceEvent.REQUEST_REVERSAL: InvoiceState.REVERSING, InvoiceEvent.REVERSE: InvoiceState.REVERSED}


INVOICE: Lifecycle[InvoiceState, InvoiceEvent] = Lifecycle(
    noun="该发票",
    initial=InvoiceState.WANTED,
    # The platform may have reversed an invoice without us: any issued invoice can turn out reversed.
    moves={
        InvoiceState.WANTED: {
            InvoiceEvent.APPLY: InvoiceState.APPLIED,
            InvoiceEvent.ISSUE: InvoiceState.ISSUED,
            InvoiceEvent.FAIL: InvoiceState.FAILED,
        },
        InvoiceState.APPLIED: {
            InvoiceEvent.ISSUE: InvoiceState.ISSUED,
            InvoiceEvent.FAIL: InvoiceState.FAILED,
            InvoiceEvent.REVERSE: InvoiceState.REVERSED,
        },
        InvoiceState.FAILED: {InvoiceEvent.RETRY: InvoiceState.WANTED, InvoiceEvent.ISSUE: InvoiceState.ISSUED},
        InvoiceState.ISSUED: {InvoiceEvent.SEND: InvoiceState.SENT, **_REVERSING},
        InvoiceState.SENT: {InvoiceEvent.SEND: InvoiceState.SENT, **_REVERSING},
        InvoiceState.REVERSING: {
            InvoiceEvent.FAIL_REVERSAL: InvoiceState.STUCK,
            InvoiceEvent.REVERSE: InvoiceState.REVERSED,
        },
        InvoiceState.STUCK: _REVERSING,
    },
)
