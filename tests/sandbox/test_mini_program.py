"""The mini-program on the phones: the runtime runs ``miniprogram/`` as it stands, and refuses by name what it can't."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from sandbox import miniprogram
from sandbox.miniprogram import FOLDER, Unreadable, expression, script, style_sheet, value
from tests.plugins.browsers import CHROMIUM
from tests.sandbox.conftest import Box
from tests.sandbox.test_page import open_page

_SUPPORTED = """async () => {
    const files = ['tags', 'wx', 'shell'].map((name) => import(`/_/miniprogram/${name}.js`));
    const [{ TAGS }, { NAMES }, { checkAll }] = await Promise.all(files);
    checkAll();
    return { tags: Object.keys(TAGS), names: NAMES };
}"""
_REFUSED = """async ([tag, attributes]) => {
    const { check } = await import('/_/miniprogram/tags.js');
    try { check([{ tag, attributes, children: [] }], 'pages/x.wxml'); } catch (error) { return error.message; }
    return '';
}"""
_UNKNOWN = """async () => {
    const { makeWx } = await import('/_/miniprogram/wx.js');
    try { makeWx({}).chooseMedia({}); } catch (error) { return error.message; }
    return '';
}"""


def test_an_expression_finds_its_names_in_the_data_and_what_is_not_there_is_undefined() -> None:
    assert (
        expression("cell.url || cell.command ? 'tappable' : ''") == "s.cell?.url || s.cell?.command ? 'tappable' : ''"
    )
    assert expression("!who || phase !== 'a.b' && n > 1.5") == "!s.who || s.phase !== 'a.b' && s.n > 1.5"
    assert value("banner {{sheet.tone}}") == '(s) => text("banner ", s.sheet?.tone, "")'
    assert value("plain") == "plain"


@pytest.mark.parametrize("source", ["items[0]", "call()`x`", '"a"', "a = {}"])
def test_an_expression_that_can_not_be_read_is_named(source: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(source)):
        expression(source)


@pytest.mark.parametrize(
    ("wxml", "reason"),
    [
        ("<view><text></view>", "</view> closes <text>"),
        ("<view>", "<view> is not closed"),
        ('<template is="a" data="{{...b}}" />', "{{...b}}"),
    ],
)
def test_a_page_that_can_not_be_read_is_named(tmp_path: Path, wxml: str, reason: str) -> None:
    for name, text in {"app.json": '{"pages": []}', "bad.wxml": wxml}.items():
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(Unreadable, match=rf"miniprogram/bad\.wxml: .*{re.escape(reason)}"):
        script(tmp_path)


def test_sizes_follow_the_phone_and_colours_its_theme(tmp_path: Path) -> None:
    for path in (FOLDER / "app.json", FOLDER / "theme.json"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / "app.wxss").write_text("page { padding: 20rpx 1.5rem; }", "utf-8")
    sheet = style_sheet(tmp_path)
    assert "page { padding: calc(100cqw * 20 / 750) calc(var(--rem) * 1.5); }" in sheet
    theme = json.loads((FOLDER / "theme.json").read_text("utf-8"))
    assert f":host {{ --bar: {theme['light']['bar']}" in sheet
    assert f"(prefers-color-scheme: dark) {{ :host {{ --bar: {theme['dark']['bar']}" in sheet
    assert theme["light"] != theme["dark"]


def test_tools_and_tests_are_no_part_of_it() -> None:
    assert {"tests/all.test.js", "types/api.d.ts"} & set(miniprogram.read_files(FOLDER, ".js")) == set()
    assert '"tests/' not in script()
    assert '"lib/api.js": (' in script()


def used_names(pattern: str, ending: str) -> set[str]:
    return {name for text in miniprogram.read_files(FOLDER, ending).values() for name in re.findall(pattern, text)}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_the_runtime_supports_what_the_mini_program_uses_and_nothing_else(browser: Browser, box: Box) -> None:
    seen = await open_page(browser, box, 390, 844)
    supported = await seen.page.evaluate(_SUPPORTED)
    assert set(supported["names"]) == used_names(r"\bwx\.(\w+)", ".js")
    directing = {"block", "import", "template"}
    assert set(supported["tags"]) | directing == used_names(r"<([a-z][\w-]*)", ".wxml")
    for tag, attributes, named in (
        ("swiper", {}, "<swiper>"),
        ("view", {"bindlongpress": "x"}, "bindlongpress of <view>"),
        ("input", {"password": True}, "password of <input>"),
    ):
        refusal = await seen.page.evaluate(_REFUSED, [tag, attributes])
        assert refusal == f"miniprogram/pages/x.wxml: {named} is not supported by the sandbox"
    assert await seen.page.evaluate(_UNKNOWN) == "wx.chooseMedia is not supported by the sandbox"
    assert seen.complaints == []
    await seen.page.context.close()
