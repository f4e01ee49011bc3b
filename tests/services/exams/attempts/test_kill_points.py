"""An examination whose process dies at each crossing: what was acknowledged is sealed, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from app.assembly import make_services
from domain.clock import FixedClock
from domain.exams.answers import ExamAnswer, digest
from models.audit import AuditEntry
from models.exams import ExamAttempt, ExamCandidate
from services.core.base import Deps, rows
from services.exams import ExamPaper, MadeAnswer, SaveRequest
from services.registry import Services
from tests.drivers.kill_points import KillPoints, Kind, Life, Story, enumeration
from tests.factories.assembly import make_ports
from tests.factories.exams import make_published, own
from tests.factories.rulebooks import with_short_ladders
from tests.services.exams.attempts.test_attempts import SOON, answer_event
from tests.services.exams.exam_scene import make_exam_scene

ANSWERS = {0: 1, 1: 2}
"""Masks by slot."""


class ExamStory(Story):
    """One candidate hands in, the other lets the time run out."""

    told_elsewhere = ("audit_chain.", "delivery.", "due_rows.")

    candidates: tuple[ExamCandidate, ...]

    async def prepare(self) -> None:
        scene = await make_exam_scene(self.deps)
        self.deps = scene.deps
        applications = [await scene.make_waiting_application(expert_number=f"ZJ000000{n}") for n in range(2)]
        await make_published(scene.services, scene.office, after=SOON)
        self.clock.move(SOON)
        self.candidates = tuple([await scene.candidate_of(application) for application in applications])
        for candidate in self.candidates:
            await scene.services.exams.attempts.accept_notice(own(candidate), candidate.id)

    def begin(self) -> Callable[[KillPoints], Services]:
        ports = make_ports(self.deps)
        return lambda points: make_services(self.deps, points.wire(ports))

    async def tell(self, life: Life) -> None:
        papers = [await self.sit(life, candidate) for candidate in self.candidates]
        seen = digest({slot: ExamAnswer(mask) for slot, mask in ANSWERS.items()})
        submitted = (own(self.candidates[0]), papers[0].attempt_id, papers[0].device, seen)
        assert (await life.ask("exams.attempts.submit", *submitted)).digest == seen
        await life.work()
        await life.pass_time((papers[1].deadline - self.clock.now() + timedelta(minutes=5)).total_seconds())

    async def sit(self, life: Life, candidate: ExamCandidate) -> ExamPaper:
        """Begin, and answer two questions in two requests."""
        paper: ExamPaper = await life.ask("exams.attempts.start", own(candidate), candidate.id)
        assert candidate.account_id is not None
        for number, (slot, mask) in enumerate(ANSWERS.items(), 1):
            made_answer = MadeAnswer(answer_event(number, slot, mask, device=paper.device), self.clock.now())
            request = SaveRequest(paper.attempt_id, candidate.account_id, paper.device, (made_answer,))
            assert (await life.ask("exams.answers.save", request)).ack == number
        return paper

    async def check(self, life: Life) -> Mapping[str, object]:
        answers = await rows("SELECT slot, mask FROM exam_answer WHERE mask > 0 ORDER BY attempt_id, slot")
        acts = Counter(await AuditEntry.all().values_list("action", flat=True))
        del acts["exam.device"]  # a start that got no answer is repeated as if by another device
        return {
            "attempts": sorted((attempt.state, attempt.digest) for attempt in await ExamAttempt.all()),
            "answers": [(row["slot"], row["mask"]) for row in answers],
            "acts": acts,
        }


@pytest.mark.parametrize("kind", ["commit", "defer"])
async def test_what_was_acknowledged_is_sealed_once_wherever_the_process_dies(
    db: str, deps: Deps, clock: FixedClock, kind: Kind, request: pytest.FixtureRequest
) -> None:
    async with enumeration(ExamStory(with_short_ladders(deps), clock), db, request.node.nodeid) as runs:
        await runs.run_all(kind)
