"""Collecting the tests looks for no garbage: what is made then stays, and walking over it is a quarter of the time.

Files with slow tests come first, then those that drive a browser: they wait much, while others calculate, and no worker
is left alone with them at the end.
"""

from __future__ import annotations

import gc

import pytest


def pytest_configure() -> None:
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow, browser = ({item.path for item in items if item.get_closest_marker(name)} for name in ("slow", "browser"))
    items.sort(key=lambda item: (item.path not in slow, item.path not in browser))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """pytest's last look for forgotten resources sees everything."""
    gc.unfreeze()
