"""Catalogues, level by level and searched."""

from __future__ import annotations

from app.rulebook_files import load_catalogues
from services.core.base import system
from tests.miniapp_api.conftest import RULEBOOKS, World


async def test_a_catalogue_is_opened_level_by_level_and_searched(world: World) -> None:
    visitor = await world.visit()
    catalogues = load_catalogues(RULEBOOKS.parent / "catalogues", "440000", None)
    await world.services.catalogues.replace(system("demo"), catalogues)
    [top] = [region for region in (await visitor.get("/catalogues/region"))["items"] if region["code"] == "440000"]
    assert top["has_children"]
    cities = (await visitor.get("/catalogues/region?parent=440000"))["items"]
    assert "440100" in {city["code"] for city in cities}
    districts = (await visitor.get("/catalogues/region/search?word=天河&limit=5"))["items"]
    assert "440106" in {district["code"] for district in districts}
    await visitor.get("/catalogues/region?parent=999999", 404)
    await visitor.get("/catalogues/colour", 404)
    assert (await visitor.get("/catalogues/region/search", 422))["field"] == "query.word"
