"""Appeals against results."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.exams.items import ItemKind
from domain.exams.marking import RulingKind
from models.audit import AuditEntry
from models.exams import ExamAppeal, ExamAttempt, ExamItemKey, ExamItemVersion, ExamMarking
from models.notices import Notice
from services.core.base import Actor, Deps, execute
from services.exams.marking.marking import regrade
from tests.factories.people import make_account
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, Room, make_room, marks_of


@pytest.fixture
async def room(db: str, deps: Deps, clock: FixedClock) -> Room:
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits")
    return await make_room(exam_scene, clock)


@pytest.fixture
async def failed_attempt(room: Room) -> ExamAttempt:
    attempt = await room.hand_in(KEY, 0b1100, 0)
    await room.work()
    return attempt


async def test_one_appeal_is_answered_and_the_candidate_notified(room: Room, failed_attempt: ExamAttempt) -> None:
    appeals = room.exams.appeals
    with pytest.raises(InvalidInput, match="复核理由"):
        await appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, " ")
    await appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "第二题应为丙丁")
    with pytest.raises(Conflict, match="已申请过"):
        await appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "再看一次")
    (appeal,) = await appeals.list(room.exam_scene.office, room.exam.id)
    await appeals.answer(room.exam_scene.office, appeal.id, "rejected", "答案无误")
    with pytest.raises(Conflict, match="已答复"):
        await appeals.answer(room.exam_scene.office, appeal.id, "upheld", "改判")
    assert await room.notice_kinds() == ["exam_failed", "appeal_answered"]
    (shown,) = await room.exams.scores.own(room.actor, room.candidate.id)
    assert (shown.appeal, shown.answer, shown.appeal_until) == ("rejected", "答案无误", None)


async def test_an_upheld_one_is_marked_once_more(room: Room, failed_attempt: ExamAttempt) -> None:
    await room.exams.appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "第二题应为丙丁")
    key = await ExamItemKey.filter(version__item_id=room.items[1].id).first()
    assert key is not None
    key.mask = 0b1100
    await key.save()
    await room.exams.appeals.answer(
        room.exam_scene.office, (await ExamAppeal.get()).id, "upheld", "第二题答案有误，已更正"
    )
    await failed_attempt.refresh_from_db()
    assert (failed_attempt.score, failed_attempt.passed) == (40, True)
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state) == ("passed", "entered")
    (shown,) = await room.exams.scores.own(room.actor, room.candidate.id)
    assert (shown.score, shown.appealed_score) == ("4", "2"), "both are shown"
    notice = await Notice.get(kind="appeal_answered")
    assert notice.params["result"] == "成绩由2分改为4分"


async def test_an_appeal_is_not_upheld_without_a_higher_score(room: Room, failed_attempt: ExamAttempt) -> None:
    await room.exams.appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "第二题应为丙丁")
    appeal = await ExamAppeal.get()
    with pytest.raises(InvalidInput, match="没有提高"):
        await room.exams.appeals.answer(room.exam_scene.office, appeal.id, "upheld", "已重新评分")
    await appeal.refresh_from_db()
    assert (appeal.state, await room.notice_kinds()) == ("open", ["exam_failed"]), "nothing is said of it"
    second = await ExamItemVersion.get(item_id=room.items[1].id)
    await room.exams.rulings.decide(
        room.exam_scene.office, room.exam.id, second.id, RulingKind.FULL_CREDIT, "", "题干有歧义"
    )
    await room.exams.appeals.answer(room.exam_scene.office, appeal.id, "upheld", "第二题已改判")
    notice = await Notice.get(kind="appeal_answered")
    assert notice.params["result"] == "成绩由2分改为4分", "compared with the score that was complained of"


async def test_a_question_that_is_dropped_raises_the_share(room: Room, failed_attempt: ExamAttempt) -> None:
    await room.exams.appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "第三题超纲")
    third = await ExamItemVersion.get(item_id=room.items[2].id)
    office = room.exam_scene.office
    await room.exams.rulings.decide(office, room.exam.id, third.id, RulingKind.DROP, "", "超出大纲")
    await room.exams.appeals.answer(office, (await ExamAppeal.get()).id, "upheld", "第三题不计分")
    assert (await Notice.get(kind="appeal_answered")).params["result"] == "2/6分改为2/4分"


@pytest.fixture
async def essay(db: str, deps: Deps, clock: FixedClock) -> tuple[Room, ExamAttempt]:
    """A released paper of one choice and two short answers, of which one is blank; two people gave 1 of 2 marks."""
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits")
    room = await make_room(exam_scene, clock, ItemKind.SINGLE, ItemKind.SHORT, ItemKind.SHORT)
    attempt = await room.hand_in(1, 0, 0, texts=["", "应当否决投标", ""])
    await room.work()
    for marker in await make_markers(room, 2):
        await room.exams.short_answers.mark(marker, attempt.id, 1, "1", "缺依据")
    await room.work()
    await room.exams.appeals.appeal(room.actor, room.candidate.id, attempt.id, "第二题要点齐全")
    return room, attempt


async def make_markers(room: Room, count: int) -> list[Actor]:
    accounts = [await make_account(room.exam_scene.deps) for _ in range(count)]
    return [Actor("demo", "pool_admin", account.id) for account in accounts]


async def test_the_reviewer_reads_the_paper_and_gives_a_short_answer_other_marks(
    essay: tuple[Room, ExamAttempt],
) -> None:
    room, attempt = essay
    appeals, appeal = room.exams.appeals, await ExamAppeal.get()
    (reviewer,) = await make_markers(room, 1)
    paper = await appeals.paper(reviewer, room.exam.id, appeal.id)
    assert [(line.question.marks, line.slot) for line in paper.questions] == [("2", None), ("1", 1), ("0", None)]
    assert paper.questions[1].markings == ("第1位评分人：1分，缺依据", "第2位评分人：1分，缺依据")
    assert (paper.may_answer, paper.questions[1].question.chosen) == (True, "应当否决投标")
    assert await AuditEntry.filter(action="exam.appeal_read", subject_id=attempt.id).count() == 1
    with pytest.raises(InvalidInput, match="高于1分"):
        await appeals.answer(reviewer, appeal.id, "upheld", "要点齐全", {1: "1"})
    with pytest.raises(InvalidInput, match="0到2之间"):
        await appeals.answer(reviewer, appeal.id, "upheld", "要点齐全", {1: "3"})
    with pytest.raises(InvalidInput, match="请选“复核成立”"):
        await appeals.answer(reviewer, appeal.id, "rejected", "要点齐全", {1: "1.5"})
    for slot in (0, 2, 9):
        with pytest.raises(Conflict, match="不能改判"):
            await appeals.answer(reviewer, appeal.id, "upheld", "要点齐全", {slot: "2"})
    await appeals.answer(reviewer, appeal.id, "upheld", "要点齐全", {1: "1.5"})
    assert await marks_of(attempt) == [20, 15, 0]
    assert (await Notice.get(kind="appeal_answered")).params["result"] == "成绩由3分改为3.5分"
    await regrade(room.exam, [attempt.id])
    assert await marks_of(attempt) == [20, 15, 0], "whenever the paper is marked again"
    paper = await appeals.paper(reviewer, room.exam.id, appeal.id)
    assert paper.questions[1].markings[-1] == "复核：1.5分，要点齐全"


async def test_an_answer_with_all_its_marks_can_not_be_raised(essay: tuple[Room, ExamAttempt]) -> None:
    room, attempt = essay
    await execute("UPDATE exam_answer SET marks = 20 WHERE attempt_id = $1 AND slot = 1", attempt.id)
    paper = await room.exams.appeals.paper(room.exam_scene.office, room.exam.id, (await ExamAppeal.get()).id)
    assert [line.slot for line in paper.questions] == [None, None, None]


async def test_who_marked_a_paper_does_not_review_it(essay: tuple[Room, ExamAttempt]) -> None:
    room, attempt = essay
    appeal = await ExamAppeal.get()
    marking = await ExamMarking.filter(attempt_id=attempt.id).first()
    assert marking is not None
    marker = Actor("demo", "pool_admin", marking.marker_id)
    assert not (await room.exams.appeals.paper(marker, room.exam.id, appeal.id)).may_answer
    with pytest.raises(Forbidden, match="评过这份答卷"):
        await room.exams.appeals.answer(marker, appeal.id, "rejected", "评分无误")


async def test_an_appeal_after_the_deadline_or_for_another_candidate_is_refused(
    room: Room, failed_attempt: ExamAttempt
) -> None:
    other = await room.add_candidate()
    with pytest.raises(NotFound):
        await room.exams.appeals.appeal(
            Actor("demo", "applicant", other.account_id), other.id, failed_attempt.id, "我的"
        )
    with pytest.raises(NotFound):
        await room.exams.appeals.appeal(
            Actor("demo", "applicant", other.account_id), room.candidate.id, failed_attempt.id, "x"
        )
    with pytest.raises(Forbidden):
        await room.exams.appeals.list(room.actor, room.exam.id)
    room.clock.move(timedelta(days=6))
    with pytest.raises(Conflict, match="已过申请复核的时间"):
        await room.exams.appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "我有疑问")
