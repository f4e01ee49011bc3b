"""Marking sealed papers."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from domain.clock import FixedClock
from domain.exams.items import ItemKind
from models.exams import ExamAttempt
from services.core.base import Deps, execute
from tests.factories.marking import mark_choice
from tests.services.exams.exam_scene import ExamScene, make_exam_scene
from tests.services.exams.results import KEY, make_room, marks_of


async def test_answers_are_marked_by_the_key_and_add_up_to_the_score(exam_scene: ExamScene, clock: FixedClock) -> None:
    room = await make_room(exam_scene, clock)
    attempt = await room.hand_in(KEY, 1, 0b0101)
    await room.exams.marking.mark_due()
    await attempt.refresh_from_db()
    assert await marks_of(attempt) == [20, 5, 0]
    assert (attempt.state, attempt.score, attempt.total, attempt.passed) == ("graded", 25, 60, False)


@pytest.mark.parametrize("partial", ["none", "per_option", "half"])
async def test_the_database_marks_as_the_rules_say(db: str, deps: Deps, clock: FixedClock, partial: str) -> None:
    room = await make_room(
        await make_exam_scene(deps, mock=False, partial_credit=partial), clock, *[ItemKind.MULTIPLE] * 8
    )
    chance = Random(7)
    masks, marks = [chance.randrange(16) for _ in range(8)], [chance.randrange(1, 40) for _ in range(8)]
    attempt = await room.hand_in(*masks, marks=marks)
    await room.exams.marking.mark_due()
    expected = [
        mark_choice(ItemKind.MULTIPLE, KEY, mask, mark, partial)  # type: ignore[arg-type]
        for mask, mark in zip(masks, marks, strict=True)
    ]
    assert await marks_of(attempt) == expected
    assert (await ExamAttempt.get(id=attempt.id)).score == sum(expected)


async def test_an_incomplete_answer_gets_a_share_of_the_items_marks(db: str, deps: Deps, clock: FixedClock) -> None:
    """An item of twenty marks is not worth half a mark where one of two marks would be."""
    scene = await make_exam_scene(deps, mock=False, partial_credit="per_option", partial_share=30)
    room = await make_room(scene, clock, ItemKind.MULTIPLE, ItemKind.MULTIPLE)
    attempt = await room.hand_in(1, 1, marks=[200, 25])
    await room.exams.marking.mark_due()
    assert await marks_of(attempt) == [60, 7]


async def test_a_crash_between_batches_leaves_whole_papers_and_nothing_is_marked_twice(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    room = await make_room(exam_scene, clock)
    others = [await room.add_candidate() for _ in range(3)]
    papers = [await room.hand_in(KEY, KEY, 1, candidate=candidate) for candidate in others]
    assert await room.exams.marking.mark_batch(room.exam.id, 2) == 2
    states = sorted([(await ExamAttempt.get(id=paper.id)).state for paper in papers])
    assert states == ["graded", "graded", "sealed"]
    await asyncio.gather(*(room.exams.marking.mark_due() for _ in range(3)))
    assert {
        ((await ExamAttempt.get(id=paper.id)).state, (await ExamAttempt.get(id=paper.id)).score) for paper in papers
    } == {("graded", 45)}


async def test_an_empty_answer_is_worth_nothing_even_without_a_key(exam_scene: ExamScene, clock: FixedClock) -> None:
    room = await make_room(exam_scene, clock)
    await execute("DELETE FROM exam_item_key")
    attempt = await room.hand_in(0, 1, 0)
    await room.exams.marking.mark_due()
    assert await marks_of(attempt) == [0, 0, 0]


async def test_a_paper_with_an_open_short_answer_stays_sealed(exam_scene: ExamScene, clock: FixedClock) -> None:
    room = await make_room(exam_scene, clock, ItemKind.SINGLE, ItemKind.SHORT, ItemKind.SHORT)
    attempt = await room.hand_in(1, 0, 0, texts=["", "应当废标", ""])
    await room.exams.marking.mark_due()
    await attempt.refresh_from_db()
    assert (attempt.state, attempt.flags) == ("sealed", ["marking"])
    assert await marks_of(attempt) == [20, None, 0]
