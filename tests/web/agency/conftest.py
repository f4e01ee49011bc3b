"""Checks invariants after every test of these pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.invariants import check_invariants
from tests.web.conftest import World


@pytest.fixture
async def world(world: World) -> AsyncIterator[World]:
    yield world
    await check_invariants()
