"""Every picker of an application shows its first hit above a keyboard, and what to do where there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.plugins.browsers import CHROMIUM, capture
from tests.web.applicants import FORM, ApplyingWorld, world
from tests.web.pickers import ABOVE_A_KEYBOARD, SCREENSHOTS, SEEN_WHOLE, look_at

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
STATIC = Path(__file__).parents[3] / "web" / "static"
PICKERS: Sequence[tuple[str, str, str, str]] = (
    ("employer", "basic", "工作单位", "广州"),
    ("region", "basic", "居住地区", "天河"),
    ("catalogue", "profession", "职称", "高级"),
    ("specialties", "evaluation", "＋ 选择评标专业", "工程"),
)
"""Kind of field, section, button, and what is typed."""


def test_these_are_all_kinds_of_fields_that_open_a_picker() -> None:
    source = (STATIC / "applications" / "fields.js").read_text(encoding="utf-8")
    makers = dict(re.findall(r"(\w+)(?:: (\w+))?[,\s}]", source[source.index("const MAKERS") :].partition("{")[2]))
    functions = re.split(r"\n(?=function )", source)
    opening = {re.match(r"function (\w+)", text)[1] for text in functions if re.search(r"await pick\w+\(", text)}  # type: ignore[index]
    assert {kind for kind, maker in makers.items() if (maker or kind) in opening} == {kind for kind, *_ in PICKERS}


async def test_each_picker_shows_its_first_hit_above_a_keyboard(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    await world.begun(actor, but=frozenset({"specialties"}))
    seen = await world.at_page(browser, actor, ABOVE_A_KEYBOARD)
    for kind, section, button, word in PICKERS:
        page = await seen.open(f"{FORM}#{section}")
        await page.reload()
        opener = page.get_by_role("button", name=re.compile(f"^{button}")).first
        await opener.wait_for()
        await look_at(page, kind, opener, word)


async def test_asking_for_a_unit_that_is_not_listed_is_reached_above_a_keyboard(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor = await world.person()
    await world.begun(actor)
    seen = await world.at_page(browser, actor, ABOVE_A_KEYBOARD)
    page = await seen.open(f"{FORM}#basic")
    await page.get_by_role("button", name=re.compile("^工作单位")).click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_role("searchbox").fill("没有的单位")
    ask = sheet.get_by_role("button", name="申请添加")
    await ask.scroll_into_view_if_needed()
    assert await ask.evaluate(SEEN_WHOLE)
    await capture(page, path=SCREENSHOTS / "picker-not-listed-390x400.png")
