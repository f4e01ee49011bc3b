"""Lifecycles of an application for entry and of its review tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from domain.lifecycle import Labelled, Lifecycle
from domain.payments.lifecycles import FeeEvent

Stage: TypeAlias = Literal["notice", "fee", "exam"]
"""Between the last approval and entry."""


class ApplicationState(Labelled):
    """State of a person's application for entry or renewal (入库申请, 续聘申请)."""

    DRAFT = "draft", "填写中"
    LOCKED = "locked", "已打印锁定"
    """Printed where printing locks: data can't be changed, attachments may still be added."""
    REVIEWING = "reviewing", "审核中"
    SENT_BACK = "sent_back", "退回修改"
    CORRECTING = "correcting", "修改中"
    """Withdrawn in order to correct: after it was sent back, where the rulebook demands that, or before any
    decision."""
    NOTICE = "notice", "公示中"
    FEE = "fee", "待缴费"
    EXAM = "exam", "待考试"
    ENTERED = "entered", "已入库"
    REFUSED = "refused", "未通过"
    CANCELLED = "cancelled", "已放弃"
    TERMINATED = "terminated", "已终止"
    """Ended by the office, which refunded the fee or waited for payment in vain."""


class ApplicationEvent(Labelled):
    PRINT = "print", "打印表格"
    UNLOCK = "unlock", "解除锁定"
    """By an administrator, before submission."""
    SUBMIT = "submit", "提交审核"
    SEND_BACK = "send_back", "退回"
    RESUME = "resume", "恢复审核"
    """The reviewer who sent it back corrected his decision."""
    WITHDRAW = "withdraw", "撤回"
    PUBLISH = "publish", "开始公示"
    CHARGE = "charge", "通知缴费"
    CALL = "call", "通知考试"
    ENTER = "enter", "入库"
    REFUSE = "refuse", "作出不通过决定"
    CANCEL = "cancel", "放弃申请"
    TERMINATE = "terminate", "终止申请"
    RESTART = "restart", "恢复填写"
    """The office takes up again what was given up before it was ever handed in."""
    REINSTATE = "reinstate", "重新受理"
    """The office takes up again what had ended: the applicant corrects it, and it is reviewed once more."""


_S, _E = ApplicationState, ApplicationEvent
IN_HAND = (_S.DRAFT, _S.LOCKED, _S.SENT_BACK, _S.CORRECTING)
"""States in which it is the applicant's turn to act."""
STAGE_OF: Mapping[ApplicationState, Stage] = {
    _S.NOTICE: "notice",
    _S.FEE: "fee",
    _S.EXAM: "exam",
}
"""The stage of the rulebook's ``entry.stages`` to which each state belongs."""


_WAITING_AGAIN = {_E.PUBLISH: _S.NOTICE, _E.CHARGE: _S.FEE, _E.CALL: _S.EXAM}
_PASSED = {_E.PUBLISH: _S.NOTICE, _E.CHARGE: _S.FEE, _E.CALL: _S.EXAM, _E.ENTER: _S.ENTERED}
"""Which of these stages a pool has, and in which order, is set in its rulebook (``entry.stages``)."""


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
            _E.RESUME: _S.REVIEWING,
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
        _S.REFUSED: {_E.REINSTATE: _S.CORRECTING, _E.CHARGE: _S.FEE, _E.CALL: _S.EXAM},
        _S.CANCELLED: {_E.RESTART: _S.DRAFT, _E.REINSTATE: _S.CORRECTING, **_WAITING_AGAIN},
        _S.TERMINATED: {_E.REINSTATE: _S.CORRECTING, **_WAITING_AGAIN},
    },
    ended=frozenset((_S.REFUSED, _S.CANCELLED, _S.TERMINATED)),
)
"""The applicant may give up in every state that waits for another party, so an idle office can't block the applicant.

A correction never goes through LOCKED again: the fields that were sent back are open, the rest stays locked field by
field.

From the exam it goes back to the fee only when the fee was sent back and is due once more.

What has ended, but for an entry, the office can take up again (重新受理), where it ended: ``reinstating_event``.
"""


def reinstating_event(
    state: ApplicationState, stage: Stage | None, *, was_submitted: bool, fee_is_refunded: bool
) -> ApplicationEvent:
    """Which event takes up again an application that ended in ``state``, after an approval in ``stage``.

    Who was refused in the public notice is reviewed once more, and who got the fee back pays first.
    """
    if not was_submitted:
        return _E.RESTART
    if stage is None or (state == _S.REFUSED and stage != "exam"):
        return _E.REINSTATE
    if stage == "notice":
        return _E.PUBLISH
    return _E.CHARGE if stage == "fee" or fee_is_refunded else _E.CALL


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
    CANCEL = "cancel_task", "作废"
    REOPEN = "reopen", "更正审核决定"


TASK: Lifecycle[TaskState, TaskEvent] = Lifecycle(
    noun="该审核任务",
    initial=TaskState.OPEN,
    moves={
        TaskState.OPEN: {
            TaskEvent.APPROVE: TaskState.APPROVED,
            TaskEvent.SEND_BACK: TaskState.SENT_BACK,
            TaskEvent.REFUSE: TaskState.REFUSED,
            TaskEvent.CANCEL: TaskState.VOID,
        },
        TaskState.APPROVED: {TaskEvent.REOPEN: TaskState.OPEN},
        TaskState.SENT_BACK: {TaskEvent.REOPEN: TaskState.OPEN},
        TaskState.VOID: {TaskEvent.REOPEN: TaskState.OPEN},
    },
)
"""A reviewer corrects an own decision while nobody has built on it; the tasks that it cancelled are open again, too."""


LOG_LABELS: Mapping[str, str] = {
    **{event.value: event.label for event in (*ApplicationEvent, *TaskEvent, FeeEvent.PAY)},
    "exam_passed": "考试合格",
    "exam_failed": "考试不合格",
    "admit": "备选专业",
    "extend": "延长期限",
}
"""Labels of an application's log, by code; for sending back and refusing, the reviewer's own words are shown."""
