"""The lifecycle of an attempt to reach a person on one channel."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class AttemptState(Labelled):
    """State of one try on one channel."""

    PENDING = "pending", "待发送"
    """The row stands before anything is sent or dialled."""
    UNKNOWN = "unknown", "结果未知"
    """Perhaps sent: the report is waited or asked for, never repeated blindly."""
    SENT = "sent", "已发送"
    FAILED = "failed", "未送达"
    DELIVERED = "delivered", "已送达"
    ANSWERED = "answered", "已答复"


class AttemptEvent(Labelled):
    LOSE = "lose", "记为结果未知"
    SEND = "send", "记为已发送"
    FAIL = "fail", "记为未送达"
    DELIVER = "deliver", "记为已送达"
    ANSWER = "answer", "记为已答复"
    RETRY = "retry", "记为未执行"
    """The vendor is known not to have done it, or to make repeats one: it may be sent again."""


ATTEMPT: Lifecycle[AttemptState, AttemptEvent] = Lifecycle(
    noun="该次联系",
    initial=AttemptState.PENDING,
    # What is known only grows, in the order of the states: reports that come twice, late or out of order are moves
    # that the table lacks, so the end is the same in any order. Some vendors report a failure, try again and deliver.
    moves={
        AttemptState.PENDING: {
            AttemptEvent.LOSE: AttemptState.UNKNOWN,
            AttemptEvent.SEND: AttemptState.SENT,
            AttemptEvent.FAIL: AttemptState.FAILED,
            AttemptEvent.DELIVER: AttemptState.DELIVERED,
            AttemptEvent.ANSWER: AttemptState.ANSWERED,
        },
        AttemptState.UNKNOWN: {
            AttemptEvent.RETRY: AttemptState.PENDING,
            AttemptEvent.SEND: AttemptState.SENT,
            AttemptEvent.FAIL: AttemptState.FAILED,
            AttemptEvent.DELIVER: AttemptState.DELIVERED,
            AttemptEvent.ANSWER: AttemptState.ANSWERED,
        },
        AttemptState.SENT: {
            AttemptEvent.FAIL: AttemptState.FAILED,
            AttemptEvent.DELIVER: AttemptState.DELIVERED,
            AttemptEvent.ANSWER: AttemptState.ANSWERED,
        },
        AttemptState.FAILED: {
            AttemptEvent.DELIVER: AttemptState.DELIVERED,
            AttemptEvent.ANSWER: AttemptState.ANSWERED,
        },
        AttemptState.DELIVERED: {AttemptEvent.ANSWER: AttemptState.ANSWERED},
    },
)
