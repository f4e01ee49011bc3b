"""What all tests share."""

from __future__ import annotations

import pytest

from tests.factories.numbers import Numbers

pytest_plugins = [
    "tests.plugins.properties",
    "tests.plugins.lanes",
    "tests.plugins.workers",
    "tests.plugins.stories",
    "tests.plugins.parsing",
    "tests.plugins.network",
    "tests.plugins.loop",
    "tests.plugins.pools",
    "tests.plugins.servers",
    "tests.plugins.caching",
    "tests.plugins.browsers",
    "tests.plugins.collection",
]


@pytest.fixture(autouse=True)
def _numbers_begin_anew() -> None:
    Numbers.begin_anew()
