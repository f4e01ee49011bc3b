"""Sittings (场次): candidates book, change and cancel; the office adds, changes and removes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.clock import print_span, print_until
from domain.errors import Conflict, InvalidInput, NotFound
from domain.exams.lifecycles import CandidateState
from domain.exams.reminders import steps_behind
from domain.faults import Faults, check_given
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.idempotency import once
from services.core.limits import check_repeats
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.notifications import recipient
from services.exams.repository import (
    Sittings,
    check_called,
    get_exam,
    get_own_candidate,
    lock_candidate,
    lock_sittings,
    rules_of,
)
from services.exams.sittings.seating import Seating, is_full, stop_waiting
from services.exams.sittings.sitting_queries import (
    SittingData,
    SittingForm,
    SittingView,
    applicable_rules,
    booking_rules,
    sitting_view,
)
from services.notifications import Notices

CAPACITY_MAX = 100_000
PLACE_MAX = 200


@dataclass(frozen=True)
class Booked:
    """The outcome of booking, waiting or cancelling."""

    state: Literal["booked", "waiting", "none"]
    span: str
    place: str
    until: str


@dataclass(frozen=True)
class ExamSittings:
    deps: Deps
    notices: Notices
    seating: Seating

    # ---- candidates

    async def book(self, actor: Actor, candidate_id: UUID, sitting_id: UUID, *, key: str | None = None) -> Booked:
        """Book a place, releasing the one booked so far. Raises Conflict for a full sitting, RuleViolation too late.

        Booking the same again is harmless; a place on another waiting list is given up.
        """

        async def act(candidate: ExamCandidate, exam: Exam, sittings: Sittings, now: datetime) -> Booked:
            wanted = self._get_bookable(exam, sittings, sitting_id, now)
            if candidate.sitting_id != wanted.id:
                self._check_changeable(exam, candidate, sittings, now)
                if is_full(wanted):
                    raise Conflict("这个场次已经约满，可以候补或改约其他场次。", code="sitting_full")
            await stop_waiting(candidate)
            await self.seating.seat(exam, candidate, wanted, sittings, now)
            return _booking_result("booked", exam, wanted, now)

        return await self._change_booking(actor, candidate_id, f"book {sitting_id}", key, act)

    async def join_waiting_list(
        self, actor: Actor, candidate_id: UUID, sitting_id: UUID, *, key: str | None = None
    ) -> Booked:
        """Join the waiting list of a full sitting, keeping the booked place; a free place is booked at once."""

        async def act(candidate: ExamCandidate, exam: Exam, sittings: Sittings, now: datetime) -> Booked:
            wanted = self._get_bookable(exam, sittings, sitting_id, now)
            if candidate.sitting_id == wanted.id:
                return _booking_result("booked", exam, wanted, now)
            self._check_changeable(exam, candidate, sittings, now)
            if not is_full(wanted):
                await stop_waiting(candidate)
                await self.seating.seat(exam, candidate, wanted, sittings, now)
                return _booking_result("booked", exam, wanted, now)
            if candidate.waiting_id != wanted.id:
                candidate.waiting_id, candidate.waiting_since = wanted.id, now
                await candidate.save(update_fields=["waiting_id", "waiting_since"])
            return _booking_result("waiting", exam, wanted, now)

        return await self._change_booking(actor, candidate_id, f"wait {sitting_id}", key, act)

    async def cancel_booking(self, actor: Actor, candidate_id: UUID, *, key: str | None = None) -> Booked:
        """Release the place, and leave the waiting list. A repetition is harmless. Raises RuleViolation when it is too
        late."""

        async def act(candidate: ExamCandidate, exam: Exam, sittings: Sittings, now: datetime) -> Booked:
            self._check_changeable(exam, candidate, sittings, now)
            await stop_waiting(candidate)
            await self.seating.unseat(exam, candidate, sittings, now)
            return Booked("none", "", "", "")

        return await self._change_booking(actor, candidate_id, "give back", key, act)

    async def _change_booking(
        self,
        actor: Actor,
        candidate_id: UUID,
        request: str,
        key: str | None,
        act: Callable[[ExamCandidate, Exam, Sittings, datetime], Awaitable[Booked]],
    ) -> Booked:
        check(actor, "exam.own")
        now = self.deps.now()

        async def run() -> Booked:
            _, exam = await get_own_candidate(actor, candidate_id)
            sittings = await lock_sittings(exam.id)
            candidate = await lock_candidate(candidate_id)
            check_called(candidate, exam)
            if candidate.sitting_id is not None:  # the place becomes another's, who is written to
                await check_repeats("exam_candidate", candidate.id, ("exam.sitting",), now)
            booking = await act(candidate, exam, sittings, now)
            await record(actor, now, "exam.sitting", "exam_candidate", candidate.id, what=request, state=booking.state)
            return booking

        return await once(
            owner=f"exam_sitting:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Booked,
            run=run,
            request=f"{candidate_id} {request}",
        )

    def _get_bookable(self, exam: Exam, sittings: Sittings, sitting_id: UUID, now: datetime) -> ExamSitting:
        rules = booking_rules(exam)
        wanted = sittings.get(sitting_id)
        if wanted is None:
            raise NotFound("找不到这个场次，请重新选择。", code="sitting_unknown")
        until = wanted.starts_at - rules.booking_until
        if now >= until:
            message = f"这个场次的预约已于{print_until(until, now)}截止，请选择其他场次。"
            raise violation(self.deps.book(exam.pool), "exam.booking_until", message)
        return wanted

    def _check_changeable(self, exam: Exam, candidate: ExamCandidate, sittings: Sittings, now: datetime) -> None:
        held = sittings.get(candidate.sitting_id) if candidate.sitting_id else None
        until = held.starts_at - rules_of(exam).booking_until if held else now
        if held is not None and until <= now < held.ends_at:
            book = self.deps.book(exam.pool)
            message = (
                f"已预约的场次在{print_until(until, now)}后不能更改或退回，请按时参加；"
                f"确有困难请拨打{book.pool.hotline}。"
            )
            raise violation(book, "exam.booking_until", message)

    # ---- the office

    async def add(self, actor: Actor, exam_id: UUID, form: SittingForm, *, key: str | None = None) -> SittingView:
        """Add to a draft or a published examination. Raises InvalidInput, Conflict."""
        check(actor, "exam.manage")
        now = self.deps.now()

        async def run() -> SittingView:
            exam = await get_exam(actor, exam_id, locked=True)
            clean = _check_form(exam, form, now)
            sitting = await ExamSitting.create(exam_id=exam.id, **_columns(clean))
            await record(actor, now, "exam.sitting_add", "exam", exam.id, sitting=str(sitting.id))
            return sitting_view(sitting, 0, applicable_rules(self.deps, exam), now)

        return await once(
            owner=f"exam_sitting_add:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=SittingView,
            run=run,
            request=f"{exam_id} {form!r}",
        )

    async def edit(self, actor: Actor, exam_id: UUID, sitting_id: UUID, form: SittingForm) -> None:
        """Candidates with a booking are notified of a changed time or place; new places go to the waiting list.

        Raises Conflict for a sitting that began, or with more bookings than places.
        """
        check(actor, "exam.manage")
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            clean = _check_form(exam, form, now)
            sittings = await lock_sittings(exam.id)
            sitting = _get_sitting(sittings, sitting_id)
            await _check_not_begun(sitting, now)
            if clean.capacity is not None and clean.capacity < sitting.booked:
                raise Conflict(f"已有{sitting.booked}人预约，名额不能少于{sitting.booked}。", code="sitting_booked")
            moved = (sitting.starts_at, sitting.ends_at, sitting.place) != (clean.starts_at, clean.ends_at, clean.place)
            sitting.update_from_dict(_columns(clean))
            await sitting.save()
            await record(actor, now, "exam.sitting_edit", "exam", exam.id, sitting=str(sitting.id))
            if exam.state != "published":
                return
            if moved:
                await self._notify_moved(exam, sitting, now)
            await self.seating.fill_freed_places(exam, [sitting], sittings, now)

    async def remove(self, actor: Actor, exam_id: UUID, sitting_id: UUID, reason: str) -> int:
        """Candidates with a booking or on the waiting list are notified and book another; returns the number of
        bookings.

        Raises Conflict for a sitting that began.
        """
        check(actor, "exam.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", 100)
        now = self.deps.now()
        async with transaction():
            exam = await get_exam(actor, exam_id, locked=True)
            sittings = await lock_sittings(exam.id)
            sitting = _get_sitting(sittings, sitting_id)
            await _check_not_begun(sitting, now)
            held = await ExamCandidate.filter(sitting_id=sitting.id).order_by("id").select_for_update(no_key=True)
            if held and not words:
                raise InvalidInput("已有人预约，请填写取消原因，会告知本人。", code="missing", field="reason")
            await ExamCandidate.filter(waiting_id=sitting.id).update(waiting_id=None, waiting_since=None)
            await ExamCandidate.filter(sitting_id=sitting.id).update(sitting_id=None)
            await sitting.delete()
            called = [candidate for candidate in held if candidate.state == CandidateState.CALLED]
            message = f"{print_span(sitting.starts_at, sitting.ends_at, now)}的场次取消（{words}），请重新预约"
            await self.notices.notify_many(
                pool=exam.pool,
                kind="exam_changed",
                recipients=[
                    recipient("exam_changed", exam, candidate, None, now, reason=message, occasion=f"gone:{sitting.id}")
                    for candidate in called
                ],
            )
            await record(actor, now, "exam.sitting_remove", "exam", exam.id, booked=len(called), reason=words)
        return len(called)

    async def _notify_moved(self, exam: Exam, sitting: ExamSitting, now: datetime) -> None:
        held = await ExamCandidate.filter(sitting_id=sitting.id, state=CandidateState.CALLED).order_by("id")
        rules = rules_of(exam)
        behind = steps_behind(rules.reminders, sitting.starts_at, now)
        await ExamCandidate.filter(sitting_id=sitting.id).update(reminders=behind)
        message = f"场次改为{print_span(sitting.starts_at, sitting.ends_at, now)}"
        await self.notices.notify_many(
            pool=exam.pool,
            kind="exam_changed",
            recipients=[
                recipient("exam_changed", exam, candidate, sitting, now, reason=message, occasion=now.isoformat())
                for candidate in held
            ],
        )


def _check_form(exam: Exam, form: SittingForm, now: datetime) -> SittingData:
    """The form with its place on one line. Raises Conflict, InvalidInput with all its faults."""
    if exam.state not in ("draft", "published"):
        raise Conflict("考试已结束或取消，不能再调整场次。", code="exam_over")
    faults = Faults()
    starts = faults.check(check_given, form.starts_at, "starts_at", "开始时间")
    ends = faults.check(check_given, form.ends_at, "ends_at", "结束时间")
    if form.starts_at and form.ends_at:
        faults.check(_check_span, exam, form.starts_at, form.ends_at, now)
    faults.check(_check_capacity, form.capacity)
    place = faults.check(check_text, " ".join(form.place.split()), "place", "地点", PLACE_MAX)
    faults.raise_any()
    return SittingData(starts, ends, form.capacity, place)


def _check_span(exam: Exam, starts: datetime, ends: datetime, now: datetime) -> None:
    if starts >= ends:
        raise InvalidInput("场次的结束时间应晚于开始时间。", code="window_turned", field="ends_at")
    if starts < exam.opens_at or ends > exam.closes_at:
        span = print_span(exam.opens_at, exam.closes_at, now)
        raise InvalidInput(f"场次应在考试时间内（{span}）。", code="outside", field="starts_at")
    if starts <= now:
        raise InvalidInput("场次的开始时间已经过去，请改为以后的时间。", code="past", field="starts_at")


def _check_capacity(capacity: int | None) -> None:
    if capacity is not None and not 1 <= capacity <= CAPACITY_MAX:
        raise InvalidInput(f"名额应为1到{CAPACITY_MAX}的整数，不限请留空。", code="bad_capacity", field="capacity")


def _get_sitting(sittings: Sittings, sitting_id: UUID) -> ExamSitting:
    if sitting_id not in sittings:
        raise NotFound("找不到这个场次，请刷新后重试。", code="sitting_unknown")
    return sittings[sitting_id]


async def _check_not_begun(sitting: ExamSitting, now: datetime) -> None:
    begun = ExamAttempt.filter(candidate__sitting_id=sitting.id, started_at__gte=sitting.starts_at)
    if sitting.starts_at <= now or await begun.exists():
        raise Conflict("这个场次已经开始，不能再修改或取消。", code="sitting_begun")


def _columns(data: SittingData) -> dict[str, Any]:
    return {
        "starts_at": data.starts_at,
        "ends_at": data.ends_at,
        "capacity": data.capacity,
        "place": data.place,
    }


def _booking_result(state: Literal["booked", "waiting"], exam: Exam, sitting: ExamSitting, now: datetime) -> Booked:
    until = sitting.starts_at - rules_of(exam).booking_until
    return Booked(state, print_span(sitting.starts_at, sitting.ends_at, now), sitting.place, print_until(until, now))
