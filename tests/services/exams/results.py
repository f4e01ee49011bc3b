"""Submitted papers, with keys to mark them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.clock import FixedClock
from domain.exams.items import ItemKind
from models.applications import Application
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamItem, ExamItemKey, ExamItemVersion
from services.core.base import Actor, execute, rows
from services.exams import ExamServices
from tests.factories.exams import make_attempt, make_item, make_published, own, work
from tests.services.exams.exam_scene import ExamScene

KEY = 0b0011
_PUT = """
INSERT INTO exam_answer (attempt_id, slot, version_id, mask, text) SELECT $1, n - 1, ($2::uuid[])[n], ($3::int[])[n],
       ($4::text[])[n] FROM generate_series(1, cardinality($2::uuid[])) AS n
"""


@dataclass
class Room:
    """A published examination that is open, with one candidate; papers are of three questions of two marks each."""

    exam_scene: ExamScene
    clock: FixedClock
    exam: Exam
    application: Application
    candidate: ExamCandidate
    items: list[ExamItem]

    @property
    def exams(self) -> ExamServices:
        return self.exam_scene.services.exams

    @property
    def actor(self) -> Actor:
        return own(self.candidate)

    async def hand_in(self, *masks: int, candidate: ExamCandidate | None = None, **columns: Any) -> ExamAttempt:
        """A paper with these answers, sealed."""
        versions = [(await ExamItemVersion.get(item_id=item.id)).id for item in self.items]
        texts = columns.pop("texts", [""] * len(versions))
        who = candidate or self.candidate
        await execute("UPDATE exam_attempt SET state = 'void' WHERE candidate_id = $1 AND state = 'ready'", who.id)
        marks = columns.pop("marks", [20] * len(versions))
        paper = {"versions": versions, "orders": [0] * len(versions), "marks": marks, "digest": "d" * 64}
        attempt = await make_attempt(self.exam_scene.services, who, "sealed", **paper | columns)
        await execute(_PUT, attempt.id, versions, list(masks), texts)
        return attempt

    async def work(self) -> None:
        await work(self.exam_scene.services, "exam_mark", "exam_result")
        self.candidate = await ExamCandidate.get(id=self.candidate.id)

    async def close(self) -> None:
        self.clock.move(timedelta(days=1))
        await work(self.exam_scene.services, "exam_close")

    async def add_candidate(self) -> ExamCandidate:
        """Another candidate."""
        application = await self.exam_scene.make_waiting_application()
        await work(self.exam_scene.services, "exam_call")
        return await self.exam_scene.candidate_of(application)

    async def load_application(self) -> Application:
        return await Application.get(id=self.application.id)

    async def notice_kinds(self) -> list[str]:
        """Kinds of notices about results, in their order."""
        kinds = "('exam_passed', 'exam_failed', 'exam_again', 'appeal_answered', 'application_refused')"
        notices = await rows(f"SELECT kind FROM notice WHERE kind IN {kinds} ORDER BY created_at, id")
        return [row["kind"] for row in notices]


async def put_key(item: ExamItem, mask: int = KEY) -> None:
    version = await ExamItemVersion.get(item_id=item.id)
    await ExamItemKey.create(version_id=version.id, mask=mask)


async def make_room(exam_scene: ExamScene, clock: FixedClock, *kinds: ItemKind) -> Room:
    items = [await make_item(kind=kind) for kind in kinds or (ItemKind.MULTIPLE,) * 3]
    for item in items:
        await put_key(item, 0 if item.kind == "short" else KEY if item.kind == "multiple" else 1)
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office, after=timedelta(hours=1))
    clock.move(timedelta(hours=1))
    return Room(exam_scene, clock, exam, application, await exam_scene.candidate_of(application), items)


async def marks_of(attempt: ExamAttempt) -> list[int | None]:
    answers = await rows("SELECT marks FROM exam_answer WHERE attempt_id = $1 ORDER BY slot", attempt.id)
    return [row["marks"] for row in answers]
