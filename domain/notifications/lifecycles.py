"""Lifecycles of an attempt to reach a person on one channel, and of a thread with the office (投诉, 意见反馈)."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class ContactAttemptState(Labelled):
    """State of one attempt on one channel."""

    PENDING = "pending", "待发送"
    """The row is written before anything is sent or dialled."""
    UNKNOWN = "unknown", "结果未知"
    """Perhaps sent: the report is awaited or queried, the attempt never repeated blindly."""
    SENT = "sent", "已发送"
    FAILED = "failed", "未送达"
    DELIVERED = "delivered", "已送达"
    ANSWERED = "answered", "已答复"


class ContactAttemptEvent(Labelled):
    LOSE = "lose", "记为结果未知"
    SEND = "send", "记为已发送"
    FAIL = "fail", "记为未送达"
    DELIVER = "deliver", "记为已送达"
    ANSWER = "answer", "记为已答复"
    RETRY = "retry", "记为未执行"
    """The vendor is known not to have sent it, or to ignore repetitions: it may be sent again."""


ATTEMPT: Lifecycle[ContactAttemptState, ContactAttemptEvent] = Lifecycle(
    noun="该次联系",
    initial=ContactAttemptState.PENDING,
    # Moves only lead forward in the order of the states: repeated, late or unordered reports are moves that the table
    # lacks, so the final state doesn't depend on their order. Some vendors report a failure, try again and deliver.
    moves={
        ContactAttemptState.PENDING: {
            ContactAttemptEvent.LOSE: ContactAttemptState.UNKNOWN,
            ContactAttemptEvent.SEND: ContactAttemptState.SENT,
            ContactAttemptEvent.FAIL: ContactAttemptState.FAILED,
            ContactAttemptEvent.DELIVER: ContactAttemptState.DELIVERED,
            ContactAttemptEvent.ANSWER: ContactAttemptState.ANSWERED,
        },
        ContactAttemptState.UNKNOWN: {
            ContactAttemptEvent.RETRY: ContactAttemptState.PENDING,
            ContactAttemptEvent.SEND: ContactAttemptState.SENT,
            ContactAttemptEvent.FAIL: ContactAttemptState.FAILED,
            ContactAttemptEvent.DELIVER: ContactAttemptState.DELIVERED,
            ContactAttemptEvent.ANSWER: ContactAttemptState.ANSWERED,
        },
        ContactAttemptState.SENT: {
            ContactAttemptEvent.FAIL: ContactAttemptState.FAILED,
            ContactAttemptEvent.DELIVER: ContactAttemptState.DELIVERED,
            ContactAttemptEvent.ANSWER: ContactAttemptState.ANSWERED,
        },
        ContactAttemptState.FAILED: {
            ContactAttemptEvent.DELIVER: ContactAttemptState.DELIVERED,
            ContactAttemptEvent.ANSWER: ContactAttemptState.ANSWERED,
        },
        ContactAttemptState.DELIVERED: {ContactAttemptEvent.ANSWER: ContactAttemptState.ANSWERED},
    },
)


class FeedbackSubject(Labelled):
    """What a thread is about."""

    SANCTION = "sanction", "处理或扣分"
    RESULT = "result", "审核或考试结果"
    FEE = "fee", "酬劳"
    STAFF = "staff", "工作人员或现场"
    OTHER = "other", "其他"
    ADVICE = "advice", "意见建议"


class FeedbackState(Labelled):
    """State of a thread."""

    OPEN = "open", "待答复"
    """The office owes an answer."""
    ANSWERED = "answered", "已答复"
    """The person may write back until it closes by itself."""
    CLOSED = "closed", "已办结"


class FeedbackEvent(Labelled):
    WRITE = "write", "本人继续写"
    ANSWER = "answer", "管理机构答复"
    CLOSE = "close", "本人办结"
    LAPSE = "lapse", "到期自动办结"


FEEDBACK: Lifecycle[FeedbackState, FeedbackEvent] = Lifecycle(
    noun="这件反馈",
    initial=FeedbackState.OPEN,
    moves={
        FeedbackState.OPEN: {
            FeedbackEvent.WRITE: FeedbackState.OPEN,
            FeedbackEvent.ANSWER: FeedbackState.ANSWERED,
            FeedbackEvent.CLOSE: FeedbackState.CLOSED,
        },
        FeedbackState.ANSWERED: {
            FeedbackEvent.WRITE: FeedbackState.OPEN,
            FeedbackEvent.ANSWER: FeedbackState.ANSWERED,
            FeedbackEvent.CLOSE: FeedbackState.CLOSED,
            FeedbackEvent.LAPSE: FeedbackState.CLOSED,
        },
    },
)
