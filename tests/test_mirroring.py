"""Tests lie in the folder that mirrors the one of the code they test."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "app",
    "bot",
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
NAMED_AS_MODULES = ("miniapp_api", "services", "web")
"""Packages whose tests are named after the modules."""


def test_every_folder_of_tests_mirrors_a_folder_of_the_code() -> None:
    folders = {test.parent.relative_to(ROOT / "tests") for name in PACKAGES for test in _tests(name)}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder).is_dir()] == []


def test_a_test_named_after_a_module_lies_in_the_folder_of_the_module() -> None:
    assert [str(test) for name in NAMED_AS_MODULES for test in _tests(name) if _is_misplaced(test)] == []


def _tests(package: str) -> list[Path]:
    return sorted((ROOT / "tests" / package).rglob("test_*.py"))


def _is_misplaced(test: Path) -> bool:
    """Whether the module that the test is named after lies in a sub-package of the mirrored folder."""
    folder = ROOT / test.parent.relative_to(ROOT / "tests")
    module = test.name.removeprefix("test_")
    return not (folder / module).exists() and any(folder.glob(f"*/{module}"))
