"""The demonstration's people: believable, distinct, the same for the same seed, and safe to draw."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise import Tortoise

from app.demo.data import SPECIALTY, PersonCodes, codes_of, load_demo, pool_catalogues, render_sheet
from app.players.people import AGENCY, APPLICANTS, CAST
from app.rulebook_files import load_rulebooks
from domain.clock import SystemClock
from models.accounts import Account
from models.database_connection import tortoise_config
from models.experts import CatalogueEntry, Expert
from models.organisations import AgentLink
from services.accounts.roles import roles_of
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture
async def deps(database: str) -> AsyncIterator[Deps]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    yield Deps(SystemClock(), keys, load_rulebooks(CONFIG / "rulebooks", ["demo", "jilin"]), Jobs(), "")
    await Tortoise.close_connections()


@pytest.fixture(scope="module")
def codes() -> PersonCodes:
    books = load_rulebooks(CONFIG / "rulebooks", ["demo"])
    return codes_of(pool_catalogues(books["demo"], CONFIG / "catalogues"))


def _rows(sheet: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"))))


def test_the_same_seed_gives_the_same_people_and_another_gives_others(codes: PersonCodes) -> None:
    assert render_sheet(codes, seed=1, count=50) == render_sheet(codes, seed=1, count=50)
    assert render_sheet(codes, seed=1, count=50) != render_sheet(codes, seed=2, count=50)


def test_two_parts_of_a_sheet_of_experts_have_no_person_in_common(codes: PersonCodes) -> None:
    people = _rows(render_sheet(codes, seed=1, count=300)) + _rows(render_sheet(codes, seed=1, count=300, first=300))
    for column in ("专家编号", "身份证号", "手机号"):
        assert len({row[column] for row in people}) == 600


def test_no_extra_has_the_specialty_or_a_phone_of_the_cast(codes: PersonCodes) -> None:
    for row in _rows(render_sheet(codes, seed=1, count=300)):
        assert SPECIALTY[:3] not in row["评标专业"]
        assert row["手机号"] not in {person.mobile for person in CAST}


async def test_the_demo_loads_through_the_import_and_a_second_time_does_nothing(deps: Deps) -> None:
    report = await load_demo(deps, CONFIG / "catalogues", extras=40)
    cast = [person for person in CAST if person.role == "expert"]
    assert (report.experts, report.staff) == (len(cast) + 40, len(CAST) - len(cast) - len(APPLICANTS))
    again = await load_demo(deps, CONFIG / "catalogues", extras=40)
    assert (again.experts, again.staff) == (0, 0)
    drawable = await Expert.filter(
        pool="demo", specialty_path__contains=[SPECIALTY], sanctions=None, membership_status="formal"
    )
    assert len(drawable) == len(cast)
    assert await CatalogueEntry.filter(pool="jilin", kind="region").exists()


async def test_the_cast_holds_its_offices_and_the_agent_his_agency(deps: Deps) -> None:
    await load_demo(deps, CONFIG / "catalogues", extras=0)
    held = {
        account.real_name: [(role.role, role.organisation_name) for role in await roles_of(account.id, deps.now())]
        for account in await Account.all()
    }
    assert held == {
        "周代理": [("agent", AGENCY)],
        "郑核验": [("verifier", "")],
        "冯监督": [("supervisor", "")],
        "陈场地": [("venue", "")],
        "吴法人": [("organisation", AGENCY)],
        "王初审": [("reviewer", "")],
        "李复审": [("reviewer", "")],
        "徐管理": [("pool_admin", "")],
    }
    assert (await AgentLink.get()).accepted_at is not None
