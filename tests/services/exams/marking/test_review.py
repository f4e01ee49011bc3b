"""A candidate's own paper with its keys: in one state only, and no one else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, NotFound
from models.exams import Exam, ExamAttempt, ExamItemKey, ExamItemVersion, ExamRuling
from services.core.base import Deps, rows
from tests.factories.exams import make_attempt, make_published, own
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, Room, make_room

SECRET = "因为第三十七条这样规定"


async def make(deps: Deps, clock: FixedClock, *, review: bool = True) -> tuple[Room, ExamAttempt]:
    """A result is out, and the examination is over. The second question's options are shown the other way round."""
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits", review_after=review)
    room = await make_room(exam_scene, clock)
    await ExamItemKey.all().update(explanation=SECRET)
    attempt = await room.hand_in(KEY, 0b0100, 0, orders=[0, 23, 0])
    await room.work()
    await room.close()
    await attempt.refresh_from_db()
    return room, attempt


async def test_it_is_seen_as_it_was_shown_with_keys_reasons_and_rulings(db: str, deps: Deps, clock: FixedClock) -> None:
    room, attempt = await make(deps, clock)
    third = await ExamItemVersion.get(item_id=room.items[2].id)
    await ExamRuling.create(
        exam_id=room.exam.id,
        version_id=third.id,
        kind="drop",
        reason="超纲",
        decided_by=room.exam_scene.office.account_id,
        decided_at=clock.now(),
    )
    paper = await room.exams.review.get(room.actor, room.candidate.id, attempt.id)
    first, second, last = paper.questions
    assert (first.options, first.chosen, first.right, first.full) == (("甲", "乙", "丙", "丁"), "AB", "AB", True)
    assert (second.options, second.chosen, second.right) == (("丁", "丙", "乙", "甲"), "B", "CD")
    assert (last.chosen, last.ruling, last.explanation) == ("", "不计分", SECRET)
    assert (paper.score, paper.total, paper.passed) == ("2", "6", False)
    looks = await rows("SELECT count(*) AS n FROM audit_entry WHERE action = 'exam.review'")
    assert looks[0]["n"] == 1


@pytest.mark.parametrize("state", ["ready", "running", "sealed", "graded", "void"])
async def test_no_key_is_seen_before_the_result_is_out(db: str, deps: Deps, clock: FixedClock, state: str) -> None:
    room, attempt = await make(deps, clock)
    await ExamAttempt.filter(id=attempt.id).update(state=state)
    with pytest.raises(Conflict, match="还没有公布成绩"):
        await room.exams.review.get(room.actor, room.candidate.id, attempt.id)


@pytest.mark.parametrize(
    ("state", "message"), [("published", "全部结束后"), ("cancelled", "不公布"), ("draft", "不公布")]
)
async def test_review_is_refused_while_the_exam_may_still_be_taken(
    db: str, deps: Deps, clock: FixedClock, state: str, message: str
) -> None:
    room, attempt = await make(deps, clock)
    await Exam.filter(id=room.exam.id).update(state=state)
    clock.move(timedelta(days=30))
    with pytest.raises(Conflict, match=message):
        await room.exams.review.get(room.actor, room.candidate.id, attempt.id)


async def test_nor_where_the_rules_of_its_publishing_say_no(db: str, deps: Deps, clock: FixedClock) -> None:
    room, attempt = await make(deps, clock, review=False)
    with pytest.raises(Conflict, match="不公布试题和答案"):
        await room.exams.review.get(room.actor, room.candidate.id, attempt.id)
    (shown,) = await room.exams.scores.own(room.actor, room.candidate.id)
    assert shown.review == ""


async def test_nor_while_the_person_sits_another_one(db: str, deps: Deps, clock: FixedClock) -> None:
    room, attempt = await make(deps, clock)
    other = await make_attempt(room.exam_scene.services, room.candidate, "running")
    with pytest.raises(Conflict, match="正在参加另一场考试"):
        await room.exams.review.get(room.actor, room.candidate.id, attempt.id)
    await ExamAttempt.filter(id=other.id).update(state="sealed")
    assert (await room.exams.review.get(room.actor, room.candidate.id, attempt.id)).questions


async def test_a_candidate_reads_no_other_candidates_paper(db: str, deps: Deps, clock: FixedClock) -> None:
    room, attempt = await make(deps, clock)
    await make_published(room.exam_scene.services, room.exam_scene.office, after=timedelta(hours=1), name="下一场考试")
    other = await room.add_candidate()
    for candidate_id in (room.candidate.id, other.id):
        with pytest.raises(NotFound):
            await room.exams.review.get(own(other), candidate_id, attempt.id)


async def test_the_result_says_when_it_can_be_seen(db: str, deps: Deps, clock: FixedClock) -> None:
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits", review_after=True)
    room = await make_room(exam_scene, clock)
    await room.hand_in(KEY, 0, 0)
    await room.work()
    (shown,) = await room.exams.scores.own(room.actor, room.candidate.id)
    assert shown.review == "later"
    await room.close()
    (shown,) = await room.exams.scores.own(room.actor, room.candidate.id)
    assert shown.review == "now"
