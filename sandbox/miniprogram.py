"""The mini-program (``miniprogram/``) as one script and one style sheet, which the phones' runtime runs as they stand.

Modules become functions, WXML becomes trees whose ``{{expressions}}`` are functions of the page's data: nothing is
evaluated in the browser. A file that can't be read raises an error with its place.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from aiohttp import web

FOLDER = Path(__file__).parents[1] / "miniprogram"
NOT_PART = frozenset({"node_modules", "tests", "types"})
"""Folders that ``project.config.json`` leaves out, too."""
_GLOBALS = "require, module, exports, wx, App, Page, Date"
_HEAD = """// Written by sandbox/miniprogram.py from miniprogram/.
const text = (...parts) => parts.map((part) => part ?? '').join('');
"""
_HOLE = re.compile(r"\{\{(.*?)\}\}")
_TOKEN = re.compile(r"\s+|'[^'\\]*'|\d+(?:\.\d+)?|[A-Za-z_$][\w$]*|===|!==|&&|\|\||[<>]=?|[!?:+\-*/%().]")
_NAMES = re.compile(r"\s*\w+(?:\s*,\s*\w+)*\s*")
_LITERALS = frozenset({"true", "false", "null", "undefined"})

Element = dict[str, Any]


class Unreadable(Exception):
    """Something in the mini-program that the sandbox can't run."""


class JavaScriptCode(str):
    """JavaScript; all else is written as JSON."""

    __slots__ = ()


def expression(source: str) -> JavaScriptCode:
    """JavaScript that looks every name up in ``s``; missing names and their members are undefined, as in WXML."""
    written, at, previous = [], 0, ""
    while at < len(source):
        token_match = _TOKEN.match(source, at)
        if token_match is None:
            raise Unreadable(f"“{source[at:]}” in {{{{{source}}}}} is not supported by the sandbox")
        token, at = token_match.group(), token_match.end()
        if token == ".":
            written.append("?.")
        elif re.match(r"[A-Za-z_$]", token) and previous != "." and token not in _LITERALS:
            written.append(f"s.{token}")
        else:
            written.append(token)
        previous = token.strip() or previous
    return JavaScriptCode("".join(written).strip())


def value(source: str) -> JavaScriptCode | str:
    """An attribute or a text: a constant, or a function of the data."""
    parts = _HOLE.split(source)
    if len(parts) == 1:
        return source
    if len(parts) == 3 and not parts[0] and not parts[2]:
        return JavaScriptCode(f"(s) => {expression(parts[1])}")
    pieces = [
        expression(part) if index % 2 else json.dumps(part, ensure_ascii=False) for index, part in enumerate(parts)
    ]
    return JavaScriptCode(f"(s) => text({', '.join(pieces)})")


def _template_data(source: str) -> JavaScriptCode:
    hole = _HOLE.fullmatch(source.strip())
    if hole is None or _NAMES.fullmatch(hole.group(1)) is None:
        raise Unreadable(f"data=“{source}” of a template is not supported by the sandbox")
    names = [name.strip() for name in hole.group(1).split(",")]
    return JavaScriptCode(f"(s) => ({{ {', '.join(f'{name}: s.{name}' for name in names)} }})")


class View(HTMLParser):
    """Reads a file of WXML into a tree of ``{tag, attributes, children}`` and texts."""

    def __init__(self, wxml: str) -> None:
        super().__init__()
        self.top: Element = {"tag": "", "children": []}
        self._open = [self.top]
        self.feed(wxml)
        self.close()
        if len(self._open) > 1:
            raise Unreadable(f"<{self._open[-1]['tag']}> is not closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        self._open.append(self._open[-1]["children"][-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        read = _template_data if tag == "template" else value
        attributes = {name: True if raw is None else (read if name == "data" else value)(raw) for name, raw in attrs}
        self._open[-1]["children"].append({"tag": tag, "attributes": attributes, "children": []})

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1]["tag"] != tag:
            raise Unreadable(f"</{tag}> closes <{self._open[-1]['tag']}>")
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._open[-1]["children"].append(value(re.sub(r"\s*\n\s*", "", data)))


def _javascript(part: object) -> str:
    if isinstance(part, JavaScriptCode):
        return part
    if isinstance(part, dict):
        return (
            "{ "
            + ", ".join(f"{json.dumps(name)}: {_javascript(value_of_name)}" for name, value_of_name in part.items())
            + " }"
        )
    if isinstance(part, list):
        return "[" + ", ".join(map(_javascript, part)) + "]"
    return json.dumps(part, ensure_ascii=False)


def read_files(folder: Path, ending: str) -> dict[str, str]:
    """Texts by their names from the folder, such as ``lib/api.js``."""
    paths = sorted(path for path in folder.rglob(f"*{ending}") if not NOT_PART & set(path.relative_to(folder).parts))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def _view(name: str, wxml: str) -> list[Any]:
    try:
        children: list[Any] = View(wxml).top["children"]
    except Unreadable as error:
        raise Unreadable(f"miniprogram/{name}: {error}") from error
    return children


def script(folder: Path = FOLDER) -> str:
    """An ES module: ``settings`` (app.json), ``pages`` (their settings), ``views`` and ``modules`` by file name."""
    settings = json.loads((folder / "app.json").read_text("utf-8"))
    pages = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in settings["pages"]}
    views = {name: _view(name, wxml) for name, wxml in read_files(folder, ".wxml").items()}
    modules = {
        name: JavaScriptCode(f"({_GLOBALS}) => {{\n{code}\n}}") for name, code in read_files(folder, ".js").items()
    }
    parts = {"settings": settings, "pages": pages, "views": views, "modules": modules}
    return _HEAD + "".join(f"export const {name} = {_javascript(part)};\n" for name, part in parts.items())


def style_sheet(folder: Path = FOLDER) -> str:
    """The style of all pages. Sizes follow the phone: ``rpx`` its width, ``rem`` its letters; colours its theme."""
    sheet = "\n".join(read_files(folder, ".wxss").values())
    sheet = re.sub(r"(-?[\d.]+)rpx\b", r"calc(100cqw * \1 / 750)", sheet)
    return _theme(folder) + re.sub(r"(-?[\d.]+)rem\b", r"calc(var(--rem) * \1)", sheet)


def _theme(folder: Path) -> str:
    """Colours of the bar, by light and dark, as variables."""
    settings = json.loads((folder / "app.json").read_text("utf-8"))
    theme = json.loads((folder / settings["themeLocation"]).read_text("utf-8"))
    rules = {}
    for scheme, colours in theme.items():
        pairs = (
            ("bar", "navigationBarBackgroundColor"),
            ("bar-text", "navigationBarTextStyle"),
            ("behind", "backgroundColor"),
        )
        colour_names = {name: settings["window"][key] for name, key in pairs}
        lines = [f"--{name}: {colours.get(colour.removeprefix('@'), colour)};" for name, colour in colour_names.items()]
        rules[scheme] = f":host {{ {' '.join(lines)} }}"
    return f"{rules['light']}\n@media (prefers-color-scheme: dark) {{ {rules['dark']} }}\n"


async def _script(_request: web.Request) -> web.Response:
    return web.Response(text=script(), content_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def _style_sheet(_request: web.Request) -> web.Response:
    return web.Response(text=style_sheet(), content_type="text/css", headers={"Cache-Control": "no-cache"})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/_/miniprogram/program.js", _script)
    app.router.add_get("/_/miniprogram/program.css", _style_sheet)
