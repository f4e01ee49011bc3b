"""Papers are made ahead, stored whole, spread over the bank, and made at the start if there is none."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from domain.errors import Conflict, Unavailable
from domain.exams.items import ItemKind
from domain.exams.papers import orders
from models.exams import ExamAttempt, ExamCandidate, ExamItem, ExamItemVersion
from services.core.base import transaction
from services.exams.papers.live_items import load_live_items
from tests.factories.exams import cell, make_attempt, make_blueprint, make_item, make_published, work
from tests.services.exams.exam_scene import ExamScene


async def candidates(exam_scene: ExamScene, count: int, **exam: object) -> list[ExamCandidate]:
    for _ in range(count):
        await exam_scene.make_waiting_application()
    published_exam = await make_published(exam_scene.services, exam_scene.office, **exam)
    return await ExamCandidate.filter(exam_id=published_exam.id).order_by("id")


async def test_everybody_has_a_paper_before_the_day(exam_scene: ExamScene) -> None:
    people = await candidates(exam_scene, 3)
    assert "exam_papers" in await exam_scene.services.operations.scheduler.tick()
    await work(exam_scene.services, "exam_papers")
    assert "exam_papers" not in await exam_scene.services.operations.scheduler.tick()
    for person in people:
        paper = await ExamAttempt.get(candidate_id=person.id)
        assert (paper.state, paper.number, paper.marks) == ("ready", 1, [20] * 5)
        assert len(set(paper.versions)) == 5
        assert all(0 <= order < orders(4) for order in paper.orders)


async def test_papers_are_spread_evenly_over_the_bank(exam_scene: ExamScene) -> None:
    await candidates(exam_scene, 8)
    await work(exam_scene.services, "exam_papers")
    uses = Counter(version for paper in await ExamAttempt.all() for version in paper.versions)
    assert (len(uses), set(uses.values())) == (20, {2}), "40 slots, 20 items"
    assert set(await ExamItem.all().values_list("used", flat=True)) == {2}


async def test_the_version_that_was_current_stays(exam_scene: ExamScene) -> None:
    await candidates(exam_scene, 1)
    await work(exam_scene.services, "exam_papers")
    before = (await ExamAttempt.get()).versions
    for item in await ExamItem.all():
        await ExamItemVersion.create(
            item_id=item.id, number=2, stem="改", options=["甲"], created_at=exam_scene.deps.now()
        )
    await ExamItem.all().update(version=2)
    await work(exam_scene.services, "exam_papers")
    assert (await ExamAttempt.get()).versions == before


async def test_a_paper_that_is_not_begun_is_handed_out_again(exam_scene: ExamScene) -> None:
    (person,) = await candidates(exam_scene, 1)
    async with transaction():
        first = await exam_scene.services.exams.papers.make_paper(person)
        again = await exam_scene.services.exams.papers.make_paper(person)
    assert (first.id, first.number) == (again.id, 1)


async def test_the_next_try_has_other_items(exam_scene: ExamScene) -> None:
    (person,) = await candidates(exam_scene, 1)
    async with transaction():
        first = await exam_scene.services.exams.papers.make_paper(person)
    now = exam_scene.deps.now()
    first.update_from_dict(
        {"state": "graded", "started_at": now, "deadline": now + timedelta(1), "grace_until": now + timedelta(1)}
    )
    first.score, first.total, first.passed = 0, 100, False
    await first.save()
    async with transaction():
        second = await exam_scene.services.exams.papers.make_paper(person)
    assert second.number == 2
    assert not set(first.versions) & set(second.versions)


@pytest.mark.parametrize("state", ["running", "sealed"])
async def test_one_paper_at_a_time(exam_scene: ExamScene, state: str) -> None:
    (person,) = await candidates(exam_scene, 1)
    await make_attempt(exam_scene.services, person, state)
    with pytest.raises(Conflict, match="还没有结束或正在评分"):
        async with transaction():
            await exam_scene.services.exams.papers.make_paper(person)


async def test_a_bank_that_lost_its_items_says_which(exam_scene: ExamScene) -> None:
    (person,) = await candidates(exam_scene, 1)
    await ExamItem.all().update(retired_at=exam_scene.deps.now())
    with pytest.raises(Unavailable, match="全部章节·单选题·不限难度"):
        async with transaction():
            await exam_scene.services.exams.papers.make_paper(person)
    await work(exam_scene.services, "exam_papers")
    assert not await ExamAttempt.exists(), "the worker tries again later"


async def test_a_case_is_drawn_whole_with_its_live_questions(exam_scene: ExamScene) -> None:
    case = await make_item(kind=ItemKind.CASE)
    parts = [await make_item(group_id=case.id, position=at) for at in (2, 1)]
    await make_item(group_id=case.id, retired_at=exam_scene.deps.now())
    await make_item(kind=ItemKind.CASE)
    stock, _ = await load_live_items("demo")
    (case_item,) = [item for item in stock if item.kind == ItemKind.CASE]
    versions = [(await ExamItemVersion.get(item_id=part.id)).id for part in reversed(parts)]
    assert [question.version_id for question in case_item.questions] == versions
    assert len(stock) == 21, "the questions of a case are not drawn by themselves, a case without any is none"
    blueprint = await make_blueprint(exam_scene.services, exam_scene.office, cell(1, 100, ItemKind.CASE), cell(2))
    await candidates(exam_scene, 1, blueprint_id=blueprint)
    await work(exam_scene.services, "exam_papers")
    paper = await ExamAttempt.get()
    assert (paper.versions[:2], paper.marks) == (versions, [50, 50, 20, 20])


async def test_true_and_false_and_fixed_options_are_not_shuffled(exam_scene: ExamScene) -> None:
    for _ in range(3):
        await make_item(kind=ItemKind.TRUE_FALSE)
        await make_item(kind=ItemKind.MULTIPLE, fixed=True)
    blueprint = await make_blueprint(
        exam_scene.services, exam_scene.office, cell(3, kind=ItemKind.TRUE_FALSE), cell(3, kind=ItemKind.MULTIPLE)
    )
    await candidates(exam_scene, 1, blueprint_id=blueprint)
    await work(exam_scene.services, "exam_papers")
    assert (await ExamAttempt.get()).orders == [0] * 6
