"""A file that several change at once: every change that was answered stands in it, and what follows is what it says.

The acts run beside each other in the order of chance, each with a clock of its own, as on machines whose clocks differ
or where one act waited for another.
"""

from __future__ import annotations

import asyncio
import csv
import io
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.errors import AppError
from domain.experts.file import FileChange, FileSource, fold, history_of
from models.experts import Employment, Expert
from services.applications.own_changes import OwnChanges
from services.core.base import Actor, Deps, transaction
from services.corrections import CorrectionServices, Upload
from services.draws import DeclaredRecusals, UnitForm
from services.expert_files import change_file, changes_of, expert_columns, read_facts
from services.experts import COLUMNS, ExpertImport
from tests.factories.applications import SPECIALTY, id_number, make_codes
from tests.factories.assembly import composed
from tests.factories.files import QuickChecker, pdf
from tests.factories.people import make_account, make_expert

pytestmark = pytest.mark.usefixtures("db")
POOL, UPLOAD = "xinjiang", Upload(pdf(), "本人申请.pdf")
RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
SKEWS = (-90.0, -5.0, 0.0, 0.0, 5.0, 90.0)
"""Seconds by which the clocks of the acts differ."""


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return replace(deps, rulebooks=load_rulebooks(RULEBOOKS, [POOL]))


@dataclass
class Desk:
    """An expert, and who changes his file."""

    deps: Deps
    expert: Expert
    owner: Actor
    clerk: Actor

    def skewed(self, dice: random.Random) -> Deps:
        return replace(self.deps, clock=FixedClock(self.deps.now() + timedelta(seconds=dice.choice(SKEWS))))


@pytest.fixture
async def desk(deps: Deps) -> Desk:
    await make_codes(deps.book(POOL))
    account, clerk = await make_account(deps, pool=POOL), await make_account(deps, pool=POOL)
    filed = {"id_number": id_number(), "specialties": [SPECIALTY], "permanent_region": "650106"}
    expert = await make_expert(deps, pool=POOL, account=account, **filed)
    owner = Actor(POOL, "expert", account.id, expert.id)
    return Desk(deps, expert, owner, Actor(POOL, "pool_admin", clerk.id))


# ---- the acts: each returns what it set


Act = Callable[[Desk, Deps, int], Awaitable[Mapping[str, object]]]


