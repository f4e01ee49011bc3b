"""A class of the product is found by its name alone: no two public ones share it. A placeholder of SQL is named by
``SqlValues`` alone: no other code works out its number."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_WORKED_OUT = re.compile(r"""\$\{|\$%|["']\$["']""")
"""A dollar sign before a value: in an f-string or template (``${n}``), for ``%`` (``$%d``), or alone (``"$" + n``)."""
PRODUCT = ("app", "bot", "config", "domain", "gateways", "handlers", "jobs", "miniapp_api", "models", "services", "web")


def public_classes() -> Iterator[str]:
    for path in (path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        yield from (node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))


def test_no_two_public_classes_of_the_product_share_a_name() -> None:
    names = Counter(public_classes())
    assert len(names) > 1000
    assert [name for name, count in names.items() if count > 1] == []


def test_no_placeholder_is_numbered_by_arithmetic() -> None:
    source = (path for folder in ("app", "jobs", "models", "services") for path in (ROOT / folder).rglob("*.py"))
    lines = {
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for path in source
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _WORKED_OUT.search(line)
    }
    assert {line.partition(":")[0] for line in lines} == {"services/core/sql_values.py"}, sorted(lines)
