"""Notices to candidates of an examination, and their params."""

from __future__ import annotations

from datetime import datetime

from domain.clock import print_full, print_span, print_time, print_until
from models.exams import Exam, ExamCandidate, ExamSitting
from services.notifications import Recipient

BOOK_FIRST, BE_READY = "请预约考试场次", "请提前检查手机和网络"


def times_of(exam: Exam, sitting: ExamSitting | None) -> tuple[datetime, datetime]:
    """The times of the booked sitting; before booking, the whole window."""
    return (sitting.starts_at, sitting.ends_at) if sitting is not None else (exam.opens_at, exam.closes_at)


def facts_of(
    exam: Exam, candidate: ExamCandidate, sitting: ExamSitting | None, now: datetime, **more: str
) -> dict[str, str]:
    """The params of every kind of notice about an examination."""
    starts, ends = times_of(exam, sitting)
    return {
        "exam": exam.name,
        "when": print_time(starts),
        "when_full": print_full(starts),
        "span": print_span(starts, ends, now),
        "advice": BOOK_FIRST if sitting is None else BE_READY,
        "candidate": str(candidate.id),
        **more,
    }


def _time_left(exam: Exam, sitting: ExamSitting | None, now: datetime) -> dict[str, str]:
    """Instead of the times of an examination that goes on: its beginning lies in the past."""
    starts, ends = times_of(exam, sitting)
    if not starts <= now < ends:
        return {}
    return {"when": f"{print_time(ends)}前", "when_full": print_full(now), "span": f"现在起至{print_until(ends, now)}"}


def invitation_of(
    exam: Exam, candidate: ExamCandidate, sitting: ExamSitting | None, now: datetime, **more: str
) -> dict[str, str]:
    """The params of notices that call the candidate: to an examination that goes on, from now on."""
    return {**facts_of(exam, candidate, sitting, now), **_time_left(exam, sitting, now), **more}


def recipient(
    kind: str, exam: Exam, candidate: ExamCandidate, sitting: ExamSitting | None, now: datetime, **more: str
) -> Recipient:
    """One recipient of many; ``occasion`` in ``more`` distinguishes this notice from others of its kind."""
    occasion = more.pop("occasion", "")
    return Recipient(
        dedupe_key=f"{kind}:{candidate.id}:{occasion}",
        params=invitation_of(exam, candidate, sitting, now, **more),
        account_id=candidate.account_id,
    )
