"""Courses for participants and the office; each view in one statement or two."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.courses.access import Access, access
from domain.courses.lectures import SIGN_IN_LATE, sign_in_time
from domain.courses.lifecycles import CourseState, EnrolmentState
from domain.courses.make_ups import MakeUp, make_up_of
from domain.masking import mask_name
from domain.person_names import name_key
from domain.rulebook.courses import CourseRules, load_rules
from domain.typed_text import half_width
from models.courses import Course, CourseItem, CourseStudy
from services.core.base import Actor, Deps, Page, rows
from services.core.permissions import check
from services.courses.completion import ALL
from services.courses.repository import get_course, get_enrolment, get_own_enrolment, rules_of
from services.experts import STUDY_FACTS, STUDY_JOINS, ended_study

PAGE_SIZE = 10
"""Rows of a participant's list (新疆手册 2025 L127-139)."""
ExamState = Literal["", "pending", "passed", "failed"]
Phase = Literal["unpaid", "ahead", "open", "waiting", "over", "excluded", "learned", "finished", "left"]
"""A participant's state; ``waiting``: all is done, a lecture has yet to end; ``excluded``: over, and not drawn until it
is made up."""
_FACTS = f"""
SELECT n.id, n.course_id, c.name, c.description, c.opens_at AS course_opens, c.closes_at AS course_closes,
  c.required, c.state AS course_state, c.rules, n.opens_at, n.closes_at, n.progress, n.exam_state, n.marked_at,
  n.make_ups, n.finished_at, n.excluded_at, f.id AS fee_id, f.closes_at AS pay_until,
  e.number AS expert_number, e.name AS expert_name, {STUDY_FACTS},
  EXISTS (SELECT 1 FROM exam_attempt a WHERE a.candidate_id = k.id AND a.state IN ('sealed', 'graded')) AS marking,
  count(*) OVER () AS total
FROM course_enrolment n JOIN course c ON c.id = n.course_id JOIN expert e ON e.id = n.expert_id
LEFT JOIN LATERAL (SELECT f.id, f.closes_at FROM fee f WHERE f.enrolment_id = n.id AND f.state = 'due'
    ORDER BY f.created_at DESC LIMIT 1) f ON TRUE
{STUDY_JOINS}
"""
_OWN = f"""{_FACTS}
WHERE n.account_id = $1 AND c.state <> 'draft' AND ($2 = '' OR strpos(c.name, $2) > 0)
ORDER BY c.opens_at DESC, n.id DESC LIMIT $3 OFFSET $4
"""
_ENROLMENT = f"{_FACTS} WHERE n.id = $1"
_PARTICIPANTS = f"""{_FACTS}
WHERE n.course_id = $1 AND ($2 = '' OR e.number = $2 OR person_key(e.name) = $6) AND CASE $3
  WHEN '' THEN TRUE
  WHEN 'unpaid' THEN n.opens_at IS NULL AND c.amount IS NOT NULL AND n.state IN ('called', 'learned')
  WHEN 'missed' THEN n.state = 'called' AND EXISTS (SELECT 1 FROM course_item i WHERE i.course_id = n.course_id
    AND i.ends_at < $7 AND NOT EXISTS (SELECT 1 FROM course_study s
      WHERE s.item_id = i.id AND s.enrolment_id = n.id AND s.done_at IS NOT NULL))
  WHEN 'overdue' THEN n.overdue_at IS NOT NULL ELSE n.state = $3 END
ORDER BY e.number, n.id LIMIT $4 OFFSET $5
"""
_COURSES = """
SELECT c.*, coalesce(p.people, 0) AS people, coalesce(p.finished, 0) AS finished, count(*) OVER () AS total,
  (SELECT count(*) FROM course_item i WHERE i.course_id = c.id) AS items
FROM course c LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE n.state <> 'left') AS people,
    count(*) FILTER (WHERE n.state = 'finished') AS finished FROM course_enrolment n WHERE n.course_id = c.id) p ON TRUE
WHERE c.pool = $1 ORDER BY c.created_at DESC, c.id DESC LIMIT $2 OFFSET $3
"""


