"""Due tasks run in any order, and on several workers at once: what comes out must not depend on it.

Each scene stands at a moment at which much becomes due. The tasks run from the first kind to the last, and the same
scene again from the last to the first, so that each pair runs in both orders; both must leave the same rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from domain.clock import FixedClock
from domain.exams.answers import ExamAnswer
from domain.exams.papers import to_display
from domain.exams.purposes import Purpose
from models.applications import Application
from models.courses import CourseEnrolment, CourseItem
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamItem
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Deps, rows, transaction
from services.courses import CourseItemData
from services.exams import ShownAnswer
from services.operations import Scheduler
from services.registry import Services
from services.remuneration.proposals import Proposals
from tests.factories import draw_states
from tests.factories.assembly import composed
from tests.factories.courses import DAY, MINUTE, School, make_school, own
from tests.factories.exams import make_exam, make_items, make_published, work
from tests.factories.exams import own as own_paper
from tests.factories.offices import add_experts, make_office, new_project
from tests.factories.payments import make_fee
from tests.factories.remuneration import ended_panel
from tests.factories.reviews import make_application
from tests.invariants import check_invariants
from tests.services.draws.attendance.panels import leave_form
from tests.services.exams.exam_scene import ExamScene, make_exam_scene
from tests.services.exams.results import KEY, put_key

PERIODIC = frozenset(
    (
        "certificate_ending",
        "end",
        "holidays",
        "integration_sweep",
        "late",
        "recalls",
        "reconcile_review_tasks",
        "release_reminders",
        "remuneration_disputes",
        "review_waiting",
        "round_reminders",
        "sweep",
        "term_ending",
        "time_reminders",
        "watch_draws",
    )
)
OF_COURSES = frozenset(
    (
        "climb",
        "course_call",
        "course_close",
        "course_end",
        "course_learned",
        "course_leave",
        "course_pass",
        "course_reminder",
        "exam_call",
        "exam_close",
        "exam_mark",
        "exam_result",
        "pay_events",
        "seal",
    )
)
OF_ENTRIES = frozenset(
    (
        "climb",
        "exam_call",
        "exam_close",
        "exam_fill",
        "exam_leave",
        "exam_mark",
        "exam_papers",
        "exam_reminder",
        "exam_result",
        "exam_seal",
        "fee_open",
        "public_notice_end",
        "seal",
    )
)
OF_DRAWS = frozenset(
    (
        "climb",
        "discards",
        "expire",
        "release_overdue",
        "remind",
        "remuneration_unanswered",
        "seal",
        "start",
        "store_search",
        "unseal",
        "unverified",
    )
)
"""Kinds that act in each scene."""
ALONE: Mapping[str, str] = {
    "deliver": "sends what it claims row by row; two workers: test_delivery.py",
    "deliver_bulk": "as deliver",
    "check_outcomes": "asks the vendor about attempts that deliver has left",
    "delivery_reports": "a report comes at any time: test_delivery_reports.py applies them in any order",
    "pause_reminders": "asks an expert about his own pause",
    "virtual_calls": "asks the vendor about its own rows",
    "identity_verification": "asks the register about its own rows",
    "order_check": "asks the platform; what it learns is applied by pay_events",
    "refund_check": "asks the platform about its own rows",
    "invoice_check": "asks the platform about its own rows",
    "bills": "compares a past day",
    "group_notice": "writes notices to persons who are there when it runs",
    "digests": "counts what happened, for the parties",
    "release_text": "sends the SMS to experts whom no other channel has reached",
    "uploads": "removes uploads that nobody finished",
    "file_removals": "removes files that no row names",
    "sanction_ended": "tells the expert; nothing decides by whether he was told",
    "integration_events": "hands rows of its own to a job, by the database's clock: tests/services/integrations",
    "feedback_close": "closes threads with the office, which nothing else moves by the clock",
}
"""Kinds whose rows no other kind decides on, and why."""
_ROUNDS, _PERIODIC_TURNS = 40, 2
_IGNORED_TABLES = ("procrastinate_%", "audit_entry", "row_failure", "schema_migration", "idempotency_key")
_TABLES = """
SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
   AND relname NOT LIKE ALL($1::text[]) ORDER BY 1
