"""``python -m app.house_picture`` writes ``docs/images/house.svg``: layers, packages and who imports whom.

Rows and arrows follow from the imports in the source. An arrow that others imply is left out: what one may import, it
may reach. Inside services a package stands one row above the highest of those that it imports.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "house.svg"
FOR_ALL = ("config",)
"""Read by nearly all: its arrows would cover the others."""
_WIDTH, _GAP, _LINE, _CHIP = 800, 34, 19, 26
_LETTER = 7.6
"""Width of a letter of 14 px, on average and rounded up."""
_COLOURS = {"edge": "#eef7f0", "beside": "#fdf6ec", "layer": "#eef3fb"}
_WITH_NAMES = ("miniapp_api", "web", "gateways", "domain")
"""Boxes that list their packages."""
_TITLES = {
    "app": "puts everything together; web application, worker, pbt",
    "handlers": "conversations",
    "bot": "chat engine",
    "miniapp_api": "mini-program",
    "platform_api": "platforms of agencies",
    "web": "pages",
    "jobs": "the queue",
    "services": "what the system does, a package per noun",
    "gateways": "clients of outside systems, behind the ports of services",
    "models": "tables and migrations",
    "domain": "rules: no files, no network",
    "config": "settings",
    "sandbox": "plays the vendors",
}
"""Every top-level package, with what its box says."""

Graph = Mapping[str, frozenset[str]]
"""Names of packages, with those that they import."""


@dataclass(frozen=True)
class PictureBox:
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


def read_imports(root: Path, prefix: str = "") -> Graph:
    """The packages and modules directly below ``prefix`` (of the source: the top-level ones), and what they import of
    each other."""
    folder = root / prefix
    names = {name: folder / name for name in _TITLES} if not prefix else dict(_children(folder))
    return {name: frozenset(_imported(path, prefix) & names.keys() - {name}) for name, path in names.items()}


def _children(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("_"):
            yield path.stem, path


def _imported(path: Path, prefix: str) -> set[str]:
    """First name after ``prefix`` of all that the files at ``path`` import."""
    files = path.rglob("*.py") if path.is_dir() else [path]
    modules = {name for file in files for name in _modules(file)}
    start = f"{prefix}." if prefix else ""
    return {name.removeprefix(start).split(".")[0] for name in modules if name.startswith(start)}


@cache
def _modules(file: Path) -> frozenset[str]:
    """What a file imports, wherever in it."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
    return frozenset(modules)


def find_arrows(graph: Graph) -> list[tuple[str, str]]:
    """The imports that no chain of other imports implies."""
    return sorted(
        (name, below)
        for name, imported in graph.items()
        for below in imported - set(FOR_ALL)
        if not any(below in _reach(graph, other) for other in imported - {below})
    )


def _reach(graph: Graph, name: str) -> set[str]:
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        fresh = graph[waiting.pop()] - reached
        reached |= fresh
        waiting += fresh
    return reached


def find_rows(graph: Graph) -> list[list[str]]:
    """Packages by height, the highest first; each imports only packages of lower rows.

    Raises ValueError where they import each other in a circle.
    """
    heights: dict[str, int] = {}
    while len(heights) < len(graph):
        ready = [name for name in graph.keys() - heights.keys() if graph[name] <= heights.keys()]
        if not ready:
            raise ValueError(f"import each other: {sorted(graph.keys() - heights.keys())}")
        heights |= {name: 1 + max((heights[below] for below in graph[name]), default=0) for name in ready}
    return [sorted(name for name in heights if heights[name] == at) for at in range(max(heights.values()), 0, -1)]


