"""Collecting the tests looks for no garbage: what is made then stays, and walking over it is a quarter of the time."""

from __future__ import annotations

import gc


def pytest_configure() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """pytest's last look for forgotten resources sees everything."""
    gc.unfreeze()
