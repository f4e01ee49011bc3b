"""Specialties of the same name, and districts of different cities, are distinguishable on every page."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from models.accounts import Account
from models.applications import Application
from models.experts import CatalogueEntry
from services.core.base import Actor
from tests.factories.reviews import CITY, make_applicant, make_application, make_catalogues, make_reviewer, tasks_of
from tests.web.conftest import World
from tests.web.reviews.test_tasks import begun

DESIGN, SUPERVISION = "A040103", "A050102"
PATHS = ("设计 › 建筑设计 › 结构", "监理 › 建筑工程 › 结构")


@pytest.fixture
async def application(world: World) -> Application:
    await make_catalogues()
    for code, name, parent in (
        (DESIGN, "结构", "A0401"),
        ("A05", "监理", "A"),
        ("A0501", "建筑工程", "A05"),
        (SUPERVISION, "结构", "A0501"),
    ):
        await CatalogueEntry.update_or_create(
            pool="demo", kind="specialty", code=code, defaults={"name": name, "parent": parent}
        )
    person = await make_applicant(world.services.deps)
    made = await make_application(world.services.deps, person, specialties=(DESIGN, SUPERVISION))
    await begun(world, made)
    return made


def says_both(text: str) -> bool:
    """Whether both are shown with their paths, and nowhere as a bare name or code."""
    return all(path in text for path in PATHS) and not any(code in text for code in (DESIGN, SUPERVISION, "440106"))


async def test_the_reviewer_reads_which_of_two_specialties_it_is(world: World, application: Application) -> None:
    reviewer = await world.log_in(await make_reviewer(world.services.deps, "industry", CITY))
    assert says_both(reviewer.text)
    assert "广州市天河区" in reviewer.text
    task = (await tasks_of(application))[0]
    await reviewer.get(f"/review/{task.id}")
    assert says_both(reviewer.text)
    assert f"本次审核专业 {PATHS[0]}" in reviewer.text
    await reviewer.press("退回本专业", opinion="与工作经历不符")
    assert f"{PATHS[0]} 与工作经历不符" in (await reviewer.get(f"/review/{task.id}")).text


async def test_the_applicant_reads_it_on_page_and_by_the_api(world: World, application: Application) -> None:
    person = Actor("demo", "applicant", (await Account.get(id=application.account_id)).id)
    visitor = await world.log_in(person)
    assert says_both((await visitor.get("/h5/demo/apply/status")).text)
    view = await world.services.applications.queries.get(person, application.id)
    assert tuple(view.names["specialty"][code] for code in (DESIGN, SUPERVISION)) == PATHS
    assert view.names["region"]["440106"] == "广州市天河区"
    assert tuple(specialty.name for specialty in view.progress.specialties) == PATHS


async def test_a_search_of_the_catalogue_shows_the_path_of_each_entry(world: World, application: Application) -> None:
    nodes = await world.services.catalogues.search("demo", "specialty", "结构")
    assert {node.code: node.full_name for node in nodes} == {DESIGN: PATHS[0], SUPERVISION: PATHS[1]}


def test_no_two_specialties_of_the_national_catalogue_have_one_path() -> None:
    with Path("config/catalogues/common/specialties.csv").open(encoding="utf-8") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}

    def path(code: str) -> str:
        row = rows[code]
        return f"{path(row['parent'])}/{row['name']}" if row["parent"] else ""

    paths = Counter(path(code) for code in rows if len(code) > 1)
    assert [full_name for full_name, count in paths.items() if count > 1] == []
