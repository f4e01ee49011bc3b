"""The benchmark of pages requests existing addresses only."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.log_ins import ROLES
from benchmarks.pages import API, PAGES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


def test_every_address_of_the_api_is_served() -> None:
    served = {_plain(path) for path in re.findall(r"\| GET \| `([^`]+)`", REFERENCE.read_text())}
    assert {_plain(path) for path in API} <= served


def test_every_reader_of_a_benchmark_has_a_known_role() -> None:
    assert {who for persons in (*API.values(), *PAGES.values()) for who in persons} <= {*ROLES, "anybody"}


def _plain(path: str) -> str:
    """The address without its parameters' names."""
    return re.sub(r"\{\w+\}", "{}", path)