@dataclass(frozen=True)
class EnrolmentView:
    """A participant's course. ``progress`` in thousandths; ``fee_id``: a fee to be paid first.

    ``opens_at`` and ``closes_at`` are the participant's own times, before payment the course's.
    """

    id: UUID
    course_id: UUID
    name: str
    description: str
    course_opens: datetime
    course_closes: datetime
    opens_at: datetime
    closes_at: datetime
    state: EnrolmentState
    access: Access
    phase: Phase
    progress: int
    exam_state: ExamState
    marked_at: datetime | None
    make_ups: int
    finished_at: datetime | None
    overdue: bool
    excluded: bool
    required: bool
    amount: int | None
    fee_id: UUID | None
    pay_until: datetime | None
    missed_lecture: bool
    """Whether he can no longer sign in at a lecture, so that only the office can complete the course for him."""
    make_up: MakeUp
    """Whether the participant may begin a further period, at ``amount`` where it is paid."""
    has_exam: bool
    candidate_id: UUID | None
    """The candidate in the final examination, once the participant is called to it."""
    expert_number: str
    expert_name: str


@dataclass(frozen=True)
class ItemView:
    """An item and its progress. ``hours`` in hundredths of a class hour. ``signs_in``: a lecture at which one can still
    sign in, now or later."""

    id: UUID
    position: int
    kind: str
    title: str
    length: int
    hours: int
    credit: int | None
    ready: bool
    pages: int
    bytes: int
    starts_at: datetime | None
    ends_at: datetime | None
    place: str
    signs_in: bool
    seconds: int
    done_at: datetime | None
    missed: int


@dataclass(frozen=True)
class CourseView:
    """A course for the office. ``items`` counts items, ``people`` participants."""

    id: UUID
    name: str
    description: str
    state: CourseState
    audience: str
    campaigns: tuple[UUID, ...]
    opens_at: datetime
    closes_at: datetime
    amount: int | None
    exam_id: UUID | None
    required: bool
    people: int
    finished: int
    items: int


@dataclass(frozen=True)
class CourseQueries:
    deps: Deps

    # ---- participants

    async def own(self, actor: Actor, search: str = "", *, page: int = 1) -> Page[EnrolmentView]:
        """Own courses, newest first, ten a page; ``search`` is part of the name."""
        check(actor, "course.own")
        enrolment_rows = await rows(_OWN, actor.account_id, search.strip()[:40], PAGE_SIZE, (page - 1) * PAGE_SIZE)
        now = self.deps.now()
        return Page(
            tuple(_view(row, now) for row in enrolment_rows), enrolment_rows[0]["total"] if enrolment_rows else 0
        )

    async def get(self, actor: Actor, enrolment_id: UUID) -> tuple[EnrolmentView, tuple[ItemView, ...]]:
        """One own course with its items. Raises NotFound."""
        check(actor, "course.own")
        enrolment = await get_own_enrolment(actor, enrolment_id)
        return await self._get_view(enrolment.id, enrolment.course)

    async def _get_view(self, enrolment_id: UUID, course: Course) -> tuple[EnrolmentView, tuple[ItemView, ...]]:
        (row,) = await rows(_ENROLMENT, enrolment_id)
        studies = {study.item_id: study for study in await CourseStudy.filter(enrolment_id=enrolment_id)}
        return _view(row, self.deps.now()), await self._items(course, studies)

    # ---- the office

    async def courses(self, actor: Actor, *, page: int = 1, size: int = 20) -> Page[CourseView]:
        """All courses of the pool, newest first."""
        check(actor, "course.manage")
        course_rows = await rows(_COURSES, actor.pool, size, (page - 1) * size)
        return Page(tuple(_course(row) for row in course_rows), course_rows[0]["total"] if course_rows else 0)

    async def course(self, actor: Actor, course_id: UUID) -> tuple[CourseView, tuple[ItemView, ...]]:
        """One course, with its items. Raises NotFound."""
        check(actor, "course.manage")
        course = await get_course(actor, course_id)
        course_rows = await rows(_COURSES.replace("c.pool = $1", "c.id = $1"), course.id, 1, 0)
        return _course(course_rows[0]), await self._items(course, {})

    async def participants(
        self,
        actor: Actor,
        course_id: UUID,
        search: str = "",
        only: str = "",
        *,
        page: int = 1,
        size: int = 20,
        masked: bool = True,
    ) -> Page[EnrolmentView]:
        """Participants by expert number. ``only``: a state, unpaid, overdue or missed (a lecture). Raises NotFound."""
        check(actor, "course.manage")
        await get_course(actor, course_id)
        word = half_width(search)[:40]
        now = self.deps.now()
        enrolment_rows = await rows(
            _PARTICIPANTS, course_id, word, only, size, (page - 1) * size, name_key(word), now - SIGN_IN_LATE
        )
        return Page(
            tuple(_view(row, now, masked=masked) for row in enrolment_rows),
            enrolment_rows[0]["total"] if enrolment_rows else 0,
        )

    async def participant(self, actor: Actor, enrolment_id: UUID) -> tuple[EnrolmentView, tuple[ItemView, ...]]:
        """One participant with the record of study. Raises NotFound."""
        check(actor, "course.manage")
        enrolment = await get_enrolment(actor, enrolment_id)
        return await self._get_view(enrolment.id, enrolment.course)

    # ---- helpers

    async def _items(self, course: Course, studies: Mapping[UUID, CourseStudy]) -> tuple[ItemView, ...]:
        rules = rules_of(course) if course.rules else self.deps.book(course.pool).course
        items = await CourseItem.filter(course_id=course.id).order_by("position", "id")
        return tuple(self._item(item, studies.get(item.id), rules) for item in items)

    def _item(self, item: CourseItem, study: CourseStudy | None, rules: CourseRules) -> ItemView:
        return ItemView(
            id=item.id,
            position=item.position,
            kind=item.kind,
            title=item.title,
            length=item.seconds,
            hours=item.credit if item.credit is not None else rules.hours(item.seconds),
            credit=item.credit,
            ready=item.kind == "live" or bool(item.seconds if item.kind == "video" else item.pages),
            pages=len(item.pages),
            bytes=item.media_bytes,
            starts_at=item.starts_at,
            ends_at=item.ends_at,
            place=item.place,
            signs_in=_signs_in(item, self.deps.now()),
            seconds=study.seconds if study else 0,
            done_at=study.done_at if study else None,
            missed=study.missed if study else 0,
        )


