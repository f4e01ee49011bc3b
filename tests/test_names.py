"""A class of the product is found by its name alone: no two public ones share it. A row, a parameter, a function is
named by what it is, never by a pronoun. A placeholder of SQL is named by ``SqlValues`` alone: no other code works out
its number.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_WORKED_OUT = re.compile(r"""\$\{|\$%|["']\$["']""")
"""A dollar sign before a value: in an f-string or template (``${n}``), for ``%`` (``$%d``), or alone (``"$" + n``)."""
_PRONOUNS = frozenset({"one", "found", "kept", "asked", "said"})
_SOMEWHERE = re.compile(rf"\b_*(?:{'|'.join(_PRONOUNS)})_*\b")
"""Most modules need not be parsed."""
_SENT = frozenset(
    {
        "services/courses/study.py asked",
        "miniapp_api/applications/views.py kept",
        "services/applications/queries.py kept",
    }
)
"""Fields whose names the mini-program and the page of a course read."""
_IN_TEMPLATES = re.compile(r"{%-? *(?:for|set|macro) [^%]*?\b(?:one|found|kept|asked|said)\b(?= in | *=|,|\))")
PRODUCT = (
    "app",
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


def public_classes() -> Iterator[str]:
    for path in (path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        yield from (node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))


def test_no_two_public_classes_of_the_product_share_a_name() -> None:
    names = Counter(public_classes())
    assert len(names) > 1000
    assert [name for name, count in names.items() if count > 1] == []


def names_given(path: Path) -> Iterator[str]:
    """Variables, parameters, functions and fields of a module in which a pronoun stands anywhere."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)) if _SOMEWHERE.search(source) else ():
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name


def test_nothing_is_named_by_a_pronoun() -> None:
    """``one`` for a row and ``found`` for a result have to be decoded at each place."""
    folders = (*PRODUCT, "sandbox", "benchmarks", "tests")
    modules = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(modules) > 1500
    given = {
        f"{path.relative_to(ROOT).as_posix()} {name}"
        for path in modules
        for name in names_given(path)
        if name.strip("_") in _PRONOUNS
    }
    assert sorted(given - _SENT) == []
    templates = (ROOT / "web" / "templates").rglob("*.html")
    assert [path.name for path in templates if _IN_TEMPLATES.search(path.read_text(encoding="utf-8"))] == []


def test_no_placeholder_is_numbered_by_arithmetic() -> None:
    source = (path for folder in ("app", "jobs", "models", "services") for path in (ROOT / folder).rglob("*.py"))
    lines = {
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for path in source
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _WORKED_OUT.search(line)
    }
    assert {line.partition(":")[0] for line in lines} == {"services/core/sql_values.py"}, sorted(lines)
