"""Catalogues of a pool: brought in whole, opened level by level, searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rulebook_files import load_catalogues
from domain.catalogues import CatalogueItem
from domain.errors import Forbidden, InvalidInput, NotFound
from models.experts import CatalogueEntry
from services.catalogues import Catalogues, path_of
from services.core.base import Actor, Deps, system
from tests.factories.people import make_expert

pytestmark = pytest.mark.usefixtures("db")
FOLDER = Path(__file__).parents[2] / "config" / "catalogues"


@pytest.fixture
def catalogues(deps: Deps) -> Catalogues:
    return Catalogues(deps)


def _specialties(*codes: str) -> list[CatalogueItem]:
    return [
        CatalogueItem("specialty", code, f"专业{code}", code[:-2] if len(code) > 3 else code[:-2] or "")
        for code in codes
    ]


async def test_the_national_catalogue_comes_in_once_and_the_same_again_changes_nothing(catalogues: Catalogues) -> None:
    loaded = load_catalogues(FOLDER, "440000")
    reports = await catalogues.replace(system("demo"), loaded)
    assert {report.kind: report.total for report in reports} == {kind: len(entries) for kind, entries in loaded.items()}
    before = {row.code: row.id for row in await CatalogueEntry.filter(kind="specialty")}
    await catalogues.replace(system("demo"), loaded)
    assert {row.code: row.id for row in await CatalogueEntry.filter(kind="specialty")} == before


async def test_a_tree_is_opened_level_by_level(catalogues: Catalogues) -> None:
    await catalogues.replace(system("demo"), load_catalogues(FOLDER, "440000"))
    top = await catalogues.children("demo", "specialty")
    assert [node.code for node in top][:2] == ["A", "B"]
    below = await catalogues.children("demo", "specialty", "A")
    assert all(node.parent == "A" for node in below)
    assert any(node.has_children for node in below)
    assert [node.name for node in await catalogues.children("demo", "region")] == ["广东省"]
    with pytest.raises(NotFound):
        await catalogues.children("demo", "specialty", "Z99")
    with pytest.raises(InvalidInput):
        await catalogues.children("demo", "planet")


async def test_search_goes_by_code_or_name(catalogues: Catalogues) -> None:
    await catalogues.replace(system("demo"), load_catalogues(FOLDER, "440000"))
    assert (await catalogues.search("demo", "specialty", "a08"))[0].code == "A08"
    assert (await catalogues.search("demo", "region", "天河"))[0].code == "440106"
    assert len(await catalogues.search("demo", "specialty", "工程", limit=7)) == 7
    assert await catalogues.search("demo", "specialty", "%' OR 1=1 --") == []
    with pytest.raises(InvalidInput):
        await catalogues.search("demo", "specialty", " ")


async def test_a_code_that_experts_have_stays_with_all_above_it(catalogues: Catalogues, deps: Deps) -> None:
    await catalogues.replace(system("demo"), {"specialty": _specialties("A", "A08", "A0801", "A09")})
    await make_expert(deps, specialties=["A0801"])
    (report,) = await catalogues.replace(system("demo"), {"specialty": _specialties("B")})
    assert (report.still_used, report.removed) == (("A", "A08", "A0801"), 1)
    assert await catalogues.names("demo", "specialty", ["A0801", "A09", "B"]) == {
        "A0801": "专业A08 › 专业A0801",
        "B": "专业B",
    }


async def test_pools_keep_their_own(catalogues: Catalogues) -> None:
    await catalogues.replace(system("demo"), {"specialty": _specialties("A")})
    assert await catalogues.children("guangdong", "specialty") == []
    await catalogues.replace(system("guangdong"), {"specialty": _specialties("B")})
    assert [node.code for node in await catalogues.children("demo", "specialty")] == ["A"]


async def test_only_the_pool_s_administrator_brings_one_in(catalogues: Catalogues) -> None:
    with pytest.raises(Forbidden):
        await catalogues.replace(Actor("demo", "expert"), {})


def test_a_path_ends_even_where_the_catalogue_runs_in_circles() -> None:
    assert path_of("A0801", {"A0801": "A08", "A08": "A", "A": ""}) == ["A0801", "A08", "A"]
    assert path_of("x", {"x": "y", "y": "x"}) == ["x", "y"]
    assert path_of("unknown", {}) == ["unknown"]
