"""The demonstration's examinations, marked at once: one for applicants, a shorter one to which an expert is called.

Both are open for a year. The short one is published after the expert has bound his phone, so that he can be called.
"""

from __future__ import annotations

from datetime import timedelta

from app.demo.data import POOL
from app.players.people import CAST, EXPERTS
from domain.exams.blueprint import BlueprintCell
from domain.exams.items import ItemKind
from domain.exams.purposes import Purpose
from models.exams import Exam, ExamItem
from models.experts import Expert
from services.accounts import account_by_mobile
from services.core.base import Actor, Deps
from services.core.composition import compose
from services.exams import BlueprintQueries, Blueprints, Candidates, ExamData, ExamSetup
from services.inspection.checker import FileChecker

OPEN_FOR = timedelta(days=360)
CELLS = (
    BlueprintCell("", ItemKind.SINGLE, 0, 8, 50),
    BlueprintCell("", ItemKind.MULTIPLE, 0, 4, 100),
    BlueprintCell("", ItemKind.TRUE_FALSE, 0, 4, 50),
)
"""A hundred marks in ten minutes."""
SHORT = "演示速测"
SHORT_CELLS = (
    BlueprintCell("", ItemKind.SINGLE, 0, 3, 200),
    BlueprintCell("", ItemKind.MULTIPLE, 0, 1, 200),
    BlueprintCell("", ItemKind.TRUE_FALSE, 0, 1, 200),
)
"""Five questions: two minutes."""
EXAMPLE = EXPERTS[0]
"""The expert called to the short examination."""


async def load_exam(deps: Deps) -> int:
    """Publish the examination and return the number published; none if there is one already, or the bank is empty."""
    if await Exam.exists(pool=POOL) or not await ExamItem.exists(pool=POOL):
        return 0
    actor, now = await find_administrator(deps), deps.now()
    blueprint = await Blueprints(deps, BlueprintQueries()).create(actor, "演示卷（100分）", CELLS)
    setup = compose(ExamSetup, {Deps: deps})
    data = ExamData("演示统一考试", Purpose.ENTRY, now, now + OPEN_FOR, None, blueprint.id)
    await setup.publish(actor, await setup.create(actor, data))
    return 1


async def call_example(deps: Deps) -> int:
    """Publish the short examination and call the example expert to it; returns the number called.

    Does nothing if that was done before, the bank is empty, or the expert has not bound a phone yet.
    """
    hashed = deps.keys.lookup_hash("mobile", EXAMPLE.mobile)
    expert = await Expert.get_or_none(pool=POOL, mobile_hash=hashed, left_at=None)
    if expert is None or expert.account_id is None or not await ExamItem.exists(pool=POOL):
        return 0
    if await Exam.exists(pool=POOL, name=SHORT):
        return 0
    actor, now = await find_administrator(deps), deps.now()
    blueprint = await Blueprints(deps, BlueprintQueries()).create(actor, "速测卷（5题，100分）", SHORT_CELLS)
    setup = compose(ExamSetup, {Deps: deps})
    exam = await setup.create(actor, ExamData(SHORT, Purpose.SINGLE, now, now + OPEN_FOR, None, blueprint.id))
    candidates = compose(Candidates, {Deps: deps, FileChecker: FileChecker()})
    called = await candidates.add(actor, exam, expert.number)
    await setup.publish(actor, exam)
    return called.count


async def find_administrator(deps: Deps) -> Actor:
    admin = next(person for person in CAST if person.role == "admin")
    account = await account_by_mobile(deps, POOL, admin.mobile)
    return Actor(POOL, "pool_admin", account.id)
