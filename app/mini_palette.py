"""``python -m app.mini_palette`` gives the mini-program the colours of the pages (``web/static/core/page.css``).

It writes ``miniprogram/palette.wxss``, which ``app.wxss`` imports, and ``miniprogram/theme.json``, the colours of bars.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "web/static/core/page.css"
PALETTE, THEME = ROOT / "miniprogram/palette.wxss", ROOT / "miniprogram/theme.json"
_BLOCK = re.compile(r"(?P<dark>@media \(prefers-color-scheme: dark\) {\s*)?:root {(?P<body>[^}]*)}")
_COLOUR = re.compile(r"--(?P<name>[\w-]+): (?P<value>#[0-9a-f]{3,6}|rgb\([^)]*\));")
_SHARE = re.compile(r"rgb\((\d+) (\d+) (\d+) / (\d+)%\)")
_HEAD = "/* Written by `python -m app.mini_palette` from web/static/core/page.css; change that file, not this one. */\n"

Colours = Mapping[str, str]
"""Values by name of the CSS variable, without its hyphens."""


def read_colours(css: str) -> tuple[Colours, Colours]:
    """Those of the light and of the dark look; the dark one names only what differs."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for block in _BLOCK.finditer(css):
        into = dark if block["dark"] else light
        into |= {colour["name"]: _old_form(colour["value"]) for colour in _COLOUR.finditer(block["body"])}
    return light, dark


def _old_form(value: str) -> str:
    """``rgb(0 0 0 / 60%)`` with commas, since WeChat on older phones reads no other form."""
    return _SHARE.sub(lambda part: f"rgba({part[1]}, {part[2]}, {part[3]}, {int(part[4]) / 100:g})", value)


def render_palette(light: Colours, dark: Colours) -> str:
    def lines(colours: Colours, indent: str) -> str:
        return "\n".join(f"{indent}--{name}: {value};" for name, value in colours.items())

    return (
        f"{_HEAD}page {{\n{lines(light, '  ')}\n}}\n"
        f"@media (prefers-color-scheme: dark) {{\n  page {{\n{lines(dark, '    ')}\n  }}\n}}\n"
    )


def render_theme(light: Colours, dark: Colours) -> str:
    """The bar is of the page's colour, as WeChat's own pages have it."""
    look = {
        "light": {"bar": _long(light["page"]), "barText": "black", "back": _long(light["page"]), "pull": "dark"},
        "dark": {"bar": _long(dark["page"]), "barText": "white", "back": _long(dark["page"]), "pull": "light"},
    }
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(colours)}" for name, colours in look.items())
    return f"{{\n{rows}\n}}\n"


def _long(value: str) -> str:
    """Six digits, the only form that WeChat takes for its bars."""
    return "#" + "".join(digit * 2 for digit in value[1:]) if len(value) == 4 else value


def main() -> None:
    light, dark = read_colours(SOURCE.read_text("utf-8"))
    PALETTE.write_text(render_palette(light, dark), "utf-8")
    THEME.write_text(render_theme(light, dark), "utf-8")


if __name__ == "__main__":
    main()
