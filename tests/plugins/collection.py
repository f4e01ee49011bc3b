"""Collecting the tests looks for no garbage: what is made then stays, and walking over it is a quarter of the time.

While tests run, it is looked for a tenth of the usual times: it took a tenth of the time.

Files with slow tests and those that drive a browser come first, mixed: they wait much, while others calculate, and no
worker is left alone with them at the end.
"""

from __future__ import annotations

import gc
from pathlib import Path

import pytest


def pytest_configure() -> None:
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places: dict[Path, float] = {}
    for name in ("browser", "slow"):
        paths = list(dict.fromkeys(item.path for item in items if item.get_closest_marker(name)))
        places |= {path: at / len(paths) for at, path in enumerate(paths)}
    items.sort(key=lambda item: places.get(item.path, 1.0))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(*(10 * number for number in gc.get_threshold()))
    gc.enable()


def pytest_sessionfinish() -> None:
    """pytest's last look for forgotten resources sees everything."""
    gc.unfreeze()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """After that, skip garbage collection: neither pytest's second look nor Python's end needs it."""
    gc.freeze()
