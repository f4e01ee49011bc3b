"""All Chinese that people read is held against ``docs/glossary.zh-CN.md``: one thing has one name."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.zh-CN.md"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ROW = re.compile(r"^\| (?P<use>[^|]+) \| (?P<avoid>[^|]+) \| [^|]+ \|$", re.MULTILINE)
_PYTHON = ("bot", "handlers", "miniapp_api", "platform_api", "services", "web", "domain", "jobs", "app")
_TYPED = ("words", "source", "sources")
"""Keys of rulebooks whose values no one is shown: what people may type, and where a rule comes from."""

_LONGER = re.compile("招标代理(?:机构|有限公司)")
"""Full names that contain a word which must not be used alone."""

_OTHERS_WORDS = ("domain/draws/verify_draw.py", "domain/draws/answers.py")
"""Files for auditors, in the protocol's terms, and of permitted answers, in people's words."""

ALLOWED: frozenset[tuple[str, str]] = frozenset(
    {
        # words that people may type
        ("handlers/availability.py", "我的日程"),
        ("handlers/availability.py", "可评标时间"),
        ("handlers/availability.py", "设置日程"),
        ("handlers/welcome.py", "客服"),
        ("handlers/welcome.py", "人工客服"),
        ("handlers/welcome.py", "客服电话"),
        # names of telephone lines and services that are not ours
        ("config/rulebooks/jilin.toml", "客服热线 400-881-7190"),
        ("config/rulebooks/jilin.toml", "智能客服：微信公众号“政采云平台”—关于我们—智能客服"),
    }
)


def names() -> dict[str, str]:
    """Words not to use, and their replacements."""
    rows = [row for row in _ROW.finditer(GLOSSARY.read_text("utf-8")) if not row["use"].startswith(("用", "-"))]
    return {word.strip(): row["use"].strip() for row in rows for word in row["avoid"].split("、")}


def in_python(text: str) -> Iterator[str]:
    tree = ast.parse(text)
    prose = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def in_script(text: str) -> Iterator[str]:
    yield from re.sub(r"/\*.*?\*/|(?<![:'\"])//[^\n]*", "", text, flags=re.DOTALL).splitlines()


def in_template(text: str) -> Iterator[str]:
    yield from re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL).splitlines()


def in_rulebook(text: str) -> Iterator[str]:
    yield from _values(tomllib.loads(text))


def in_intents(text: str) -> Iterator[str]:
    """What is answered, without the words that a person may use."""
    for intent in tomllib.loads(text).values():
        yield from (intent["title"], intent.get("answer", ""), *intent.get("page", ())[:1])


def _values(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, child in value.items():
            if name not in _TYPED:
                yield from _values(child)
    elif isinstance(value, list):
        for child in value:
            yield from _values(child)


@functools.cache
def texts() -> tuple[tuple[str, str], ...]:
    """File and text of everything Chinese that a person is shown."""
    return tuple(_texts())


def _texts() -> Iterator[tuple[str, str]]:
    sources = [(path, in_python) for part in _PYTHON for path in (ROOT / part).rglob("*.py")]
    sources += [(path, in_template) for path in (ROOT / "web" / "templates").rglob("*.html")]
    for folder in ("web/static", "sandbox/static"):
        sources += [(path, in_script) for path in (ROOT / folder).rglob("*.js")]
    sources += [(path, in_template) for path in (ROOT / "sandbox" / "static").rglob("*.html")]
    mini = ROOT / "miniprogram"
    sources += [(path, in_script) for folder in ("lib", "pages") for path in (mini / folder).rglob("*.js")]
    sources += [(path, in_template) for folder in ("lib", "pages") for path in (mini / folder).rglob("*.wxml")]
    intents = ROOT / "config" / "intents"
    sources += [(path, in_intents) for path in intents.glob("*.toml")]
    sources += [(path, in_rulebook) for path in (ROOT / "config").rglob("*.toml") if intents not in path.parents]
    for path, read in sources:
        name = path.relative_to(ROOT).as_posix()
        if name not in _OTHERS_WORDS:
            yield from ((name, text.strip()) for text in read(path.read_text("utf-8")) if _CHINESE.search(text))


def test_one_thing_has_one_name() -> None:
    avoid = names()
    deviations = [
        f"{path}: “{word}” should read “{use}”: {text[:80]}"
        for path, text in texts()
        if (path, text) not in ALLOWED
        for word, use in avoid.items()
        if word in _LONGER.sub("", text)
    ]
    assert deviations == []


def test_every_exception_is_still_needed() -> None:
    avoid, shown = names(), set(texts())
    assert {
        allowed for allowed in ALLOWED if allowed not in shown or not any(word in allowed[1] for word in avoid)
    } == set()


@pytest.mark.parametrize(
    ("read", "source"),
    [
        (in_python, '"""揭示"""\nTEXT = f"请{1}揭示"'),
        (in_template, "{# 揭示 #}<p>揭示</p>"),
        (in_script, "// 揭示\n/* 揭示 */ say('揭示') // 揭示"),
        (in_rulebook, 'words = ["揭示"]\nsource = "揭示"\n[a]\nb = [{ c = "揭示" }]'),
    ],
)
def test_texts_are_read_and_remarks_are_not(read: object, source: str) -> None:
    assert callable(read)
    assert sum(text.count("揭示") for text in read(source)) == 1
    assert "揭示" in names()
