"""Finds every text for people that ends at a telephone or at the office: in code, rulebooks, templates and scripts."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_OFFICE = re.compile(
    r"(请|可以|也可|或|直接|立即|马上|需)\w{0,6}(拨打|致电)|请致电|致电\{|致电核实|致电$|咨询\{"
    r"|联系(专家库)?管理机构|联系我们|服务热线|人工服务电话|hotline"
)
"""Words with which a text sends its reader to the office."""
_OTHERS = re.compile(r"contact_phone|contact\}|联系人|[立才]即?拨打|逐一拨打")
"""Another number than the office's: that of the venue or of the agency; and calls that a person makes."""
_CHINESE = re.compile("[一-鿿]")
_PACKAGES = ("app", "bot", "domain", "handlers", "jobs", "miniapp_api", "platform_api", "services", "web")
_SCRIPTS = (("web/templates", "*.html"), ("web/static", "*.js"), ("miniprogram", "*.js"), ("miniprogram", "*.wxml"))
_MARKUP = re.compile(r"\{%.*?%\}|\{#.*?#\}|<[^>]+>", re.DOTALL)
_FILLED = re.compile(r"\$?\{\{?[^{}]*\}\}?")
_SENTENCE = re.compile(r"[^。；;！？\n]+")
_NOTICE_TEXTS = "config/rulebooks/_notice_texts.toml"


def find_texts() -> dict[str, set[str]]:
    """Sentences that name the office, by file, of notices by kind; what is filled in is ``{}``."""
    texts: dict[str, set[str]] = {}
    for place, text in _all_texts():
        for sentence in _SENTENCE.findall(text):
            if _OFFICE.search(sentence) and _CHINESE.search(sentence) and not _OTHERS.search(sentence):
                words = " ".join(_FILLED.sub("{}", sentence).split()).strip(" ，、：:`'\"")
                texts.setdefault(place, set()).add(words)
    return texts


def _all_texts() -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from ((str(path.relative_to(ROOT)), text) for text in _strings(tree))
    for path in sorted((ROOT / "config/rulebooks").glob("*.toml")):
        rules, name = tomllib.loads(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT))
        parts = rules["texts"].items() if name == _NOTICE_TEXTS else [("", rules)]
        for kind, values in parts:
            yield from ((f"{name} {kind}".strip(), text) for text in _values(values))
    for folder, pattern in _SCRIPTS:
        for path in sorted((ROOT / folder).rglob(pattern)):
            if not {"tests", "node_modules"} & set(path.parts):
                text = _MARKUP.sub("\n", path.read_text(encoding="utf-8"))
                yield from ((str(path.relative_to(ROOT)), line) for line in text.splitlines())


def _strings(tree: ast.AST) -> Iterator[str]:
    """Texts of a module without its docstrings; an f-string is one text."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else _expression(part) for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner | docstrings:
            yield node.value


def _expression(part: ast.expr) -> str:
    """What an f-string fills in, by its last name."""
    names = re.findall(r"\w+", ast.unparse(part))
    return f"{{{names[-1] if names else ''}}}"


def _values(rules: object) -> Iterator[str]:
    if isinstance(rules, str):
        yield rules
    elif isinstance(rules, dict):
        for value in rules.values():
            yield from _values(value)
    elif isinstance(rules, list):
        for value in rules:
            yield from _values(value)
