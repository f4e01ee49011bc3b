"""The stores of a journey."""

from __future__ import annotations

import pytest

from tests.drivers.in_process import Stores


@pytest.fixture(scope="module")
def stores(module_database: str, module_redis: str) -> Stores:
    return Stores(module_database, module_redis)
