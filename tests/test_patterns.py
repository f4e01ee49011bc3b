"""No pattern reads a long text again and again: twice the text is twice the work.

``[tag:`` without an end, read anew at each of its kind, cost an import of questions half a minute. What goes back over
its text may only read short ones; ``SHORT`` names their limit.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.backtracking import StepCounter, TooManySteps, attacks

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "bot",
    "config",
    "domain",
    "gateways",
    "handlers",
    "jobs",
    "miniapp_api",
    "models",
    "platform_api",
    "services",
    "web",
)
"""What runs where strangers' texts arrive; ``app`` reads only what it wrote itself."""
SHORT = {
    "services.inspection.pdf_actions._STREAM": "looks no further than 1,000 bytes",
    **dict.fromkeys(
        [
            f"domain.understanding.scrubbing.{name}"
            for name in ("_ACCOUNT", "_ADDRESS", "_CODE", "_EMAIL", "_ID_CARD", "_NUMBER")
        ],
        "reads the first 400 characters of a message",
    ),
}
"""Patterns that go back over their text, and what keeps it short."""
_FROM_THE_BEGINNING = {"match", "fullmatch"}
_METHODS = {"search", "sub", "subn", "finditer", "findall", "split", *_FROM_THE_BEGINNING}
LENGTH = 24
SUPERLINEAR = 2.8


def patterns() -> Iterator[tuple[str, re.Pattern[Any], bool]]:
    """Each pattern of the product by module and name, and whether it is only matched from a text's beginning."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text()
            if "import re\n" not in source:
                continue
            name, tree = ".".join(path.relative_to(ROOT).with_suffix("").parts), ast.parse(source)
            uses = _uses(tree)
            for variable, pattern in _compiled(vars(import_module(name))):
                anchored = bool(uses.get(variable)) and uses[variable] <= _FROM_THE_BEGINNING
                yield f"{name}.{variable}", pattern, anchored
            for line, method, pattern in _written_in_place(tree):
                yield f"{name}:{line}", pattern, method in _FROM_THE_BEGINNING


def _uses(tree: ast.Module) -> Mapping[str, set[str]]:
    uses: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _METHODS:
            owner = node.value.value if isinstance(node.value, ast.Subscript) else node.value
            if isinstance(owner, ast.Name):
                uses.setdefault(owner.id, set()).add(node.attr)
    return uses


def _compiled(names: Mapping[str, object]) -> Iterator[tuple[str, re.Pattern[Any]]]:
    for name, value in names.items():
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
        for part in values:
            for pattern in part if isinstance(part, tuple) else [part]:
                if isinstance(pattern, re.Pattern):
                    yield name, pattern


def _written_in_place(tree: ast.Module) -> Iterator[tuple[int, str, re.Pattern[Any]]]:
    """Patterns given to functions of ``re`` as they are."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in _METHODS
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, node.func.attr, re.compile(node.args[0].value)


def growth(pattern: re.Pattern[Any], *, anchored: bool) -> float:
    """How much more work twice the text is, at worst: 2 for a linear pattern, 4 for a quadratic one."""
    counter = StepCounter(pattern, limit=30_000)
    worst = 0.0
    for short, long in zip(attacks(counter.items, LENGTH), attacks(counter.items, 2 * LENGTH), strict=True):
        try:
            steps = counter.count(short, anchored=anchored), counter.count(long, anchored=anchored)
        except TooManySteps:
            return float("inf")
        worst = max(worst, steps[1] / steps[0])
        if worst >= SUPERLINEAR:
            break
    return worst


@pytest.mark.parametrize(
    ("source", "anchored", "linear"),
    [
        (r"\[tag:[^\]]*\]", False, False),
        (r"<a\b[^>]*>", False, False),
        (r" *\n", False, False),
        (r"(a+)+b", True, False),
        (r"\s*,?\s*;", True, False),
        (r"\s+", False, True),
        (r"[^\]]*\]", True, True),
        (r"\[tag:[^\]]*+(\]|\Z)", False, True),
        (r"(?<!\d)1[3-9]\d{9}(?!\d)", False, True),
    ],
)
def test_the_counter_knows_quadratic_patterns(source: str, anchored: bool, linear: bool) -> None:
    assert (growth(re.compile(source), anchored=anchored) < SUPERLINEAR) is linear


def test_no_pattern_reads_a_long_text_again_and_again() -> None:
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        slow = {name: growth(pattern, anchored=anchored) for name, pattern, anchored in patterns()}
    finally:
        sys.setrecursionlimit(depth)
    slow = {name: work for name, work in slow.items() if work >= SUPERLINEAR}
    assert sorted(set(slow) - set(SHORT)) == []
    assert sorted(set(SHORT) - set(slow)) == [], "listed, but linear now"