def draw_house(root: Path = ROOT) -> str:
    """The picture as SVG."""
    rows = find_rows(read_imports(root, "services"))
    boxes = _place(len(rows))
    height = boxes["domain"].bottom + 12
    inside = {name: [child for child, path in _children(root / name) if path.is_dir()] for name in _WITH_NAMES}
    parts = [*_frame(height), *(part for name, box in boxes.items() for part in _draw_box(name, box, inside))]
    parts += [_draw_arrow(boxes[name], boxes[below]) for name, below in find_arrows(read_imports(root))]
    parts += _draw_rows(boxes["services"], rows)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _place(rows: int) -> dict[str, PictureBox]:
    edges, inside = 12 + 54 + _GAP, 52 + rows * (_CHIP + 6)
    services = edges + 270 + _GAP
    models = services + inside + _GAP
    return {
        "app": PictureBox(12, 12, 776, 54),
        "handlers": PictureBox(12, edges, 116, 118),
        "bot": PictureBox(12, edges + 118 + _GAP, 116, 118),
        "platform_api": PictureBox(140, edges, 184, 62),
        "miniapp_api": PictureBox(140, edges + 62 + _GAP, 184, 174),
        "web": PictureBox(336, edges, 180, 270),
        "jobs": PictureBox(528, edges, 92, 270),
        "gateways": PictureBox(656, edges, 132, services + inside - edges),
        "services": PictureBox(12, services, 608, inside),
        "models": PictureBox(12, models, 608, 54),
        "config": PictureBox(656, models, 132, 54),
        "domain": PictureBox(12, models + 54 + _GAP, 608, 90),
        "sandbox": PictureBox(656, models + 54 + _GAP, 132, 90),
    }


def _frame(height: float) -> list[str]:
    size = f'viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" height="{height:g}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="14">',
        "<title>Layers and packages: imports point down</title>",
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0 0 8 4 0 8z" fill="#44546a"/></marker>',
        f'<rect width="{_WIDTH}" height="{height:g}" fill="#fff"/>',
    ]


def _draw_box(name: str, box: PictureBox, inside: Mapping[str, Sequence[str]]) -> list[str]:
    """The box, its name, what it is, and the packages in it, as many to a line as fit."""
    dashed = ' stroke-dasharray="5 4"' if name == "sandbox" else ""
    colour = _COLOURS["layer" if box.width > 600 else "beside" if box.x > 620 else "edge"]
    about = _wrap(_TITLES[name].split(), box.width - 20, " ")
    names = _wrap(inside.get(name, ()), box.width - 4, " · ")
    lines = [(line, ' fill="#44546a"') for line in about] + [(line, ' font-size="13"') for line in names]
    place = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"'
    return [
        f'<rect {place} rx="8" fill="{colour}" stroke="#8a99ad"{dashed}/>',
        _write(box.x + 10, box.y + 22, name, ' font-weight="700" font-size="16"'),
        *(_write(box.x + 10, box.y + 42 + at * _LINE, line, style) for at, (line, style) in enumerate(lines)),
    ]


def _draw_arrow(above: PictureBox, below: PictureBox) -> str:
    if above.x >= below.x + below.width:  # beside it: gateways use the ports at the bottom of services
        y = below.bottom - _CHIP / 2 - 8
        return _line(above.x, y, below.x + below.width, y)
    x = above.middle if above.width < below.width else below.middle
    return _line(x, above.bottom, x, below.y)


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return (
        f'<path d="M{x:g} {y:g} L{to_x:g} {to_y:g}" fill="none" stroke="#44546a" stroke-width="2" '
        'marker-end="url(#head)"/>'
    )


def _draw_rows(box: PictureBox, rows: Sequence[Sequence[str]]) -> list[str]:
    return [part for at, row in enumerate(rows) for part in _draw_row(box, row, box.y + 50 + at * (_CHIP + 6))]


def _draw_row(box: PictureBox, row: Sequence[str], y: float) -> Iterator[str]:
    widths = [len(name) * _LETTER + 20 for name in row]
    x = box.middle - (sum(widths) + 10 * (len(row) - 1)) / 2
    for name, width in zip(row, widths, strict=True):
        yield (
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{_CHIP}" rx="5" fill="#fff" stroke="#b3bfce"/>'
            + _write(x + width / 2, y + 18, name, ' text-anchor="middle"')
        )
        x += width + 10


def _wrap(words: Sequence[str], width: float, between: str) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}{between}{word}" if lines else word
        if lines and len(longer) * _LETTER <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _write(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{style}>{escape(text)}</text>'


if __name__ == "__main__":
    PICTURE.write_text(draw_house(), encoding="utf-8")
