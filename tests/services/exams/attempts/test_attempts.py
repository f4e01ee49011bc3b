"""Sitting an examination: start, save, take-over, submission, and sealing by the clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound, TooMany
from domain.exams.answers import AnswerEvent, ExamAnswer, digest
from domain.exams.verify_receipt import problems
from domain.ids import new_id
from models.audit import AuditEntry
from models.exams import ExamAttempt, ExamCandidate
from services.core.base import Actor, Deps, rows
from services.exams import ExamPaper, MadeAnswer, SaveRequest, ShownAnswer
from services.exams.attempts import save_backlog
from services.exams.attempts.answer_writer import Saved
from services.exams.attempts.tickets import KnownDevice
from tests.factories.exams import make_published, own, work
from tests.factories.people import make_account
from tests.services.exams.exam_scene import ExamScene, make_exam_scene

SOON = timedelta(hours=1)


@dataclass
class CandidateSession:
    """A candidate with a phone, in an examination that is open."""

    exam_scene: ExamScene
    clock: FixedClock
    candidate: ExamCandidate

    @property
    def actor(self) -> Actor:
        return own(self.candidate)

    async def start(self, again: ExamPaper | None = None) -> ExamPaper:
        """On a device without a paper yet, or on that of a paper."""
        device = KnownDevice(again.attempt_id, again.device) if again else None
        return await self.exam_scene.services.exams.attempts.start(self.actor, self.candidate.id, device)

    async def save(self, paper: ExamPaper, *events: AnswerEvent, device: int | None = None, **more: int) -> Saved:
        assert self.actor.account_id is not None
        made_answers = tuple(MadeAnswer(event, self.clock.now()) for event in events)
        request = SaveRequest(paper.attempt_id, self.actor.account_id, device or paper.device, made_answers, **more)
        return await self.exam_scene.services.exams.answers.save(request)

    async def submit(self, paper: ExamPaper, seen: str, answers: Sequence[ShownAnswer] | None = None) -> str:
        attempts = self.exam_scene.services.exams.attempts
        return (await attempts.submit(self.actor, paper.attempt_id, paper.device, seen, answers)).digest


def answer_event(seq: int, slot: int, mask: int, device: int = 1) -> AnswerEvent:
    return AnswerEvent(device, seq, slot, ExamAnswer(mask))


async def make_session(exam_scene: ExamScene, clock: FixedClock) -> CandidateSession:
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office, after=SOON)
    clock.move(SOON)
    candidate = await exam_scene.candidate_of(application)
    await exam_scene.services.exams.attempts.accept_notice(own(candidate), candidate.id)
    return CandidateSession(exam_scene, clock, candidate)


@pytest.fixture
async def session(exam_scene: ExamScene, clock: FixedClock) -> CandidateSession:
    return await make_session(exam_scene, clock)


async def answers_of(attempt_id: UUID) -> dict[int, int]:
    answer_rows = await rows("SELECT slot, mask FROM exam_answer WHERE attempt_id = $1 ORDER BY slot", attempt_id)
    return {row["slot"]: row["mask"] for row in answer_rows}


async def test_a_paper_holds_questions_in_its_own_order_and_no_key(session: CandidateSession) -> None:
    paper = await session.start()
    assert (len(paper.questions), paper.number, paper.device, paper.ack) == (5, 1, 1, 0)
    assert {sorted(question.options) == ["丁", "丙", "乙", "甲"] for question in paper.questions} == {True}
    assert "key" not in str(paper)
    assert paper.deadline == session.clock.now() + session.exam_scene.deps.book("demo").exam.length


async def test_nothing_begins_before_the_notice_is_read_or_the_time_has_come(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office, after=SOON)
    candidate = await exam_scene.candidate_of(application)
    session = CandidateSession(exam_scene, clock, candidate)
    with pytest.raises(Conflict, match="还没有到考试开始时间"):
        await session.start()
    clock.move(SOON)
    with pytest.raises(Conflict, match="请先阅读考试须知"):
        await session.start()
    clock.move(timedelta(hours=10))
    with pytest.raises(Conflict, match="已结束"):
        await session.start()


async def test_what_is_acknowledged_is_there_on_every_device(session: CandidateSession) -> None:
    paper = await session.start()
    saved = await session.save(paper, answer_event(1, 0, 1), answer_event(2, 1, 2), answer_event(3, 0, 4))
    assert (saved.ack, saved.state, saved.device) == (3, "running", 1)
    again = await session.start(paper)
    assert (again.device, again.ack) == (1, 3)
    assert [(answer.slot, answer.mask) for answer in again.answers] == [(0, 4), (1, 2)]


async def test_a_repeated_request_changes_nothing_and_a_gap_is_not_taken(session: CandidateSession) -> None:
    paper = await session.start()
    for _ in range(2):
        assert (await session.save(paper, answer_event(1, 0, 1), answer_event(2, 1, 2))).ack == 2
    assert (await session.save(paper, answer_event(5, 2, 1))).ack == 2
    assert (await session.save(paper, answer_event(2, 1, 2), answer_event(3, 2, 1))).ack == 3
    with pytest.raises(InvalidInput):
        await session.save(paper, answer_event(4, 0, 1), answer_event(6, 0, 2))
    events = await rows("SELECT count(*) AS n FROM exam_answer_event")
    assert events[0]["n"] == 3


async def test_another_device_takes_over_and_the_old_one_fills_only_what_was_left_alone(
    session: CandidateSession,
) -> None:
    first = await session.start()
    await session.save(first, answer_event(1, 0, 1))
    second = await session.start()
    assert (second.device, second.ack, [(answer.slot, answer.mask) for answer in second.answers]) == (2, 0, [(0, 1)])
    await session.save(second, answer_event(1, 0, 2, device=2))
    saved = await session.save(first, answer_event(2, 0, 8), answer_event(3, 3, 4), device=1)
    assert saved.device == 2  # which tells the old device that it is not the active one
    with pytest.raises(Conflict, match="另一台设备"):
        await session.submit(first, "")
    third = await session.start(second)
    assert [(answer.slot, answer.mask) for answer in third.answers] == [(0, 2), (3, 4)]


async def test_handing_in_gives_one_receipt_however_often(session: CandidateSession) -> None:
    paper = await session.start()
    await session.save(paper, answer_event(1, 0, 1), answer_event(2, 1, 2))
    seen = digest({0: ExamAnswer(1), 1: ExamAnswer(2)})
    assert await session.submit(paper, seen) == seen
    assert await session.submit(paper, "something else") == seen
    receipt = await session.exam_scene.services.exams.attempts.receipt(session.actor, paper.attempt_id)
    assert (receipt.answered, receipt.questions, receipt.by_hand) == (2, 5, True)
    assert len(await answers_of(paper.attempt_id)) == 5
    saved = await session.save(paper, answer_event(3, 0, 8))
    assert (saved.state, saved.ack) == ("sealed", 2)
    receipts = session.exam_scene.services.exams.receipts
    file = await receipts.file(session.actor, paper.attempt_id)
    assert problems(json.loads(json.dumps(file)), receipts.public_key) == []
    assert (file["digest"], len(cast("list[object]", file["answers"]))) == (receipt.digest, 2)
    shown = await session.exam_scene.services.exams.receipts.verify(receipt.check_url.rpartition("/")[2])
    assert (shown.digest, shown.by_hand) == (seen, True)


async def test_what_never_arrived_is_asked_for_once_and_then_counts(session: CandidateSession) -> None:
    paper = await session.start()
    await session.save(paper, answer_event(1, 0, 1), answer_event(2, 4, 8))
    seen = digest({0: ExamAnswer(2), 1: ExamAnswer(4)})
    with pytest.raises(Conflict) as refused:
        await session.submit(paper, seen)
    assert refused.value.code == "answers_differ"
    shown_answers = [ShownAnswer(0, ExamAnswer(2)), ShownAnswer(1, ExamAnswer(4))]
    assert await session.submit(paper, seen, shown_answers) == seen


async def test_within_the_grace_a_whole_map_counts_as_far_as_it_was_made_in_time(session: CandidateSession) -> None:
    """One slot per case: stored before, changed in time, changed after the end, sent without a time, emptied in time,
    beyond the paper."""
    paper = await session.start()
    await session.save(paper, answer_event(1, 0, 1), answer_event(2, 3, 1))
    session.clock.set(paper.deadline + timedelta(seconds=20))
    cheated = MadeAnswer(answer_event(3, 2, 4), session.clock.now())
    assert session.actor.account_id is not None
    await session.exam_scene.services.exams.answers.save(
        SaveRequest(paper.attempt_id, session.actor.account_id, 1, (cheated,))
    )
    before, after = paper.deadline, paper.deadline + timedelta(microseconds=1)
    shown = [
        ShownAnswer(0, ExamAnswer(1)),
        ShownAnswer(1, ExamAnswer(2), before),
        ShownAnswer(2, ExamAnswer(4), after),
        ShownAnswer(4, ExamAnswer(8)),
        ShownAnswer(3, ExamAnswer(), before),
        ShownAnswer(77, ExamAnswer(1), before),
    ]
    counted = digest({0: ExamAnswer(1), 1: ExamAnswer(2)})
    with pytest.raises(Conflict, match="还没有上传"):
        await session.submit(paper, digest({0: ExamAnswer(1), 1: ExamAnswer(2), 2: ExamAnswer(4)}))
    assert await session.submit(paper, "another", shown) == counted
    given_slots = {slot for slot, mask in (await answers_of(paper.attempt_id)).items() if mask}
    assert given_slots == {0, 1}
    late_rows = await rows("SELECT slot FROM exam_answer WHERE late ORDER BY slot")
    assert [row["slot"] for row in late_rows] == [1, 3]
    late_events = await rows("SELECT device, seq, slot FROM exam_answer_event WHERE timing = 2 ORDER BY device, seq")
    assert [(row["device"], row["seq"], row["slot"]) for row in late_events] == [(1, 3, 2), (2, 2, 2), (2, 4, 4)]
    saved = await session.save(paper, answer_event(4, 0, 8))
    assert (saved.state, saved.ack) == ("sealed", 3)  # a number in the map is not used for a later answer


async def test_what_a_map_leaves_out_after_the_end_is_not_taken_back(session: CandidateSession) -> None:
    paper = await session.start()
    await session.save(paper, answer_event(1, 0, 1))
    session.clock.set(paper.deadline + timedelta(seconds=1))
    assert await session.submit(paper, "another", []) == digest({0: ExamAnswer(1)})


async def test_who_hands_in_together_gets_each_his_own_answer(exam_scene: ExamScene, clock: FixedClock) -> None:
    """In one batch: right, twice, with another digest, on another device, another person's, unknown."""
    for _ in range(3):
        await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office, after=SOON)
    clock.move(SOON)
    sessions = [
        CandidateSession(exam_scene, clock, candidate) for candidate in await ExamCandidate.all().order_by("id")
    ]
    papers = []
    for session in sessions:
        await exam_scene.services.exams.attempts.accept_notice(session.actor, session.candidate.id)
        papers.append(await session.start())
    first, second, third = papers
    attempts, empty = exam_scene.services.exams.attempts, digest({})
    answers = await asyncio.gather(
        attempts.submit(sessions[0].actor, first.attempt_id, 1, empty),
        attempts.submit(sessions[0].actor, first.attempt_id, 1, empty),
        attempts.submit(sessions[1].actor, second.attempt_id, 1, "another"),
        attempts.submit(sessions[2].actor, third.attempt_id, 2, empty),
        attempts.submit(sessions[2].actor, first.attempt_id, 1, empty),
        attempts.submit(sessions[2].actor, new_id(), 1, empty),
        return_exceptions=True,
    )
    assert answers[0] == answers[1]
    assert [getattr(answer, "code", "") for answer in answers] == [
        "",
        "",
        "answers_differ",
        "taken_over",
        "attempt_unknown",
        "attempt_unknown",
    ]
    assert await ExamAttempt.filter(state="sealed").count() == 1
    assert await AuditEntry.filter(action="exam.submit").count() == 1