def _signs_in(item: CourseItem, now: datetime) -> bool:
    if item.starts_at is None or item.ends_at is None:
        return False
    return now <= sign_in_time(item.starts_at, item.ends_at).closes


def _view(row: Mapping[str, Any], now: datetime, *, masked: bool = True) -> EnrolmentView:
    state = EnrolmentState(row["state"])
    study_access = access(state, row["opens_at"], row["closes_at"], now)
    if study_access == "unpaid" and row["amount"] is None:  # called to a course that is not published yet
        study_access = "ahead"
    return EnrolmentView(
        id=row["id"],
        course_id=row["course_id"],
        name=row["name"],
        description=row["description"],
        course_opens=row["course_opens"],
        course_closes=row["course_closes"],
        opens_at=row["opens_at"] or row["course_opens"],
        closes_at=row["closes_at"] or row["course_closes"],
        state=state,
        access=study_access,
        phase=_phase(row, state, study_access),
        progress=row["progress"],
        exam_state=row["exam_state"] or ("pending" if row["marking"] else ""),
        marked_at=row["marked_at"],
        make_ups=row["make_ups"],
        finished_at=row["finished_at"],
        overdue=row["overdue_at"] is not None,
        excluded=row["excluded_at"] is not None,
        required=row["required"],
        amount=row["amount"],
        fee_id=row["fee_id"],
        pay_until=row["pay_until"],
        missed_lecture=ended_study(row, now).missed_lecture,
        make_up=_make_up(row, state, now),
        has_exam=row["exam_id"] is not None,
        candidate_id=row["candidate_id"] if row["candidate"] == "called" else None,
        expert_number=row["expert_number"],
        expert_name=mask_name(row["expert_name"]) if masked else row["expert_name"],
    )


def _make_up(row: Mapping[str, Any], state: EnrolmentState, now: datetime) -> MakeUp:
    if state not in (EnrolmentState.CALLED, EnrolmentState.LEARNED) or row["overdue_at"] is None:
        return ""
    return make_up_of(ended_study(row, now), load_rules(json.loads(row["rules"])))


def _phase(row: Mapping[str, Any], state: EnrolmentState, study_access: Access) -> Phase:
    if state == EnrolmentState.FINISHED:
        return "finished"
    if state == EnrolmentState.LEFT:
        return "left"
    if row["fee_id"] is not None:
        return "unpaid"
    if state == EnrolmentState.CALLED and row["progress"] == ALL:
        return "waiting"
    if row["overdue_at"] is not None:
        return "excluded" if row["excluded_at"] is not None else "over"
    if state == EnrolmentState.LEARNED:
        return "learned"
    return "over" if study_access == "left" else study_access


def _course(row: Mapping[str, Any]) -> CourseView:
    values = {name: row[name] for name in CourseView.__dataclass_fields__}
    return CourseView(**{**values, "state": CourseState(row["state"]), "campaigns": tuple(row["campaigns"])})
