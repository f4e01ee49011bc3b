"""What a merge leaves behind: a private name that its module no longer uses, a docstring that lost its constant."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "app",
    "benchmarks",
    "bot",
    "config",
    "domain",
    "gateways",
    "handlers",
    "jobs",
    "miniapp_api",
    "models",
    "platform_api",
    "sandbox",
    "services",
    "tests",
    "web",
)
_WORD = re.compile(r"\w+")
_PRIVATE = re.compile(r"^(?:class |def |async def )?(_[a-zA-Z]\w*)", re.MULTILINE)
_TWO_TEXTS = re.compile(r"\"{3}\n *\"{3}")


def _modules(package: str, suspect: Callable[[str], bool]) -> Iterator[tuple[Path, ast.Module]]:
    """Those whose source is suspect; most need not be parsed."""
    for path in sorted((ROOT / package).rglob("*.py")):
        source = path.read_text("utf-8")
        if suspect(source):
            yield path.relative_to(ROOT), ast.parse(source)


def _has_lonely_name(source: str) -> bool:
    words = Counter(_WORD.findall(source))
    return any(words[name] == 1 for name in _PRIVATE.findall(source))


def _has_two_texts(source: str) -> bool:
    return _TWO_TEXTS.search(source) is not None


def _private_names(module: ast.Module) -> Iterator[str]:
    """Of the module's own functions, classes and constants. A decorator may have registered a function."""
    for node in module.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.FunctionDef(name=name, decorator_list=[]) | ast.AsyncFunctionDef(name=name, decorator_list=[]):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_private_name_is_named_again_in_its_module(package: str) -> None:
    unused = [
        f"{path}: {name}"
        for path, module in _modules(package, _has_lonely_name)
        for name in _private_names(module)
        if name.startswith("_") and _WORD.findall((ROOT / path).read_text("utf-8")).count(name) == 1
    ]
    assert unused == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_explains_what_another_text_explains(package: str) -> None:
    """A constant put between another and its docstring takes the docstring away."""
    doubled = [
        f"{path}:{second.lineno}"
        for path, module in _modules(package, _has_two_texts)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef)
        for first, second in zip(node.body, node.body[1:], strict=False)
        if _is_text(first) and _is_text(second)
    ]
    assert doubled == []
