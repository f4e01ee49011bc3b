"""Checks invariants after every test of code that changes panels."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.invariants import check_invariants

CHECKED = {
    "test_single_seed.py",
    "test_supplement_times.py",
    "test_releases.py",
    "test_supplements.py",
    "test_virtual_calls.py",
}
"""Files whose tests don't check themselves; a check takes 30 ms, too long for all."""


@pytest.fixture
async def db(db: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    yield db
    if request.path.name in CHECKED:
        await check_invariants()
