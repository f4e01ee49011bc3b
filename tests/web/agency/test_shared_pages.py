"""Pages of draws that an agency shares with staff keep the frame of its own pages, and lead back to their origin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.draws import Draw
from tests.web.conftest import Visitor, World
from web.agency.tabs import TABS
from web.agency.wizard import RECALL_STEPS, STEPS
from web.draws import ORIGINS

TEMPLATES = Path("web/templates/agency")
PAGES = "absences|exit|attendance|application|log"
TO_A_PAGE = re.compile(rf'href="/draws/\{{\{{ (?:draw|open)\.id \}}\}}(?:/(?:{PAGES}))?(\?[^"]*)?"')
MENU = {"/agency", "/agency/draws", "/agency/projects", "/agency/pending", "/agency/remuneration"}
"""Entries of an agency's menu."""


def keeps_the_frame(agency: Visitor) -> bool:
    return set(agency.page.links.values()) >= MENU


def test_each_link_to_a_shared_page_says_where_it_comes_from() -> None:
    links = [
        (path.name, link.group())
        for path in sorted(TEMPLATES.glob("*.html"))
        for link in TO_A_PAGE.finditer(path.read_text(encoding="utf-8"))
        if not (link[1] or "").startswith("?from=") and "open.id" not in link.group()
    ]
    assert links == [], "open.id: another activity, to which one returns by its own page"


def test_every_step_and_tab_is_a_place_to_return_to() -> None:
    codes = {tab.code for tab in TABS} | {code for code, _ in (*STEPS, *RECALL_STEPS)}
    assert codes <= ORIGINS


@pytest.mark.parametrize(
    ("page", "origin"),
    [("", "run"), ("/exit", "run"), ("/absences", "attendance"), ("/application", "submit"), ("/log", "result")],
)
async def test_a_shared_page_keeps_the_frame_and_leads_back(world: World, page: str, origin: str) -> None:
    draw_id, _ = await world.panel()
    agency = await world.log_in(world.office.agency)
    name = (await Draw.get(id=draw_id)).name
    await agency.get(f"/draws/{draw_id}{page}?from={origin}")
    assert keeps_the_frame(agency), agency.text
    assert agency.page.links[name] == f"/agency/draws/{draw_id}/{origin}"
    await agency.get(f"/draws/{draw_id}{page}")
    assert agency.page.links[name] == f"/agency/draws/{draw_id}", "from a message: the step that fits the state"
    await agency.get(f"/draws/{draw_id}{page}?from=//evil.example")
    assert agency.page.links[name] == f"/agency/draws/{draw_id}"


async def test_arrivals_open_on_the_agencys_own_tab(world: World) -> None:
    """The chat, messages and the mini-program lead to the venue's page."""
    draw_id, _ = await world.panel()
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/draws/{draw_id}/attendance")
    assert agency.path == f"/agency/draws/{draw_id}/attendance"


async def test_what_is_done_on_a_shared_page_stays_in_the_frame(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    agency = await world.log_in(world.office.agency)
    name = (await Draw.get(id=draw_id)).name
    await agency.get("/agency/pending")
    [register] = [path for path in agency.page.links.values() if "/absences?" in path]
    await agency.get(register)
    assert agency.page.links[name] == "/agency/pending"
    await agency.press("登记", who=invitation.code, kind="leave", reason="")
    assert (agency.status, agency.page.links[name]) == (422, "/agency/pending"), "after a refusal, too"
    await agency.press("登记", who=invitation.code, kind="leave", reason="专家来电请假")
    assert ("已登记请假" in agency.text, agency.page.links[name]) == (True, "/agency/pending")
    assert agency.text.count("已登记请假，已通知专家本人") == 1, "said once"


async def test_staff_keep_their_own_frame(world: World) -> None:
    draw_id, _ = await world.panel()
    venue = await world.log_in(world.office.venue, "venue")
    await venue.get(f"/draws/{draw_id}/absences?from=run")
    assert not keeps_the_frame(venue)
    assert venue.page.links[(await Draw.get(id=draw_id)).name] == f"/draws/{draw_id}"