"""
_RANDOM: Mapping[str, tuple[str, ...]] = {
    "attempt": ("number", "out_id"),
    "certificate": ("token",),
    "draw_round": ("start_by",),
    "exam_attempt": ("orders", "versions"),
    "exam_item": ("used",),
    "invitation": ("code", "link", "menu_id"),
}
"""Serial numbers, what is drawn at random, and when something is tried again, by table."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}")
"""Ids, and digests of what is drawn at random."""


class UndoneError(Exception):
    """Rolls back what an order of tasks has done."""


@dataclass
class Scene:
    """A scheduler whose time stands still, and what is due."""

    scheduler: Scheduler
    acted: set[str] = field(default_factory=set)
    """Kinds that were due."""

    @property
    def kinds(self) -> list[str]:
        return [kind for kind in self.scheduler._kinds if kind not in ALONE]

    async def compare_orders(self) -> None:
        """Run all that is due from the same state in each order, and compare with the first. That outcome stays."""
        known, due = await _find_ids(), [kind for kind in await self.scheduler.find_due() if kind not in ALONE]
        pictures = {"forward": await self._try_order(known, self.kinds)}
        pictures["backward"] = await self._try_order(known, list(reversed(self.kinds)))
        for kind in due:
            others = [other for other in self.kinds if other != kind]
            pictures[f"{kind} behind all others"] = await self._try_order(known, others, self.kinds)
        expected = pictures["forward"]
        differing = {
            f"{order}, {table}": _difference(expected[table], picture[table])
            for order, picture in pictures.items()
            for table in expected
        }
        lines = [f"{where} {row}" for where, rest in differing.items() for row in rest]
        assert not lines, "\n".join(lines)
        await self._settle(self.kinds)

    async def _try_order(self, known: frozenset[str], *orders: Sequence[str]) -> Mapping[str, list[str]]:
        with suppress(UndoneError):
            async with transaction():
                for order in orders:
                    await self._settle(order)
                picture = await _picture(known)
                raise UndoneError
        return picture

    async def _settle(self, order: Sequence[str]) -> None:
        """Work until nothing of ``order`` is due; periodic kinds run twice."""
        for turn in range(_ROUNDS):
            due = {*await self.scheduler.find_due(), *(self.scheduler.periodic if turn < _PERIODIC_TURNS else ())}
            acting = [kind for kind in order if kind in due]
            if not acting:
                return
            self.acted |= set(acting)
            for kind in acting:
                await self.scheduler.process(kind)
        raise AssertionError(f"{acting} never end")


async def _find_ids() -> frozenset[str]:
    """The ids of all rows of the scene."""
    return frozenset(match for rest in (await _dump()).values() for row in rest for match in _ID.findall(row))


async def _dump() -> Mapping[str, list[str]]:
    tables = [row["name"] for row in await rows(_TABLES, list(_IGNORED_TABLES))]
    return {
        table: [row["row"] for row in await rows(f"SELECT to_jsonb(t)::text AS row FROM {table} t")] for table in tables
    }


async def _picture(known: frozenset[str]) -> Mapping[str, list[str]]:
    """All rows, where an id that was made since stands as “new”, and without what is drawn at random."""
    return {table: sorted(_plain(table, row, known) for row in rest) for table, rest in (await _dump()).items()}


def _plain(table: str, row: str, known: frozenset[str]) -> str:
    columns = {name: value for name, value in json.loads(row).items() if not _is_random(table, name)}
    text = json.dumps(columns, ensure_ascii=False, sort_keys=True)
    return _ID.sub(lambda match: match.group() if match.group() in known else "new", text)


def _is_random(table: str, name: str) -> bool:
    return name.endswith(("sealed", "hash", "log_head")) or name in _RANDOM.get(table, ())


def _difference(forward: list[str], backward: list[str]) -> list[str]:
    left, right = list(forward), list(backward)
    for row in forward:
        if row in right:
            right.remove(row)
            left.remove(row)
    return [f"forward: {row}" for row in left[:3]] + [f"backward: {row}" for row in right[:3]]


