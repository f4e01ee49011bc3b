"""Every picker of the agency's pages shows its first hit above a keyboard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import Browser

from models.draws import Condition, Draw
from models.experts import CatalogueEntry
from tests.factories.offices import make_draw, new_project
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.pickers import ABOVE_A_KEYBOARD, look_at
from tests.web.test_browser import staff

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
STATIC = Path(__file__).parents[2] / "web" / "static"
PAGES: Mapping[str, str] = {
    "agency/condition.html": "/agency/draws/{draw}/conditions/new",
    "agency/draws.html": "/agency/draws",
    "agency/calling.html": "/agency/draws/{short}/run",
    "agency/project_form.html": "/agency/projects/new",
}
"""A page of each template with fields for codes."""


def test_these_are_all_templates_with_pickers() -> None:
    using = re.compile(r"\{\{ code\(")
    templates = {
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*.html")
        if using.search(path.read_text("utf-8"))
    }
    assert templates == PAGES.keys()
    modules = {path.name for path in STATIC.rglob("*.js") if re.search(r"import .*\bpick\w+", path.read_text("utf-8"))}
    assert modules == {"codes.js", "fields.js"}, "see also tests/web/applications/test_pickers_browser.py"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_each_picker_shows_its_first_hit_above_a_keyboard(browser: Browser, world: World) -> None:
    short = await make_short_draw(world)
    await new_project(world.office)
    draw = await make_draw(world.office)
    await Condition.filter(draw_id=draw).delete()
    for kind in ("specialty", "region", "title_level", "qualification", "department"):
        await CatalogueEntry.create(pool="demo", kind=kind, code=f"{kind[0]}99", name="示例条目")
    await CatalogueEntry.create(pool="demo", kind="region", code="440000", name="示例条目")
    seen = await staff(browser, world, ABOVE_A_KEYBOARD, "agency")
    count = 0
    for template, path in PAGES.items():
        page = await seen.open(path.format(draw=draw, short=short))
        await page.evaluate("() => document.querySelectorAll('main details').forEach((fold) => { fold.open = true; })")
        for opener in await page.locator(".codes .choose").all():
            label = await opener.locator("xpath=ancestor::div[@data-label]").get_attribute("data-label")
            await look_at(page, f"{template.split('/')[1][:-5]}-{label}", opener, "示例")
            count += 1
    assert count > 7
    assert seen.complaints == []


async def make_short_draw(world: World) -> str:
    """A draw whose list is exhausted, so that its regions may be widened."""
    draw_id, _ = await world.panel(2)
    await Draw.filter(id=draw_id).update(state="short")
    await Condition.filter(draw_id=draw_id).update(exhausted=True, accepted=1)
    return str(draw_id)
