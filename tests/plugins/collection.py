"""Collecting the tests looks for no garbage: what is made then stays, and walking over it is a quarter of the time.

Files with tests of the browser come first: they take longest, and no worker is left alone with them at the end.
"""

from __future__ import annotations

import gc

import pytest


def pytest_configure() -> None:
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """pytest's last look for forgotten resources sees everything."""
    gc.unfreeze()
