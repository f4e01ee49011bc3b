"""What a client sends is bounded: how much is stored, how much is read, and from which of its devices it counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput
from domain.exams.answers import AnswerEvent, ExamAnswer, digest
from domain.exams.items import ItemKind
from models.audit import AuditEntry
from models.exams import ExamAttempt, ExamCandidate
from services.core.base import Actor, rows
from services.exams import ExamPaper, MadeAnswer, SaveRequest, ShownAnswer
from services.exams.attempts import answer_writer, sealed_answers
from tests.factories.exams import cell, make_blueprint, make_items, make_published, own
from tests.services.exams.attempts.test_attempts import CandidateSession, answer_event, session
from tests.services.exams.exam_scene import ExamScene

__all__ = ["session"]
_STORED = "SELECT count(*) AS n, coalesce(sum(octet_length(text)), 0) AS bytes FROM exam_answer_event"


@pytest.fixture
async def essay(exam_scene: ExamScene, clock: FixedClock) -> CandidateSession:
    """A paper of one choice and one short answer; ``slots_of`` tells which is which."""
    await make_items(1, kind=ItemKind.SHORT)
    application = await exam_scene.make_waiting_application()
    cells = (cell(1, 50), cell(1, 50, ItemKind.SHORT))
    blueprint = await make_blueprint(exam_scene.services, exam_scene.office, *cells)
    await make_published(exam_scene.services, exam_scene.office, after=timedelta(hours=1), blueprint_id=blueprint)
    clock.move(timedelta(hours=1))
    candidate = await exam_scene.candidate_of(application)
    await exam_scene.services.exams.attempts.accept_notice(own(candidate), candidate.id)
    return CandidateSession(exam_scene, clock, candidate)


def slots_of(paper: ExamPaper) -> tuple[int, int]:
    """The slots of the choice and of the short answer."""
    choice, short = sorted(paper.questions, key=lambda question: not question.options)
    return choice.slot, short.slot


def written(seq: int, slot: int, text: str) -> AnswerEvent:
    return AnswerEvent(1, seq, slot, ExamAnswer(0, text))


async def texts_of(attempt_id: UUID) -> dict[int, str]:
    return {
        row["slot"]: row["text"]
        for row in await rows("SELECT slot, text FROM exam_answer WHERE attempt_id = $1", attempt_id)
    }


async def counted_answers(paper: ExamPaper) -> dict[int, int]:
    given = await sealed_answers.read_given_answers([paper.attempt_id])
    return {slot: answer.mask for slot, answer in given[paper.attempt_id].answers.items()}


async def test_texts_are_stored_up_to_a_limit_and_the_candidate_hands_in_what_the_page_shows(
    essay: CandidateSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accepted answers stay, others are still saved, and the last text counts when the paper is handed in."""
    monkeypatch.setattr(answer_writer, "COUNTED_FROM", 0)
    monkeypatch.setattr(answer_writer, "SLOT_BYTES_MAX", 10_000)
    paper = await essay.start()
    choice, short = slots_of(paper)
    for seq in (1, 2, 3):
        await essay.save(paper, written(seq, short, "答" * 1000))
    with pytest.raises(Conflict, match="交卷时以页面上的作答为准") as refused:
        await essay.save(paper, written(4, short, "答" * 1000))
    assert refused.value.code == "answers_full"
    assert (await essay.save(paper, answer_event(4, choice, 2))).ack == 4
    assert (await rows(_STORED))[0] == {"n": 4, "bytes": 9000}
    shown = [ShownAnswer(choice, ExamAnswer(2)), ShownAnswer(short, ExamAnswer(0, "最后的答案"))]
    last = digest({answer.slot: answer.answer for answer in shown})
    with pytest.raises(Conflict, match="还没有上传"):
        await essay.submit(paper, last)
    assert await essay.submit(paper, last, shown) == last
    assert (await texts_of(paper.attempt_id))[short] == "最后的答案"