async def set_email(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    email = f"own{number}@example.cn"
    await composed(OwnChanges, deps).set_contacts(desk.owner, {"email": email})
    return {"email": email}


async def retire(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    day = date(2026, 1, 1) + timedelta(days=number)
    await composed(OwnChanges, deps).retire(desk.owner, day)
    return {"retired_on": day.isoformat()}


async def declare(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    relation = deps.book(POOL).form.declarations.relations[0]
    name = f"第{number}回避单位有限公司"
    await composed(DeclaredRecusals, deps).declare(desk.owner, UnitForm(relation, name, "", "在该单位任职"))
    return {"recusal_units": name}


async def correct_employer(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    fields, name = composed(CorrectionServices, deps).fields, f"更正后的第{number}设计院"
    form = await fields.form(desk.clerk, desk.expert.id, "employer")
    typed = {"employer": name, "seen": form.seen}
    await fields.correct(desk.clerk, desk.expert.id, "employer", typed, "劳动合同写明", UPLOAD)
    return {"employer": name}


async def correct_email(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    fields, email = composed(CorrectionServices, deps).fields, f"office{number}@example.cn"
    form = await fields.form(desk.clerk, desk.expert.id, "email")
    typed = {"email": email, "seen": form.seen}
    await fields.correct(desk.clerk, desk.expert.id, "email", typed, "本人来函", UPLOAD)
    return {"email": email}


async def import_line(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    employer = f"名单上的第{number}设计院"
    cells = {
        "number": desk.expert.number,
        "name": desk.expert.name,
        "id_number": deps.keys.open_text(desk.expert.id_number_sealed, "id_number"),
        "mobile": deps.keys.open_text(desk.expert.mobile_sealed, "mobile"),
        "permanent_region": "650300",
        "specialties": SPECIALTY,
        "employer": employer,
        "emergency": "是" if number % 2 else "否",
    }
    text = io.StringIO()
    csv.writer(text).writerows([[c.title for c in COLUMNS], [cells.get(c.name, "") for c in COLUMNS]])
    report = await ExpertImport(deps, QuickChecker()).run(desk.clerk, text.getvalue().encode("utf-8-sig"), "csv")
    assert report.errors == ()
    return {"employer": employer, "region": "650300"}


async def enter_application(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    """As an approved change of the file takes effect."""
    values: dict[str, object] = {"employer": f"申请的第{number}设计院", "employer_code": None, "region": "650122"}
    async with transaction():
        expert = await Expert.select_for_update().get(id=desk.expert.id)
        await change_file(deps, expert, FileChange(deps.now(), FileSource.APPLICATION, values))
    return {"employer": values["employer"], "region": "650122"}


ACTS: tuple[Act, ...] = (
    set_email,
    retire,
    declare,
    correct_employer,
    correct_email,
    import_line,
    enter_application,
)


async def attempt(desk: Desk, act: Act, deps: Deps, number: int) -> Mapping[str, object]:
    """What the act set; empty where it was refused, as the second of two may be."""
    try:
        return await act(desk, deps, number)
    except AppError as refused:
        if refused.status >= 500:
            raise
        return {}


async def check_file(desk: Desk, done: list[Mapping[str, object]]) -> None:
    changes = (await changes_of(desk.deps, [desk.expert.id]))[desk.expert.id]
    file, expert = fold(changes), await Expert.get(id=desk.expert.id)
    for values in done:
        for code, value in values.items():
            ever = [step.value for step in history_of(changes, code)]
            assert any(value in str(step) for step in ever), (code, value, ever)
    declared = [values["recusal_units"] for values in done if "recusal_units" in values]
    assert all(str(name) in str(file.values["recusal_units"]) for name in declared), "none of the units is lost"
    facts = await read_facts(desk.deps, POOL, changes)
    sealed = {"id_number_sealed", "mobile_sealed"}
    columns = {name: value for name, value in expert_columns(desk.deps.keys, facts).items() if name not in sealed}
    assert {name: getattr(expert, name) for name in columns} == columns, "draws go by what the file says"
    jobs = {(job.unit_name, job.credit_code, job.until) for job in await Employment.filter(expert=expert)}
    assert jobs == {(unit.name, unit.code, unit.until) for unit in facts.employments}
    present = [unit.name for unit in facts.employments if unit.until is None]
    assert present == ([file.values["employer"]] if "employer" in file.values else [])


@pytest.mark.parametrize("seed", range(12))
async def test_what_expert_and_office_change_at_once_stands_in_the_file(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    done: list[Mapping[str, object]] = []
    for turn in range(3):
        acts = dice.choices(ACTS, k=dice.randint(2, 5))
        numbered = [(act, desk.skewed(dice), 10 * turn + at + 1) for at, act in enumerate(acts)]
        done += await asyncio.gather(*(attempt(desk, act, deps, number) for act, deps, number in numbered))
        await check_file(desk, done)
    assert any(done)


@pytest.mark.parametrize("first", ACTS)
@pytest.mark.parametrize("second", ACTS)
async def test_of_each_two_that_meet_both_stand_or_one_is_refused(desk: Desk, first: Act, second: Act) -> None:
    """The second one's clock is behind."""
    behind = replace(desk.deps, clock=FixedClock(desk.deps.now() - timedelta(seconds=30)))
    done = await asyncio.gather(attempt(desk, first, desk.deps, 1), attempt(desk, second, behind, 2))
    assert any(done)
    await check_file(desk, list(done))


async def test_a_change_counts_after_what_was_written_while_it_waited(desk: Desk) -> None:
    behind = replace(desk.deps, clock=FixedClock(desk.deps.now() - timedelta(minutes=5)))
    await enter_application(desk, desk.deps, 1)
    await import_line(desk, behind, 2)
    changes = (await changes_of(desk.deps, [desk.expert.id]))[desk.expert.id]
    assert [step.value for step in history_of(changes, "employer")][-2:] == ["申请的第1设计院", "名单上的第2设计院"]
    assert fold(changes).since["employer"].source == FileSource.IMPORT
    assert changes[-1].at > changes[-2].at
    await check_file(desk, [])
