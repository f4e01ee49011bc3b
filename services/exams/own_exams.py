"""A person's own examinations: when, how long, what to bring, status, and the signed link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.clock import print_span, print_until
from domain.errors import Forbidden
from domain.exams.lifecycles import CandidateState, ExamAttemptState
from domain.exams.purposes import Purpose
from domain.rulebook.exams import ExamRules
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from services.core.base import Actor, Deps
from services.core.permissions import check
from services.core.signed_links import Links
from services.exams.notifications import times_of
from services.exams.repository import get_own_candidate, rules_of

PURPOSE = "exam"
"""Purpose of the signed link: its subject is the candidate, its person the account."""
_LINK_TTL = timedelta(days=30)
"""Time after the end of the examination, since results are viewed by the same link."""
_SHOWN_TTL = timedelta(days=60)
"""How long an examination stays in the person's list after its end."""
Phase = Literal[
    "to_book", "ahead", "lobby", "open", "running", "resting", "marking", "over", "passed", "failed", "left"
]
"""``lobby``: the page admits people, but it has not begun; ``resting``: between two tries; ``over``: without a
result."""


@dataclass(frozen=True)
class HandedIn:
    """A paper that was submitted by hand or by time; it has a receipt."""

    attempt_id: UUID
    number: int
    at: datetime
    by_hand: bool


@dataclass(frozen=True)
class OwnExam:
    """``span``: of the booked sitting, else of the whole window. ``again_at``: when the next try may begin.

    ``waiting`` is the span of the full sitting on whose waiting list the person is, ``mock`` the candidate's id in an
    open mock examination.
    """

    candidate_id: UUID
    name: str
    purpose: Purpose
    phase: Phase
    span: str
    starts_at: datetime
    place: str
    minutes: int
    pass_percent: int
    tries_left: int
    marking: str
    """How incomplete choices are marked."""
    bring: str
    booking: bool
    booked: bool
    book_until: str
    waiting: str
    lobby: timedelta
    again_at: datetime | None
    mock: UUID | None
    path: str
    """The signed link, below the service's address."""
    notice: str
    """Rules to be read before the start, and ``own_risk``; copied at publishing."""
    own_risk: str
    notice_read: bool
    face_wanted: bool
    """The person must be identified before the start; ``face_other_way``: otherwise than by the face."""
    face_other_way: str
    handed_in: tuple[HandedIn, ...]


