"""What the documents name exists: a file that was moved or renamed is renamed there too."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.name != "CHANGELOG.md")
WRITTEN = [path for path in DOCUMENTS if path.name != "api.md"]
"""Schemas of the generated reference have names of their own."""
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"var"}
SOURCES = [path for folder in sorted(FOLDERS) for path in (ROOT / folder).rglob("*.py")]
CLASS = re.compile(r"`([A-Z][a-z0-9]+[A-Z]\w*)`")
MODULE = re.compile(r"`(\w+\.py)`")
NAMED = re.compile(r"`([\w.-]+/[\w./-]*)`")
LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = [name for name in NAMED.findall(text) if name.partition("/")[0] in FOLDERS]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.fixture(scope="module")
def words() -> set[str]:
    return {word for path in SOURCES for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_classes_and_modules_that_a_document_names_exist(document: Path, words: set[str]) -> None:
    text, modules = document.read_text(encoding="utf-8"), {path.name for path in SOURCES}
    assert [name for name in CLASS.findall(text) if name not in words] == []
    assert [name for name in MODULE.findall(text) if name not in modules] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_a_document_lead_somewhere(document: Path) -> None:
    links = LINKED.findall(document.read_text(encoding="utf-8"))
    lost = [link for link in links if not (document.parent / link).exists()]
    assert lost == []


def test_a_decision_is_read_in_a_minute() -> None:
    decisions = [path for path in DOCUMENTS if path.parent.name == "decisions"]
    assert len(decisions) > 10
    assert [path.name for path in decisions if len(path.read_text(encoding="utf-8").split()) > 120] == []


def test_decisions_are_numbered_without_gap_and_without_double() -> None:
    decisions = sorted(path for path in DOCUMENTS if path.parent.name == "decisions")
    numbers = [int(path.name.partition("-")[0]) for path in decisions]
    assert numbers == list(range(1, len(decisions) + 1))
    headings = [path.read_text(encoding="utf-8").partition(". ")[0] for path in decisions]
    assert headings == [f"# {number}" for number in numbers]


@pytest.mark.parametrize("folder", ["services", "domain", "web", "handlers", "gateways"])
def test_the_map_names_every_package_and_module_of_a_folder(folder: str) -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = {part for name in re.findall(r"`([\w./]+)`", text) for part in name.removesuffix(".py").split("/")}
    inside = {path.stem for path in (ROOT / folder).iterdir() if not path.name.startswith(("_", "."))}
    assert len(inside) > 5
    assert sorted(inside - named) == []


def test_the_map_places_every_package_of_services_once() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text.partition("| layer of `services/`, top first |")[2].partition("\n\n")[0]
    layers = Counter(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", table)))
    packages = {path.name for path in (ROOT / "services").iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert {name: count for name, count in layers.items() if count > 1} == {}
    assert packages - layers.keys() == set()
