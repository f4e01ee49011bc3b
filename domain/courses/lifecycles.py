"""Lifecycles of a course and of a person called to it."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class CourseState(Labelled):
    """State of a course (课程)."""

    DRAFT = "draft", "准备中"
    PUBLISHED = "published", "已发布"
    """Participants are called; items and rules are frozen."""
    CLOSED = "closed", "已结束"
    CANCELLED = "cancelled", "已取消"


class CourseEvent(Labelled):
    PUBLISH = "publish", "发布"
    CLOSE = "close", "结束"
    REOPEN = "reopen", "为补学重新开放"
    CANCEL = "cancel", "取消"


COURSE: Lifecycle[CourseState, CourseEvent] = Lifecycle(
    noun="这门课程",
    initial=CourseState.DRAFT,
    moves={
        CourseState.DRAFT: {CourseEvent.PUBLISH: CourseState.PUBLISHED, CourseEvent.CANCEL: CourseState.CANCELLED},
        CourseState.PUBLISHED: {CourseEvent.CLOSE: CourseState.CLOSED, CourseEvent.CANCEL: CourseState.CANCELLED},
        CourseState.CLOSED: {CourseEvent.REOPEN: CourseState.PUBLISHED},
    },
)


class EnrolmentState(Labelled):
    """State of a person called to a course (学员)."""

    CALLED = "called", "待学习"
    LEARNED = "learned", "待考试"
    """Everything is studied; the examination is not passed yet."""
    FINISHED = "finished", "培训完毕"
    LEFT = "left", "不再参加"
    """The expert left the pool, the office took the person out, or the course was cancelled."""


class EnrolmentEvent(Labelled):
    LEARN = "learn", "学完全部内容"
    FINISH = "finish", "完成培训"
    LEAVE = "leave", "退出课程"
    RETURN = "return", "重新参加"


_E = EnrolmentState
ENROLMENT: Lifecycle[EnrolmentState, EnrolmentEvent] = Lifecycle(
    noun="课程学习",
    initial=_E.CALLED,
    moves={
        _E.CALLED: {
            EnrolmentEvent.LEARN: _E.LEARNED,
            EnrolmentEvent.FINISH: _E.FINISHED,
            EnrolmentEvent.LEAVE: _E.LEFT,
        },
        _E.LEARNED: {EnrolmentEvent.FINISH: _E.FINISHED, EnrolmentEvent.LEAVE: _E.LEFT},
        _E.LEFT: {EnrolmentEvent.RETURN: _E.CALLED},
    },
)
