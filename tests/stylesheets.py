"""Reading style sheets: which class names each one gives rules to by their bare name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCKS = r"[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}"
_OTHER = re.compile(rf"@(?:keyframes|media print){_BLOCKS}")
_BARE = re.compile(r"\s*\.([\w-]+)(?:::?[\w-]+(?:\([^)]*\))?)*\s*")


def bare_classes(sheet: Path) -> set[str]:
    """Classes that stand alone in a selector: whatever has the class gets the rule, wherever it is used."""
    text = _OTHER.sub("", _COMMENT.sub("", sheet.read_text(encoding="utf-8")))
    parts = (part for selector in re.findall(r"([^{}]+)\{", text) for part in selector.split(","))
    return {match[1] for part in parts if (match := _BARE.fullmatch(part))}


def shared_classes(sheets: Iterable[Path]) -> dict[str, list[str]]:
    """Classes with bare rules in more than one of the sheets that meet on a page."""
    where: dict[str, list[str]] = defaultdict(list)
    for sheet in sheets:
        for name in bare_classes(sheet):
            where[name].append(sheet.name)
    return {name: sorted(names) for name, names in where.items() if len(names) > 1}


GEOMETRY = Path(__file__).with_name("geometry.js").read_text(encoding="utf-8").partition("\n")[2]
"""A function of an element: what is wrong with it as it is laid out, one line each."""