async def test_masks_are_turned_into_the_items_own_order(session: CandidateSession) -> None:
    paper = await session.start()
    shown = {question.slot: question.options for question in paper.questions}
    await session.save(
        paper, *(answer_event(slot + 1, slot, 1 << options.index("丙")) for slot, options in shown.items())
    )
    await session.submit(paper, digest({slot: ExamAnswer(1 << options.index("丙")) for slot, options in shown.items()}))
    assert set((await answers_of(paper.attempt_id)).values()) == {1 << 2}


async def test_the_clock_seals_papers_and_later_answers_do_not_count(session: CandidateSession) -> None:
    paper = await session.start()
    await session.save(paper, answer_event(1, 0, 1))
    session.clock.set(paper.deadline)
    assert (await session.save(paper, answer_event(2, 1, 1))).ack == 2
    session.clock.set(paper.deadline + timedelta(seconds=10))
    late = MadeAnswer(answer_event(3, 2, 1), paper.deadline)
    cheated = MadeAnswer(answer_event(4, 3, 1), session.clock.now())
    assert session.actor.account_id is not None
    request = SaveRequest(paper.attempt_id, session.actor.account_id, 1, (late, cheated))
    assert (await session.exam_scene.services.exams.answers.save(request)).ack == 4
    session.clock.set(paper.grace_until + timedelta(seconds=1))
    assert (await session.save(paper, answer_event(5, 4, 1))).ack == 4
    await work(session.exam_scene.services, "exam_seal", "exam_fill")
    attempt = await ExamAttempt.get(id=paper.attempt_id)
    assert (attempt.state, attempt.submitted_at, bool(attempt.digest)) == ("sealed", None, True)
    given_slots = {slot for slot, mask in (await answers_of(paper.attempt_id)).items() if mask}
    assert given_slots == {0, 1, 2}
    marked_late = await rows("SELECT slot FROM exam_answer WHERE late")
    assert [row["slot"] for row in marked_late] == [2]
    with pytest.raises(Conflict, match=r"间隔|次数"):
        await session.start()


