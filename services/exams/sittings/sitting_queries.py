"""Queries of sittings (场次): a candidate's bookings and offers, and the office's list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_span
from domain.errors import Conflict
from domain.rulebook.exams import ExamRules
from models.exams import Exam, ExamSitting
from services.core.base import Actor, Deps, rows
from services.core.permissions import check
from services.exams.repository import (
    check_called,
    get_exam,
    get_own_candidate,
    rules_of,
)

_WAITING = (
    "SELECT waiting_id AS id, count(*) AS n FROM exam_candidate WHERE exam_id = $1 AND waiting_id IS NOT NULL "
    "AND state = 'called' GROUP BY waiting_id"
)


@dataclass(frozen=True)
class SittingForm:
    """The form of a sitting as typed. ``capacity`` None: unlimited."""

    starts_at: datetime | None
    ends_at: datetime | None
    capacity: int | None = None
    place: str = ""


@dataclass(frozen=True)
class SittingData(SittingForm):
    """A form that is complete."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SittingView:
    """``until``: the last moment for booking, changing or cancelling."""

    id: UUID
    data: SittingData
    booked: int
    waiting: int
    until: datetime
    open: bool
    """Whether it can be booked, or its waiting list joined, now."""
    span: str

    @property
    def left(self) -> int | None:
        return None if self.data.capacity is None else max(0, self.data.capacity - self.booked)

    @property
    def full(self) -> bool:
        return self.left == 0


@dataclass(frozen=True)
class Booking:
    """A candidate's bookings and the offered sittings. ``booked`` and ``waiting`` are ids of ``sittings``."""

    candidate_id: UUID
    exam: str
    sittings: tuple[SittingView, ...]
    booked: UUID | None
    waiting: UUID | None
    fixed: bool
    """The booking can't be changed or cancelled any more."""

    def find_sitting(self, sitting_id: UUID | None) -> SittingView | None:
        return next((sitting for sitting in self.sittings if sitting.id == sitting_id), None)


@dataclass(frozen=True)
class SittingQueries:
    deps: Deps

    async def get_booking(self, actor: Actor, candidate_id: UUID) -> Booking:
        """Sittings to book, soonest first. Raises NotFound; Conflict where sittings aren't booked."""
        check(actor, "exam.own")
        candidate, exam = await get_own_candidate(actor, candidate_id)
        check_called(candidate, exam)
        rules = booking_rules(exam)
        now = self.deps.now()
        views = await self._views(exam, rules, now)
        shown = tuple(view for view in views if view.open or view.id in (candidate.sitting_id, candidate.waiting_id))
        booked = next((view for view in views if view.id == candidate.sitting_id), None)
        fixed = booked is not None and booked.until <= now < booked.data.ends_at
        return Booking(candidate.id, exam.name, shown, candidate.sitting_id, candidate.waiting_id, fixed)

    async def list(self, actor: Actor, exam_id: UUID) -> tuple[SittingView, ...]:
        check(actor, "exam.manage")
        exam = await get_exam(actor, exam_id)
        return await self._views(exam, applicable_rules(self.deps, exam), self.deps.now())

    async def _views(self, exam: Exam, rules: ExamRules, now: datetime) -> tuple[SittingView, ...]:
        waiting = {row["id"]: row["n"] for row in await rows(_WAITING, exam.id)}
        sittings = await ExamSitting.filter(exam_id=exam.id).order_by("starts_at", "id")
        return tuple(sitting_view(sitting, waiting.get(sitting.id, 0), rules, now) for sitting in sittings)


def applicable_rules(deps: Deps, exam: Exam) -> ExamRules:
    """Those it was published with; of a draft the pool's present ones."""
    return rules_of(exam) if exam.rules else deps.book(exam.pool).exam


def booking_rules(exam: Exam) -> ExamRules:
    rules = rules_of(exam)
    if not rules.booking:
        raise Conflict("这场考试不用预约，在考试时间内直接进入即可。", code="no_booking")
    return rules


def sitting_view(sitting: ExamSitting, waiting: int, rules: ExamRules, now: datetime) -> SittingView:
    until = sitting.starts_at - rules.booking_until
    return SittingView(
        sitting.id,
        SittingData(sitting.starts_at, sitting.ends_at, sitting.capacity, sitting.place),
        sitting.booked,
        waiting,
        until,
        now < until,
        print_span(sitting.starts_at, sitting.ends_at, now),
    )
