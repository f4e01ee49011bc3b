"""The demonstration's examination: open for a year, marked at once; whoever gets that far sits it within minutes."""

from __future__ import annotations

from datetime import timedelta

from app.demo_data import POOL
from app.demo_people import CAST
from domain.exams.blueprint import Cell
from domain.exams.items import ItemKind
from domain.exams.purposes import Purpose
from models.exams import Exam, ExamItem
from services.accounts import account_by_mobile
from services.core.base import Actor, Deps
from services.exams import Blueprints, ExamData, make_setup

OPEN_FOR = timedelta(days=360)
CELLS = (
    Cell("", ItemKind.SINGLE, 0, 8, 50),
    Cell("", ItemKind.MULTIPLE, 0, 4, 100),
    Cell("", ItemKind.TRUE_FALSE, 0, 4, 50),
)
"""A hundred marks in ten minutes."""


async def load_exam(deps: Deps) -> int:
    """How many were published; none where there is one already, or no item to draw."""
    if await Exam.exists(pool=POOL) or not await ExamItem.exists(pool=POOL):
        return 0
    admin = next(person for person in CAST if person.role == "admin")
    account = await account_by_mobile(deps, POOL, admin.mobile)
    actor, now = Actor(POOL, "pool_admin", account.id), deps.now()
    blueprint = await Blueprints(deps).create(actor, "演示卷（100分）", CELLS)
    setup = make_setup(deps)
    data = ExamData("演示统一考试", Purpose.ENTRY, now, now + OPEN_FOR, None, blueprint.id)
    await setup.publish(actor, await setup.create(actor, data))
    return 1