async def test_a_start_in_the_last_minutes_ends_with_the_window(exam_scene: ExamScene, clock: FixedClock) -> None:
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office, after=SOON, lasts=timedelta(hours=2))
    candidate = await exam_scene.candidate_of(application)
    await exam_scene.services.exams.attempts.accept_notice(own(candidate), candidate.id)
    await ExamCandidate.filter(id=candidate.id).update(extra_minutes=7)
    clock.move(SOON + timedelta(hours=2) - timedelta(minutes=3))
    paper = await CandidateSession(exam_scene, clock, candidate).start()
    assert paper.deadline == clock.now() + timedelta(minutes=10)


async def test_tries_are_counted_from_the_first_paper_and_come_after_a_rest(session: CandidateSession) -> None:
    rules = session.exam_scene.deps.book("demo").exam
    for number in range(1, rules.tries + 1):
        paper = await session.start()
        assert paper.number == number
        await session.submit(paper, digest({}))
        await ExamAttempt.filter(id=paper.attempt_id).update(state="graded", score=0, total=100, passed=False)
        session.clock.move(rules.rest)
    with pytest.raises(Conflict, match="考试次数已用完"):
        await session.start()
    await ExamAttempt.filter(number=1).update(state="void")
    assert (await session.start()).number == rules.tries + 1