async def courses_at_their_end(deps: Deps, clock: FixedClock) -> Scheduler:
    """Participants who never paid, are paying, study, failed, passed, learned late, or left the pool; who attends a
    lecture that ends with the course, and who doesn't."""
    school = await make_school(deps, clock, window="personal", make_up_paid=True, make_ups=1, make_up_for=7 * DAY)
    for item in await make_items(5):
        await put_key(item)
    people = [await school.expert() for _ in range(7)]
    exam_id = await make_exam(school.services, school.office, purpose=Purpose.SINGLE, lasts=16 * DAY)
    course = await school.published(amount=12_000, required=True, exam_id=exam_id)
    await school.services.exams.setup.publish(school.office, exam_id)
    enrolments = {person.id: await school.enrolment(person) for person in people}
    for person in (*people[1:4], *people[5:]):
        await school.pay(enrolments[person.id])
    clock.move(DAY + MINUTE)
    for person in people[2:4]:
        await school.study_all(enrolments[person.id])
    await work(school.services, "exam_call")
    await work(school.services, "exam_papers")
    clock.set((await Exam.get(id=exam_id)).opens_at)
    for person, right in zip(people[2:4], (0, 5), strict=True):
        await write(school.services, await ExamCandidate.get(expert_id=person.id), right=right)
    lecture = await publish_lecture(school, people[:2], ends=course.closes_at)
    await school.expert()
    clock.set(course.closes_at - 3 * MINUTE)
    await sign_in(school, lecture, people[0])
    await school.study_all(enrolments[people[6].id])
    clock.set(course.closes_at - MINUTE)
    await school.report_payment(await school.enrolment(people[4]))
    await Expert.filter(id=people[1].id).update(left_at=course.closes_at)
    return school.services.operations.scheduler


async def publish_lecture(school: School, people: Sequence[Expert], ends: datetime) -> CourseItem:
    """Of a free course to which these people are called."""
    setup, office = school.services.courses.setup, school.office
    course = await school.course(
        after=MINUTE, lasts=ends - school.clock.now() - MINUTE, audience="listed", required=True
    )
    await CourseItem.filter(course_id=course.id).delete()
    lecture = CourseItemData("live", "面授", 100, ends - 60 * MINUTE, ends, "培训中心201")
    item_id = await setup.add_item(office, course.id, lecture)
    numbers = "\n".join(person.number for person in people)
    await school.services.courses.participant_calls.add(office, course.id, numbers)
    await setup.publish(office, course.id)
    await work(school.services, "course_call")
    return await CourseItem.get(id=item_id)


async def sign_in(school: School, lecture: CourseItem, person: Expert) -> None:
    courses = school.services.courses
    enrolment = await CourseEnrolment.get(course_id=lecture.course_id, expert_id=person.id)
    code = (await courses.lectures.screen(school.office, lecture.course_id, lecture.id)).code
    await courses.study.sign_in(own(enrolment), enrolment.id, lecture.id, code)


async def call_to_examination(exams: ExamScene) -> tuple[Exam, list[Application]]:
    """A published examination; of the applications the last is not called yet, and no paper is made."""
    for item in await ExamItem.all():
        await put_key(item)
    applications = [await exams.make_waiting_application(expert_number=f"ZJ010000{n}") for n in range(6)]
    exam = await make_published(exams.services, exams.office)
    return exam, [*applications, await exams.make_waiting_application(expert_number="ZJ0100006")]


async def sit_and_give_up(exams: ExamScene, exam: Exam, applications: Sequence[Application]) -> None:
    """Absent, writing, handed in, given up after the paper; others wait for the end of their notice, and for a fee."""
    candidates = [await exams.candidate_of(application) for application in applications[1:]]
    await write(exams.services, candidates[0], hand_in=False)
    await write(exams.services, candidates[1], hand_in=False)
    for right, candidate in zip((0, 5, 5, 0), candidates[2:], strict=True):
        await write(exams.services, candidate, right=right)
    given_up = [application.id for application in (applications[2], *applications[5:])]
    await Application.filter(id__in=given_up).update(state="cancelled", ended_at=exams.deps.now())
    await exams.make_waiting_application(expert_number="ZJ0100009")
    await make_application(exams.deps, state="notice", notice_until=exam.closes_at, expert_number="ZJ0100007")
    fee = await make_application(exams.deps, state="fee", expert_number="ZJ0100008")
    await make_fee(exams.deps, fee, opens_at=exam.closes_at, closes_at=exam.closes_at + DAY)


