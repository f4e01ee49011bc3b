"""Rulings on items found wrong, and the analysis that finds them."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from domain.clock import FixedClock
from domain.errors import Forbidden, InvalidInput
from domain.exams.items import ItemKind
from domain.exams.marking import RulingKind
from models.exams import ExamAttempt, ExamItemVersion, ExamRuling
from services.core.base import Deps
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, Room, make_room, marks_of

CHECK = ("11110", "11100", "11011", "10100", "11000", "00001")


@pytest.fixture
async def room(db: str, deps: Deps, clock: FixedClock) -> Room:
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits")
    return await make_room(exam_scene, clock)


async def version_of(room: Room, at: int) -> ExamItemVersion:
    return await ExamItemVersion.get(item_id=room.items[at].id)


@pytest.mark.parametrize(
    ("kind", "letters", "score", "total"),
    [(RulingKind.FULL_CREDIT, "", 40, 60), (RulingKind.ALSO_ACCEPT, "CD", 40, 60), (RulingKind.DROP, "", 20, 40)],
)
async def test_a_ruling_is_previewed_and_then_marks_once_more(
    room: Room, kind: RulingKind, letters: str, score: int, total: int
) -> None:
    paper = await room.hand_in(KEY, 0b1100, 0)
    await room.work()
    rulings, version = room.exams.rulings, (await version_of(room, 1)).id
    seen = await rulings.preview(room.exam_scene.office, room.exam.id, version, kind, letters)
    await paper.refresh_from_db()
    assert (seen.papers, seen.changed, paper.score, await ExamRuling.all().count()) == (1, 1, 20, 0)
    for _ in range(2):
        await rulings.decide(room.exam_scene.office, room.exam.id, version, kind, letters, "题目有误")
    await paper.refresh_from_db()
    assert (paper.score, paper.total) == (score, total)
    assert sum(marks or 0 for marks in await marks_of(paper)) == score
    assert paper.passed is (score * 100 >= 60 * total)
    assert seen.passing == int(bool(paper.passed))


async def test_who_passes_by_a_ruling_goes_on_and_who_passed_is_not_failed(room: Room) -> None:
    other = await room.add_candidate()
    failed, passed = await room.hand_in(KEY, 0b1100, 0), await room.hand_in(KEY, KEY, 0, candidate=other)
    await room.work()
    assert room.candidate.state == "failed"
    version = (await version_of(room, 1)).id
    decide = room.exams.rulings.decide
    await decide(room.exam_scene.office, room.exam.id, version, RulingKind.FULL_CREDIT, "", "题目有误")
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state) == ("passed", "entered")
    await decide(room.exam_scene.office, room.exam.id, version, RulingKind.DROP, "", "题目不计分")
    assert [(await ExamAttempt.get(id=attempt.id)).passed for attempt in (failed, passed)] == [True, True]


async def test_only_options_that_are_there_and_only_by_the_office(room: Room) -> None:
    version = (await version_of(room, 0)).id
    for letters in ("", "E", "A1"):
        with pytest.raises(InvalidInput, match="请填写选项"):
            await room.exams.rulings.preview(
                room.exam_scene.office, room.exam.id, version, RulingKind.ALSO_ACCEPT, letters
            )
    with pytest.raises(Forbidden):
        await room.exams.rulings.item(room.actor, room.exam.id, version)
    with pytest.raises(Forbidden):
        await room.exams.analysis.get(room.actor, room.exam.id)


async def test_the_analysis_has_the_check_values(db: str, deps: Deps, clock: FixedClock) -> None:
    room = await make_room(await make_exam_scene(deps, mock=False), clock, *[ItemKind.SINGLE] * 5)
    for at, line in enumerate(CHECK):
        candidate = room.candidate if at == 0 else await room.add_candidate()
        await room.hand_in(*(1 if digit == "1" else 2 for digit in line), candidate=candidate)
    await room.exams.marking.mark_due()
    analysis = await room.exams.analysis.get(room.exam_scene.office, room.exam.id)
    assert [round(item.facility, 4) for item in analysis.items] == [0.8333, 0.6667, 0.5, 0.3333, 0.3333]
    assert [round(item.rest or 0, 4) for item in analysis.items] == [0.4152, 0.433, -0.1562, 0.6325, -0.4725]
    assert (round(analysis.reliability or 0, 4), round(analysis.error or 0, 4)) == (0.1705, 1.0069)
    assert analysis.bands == (0, 0, 1, 0, 2, 0, 1, 0, 2, 0)
    assert [item.flags for item in analysis.items] == [(), (), ("区分度低",), (), ("区分度低",)]
    for workbook, lines in (
        (await room.exams.analysis.items_sheet(room.exam_scene.office, room.exam.id), 6),
        (await room.exams.analysis.papers_sheet(room.exam_scene.office, room.exam.id), 7),
    ):
        sheet = load_workbook(io.BytesIO(workbook)).active
        assert sheet is not None
        assert sheet.max_row == lines
