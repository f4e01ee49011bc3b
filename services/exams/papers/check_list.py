"""Requirements before an examination opens (发布前检查)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.clock import print_until
from domain.exams.blueprint import read_cells, supplies, total_of
from domain.exams.purposes import Purpose
from domain.rulebook.exams import ExamRules
from models.courses import Course
from models.exams import Exam, ExamBlueprint, ExamCandidate, ExamSitting
from services.core.base import rows
from services.exams.papers.live_items import load_live_items

Level = Literal["good", "warn", "bad"]
_WAITING = (
    "SELECT count(*) AS n FROM application WHERE pool = $1 AND state = 'exam' "
    "AND ($2::uuid IS NULL OR campaign_id = $2)"
)
_EXPERTS = """
SELECT count(*) AS n, count(x.account_id) AS reached FROM expert x WHERE x.pool = $1 AND x.left_at IS NULL
AND EXISTS (SELECT 1 FROM application p WHERE p.expert_id = x.id AND p.state = 'entered' AND p.campaign_id = $2)
"""


@dataclass(frozen=True)
class Check:
    """``bad`` prevents publishing; ``warn`` is a hint."""

    level: Level
    text: str


async def check_list(exam: Exam, rules: ExamRules, now: datetime) -> tuple[Check, ...]:
    """In the office's order of work."""
    parts = (_time(exam, rules, now), _paper(exam), _sittings(exam, rules, now), _people(exam), _mock(exam, rules))
    return tuple([check for part in parts async for check in part])


async def _time(exam: Exam, rules: ExamRules, now: datetime) -> AsyncIterator[Check]:
    if exam.closes_at <= now:
        yield Check("bad", "考试时间已经过去，请修改")
    elif exam.closes_at - exam.opens_at < rules.length:
        yield Check("bad", f"考试时间短于答题时长（{_minutes(rules)}分钟），请延长")
    elif exam.opens_at <= now:
        yield Check("warn", "开始时间已到，发布后考生可以立即进入")
    else:
        yield Check("good", f"{print_until(exam.opens_at, now)}开始，答题{_minutes(rules)}分钟")


async def _paper(exam: Exam) -> AsyncIterator[Check]:
    blueprint = await ExamBlueprint.get_or_none(id=exam.blueprint_id, retired_at=None) if exam.blueprint_id else None
    if blueprint is None:
        yield Check("bad", "请选择组卷方案")
        return
    cells = read_cells(blueprint.cells)
    stock, _ = await load_live_items(exam.pool)
    cell_supplies = supplies(cells, stock)
    for supply in cell_supplies:
        if supply.is_short:
            yield Check(
                "bad", f"题库中“{supply.cell.label}”有{supply.live}题，需要{supply.needed}题，请补充题目或修改方案"
            )
        elif supply.scarce:
            yield Check("warn", f"题库中“{supply.cell.label}”只有{supply.live}题，少于需要的3倍，试卷之间会有较多重复")
    if not any(supply.is_short for supply in cell_supplies):
        yield Check("good", f"每份试卷{sum(cell.count for cell in cells)}题，满分{total_of(cells) / 10:g}分")


async def _sittings(exam: Exam, rules: ExamRules, now: datetime) -> AsyncIterator[Check]:
    if not rules.booking:
        return
    sittings = await ExamSitting.filter(exam_id=exam.id)
    open_now = [sitting for sitting in sittings if now < sitting.starts_at - rules.booking_until]
    if not open_now:
        yield Check("bad", "还没有可以预约的场次，请添加")
        return
    if any(sitting.ends_at - sitting.starts_at < rules.length for sitting in sittings):
        yield Check("warn", "有场次短于答题时长，到场次结束会自动交卷")
    places = (
        None
        if any(sitting.capacity is None for sitting in open_now)
        else sum(sitting.capacity or 0 for sitting in open_now)
    )
    people = await _count_candidates(exam)
    if places is not None and places < people:
        yield Check("warn", f"{len(open_now)}个场次共{places}个名额，少于{people}名考生，请增加场次")
    else:
        yield Check("good", f"{len(open_now)}个场次可以预约")


async def _people(exam: Exam) -> AsyncIterator[Check]:
    match Purpose(exam.purpose):
        case Purpose.ENTRY:
            waiting = await _count_candidates(exam)
            yield Check("good" if waiting else "warn", f"{waiting}人在等待考试，发布后通知；以后审核通过的也会自动通知")
        case Purpose.CAMPAIGN:
            (row,) = await rows(_EXPERTS, exam.pool, exam.campaign_id)
            yield Check("good" if row["reached"] else "warn", f"{row['reached']}名专家，发布后通知")
            if row["n"] > row["reached"]:
                yield Check("warn", f"另有{row['n'] - row['reached']}名专家还没有登录过，登录后自动通知")
        case Purpose.SINGLE:
            count = await _count_candidates(exam)
            courses = await Course.filter(exam_id=exam.id).exclude(state="cancelled").values_list("name", flat=True)
            for name in courses:
                yield Check("good", f"学完“{name}”的学员自动成为考生")
            if count or not courses:
                yield Check("good", f"{count}名考生") if count else Check("bad", "请先添加考生，或在课程中选用这场考试")
        case Purpose.MOCK:
            yield Check("good", "已被通知考试的人都可以参加模拟考试，不另行通知")


async def _mock(exam: Exam, rules: ExamRules) -> AsyncIterator[Check]:
    if not rules.mock or exam.purpose == Purpose.MOCK:
        return
    mocks = Exam.filter(pool=exam.pool, purpose=Purpose.MOCK, state="published", opens_at__lt=exam.opens_at)
    if not await mocks.filter(closes_at__gt=exam.published_at or exam.created_at).exists():
        yield Check("good", "考生可以在考试页面检查手机、试答几题；要从头到尾演练的，请另安排模拟考试")


async def _count_candidates(exam: Exam) -> int:
    if exam.purpose == Purpose.ENTRY:
        return int((await rows(_WAITING, exam.pool, exam.campaign_id))[0]["n"])
    if exam.purpose == Purpose.CAMPAIGN:
        return int((await rows(_EXPERTS, exam.pool, exam.campaign_id))[0]["reached"])
    return await ExamCandidate.filter(exam_id=exam.id).count()


def _minutes(rules: ExamRules) -> int:
    return int(rules.length.total_seconds() // 60)
