"""Lifecycles on the way into a pool: application, its reviews, and the money."""

from __future__ import annotations

from collections.abc import Mapping

from domain.lifecycle import Labelled, Lifecycle


class ApplicationState(Labelled):
    """State of a person's application for entry or renewal (入库申请, 续聘申请)."""

    DRAFT = "draft", "填写中"
    LOCKED = "locked", "已打印锁定"
    """Printed where printing locks: data stand fast, attachments may still come."""
    REVIEWING = "reviewing", "审核中"
    SENT_BACK = "sent_back", "退回修改"
    CORRECTING = "correcting", "修改中"
    """Withdrawn after being sent back, where the rulebook asks for that, or while nothing was decided."""
    NOTICE = "notice", "公示中"
    FEE = "fee", "待缴费"
    EXAM = "exam", "待考试"
    ENTERED = "entered", "已入库"
    REFUSED = "refused", "未通过"
    CANCELLED = "cancelled", "已放弃"
    TERMINATED = "terminated", "已终止"
    """By the office, which sent the fee back or waited for it in vain: the person takes no further part."""


class ApplicationEvent(Labelled):
    PRINT = "print", "打印表格"
    UNLOCK = "unlock", "解除锁定"
    """By an administrator, before it is submitted."""
    SUBMIT = "submit", "提交审核"
    SEND_BACK = "send_back", "退回"
    WITHDRAW = "withdraw", "撤回"
    PUBLISH = "publish", "开始公示"
    CHARGE = "charge", "通知缴费"
    CALL = "call", "通知考试"
    ENTER = "enter", "入库"
    REFUSE = "refuse", "作出不通过决定"
    CANCEL = "cancel", "放弃申请"
    TERMINATE = "terminate", "终止申请"


_S, _E = ApplicationState, ApplicationEvent
_PASSED = {_E.PUBLISH: _S.NOTICE, _E.CHARGE: _S.FEE, _E.CALL: _S.EXAM, _E.ENTER: _S.ENTERED}
"""Which of them a pool knows, and in which order, stands in its rulebook (``entry.stages``)."""

APPLICATION: Lifecycle[ApplicationState, ApplicationEvent] = Lifecycle(
    noun="您的申请",
    initial=_S.DRAFT,
    moves={
        _S.DRAFT: {_E.PRINT: _S.LOCKED, _E.SUBMIT: _S.REVIEWING, _E.CANCEL: _S.CANCELLED},
        _S.LOCKED: {_E.UNLOCK: _S.DRAFT, _E.SUBMIT: _S.REVIEWING, _E.CANCEL: _S.CANCELLED},
        _S.REVIEWING: {
            _E.SEND_BACK: _S.SENT_BACK,
            _E.WITHDRAW: _S.CORRECTING,
            _E.REFUSE: _S.REFUSED,
            _E.CANCEL: _S.CANCELLED,
            **_PASSED,
        },
        _S.SENT_BACK: {
            _E.SEND_BACK: _S.SENT_BACK,
            _E.WITHDRAW: _S.CORRECTING,
            _E.SUBMIT: _S.REVIEWING,
            _E.REFUSE: _S.REFUSED,
            _E.CANCEL: _S.CANCELLED,
        },
        _S.CORRECTING: {_E.SUBMIT: _S.REVIEWING, _E.CANCEL: _S.CANCELLED},
        _S.NOTICE: {
            _E.SEND_BACK: _S.SENT_BACK,
            _E.REFUSE: _S.REFUSED,
            _E.CHARGE: _S.FEE,
            _E.CALL: _S.EXAM,
            _E.ENTER: _S.ENTERED,
            _E.CANCEL: _S.CANCELLED,
        },
        _S.FEE: {
            _E.CALL: _S.EXAM,
            _E.ENTER: _S.ENTERED,
            _E.CANCEL: _S.CANCELLED,
            _E.TERMINATE: _S.TERMINATED,
        },
        _S.EXAM: {
            _E.ENTER: _S.ENTERED,
            _E.REFUSE: _S.REFUSED,
            _E.CHARGE: _S.FEE,
            _E.CANCEL: _S.CANCELLED,
            _E.TERMINATE: _S.TERMINATED,
        },
    },
)
"""The person may give up in every state that waits for somebody: nobody is held by an office that does nothing.

A correction never goes through LOCKED again: what was sent back is open, the rest stays locked field by field.

From the exam it goes back to the fee only when the fee was sent back and is due once more."""


class TaskState(Labelled):
    """State of one review task: one step of one round, per specialty where the step asks for it."""

    OPEN = "open", "待审核"
    APPROVED = "approved", "通过"
    SENT_BACK = "sent_back", "退回修改"
    REFUSED = "refused", "不通过"
    VOID = "void", "已失效"
    """The application was withdrawn, sent back or refused elsewhere before this task was decided."""


class TaskEvent(Labelled):
    APPROVE = "approve", "通过"
    SEND_BACK = "send_back", "退回修改"
    REFUSE = "refuse", "不予通过"
    DROP = "drop", "作废"


TASK: Lifecycle[TaskState, TaskEvent] = Lifecycle(
    noun="该审核任务",
    initial=TaskState.OPEN,
    moves={
        TaskState.OPEN: {
            TaskEvent.APPROVE: TaskState.APPROVED,
            TaskEvent.SEND_BACK: TaskState.SENT_BACK,
            TaskEvent.REFUSE: TaskState.REFUSED,
            TaskEvent.DROP: TaskState.VOID,
        },
    },
)


class FeeState(Labelled):
    """State of what a person owes. Paid once, by whichever order was paid first."""

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
    """The row stands before the platform is asked; nobody can pay it yet, as far as we know."""
    OPEN = "open", "待支付"
    PAID = "paid", "已支付"
    CLOSED = "closed", "已关闭"
    REFUNDED = "refunded", "已退款"
    """Wholly."""


class OrderEvent(Labelled):
    PLACE = "place", "下单"
    PAY = "pay", "支付"
    CLOSE = "close", "关闭"
    REFUND = "refund", "退款"


ORDER: Lifecycle[OrderState, OrderEvent] = Lifecycle(
    noun="该订单",
    initial=OrderState.NEW,
    # Money that came is never argued with: a closed order that turns out paid is paid. Reports may come in any order.
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
    """State of a refund (退款). The number stays the same over all tries, so it can't go out twice."""

    REQUESTED = "requested", "待退款"
    PROCESSING = "processing", "退款中"
    DONE = "done", "已退款"
    ABNORMAL = "abnormal", "退款异常"
    """The payer's card can't take it; somebody must act at the platform."""
    CLOSED = "closed", "退款关闭"


class RefundEvent(Labelled):
    ACCEPT = "accept", "受理"
    FINISH = "finish", "到账"
    MARK_ABNORMAL = "mark_abnormal", "转为异常"
    CLOSE = "close", "关闭"
    REDIRECT = "redirect", "改退其他账户"
    """By an administrator, where the payer's own account can't take it."""


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
    """The platform is to reverse it; what it was asked, and whether it has agreed, is asked of the platform."""
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
    # The platform may have reversed an invoice without us: whatever was issued can turn out reversed.
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

LOG_LABELS: Mapping[str, str] = {
    **{event.value: event.label for event in (*ApplicationEvent, *TaskEvent, FeeEvent.PAY)},
    "exam_passed": "考试合格",
    "exam_failed": "考试不合格",
    "admit": "备选专业",
}
"""What stands in an application's log, by code; of sending back and refusing, reviewers' words count."""