@dataclass(frozen=True)
class OwnExams:
    deps: Deps
    links: Links

    async def list(self, actor: Actor) -> tuple[OwnExam, ...]:
        """Upcoming examinations, soonest first; then past ones. Mock ones are shown with the real ones."""
        check(actor, "exam.own")
        if actor.account_id is None:
            return ()
        now = self.deps.now()
        candidates = ExamCandidate.filter(account_id=actor.account_id, exam__state__in=["published", "closed"])
        called = await candidates.select_related("exam", "sitting", "waiting").order_by("exam__opens_at", "id")
        recent = [candidate for candidate in called if candidate.exam.closes_at > now - _SHOWN_TTL]
        mock = next(
            (candidate.id for candidate in recent if _is_mock(candidate.exam) and _is_open(candidate.exam, now)), None
        )
        own = [await self._own_exam(candidate, mock, now) for candidate in recent if not _is_mock(candidate.exam)]
        # sorting is stable: within both parts the order of opening remains
        return tuple(sorted(own, key=lambda exam: exam.phase in ("over", "passed", "failed", "left")))

    async def get(self, actor: Actor, candidate_id: UUID) -> OwnExam:
        """One examination, mock or real. Raises NotFound for another person's."""
        check(actor, "exam.own")
        await get_own_candidate(actor, candidate_id)
        candidate = await ExamCandidate.get(id=candidate_id).select_related("exam", "sitting", "waiting")
        mocks = ExamCandidate.filter(account_id=candidate.account_id, exam__purpose="mock", exam__state="published")
        now = self.deps.now()
        open_mocks = [mock.id for mock in await mocks.select_related("exam") if _is_open(mock.exam, now)]
        return await self._own_exam(candidate, next(iter(open_mocks), None), now)

    async def resolve_link(self, token: str, visitor: UUID | None) -> str:
        """The path of the examination of a signed link; a visitor must log in there.

        Raises Forbidden for a forged or expired link, and for another person's.
        """
        link = self.links.check(token, PURPOSE)
        if visitor is not None and visitor != link.person_id:
            raise Forbidden("这个考试链接属于另一个账号，请退出当前账号，用本人的手机号登录。", code="others_link")
        candidate = await ExamCandidate.get(id=link.subject_id).select_related("exam")
        return f"/h5/{candidate.exam.pool}/exams/{candidate.id}"

    def path_of(self, candidate: ExamCandidate, exam: Exam) -> str:
        """The signed link."""
        token = self.links.sign(PURPOSE, candidate.id, candidate.account_id, exam.closes_at + _LINK_TTL)
        return f"/x/{token}"

    async def _own_exam(self, candidate: ExamCandidate, mock: UUID | None, now: datetime) -> OwnExam:
        exam, rules = candidate.exam, rules_of(candidate.exam)
        sitting: ExamSitting | None = candidate.sitting
        tries = await ExamAttempt.filter(candidate_id=candidate.id).exclude(state="void").order_by("number")
        starts, ends = times_of(exam, sitting)
        until = sitting.starts_at - rules.booking_until if sitting and rules.booking else None
        length = rules.length + timedelta(minutes=candidate.extra_minutes)
        waited: ExamSitting | None = candidate.waiting
        return OwnExam(
            candidate_id=candidate.id,
            name=exam.name,
            purpose=Purpose(exam.purpose),
            phase=_phase(candidate, sitting, rules, tries, now),
            span=print_span(starts, ends, now),
            starts_at=starts,
            place=sitting.place if sitting else "",
            minutes=int(length.total_seconds() // 60),
            pass_percent=rules.pass_percent,
            tries_left=max(0, _tries_left(candidate, rules, tries)),
            marking=rules.marking_text,
            bring=rules.bring,
            booking=rules.booking,
            booked=sitting is not None,
            book_until=print_until(until, now) if until else "",
            waiting=print_span(waited.starts_at, waited.ends_at, now) if waited else "",
            lobby=rules.lobby,
            again_at=_again_at(rules, tries),
            mock=mock if rules.mock else None,
            path=self.path_of(candidate, exam),
            notice=rules.notice,
            own_risk=rules.own_risk,
            notice_read=candidate.notice_read_at is not None,
            face_wanted=rules.face_check != "none" and not candidate.face,
            face_other_way=rules.face_other_way,
            handed_in=tuple(_submitted_paper(attempt) for attempt in tries if attempt.digest and attempt.sealed_at),
        )


def _submitted_paper(attempt: ExamAttempt) -> HandedIn:
    at = attempt.submitted_at or attempt.deadline or attempt.made_at
    return HandedIn(attempt.id, attempt.number, at, attempt.submitted_at is not None)


def _phase(
    candidate: ExamCandidate,
    sitting: ExamSitting | None,
    rules: ExamRules,
    tries: Sequence[ExamAttempt],
    now: datetime,
) -> Phase:
    if candidate.state != CandidateState.CALLED:
        ended: dict[str, Phase] = {"passed": "passed", "failed": "failed"}
        return ended.get(candidate.state, "left")
    last = ExamAttemptState(tries[-1].state) if tries else None
    if last == ExamAttemptState.RUNNING:
        return "running"
    if last == ExamAttemptState.SEALED or (last == ExamAttemptState.GRADED and rules.result == "released"):
        return "marking"
    if rules.booking and sitting is None:
        return "to_book" if candidate.exam.closes_at > now else "over"
    return _phase_by_clock(candidate, sitting, rules, tries, now)


def _phase_by_clock(
    candidate: ExamCandidate,
    sitting: ExamSitting | None,
    rules: ExamRules,
    tries: Sequence[ExamAttempt],
    now: datetime,
) -> Phase:
    starts, ends = times_of(candidate.exam, sitting)
    if now >= min(ends, candidate.exam.closes_at) or candidate.exam.state != "published":
        return "over"
    if now < starts:
        return "lobby" if now >= starts - rules.lobby else "ahead"
    if _tries_left(candidate, rules, tries) <= 0:
        return "marking"
    again = _again_at(rules, tries)
    return "resting" if again is not None and now < again else "open"


def _tries_left(candidate: ExamCandidate, rules: ExamRules, tries: Sequence[ExamAttempt]) -> int:
    used = sum(1 for attempt in tries if attempt.state != ExamAttemptState.READY)
    return rules.tries + int(candidate.extra_tries) - used


def _again_at(rules: ExamRules, tries: Sequence[ExamAttempt]) -> datetime | None:
    ended = [attempt.sealed_at for attempt in tries if attempt.sealed_at is not None]
    return max(ended) + rules.rest if ended else None


def _is_mock(exam: Exam) -> bool:
    return exam.purpose == Purpose.MOCK


def _is_open(exam: Exam, now: datetime) -> bool:
    return exam.state == "published" and exam.opens_at <= now < exam.closes_at