@pytest.mark.parametrize("limit", ["DEVICE_EVENTS_MAX", "SLOT_EVENTS_MAX"])
async def test_a_ticket_stores_only_so_many_answers(
    session: CandidateSession, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(answer_writer, "COUNTED_FROM", 0)
    monkeypatch.setattr(answer_writer, limit, 6)
    paper = await session.start()
    assert (await session.save(paper, *(answer_event(seq, 0, 1) for seq in range(1, 6)))).ack == 5
    with pytest.raises(Conflict) as refused:
        await session.save(paper, answer_event(6, 0, 2), answer_event(7, 0, 4))
    assert refused.value.code == "answers_full"
    assert (await session.save(paper)).ack == 5, "a sign of life is answered"
    assert (await session.save(paper, answer_event(6, 0, 4))).ack == 6
    assert (await session.save(paper, answer_event(5, 0, 1), answer_event(6, 0, 4))).ack == 6, "repetitions are free"


@pytest.mark.parametrize("counted_from", [0, 200])
async def test_all_devices_of_a_paper_share_its_limit_of_texts(
    essay: CandidateSession, monkeypatch: pytest.MonkeyPatch, counted_from: int
) -> None:
    """Also devices that each stay below the number of events from which one device's are counted."""
    monkeypatch.setattr(answer_writer, "COUNTED_FROM", counted_from)
    monkeypatch.setattr(answer_writer, "TEXT_BYTES_MAX", 10_000)
    first = await essay.start()
    _, short = slots_of(first)
    await essay.save(first, written(1, short, "答" * 2000))
    second = await essay.start()
    with pytest.raises(Conflict):
        await essay.save(second, AnswerEvent(2, 1, short, ExamAnswer(0, "答" * 2000)))


async def test_a_question_with_options_takes_no_text(essay: CandidateSession) -> None:
    paper = await essay.start()
    choice, short = slots_of(paper)
    with pytest.raises(InvalidInput, match="选择题不能填写文字"):
        await essay.save(paper, written(1, short, "可以"), written(2, choice, "x" * 4000))
    assert (await rows(_STORED))[0]["n"] == 0
    await essay.save(paper, written(1, short, "可以"))
    shown = [ShownAnswer(choice, ExamAnswer(1, "夹带")), ShownAnswer(short, ExamAnswer(0, "可以"))]
    await essay.submit(paper, "another", shown)
    assert await texts_of(paper.attempt_id) == {choice: "", short: "可以"}


async def test_only_the_newest_answer_of_each_question_is_read(
    session: CandidateSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = await session.start()
    await session.save(paper, *(answer_event(seq, seq % 2, 1 << seq % 4) for seq in range(1, 101)))
    lengths: list[int] = []

    async def count_rows(query: str, *values: Any) -> Any:
        result = await rows(query, *values)
        lengths.append(len(result))
        return result

    monkeypatch.setattr(sealed_answers, "rows", count_rows)
    assert await counted_answers(paper) == {0: 1, 1: 8}
    assert lengths == [2]


# ---- a device that was replaced


async def save_made(session: CandidateSession, paper: ExamPaper, event: AnswerEvent, made_at: Any) -> None:
    assert session.actor.account_id is not None
    request = SaveRequest(paper.attempt_id, session.actor.account_id, event.device, (MadeAnswer(event, made_at),))
    await session.exam_scene.services.exams.answers.save(request)


async def test_a_replaced_device_changes_nothing_beyond_what_was_pending(
    session: CandidateSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made before the take-over: counts for some minutes. Made afterwards, of no known time, or later: evidence."""
    monkeypatch.setattr(answer_writer, "PENDING_FOR", timedelta(minutes=3))
    first = await session.start()
    before = session.clock.now()
    session.clock.move(timedelta(minutes=1))
    second = await session.start()
    await session.save(second, answer_event(1, 0, 2, device=2))
    session.clock.move(timedelta(minutes=2))
    await save_made(session, first, answer_event(1, 0, 8), before)
    await save_made(session, first, answer_event(2, 1, 4), before)
    await save_made(session, first, answer_event(3, 2, 4), session.clock.now())
    await save_made(session, first, answer_event(4, 3, 4), None)
    session.clock.move(timedelta(minutes=2))
    await save_made(session, first, answer_event(5, 4, 4), before)
    assert await counted_answers(second) == {0: 2, 1: 4}
    evidence = await rows("SELECT slot FROM exam_answer_event WHERE timing = 2 ORDER BY slot")
    assert [row["slot"] for row in evidence] == [2, 3, 4]


async def test_the_office_sees_what_a_replaced_device_went_on_answering(session: CandidateSession) -> None:
    first = await session.start()
    second = await session.start()
    session.clock.move(timedelta(seconds=1))
    for seq in range(1, 7):
        await save_made(session, first, answer_event(seq, seq % 5, 4), session.clock.now())
    await session.submit(second, digest({}))
    attempt = await ExamAttempt.get(id=second.attempt_id)
    assert attempt.flags == ["replaced"]
    review = session.exam_scene.services.exams.evidence_review
    late = await review.late_answers(session.exam_scene.office, attempt.exam_id, attempt.id)
    assert [answer.was for answer in late] == ["未作答"] * 6


async def test_take_overs_are_limited_and_the_office_permits_more(session: CandidateSession) -> None:
    most = session.exam_scene.deps.book("demo").exam.devices_max
    for device in range(1, most + 1):
        paper = await session.start()
        assert paper.device == device
    with pytest.raises(Conflict, match="监考人员") as refused:
        await session.start()
    assert refused.value.code == "devices_used"
    assert (await session.start(paper)).device == most, "the device that is active goes on"
    office, candidates = session.exam_scene.office, session.exam_scene.services.exams.candidates
    myself = Actor("demo", "pool_admin", session.candidate.account_id)
    with pytest.raises(Forbidden):
        await candidates.grant_devices(myself, session.candidate.id, "手机死机")
    await candidates.grant_devices(office, session.candidate.id, "手机死机，监考已核实")
    assert (await session.start()).device == most + 1
    assert (await ExamCandidate.get(id=session.candidate.id)).extra_devices == most
    assert await AuditEntry.exists(action="exam.devices")
