"""A class of the product is found by its name alone: no two public ones share it."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCT = ("app", "bot", "config", "domain", "gateways", "handlers", "jobs", "miniapp_api", "models", "services", "web")


def public_classes() -> Iterator[str]:
    for path in (path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        yield from (node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))


def test_no_two_public_classes_of_the_product_share_a_name() -> None:
    names = Counter(public_classes())
    assert len(names) > 1000
    assert [name for name, count in names.items() if count > 1] == []