async def test_two_starts_at_once_begin_one_attempt(session: CandidateSession) -> None:
    papers = await asyncio.gather(*(session.start() for _ in range(4)))
    assert len({paper.attempt_id for paper in papers}) == 1
    assert sorted(paper.device for paper in papers) == [1, 2, 3, 4]
    assert await ExamAttempt.all().count() == 1


async def test_saving_races_with_sealing_and_loses_nothing_that_was_acknowledged(session: CandidateSession) -> None:
    paper = await session.start()
    session.clock.set(paper.grace_until)

    async def save(seq: int) -> int:
        assert session.actor.account_id is not None
        made_answer = MadeAnswer(answer_event(seq, seq % 5, 1), paper.deadline)
        request = SaveRequest(paper.attempt_id, session.actor.account_id, 1, (made_answer,))
        return (await session.exam_scene.services.exams.answers.save(request)).ack

    async def seal() -> None:
        await asyncio.sleep(0)
        await ExamAttempt.filter(id=paper.attempt_id).update(grace_until=paper.deadline + timedelta(microseconds=1))
        await work(session.exam_scene.services, "exam_seal", "exam_fill")

    acks, sealed = [], asyncio.create_task(seal())
    for seq in range(1, 12):
        acks.append(await save(seq))
    await sealed
    stored = await rows("SELECT count(*) AS n FROM exam_answer_event")
    assert stored[0]["n"] == max(acks)
    given_slots = {slot for slot, mask in (await answers_of(paper.attempt_id)).items() if mask}
    assert given_slots == {seq % 5 for seq in range(1, max(acks) + 1)}


