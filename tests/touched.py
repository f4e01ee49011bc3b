"""Prints the tests that a change touches, for ``make quick``: those of its area, and those that import what changed.

The tests mirror the code, so an area is found by name: ``services/payments/orders.py`` leads to
``tests/services/payments``, ``web/templates/payments/pay.html`` to ``tests/web/payments``.
``make test`` finds what breaks further away.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
FOR_ALL = ("pyproject.toml", "requirements", "tests/conftest.py", "tests/plugins/")
"""Files by their beginning: each test depends on them."""
WORDS = "tests/test_words.py"
"""Holds the texts of all code and templates against the glossary."""
_SHOWN = (("web", "templates"), ("web", "static"))
"""They have a folder per noun as the pages have; what all pages share (``core``) leads to all of their tests."""


def touched(changed: Iterable[str]) -> list[str]:
    """Arguments of pytest for these files, relative to the project; empty: no test is touched."""
    files = [PurePosixPath(name) for name in changed]
    if any(file.as_posix().startswith(FOR_ALL) for file in files):
        return ["tests"]
    tests = {test for file in files for test in (*_tests_of_area(file), *_tests_importing(file))}
    folders = {test for test in tests if (ROOT / test).is_dir()}
    return sorted(test for test in tests if not any(test.startswith(f"{folder}/") for folder in folders))


def _tests_of_area(file: PurePosixPath) -> Iterator[str]:
    """The tests of the file's area."""
    if file.parts[0] == "tests":
        if file.name == "conftest.py":
            yield file.parent.as_posix()
        elif file.name.startswith("test_") and (ROOT / file).exists():
            yield file.as_posix()
    elif (ROOT / "tests" / file.parts[0]).is_dir():
        yield from _tests_of_noun(file)
        yield WORDS


def _tests_of_noun(file: PurePosixPath) -> Iterable[str]:
    """The noun's folder of tests; in an undivided folder, the tests named as the file or one of its folders."""
    if file.parts[:2] in _SHOWN:
        file = PurePosixPath("web", *(part for part in file.parts[2:] if part != "core"))
    folder = next(place for place in file.parents if len(place.parts) <= 2 and (ROOT / "tests" / place).is_dir())
    if len(folder.parts) > 1:
        return [f"tests/{folder}"]
    for name in (file.stem, *(place.name for place in file.parents if place.name)):
        if tests := sorted((ROOT / "tests" / folder).glob(f"test_{name}*.py")):
            return [test.relative_to(ROOT).as_posix() for test in tests]
    return [f"tests/{folder}"]


def _tests_importing(file: PurePosixPath) -> Iterator[str]:
    if file.suffix != ".py":
        return
    package, _, name = ".".join(file.with_suffix("").parts).removesuffix(".__init__").rpartition(".")
    wanted = re.compile(
        rf"\b{re.escape(package)}(\.{name}\b| import [^\n]*\b{name}\b)" if package else rf"import {name}\b"
    )
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        if wanted.search(test.read_text(encoding="utf-8")):
            yield test.relative_to(ROOT).as_posix()


def changed_files() -> list[str]:
    """Since the branch left ``main``, committed or not."""
    base = _git("merge-base", "HEAD", "main") or ["HEAD"]
    return [*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")]


def _git(*command: str) -> list[str]:
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


if __name__ == "__main__":
    print(*touched(changed_files()))
