"""Paper, page, draw and chat say the same of an expert, whatever has happened to the file, by each pool's own form.

The files are random sequences of changes: fields are set, set anew, emptied, in any order and by any source.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.rulebook_files import load_rulebooks
from domain.experts.file import FileChange, FileSource
from domain.forms.display import show_masked
from domain.ids import new_id
from domain.rulebook.form import FormField
from models.accounts import Account
from models.experts import Employment, Expert
from models.sanctions import Sanction
from services.applications.documents import Documents
from services.core.base import Actor, Deps, transaction
from services.expert_file_views.office_file import OfficeFiles
from services.expert_file_views.own_file import FileLine, OwnFiles
from services.expert_files import change_file, changes_of, expert_columns, read_facts
from services.experts.profile import ExpertProfile, ExpertProfiles
from services.files import Previews, SealedFiles
from tests.factories.applications import OTHER_SPECIALTY, SPECIALTY, make_codes, make_employer
from tests.factories.files import MemoryFiles, PlainRenderer, QuickChecker
from tests.factories.people import CREDIT_CODE, OTHER_CREDIT_CODE, make_account, make_expert

pytestmark = pytest.mark.usefixtures("db")
POOLS = ("hunan", "xinjiang", "jilin", "guangdong", "demo")
SEEDS = range(6)
RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return replace(deps, rulebooks=load_rulebooks(RULEBOOKS, list(POOLS)))


@dataclass
class Readings:
    """What each says of an expert."""

    paper: Mapping[str, Any]
    """Label → text; of lists the rows."""
    specialties: list[list[str]]
    page: Mapping[str, FileLine]
    chat: ExpertProfile


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pool", POOLS)
async def test_paper_page_draw_and_chat_agree(deps: Deps, pool: str, seed: int) -> None:
    dice = random.Random(f"{pool} {seed}")
    account = await make_account(deps, pool=pool)
    await make_codes(deps.book(pool))
    expert = await make_expert(deps, pool=pool, account=account, name="阿依努尔·买买提")
    employer = await make_employer(deps, f"示范设计院{seed}", pool=pool, credit_code=CREDIT_CODE)
    for number in range(dice.randint(1, 5)):
        values = _random_values(deps, pool, dice, str(employer.id))
        change = FileChange(deps.now() + timedelta(days=number), dice.choice(list(FileSource)), values, new_id())
        async with transaction():
            await change_file(deps, await Expert.select_for_update().get(id=expert.id), change)
    expert = await Expert.get(id=expert.id)
    readings = await _read(deps, expert, account)
    await _check_columns(deps, expert)
    _check_paper_and_page(deps, pool, readings)
    await _check_draw_and_chat(expert, readings)
    await _check_office(deps, expert, readings)


async def _read(deps: Deps, expert: Expert, account: Account) -> Readings:
    actor = Actor(expert.pool, "expert", account.id, expert.id)
    store, renderer = SealedFiles(MemoryFiles(), deps.keys), PlainRenderer()
    await Documents(deps, store, Previews(store, QuickChecker()), renderer).information_form(actor)
    content: Any = renderer.made[-1][1]
    paper = {row["label"]: row["value"] for section in content["sections"] for row in section["rows"]}
    paper |= {each["label"]: each["rows"] for section in content["sections"] for each in section["lists"]}
    file = await OwnFiles(deps).read(actor)
    page = {line.code: line for part in file.parts for line in part.lines}
    chosen = content["specialties"]["rows"] if content["specialties"] else []
    return Readings(paper, chosen, page, await ExpertProfiles(deps).profile(actor))


async def _check_columns(deps: Deps, expert: Expert) -> None:
    """What draws look up is what follows from all changes, and nothing else."""
    changes = (await changes_of(deps, [expert.id]))[expert.id]
    facts = await read_facts(deps, expert.pool, changes)
    sealed = {"id_number_sealed", "mobile_sealed"}
    columns = {name: value for name, value in expert_columns(deps.keys, facts).items() if name not in sealed}
    assert {name: getattr(expert, name) for name in columns} == columns
    jobs = {(job.unit_name, job.credit_code, job.since, job.until) for job in await Employment.filter(expert=expert)}
    assert jobs == {(unit.name, unit.code, unit.since, unit.until) for unit in facts.employments}


def _check_paper_and_page(deps: Deps, pool: str, readings: Readings) -> None:
    """Every field of the paper is on the page, with the same value, masked where the page masks."""
    paper = deps.book(pool).form.of_file()
    compared = 0
    for code, field in paper.used().items():
        line = readings.page[code]
        if field.kind in ("file", "specialties"):
            continue
        printed = readings.paper[field.label]
        if isinstance(printed, list):
            assert len(line.value.splitlines()) == len(printed), field.label
            for row, shown in zip(printed, line.value.splitlines(), strict=True):
                assert [cell for cell in row if cell not in shown] == [], f"{field.label}: {row} {shown}"
        else:
            shown = show_masked(field, printed) if field.sensitive and printed else printed
            assert line.value == shown, field.label
        compared += 1
    assert compared > 8
    names = [[cell for cell in row[:3] if cell != "—"][-1].split()[-1] for row in readings.specialties]
    assert len(names) == len(readings.page["specialties"].value.splitlines())
    assert all(name in readings.page["specialties"].value for name in names)


async def _check_draw_and_chat(expert: Expert, readings: Readings) -> None:
    """The chat shows names of the codes that draws go by; the page shows the same names."""
    chat, page = readings.chat, readings.page
    causes = {suspension.cause for suspension in chat.membership_status.suspensions}
    assert (chat.number, "office" in causes) == (expert.number, await Sanction.exists(expert_id=expert.id))
    assert (chat.permanent_region.code, [each.code for each in chat.specialties]) == (
        expert.permanent_region,
        expert.specialties,
    )
    region = chat.permanent_region
    assert (region.name or region.code) == page["region"].value
    assert [each.name or each.code for each in chat.specialties] == page["specialties"].value.splitlines()
    assert set(expert.specialties) <= set(expert.specialty_path)
    if "remote_evaluation" in page:
        assert (page["remote_evaluation"].value == "是") is expert.remote_evaluation
    if "emergency" in page:
        assert (page["emergency"].value == "是") is expert.emergency
    filed = page["employer"].value
    assert not filed or filed in chat.employers
    for unit in page["recusal_units"].value.splitlines() if "recusal_units" in page else ():
        assert any(key.removeprefix("name:") in unit for key in expert.recusal_keys), unit


async def _check_office(deps: Deps, expert: Expert, readings: Readings) -> None:
    admin = Actor(expert.pool, "pool_admin", new_id())
    file = await OfficeFiles(deps).read(admin, expert.id)
    lines = {line.code: line.value for part in file.parts for line in part.lines}
    assert lines == {code: line.value for code, line in readings.page.items()}


# ---- random files


def _random_values(deps: Deps, pool: str, dice: random.Random, employer_id: str) -> dict[str, object]:
    """Some fields of the pool's form and some that no form asks for, each set or emptied."""
    form = deps.book(pool).form.of_file()
    fields = {code: field for code, field in form.used().items() if field.is_filed}
    values = dict[str, object]()
    for code, field in fields.items():
        if dice.random() < 0.5:
            values[code] = None if dice.random() < 0.25 else _random_value(deps, pool, field, dice, employer_id)
    for code, choices in (
        ("membership", ("formal", "temporary")),
        ("department", ("D01", None)),
        ("willing_regions", ([f"{deps.book(pool).pool.region[:2]}0300"], None)),
        ("former_units", ([{"name": "从前的单位", "code": OTHER_CREDIT_CODE, "until": "2025-03-01"}], None)),
    ):
        if dice.random() < 0.3:
            values[code] = dice.choice(choices)
    return values


