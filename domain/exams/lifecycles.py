"""Lifecycles of an examination, of a person called to it, and of one attempt."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class ExamState(Labelled):
    """State of an examination (考试)."""

    DRAFT = "draft", "准备中"
    PUBLISHED = "published", "已发布"
    """Candidates are called; items, blueprint and rules are frozen."""
    CLOSED = "closed", "已结束"
    """All papers are sealed; results may still be marked and released."""
    CANCELLED = "cancelled", "已取消"


class ExamEvent(Labelled):
    PUBLISH = "publish", "发布"
    CLOSE = "close", "结束"
    CANCEL = "cancel", "取消"


EXAM: Lifecycle[ExamState, ExamEvent] = Lifecycle(
    noun="这场考试",
    initial=ExamState.DRAFT,
    moves={
        ExamState.DRAFT: {ExamEvent.PUBLISH: ExamState.PUBLISHED, ExamEvent.CANCEL: ExamState.CANCELLED},
        ExamState.PUBLISHED: {ExamEvent.CLOSE: ExamState.CLOSED, ExamEvent.CANCEL: ExamState.CANCELLED},
    },
)


class CandidateState(Labelled):
    """State of a person called to an examination (考生)."""

    CALLED = "called", "待考试"
    PASSED = "passed", "合格"
    FAILED = "failed", "不合格"
    LEFT = "left", "不再参加"
    """The application was withdrawn or ended, or the examination was cancelled."""


class CandidateEvent(Labelled):
    PASS = "pass", "记为合格"
    FAIL = "fail", "记为不合格"
    LEAVE = "leave", "退出考试"
    RETRY = "retry", "再给一次机会"
    RETURN = "return", "重新参加"
    """The application that had ended is taken up again while the examination goes on."""


_C = CandidateState
CANDIDATE: Lifecycle[CandidateState, CandidateEvent] = Lifecycle(
    noun="考试资格",
    initial=_C.CALLED,
    moves={
        _C.CALLED: {CandidateEvent.PASS: _C.PASSED, CandidateEvent.FAIL: _C.FAILED, CandidateEvent.LEAVE: _C.LEFT},
        _C.FAILED: {
            CandidateEvent.PASS: _C.PASSED,
            CandidateEvent.RETRY: _C.CALLED,
            CandidateEvent.LEAVE: _C.LEFT,
        },
        _C.LEFT: {CandidateEvent.RETURN: _C.CALLED},
    },
    ended=frozenset((_C.LEFT,)),
)
"""A candidate who failed may still pass by a ruling or an appeal; one who passed is never failed by either."""


class ExamAttemptState(Labelled):
    """State of one paper of a candidate (一次作答). No state returns to an earlier one."""

    READY = "ready", "试卷已生成"
    RUNNING = "running", "答题中"
    SEALED = "sealed", "已交卷"
    """No further answer counts; marking begins."""
    GRADED = "graded", "已评分"
    RELEASED = "released", "已出成绩"
    VOID = "void", "已作废"
    """By a decision of the office, with its reason."""


class AttemptEvent(Labelled):
    START = "start", "开始答题"
    SEAL = "seal", "交卷"
    GRADE = "grade", "评分"
    RELEASE = "release", "公布成绩"
    VOID = "void", "作废"


_A = ExamAttemptState
ATTEMPT: Lifecycle[ExamAttemptState, AttemptEvent] = Lifecycle(
    noun="这次作答",
    initial=_A.READY,
    moves={
        _A.READY: {AttemptEvent.START: _A.RUNNING, AttemptEvent.VOID: _A.VOID},
        _A.RUNNING: {AttemptEvent.SEAL: _A.SEALED, AttemptEvent.VOID: _A.VOID},
        _A.SEALED: {AttemptEvent.GRADE: _A.GRADED, AttemptEvent.VOID: _A.VOID},
        _A.GRADED: {AttemptEvent.RELEASE: _A.RELEASED, AttemptEvent.VOID: _A.VOID},
        _A.RELEASED: {AttemptEvent.VOID: _A.VOID},
    },
)
