"""Programs that tests drive, and what their absence means."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def require(program: str) -> str:
    """Where it is. In CI a test without it fails; elsewhere it is skipped, and says so."""
    found = shutil.which(program)
    if found is None:
        give_up(f"{program} is not installed")
    return found


def give_up(reason: str) -> NoReturn:
    """What a test needs is not to be had. In CI it fails; elsewhere it is skipped, and says so."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, so nothing was checked here")
    pytest.skip(f"{reason}: not checked here")
