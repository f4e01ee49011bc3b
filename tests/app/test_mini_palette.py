"""The mini-program has the colours of the pages, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from app.mini_palette import PALETTE, ROOT, SOURCE, THEME, read_colours, render_palette, render_theme

MINI = ROOT / "miniprogram"
_USED = re.compile(r"var\(--([\w-]+)\)")
_OWN = re.compile(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", re.IGNORECASE)


def own_files(*endings: str) -> list[Path]:
    paths = [path for path in MINI.rglob("*") if path.suffix in endings and "node_modules" not in path.parts]
    return [path for path in paths if path not in (PALETTE, THEME)]


def test_the_colours_are_those_of_the_pages() -> None:
    light, dark = read_colours(SOURCE.read_text("utf-8"))
    assert (light["page"], light["act"], dark["page"]) == ("#ededed", "#018942", "#111")
    assert PALETTE.read_text("utf-8") == render_palette(light, dark), "write them anew: python -m app.mini_palette"
    assert THEME.read_text("utf-8") == render_theme(light, dark), "write them anew: python -m app.mini_palette"


def test_no_page_of_the_mini_program_has_a_colour_of_its_own() -> None:
    """White below the primary button's words is none: it stands on ``--act`` in both looks."""
    own = {
        f"{path.relative_to(MINI)}: {colour}"
        for path in own_files(".wxss", ".wxml", ".json")
        for colour in _OWN.findall(path.read_text("utf-8"))
    }
    assert own == {"app.wxss: #fff"}


def test_every_colour_that_is_used_is_there_in_the_light_look() -> None:
    light, dark = read_colours(SOURCE.read_text("utf-8"))
    used = {name for path in own_files(".wxss", ".wxml") for name in _USED.findall(path.read_text("utf-8"))}
    assert used
    assert used - set(light) == set()
    assert set(dark) - set(light) == set()


def test_a_changed_colour_changes_the_mini_program() -> None:
    css = SOURCE.read_text("utf-8")
    light, dark = read_colours(css)
    other, _ = read_colours(css.replace("--act: #018942", "--act: #123456"))
    assert render_palette(other, dark) != render_palette(light, dark)
    assert render_theme(light | {"page": "#abc"}, dark).count("#aabbcc") == 2
