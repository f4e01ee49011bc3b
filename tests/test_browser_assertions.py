"""What a page shows is asserted by waiting for it: its scripts run after the text that a test waited for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
_READS = {
    "all_inner_texts",
    "count",
    "get_attribute",
    "inner_text",
    "input_value",
    "is_checked",
    "is_disabled",
    "is_enabled",
    "is_hidden",
    "is_visible",
    "text_content",
}
_LOCATES = {"get_by_label", "get_by_placeholder", "get_by_role", "get_by_text", "get_by_title", "locator", "inner_text"}
_PAGES = {"page", "phone"}


def _reads_once(node: ast.AST) -> bool:
    """Whether it is `page.url`, or a read of what a locator finds, at this instant."""
    match node:
        case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr="url"):
            return name in _PAGES
        case ast.Await(value=ast.Call(func=ast.Attribute(attr=attribute) as read)):
            return attribute in _READS and any(
                isinstance(part, ast.Attribute) and part.attr in _LOCATES for part in ast.walk(read)
            )
    return False


def _asserted(path: Path) -> Iterator[str]:
    source = path.read_text("utf-8")
    if "playwright" not in source:
        return
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.Assert) and any(map(_reads_once, ast.walk(statement))):
            yield f"{path.relative_to(TESTS)}:{statement.lineno}"


def test_what_a_page_shows_is_waited_for() -> None:
    bare_reads = [place for path in sorted(TESTS.rglob("*.py")) for place in _asserted(path)]
    assert bare_reads == [], "use playwright's expect(…), which waits"