async def write(services: Services, candidate: ExamCandidate, *, right: int = 0, hand_in: bool = True) -> None:
    """Begin the paper now, with so many right answers, and hand it in."""
    attempts, person = services.exams.attempts, own_paper(candidate)
    await attempts.accept_notice(person, candidate.id)
    paper = await attempts.start(person, candidate.id)
    attempt = await ExamAttempt.get(id=paper.attempt_id)
    masks = [to_display(KEY if slot < right else 1, order, 4) for slot, order in enumerate(attempt.orders)]
    answers = [ShownAnswer(slot, ExamAnswer(mask)) for slot, mask in enumerate(masks)]
    if hand_in:
        await attempts.submit(person, paper.attempt_id, paper.device, "", answers)


async def draws_in_every_state(deps: Deps) -> Scheduler:
    """And a panel with a leave that the expert has not confirmed, and one whose remuneration is not answered."""
    office, clock = await make_office(deps), cast(FixedClock, deps.clock)
    await draw_states.make_every_state(office)
    await new_project(office)
    met, _ = await ended_panel(office, clock)
    await composed(Proposals, deps).propose_all(office.venue, met)
    await new_project(office)
    await add_experts(office, 4)
    draw_id = await draw_states.completed(office)
    invitation = await Invitation.filter(draw_id=draw_id, state="accepted").first()
    assert invitation is not None
    await office.discards.register(office.agency, draw_id, leave_form(invitation))
    return composed(Scheduler, deps)


async def test_courses_end_in_any_order(db: str, deps: Deps, clock: FixedClock) -> None:
    scene = Scene(await courses_at_their_end(deps, clock))
    for step in (timedelta(0), MINUTE, MINUTE, 8 * DAY, 30 * DAY):
        clock.move(step)
        await scene.compare_orders()
    assert scene.acted >= OF_COURSES | PERIODIC
    await check_invariants()


async def test_entries_go_on_in_any_order(db: str, deps: Deps, clock: FixedClock) -> None:
    exams = await make_exam_scene(deps, booking=False, mock=False, result="at_once")
    scene = Scene(exams.services.operations.scheduler)
    exam, applications = await call_to_examination(exams)
    clock.set(exam.opens_at - min(deps.book("demo").exam.reminders))
    await Application.filter(id=applications[0].id).update(state="cancelled", ended_at=clock.now())
    await scene.compare_orders()
    clock.set(exam.closes_at - 5 * MINUTE)
    await sit_and_give_up(exams, exam, applications)
    await scene.compare_orders()
    clock.set(exam.closes_at)
    for step in (timedelta(0), MINUTE, DAY, 8 * DAY):
        clock.move(step)
        await scene.compare_orders()
    assert scene.acted >= OF_ENTRIES | PERIODIC
    await check_invariants()


async def test_draws_go_on_in_any_order(db: str, deps: Deps, clock: FixedClock) -> None:
    scene = Scene(await draws_in_every_state(deps))
    for step in (MINUTE, 3 * MINUTE, 5 * MINUTE, 330 * MINUTE, 6 * 60 * MINUTE, 8 * DAY):
        clock.move(step)
        await scene.compare_orders()
    assert scene.acted >= OF_DRAWS | PERIODIC
    await check_invariants()


def test_every_kind_is_looked_at(db: str, deps: Deps) -> None:
    """A further kind belongs into a scene, at a moment at which others act on the same rows, or stands alone."""
    in_scenes = OF_COURSES | OF_ENTRIES | OF_DRAWS | PERIODIC
    assert set(composed(Scheduler, deps)._kinds) == in_scenes | set(ALONE)
    assert not in_scenes & set(ALONE)