def _random_value(deps: Deps, pool: str, field: FormField, dice: random.Random, employer_id: str) -> object:
    province = deps.book(pool).pool.region[:2]
    choices: Mapping[str, tuple[object, ...]] = {
        "text": ("示范", "另一个示范"),
        "textarea": ("长期从事规划。", "两行\n文字。"),
        "yes_no": (True, False),
        "integer": (5, 18),
        "date": ("2010-09-01", "2012-09-01"),
        "month": ("2010-09", "2012-09"),
        "email": ("zhao@example.com", "qian@example.com"),
        "mobile": ("13912345678", "13912345679"),
        "phone": ("020-88881234", "020-88881235"),
        "credit_code": (CREDIT_CODE, OTHER_CREDIT_CODE),
        "bank_account": ("6222021234567890128",),
        "choice": field.options,
        "employer": (employer_id, "清单里没有的单位"),
        "region": (f"{province}0106", f"{province}0300"),
    }
    match field.kind:
        case "specialties":
            codes = dice.sample([SPECIALTY, OTHER_SPECIALTY], dice.randint(1, 2))
            return [{"code": code, "choice": "preferred"} for code in codes]
        case "units":
            return [{"name": f"回避单位{letter}", "code": "", "note": ""} for letter in "甲乙"[: dice.randint(1, 2)]]
        case "records":
            parts = {code: part for code, part in field.parts.items() if part.kind != "file"}
            return [
                {code: _random_value(deps, pool, part, dice, employer_id) for code, part in parts.items()}
                for _ in range(dice.randint(1, 2))
            ]
        case "catalogue":
            codes = {"title_level": "1001", "qualification": "Q0201", "department": "D01", "specialty": SPECIALTY}
            return codes[field.catalogue or ""][: field.code_length or 20]
    return dice.choice(choices[field.kind])
