"""Examinations: items that a paper can be drawn from, blueprints, candidates, and attempts in any state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.exams.blueprint import BlueprintCell
from domain.exams.items import ItemKind
from domain.exams.purposes import Purpose
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamItem, ExamItemVersion
from services.core.base import Actor, Deps
from services.exams import ExamData
from services.registry import Services
from tests.factories.numbers import Numbers
from tests.factories.people import BEGINNING, make_account

_numbers = Numbers()
CHAPTER = "招标投标法律法规"
OPTIONS = ("甲", "乙", "丙", "丁")


async def make_item(
    *, kind: ItemKind = ItemKind.SINGLE, chapter: str = CHAPTER, pool: str = "demo", fixed: bool = False, **columns: Any
) -> ExamItem:
    """A live item with its first version."""
    serial = next(_numbers)
    values = {"code": f"T{serial:05}", "difficulty": 2, "stem_hash": f"{serial:064}", "created_at": BEGINNING}
    item = await ExamItem.create(pool=pool, kind=kind.value, chapter=chapter, **values | columns)
    options = list(OPTIONS) if kind in (ItemKind.SINGLE, ItemKind.MULTIPLE) else []
    options = ["正确", "错误"] if kind == ItemKind.TRUE_FALSE else options
    await ExamItemVersion.create(
        item_id=item.id, number=1, stem=f"第{serial}题", options=options, fixed_order=fixed, created_at=BEGINNING
    )
    return item


async def make_items(count: int, **columns: Any) -> list[ExamItem]:
    return [await make_item(**columns) for _ in range(count)]


def cell(count: int = 5, mark: int = 20, kind: ItemKind = ItemKind.SINGLE) -> BlueprintCell:
    return BlueprintCell("", kind, 0, count, mark)


async def make_office(deps: Deps, pool: str = "demo") -> Actor:
    account = await make_account(deps, pool=pool)
    return Actor(pool, "pool_admin", account.id)


async def make_blueprint(services: Services, office: Actor, *cells: BlueprintCell) -> UUID:
    made = await services.exams.blueprints.create(office, "统一组卷", list(cells) or [cell()])
    return made.id


async def make_exam(
    services: Services,
    office: Actor,
    *,
    purpose: Purpose = Purpose.ENTRY,
    after: timedelta = timedelta(days=5),
    lasts: timedelta = timedelta(hours=10),
    **data: Any,
) -> UUID:
    """A draft with a blueprint of five questions of two marks each."""
    opens = services.deps.now() + after
    values = {"name": "2026年第二批征集统一考试", "blueprint_id": None} | data
    if values["blueprint_id"] is None:
        values["blueprint_id"] = await make_blueprint(services, office)
    return await services.exams.setup.create(
        office, ExamData(purpose=purpose, opens_at=opens, closes_at=opens + lasts, **values)
    )


async def make_published(services: Services, office: Actor, **data: Any) -> Exam:
    """A published examination to which all waiting persons are called."""
    exam_id = await make_exam(services, office, **data)
    await services.exams.setup.publish(office, exam_id)
    await work(services, "exam_call")
    return await Exam.get(id=exam_id)


async def work(services: Services, *kinds: str) -> None:
    """Run these tasks as the worker does, if they are due."""
    for kind in kinds:
        await services.operations.scheduler.process(kind)


async def make_attempt(
    services: Services, candidate: ExamCandidate, state: str = "running", **columns: Any
) -> ExamAttempt:
    """A paper of the candidate's, begun now unless it is only ready."""
    now = services.deps.now()
    begun = {
        "started_at": now,
        "deadline": now + timedelta(hours=1),
        "grace_until": now + timedelta(hours=1, minutes=2),
    }
    values: dict[str, Any] = {"number": 1 + await ExamAttempt.filter(candidate_id=candidate.id).count()}
    values |= {} if state == "ready" else begun | {"seen_at": now}
    if state in ("sealed", "graded", "released"):
        values["sealed_at"] = now
    if state in ("graded", "released"):
        values |= {"score": 40, "total": 100, "passed": False, "graded_at": now}
    return await ExamAttempt.create(
        exam_id=candidate.exam_id, candidate_id=candidate.id, state=state, made_at=now, **values | columns
    )


def own(candidate: ExamCandidate) -> Actor:
    """The candidate as actor."""
    return Actor("demo", "applicant", candidate.account_id)