async def test_a_paper_of_another_candidate_is_not_found(session: CandidateSession) -> None:
    paper = await session.start()
    other = Actor("demo", "applicant", (await make_account(session.exam_scene.deps)).id)
    assert other.account_id is not None
    attempts = session.exam_scene.services.exams.attempts
    with pytest.raises(NotFound):
        await attempts.start(other, session.candidate.id)
    with pytest.raises(NotFound):
        await attempts.submit(other, paper.attempt_id, 1, "")
    with pytest.raises(NotFound):
        await attempts.receipt(other, paper.attempt_id)
    with pytest.raises(NotFound):
        await session.exam_scene.services.exams.answers.save(SaveRequest(paper.attempt_id, other.account_id, 1))
    with pytest.raises(NotFound):
        await attempts.submit(session.actor, new_id(), 1, "")


async def test_when_too_many_saves_wait_a_client_is_refused_with_a_time_to_retry(
    session: CandidateSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = await session.start()
    monkeypatch.setattr(save_backlog, "WAITING_MAX", 0)
    with pytest.raises(TooMany, match="自动重试") as refused:
        await session.save(paper, answer_event(1, 0, 1))
    assert refused.value.retry_after > 0
    with pytest.raises(TooMany, match="再次交卷"):
        await session.submit(paper, digest({}))


async def test_one_attempt_can_not_fill_the_queue_of_all(session: CandidateSession) -> None:
    paper = await session.start()
    replies = await asyncio.gather(
        *(session.save(paper, answer_event(1, 0, 1)) for _ in range(20)), return_exceptions=True
    )
    assert {type(reply) for reply in replies} == {Saved, TooMany}
    assert (await session.save(paper, answer_event(2, 0, 2))).ack == 2


async def test_signs_of_life_and_leaves_are_kept_for_the_office(session: CandidateSession) -> None:
    paper = await session.start()
    session.clock.move(timedelta(minutes=1))
    await session.save(paper, leaves=2, hidden_seconds=40)
    await session.save(paper, leaves=1)
    attempt = await ExamAttempt.get(id=paper.attempt_id)
    assert (attempt.leaves, attempt.hidden_seconds, attempt.seen_at) == (2, 40, session.clock.now())
    leaves = session.exam_scene.deps.book("demo").exam.leave_flag
    await session.save(paper, leaves=leaves)
    await session.submit(paper, digest({}))
    assert (await ExamAttempt.get(id=paper.attempt_id)).flags == ["leaves"]


async def test_an_identity_check_comes_first_where_the_rules_ask_for_it(deps: Deps, db: str, clock: FixedClock) -> None:
    exam_scene = await make_exam_scene(deps, mock=False, face_check="wechat")
    session = await make_session(exam_scene, clock)
    with pytest.raises(Conflict, match="请先核验身份"):
        await session.start()
    await ExamCandidate.filter(id=session.candidate.id).update(face="other", face_at=clock.now())
    assert (await session.start()).number == 1
