"""Every component of the pages once, with the sheets that meet on a page: nothing overlaps or is too small to tap."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from playwright.async_api import Browser

from tests.plugins.browsers import CHROMIUM
from tests.stylesheets import GEOMETRY, shared_classes
from tests.web.conftest import World
from tests.web.test_browser import PHONE, SCREEN, look, picture
from web.core.template_filters import filters
from web.draws.three_numbers import Number, Roll

WEB = Path(__file__).parents[2] / "web"
TEMPLATES = WEB / "templates"
_SHEET = re.compile(r"static\('([\w./]+\.css)'\)")
_GROUP = re.compile(r'<fieldset class="field.*?</fieldset>', re.DOTALL)
_EXTENDS = re.compile(r'{% extends "([\w./]+)" %}')


def sheets_of(template: str) -> set[str]:
    """The style sheets of a page, those of what it extends among them."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    sheets = set(_SHEET.findall(text))
    return sheets.union(*(sheets_of(base) for base in _EXTENDS.findall(text)))


@pytest.mark.parametrize(
    "template", sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
)
def test_no_class_has_bare_rules_in_two_sheets_of_one_page(template: str) -> None:
    assert shared_classes(WEB / "static" / name for name in sorted(sheets_of(template))) == {}


def test_boxes_of_a_group_of_a_form_are_ticks() -> None:
    """A ``check`` is a line of its own between the fields: inside a field its label is laid out as the field's."""
    groups = (
        (path.name, group)
        for path in TEMPLATES.rglob("*.html")
        for group in _GROUP.findall(path.read_text(encoding="utf-8"))
    )
    assert [name for name, group in groups if 'class="check"' in group] == []


class _Faulty:
    """A form some of whose fields are wrong."""

    def wrong(self, name: str) -> str:
        return {"wrong": "请填写名称", "name": "请填写真实姓名。", "again": "两次输入的密码不同。"}.get(name, "")


def gallery() -> str:
    """All parts in one page."""
    environment = Environment(loader=FileSystemLoader([TEMPLATES, Path(__file__).parent]), autoescape=True)
    environment.filters.update(filters(lambda: datetime(2026, 11, 22, tzinfo=UTC)))
    numbers = tuple(
        Number(role, who) for role, who in (("system", "系统"), ("agency", "代理机构"), ("supervisor", "监督人"))
    )
    opened = tuple(Number(number.role, number.who, "open", "a8" * 16) for number in numbers)
    told = {"f": _Faulty(), "waiting": Roll(1, numbers), "fixed": Roll(1, opened, "c0" * 32)}
    return environment.get_template("gallery.html").render(told)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
@pytest.mark.parametrize(
    "sheet",
    ["office/office", "applications/form", "reviews/review", "draws/screens", "payments/pay", "draws/three_numbers"],
)
@pytest.mark.parametrize(("size", "name"), [(PHONE, "phone"), (SCREEN, "screen")])
async def test_no_component_overlaps_or_is_too_small(
    browser: Browser, world: World, sheet: str, size: tuple[int, int], name: str
) -> None:
    """The shared sheet with each of the others."""
    seen = await look(browser, world, (size[0], 3600))
    page = await seen.open("/h5/login")
    await page.evaluate(
        _SHOW, [gallery(), [f"/h5/static/{sheet_name}.css" for sheet_name in {sheet, "draws/three_numbers"}]]
    )
    parts = await page.locator("[data-part]").all()
    assert len(parts) > 6
    for part in parts:
        assert await part.evaluate(GEOMETRY) == [], await part.get_attribute("data-part")
    await picture(page, f"gallery-{sheet.rpartition('/')[2]}-{name}")


_SHOW = """async ([html, sheets]) => {
    document.querySelector('main').innerHTML = html;
    await Promise.all(sheets.map((href) => new Promise((resolve) => {
        const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href, onload: resolve });
        document.head.append(link);
    })));
}"""
