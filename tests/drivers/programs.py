"""Programs that tests drive, and what happens without them."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def require(program: str) -> str:
    """Path of a program. Without it a test fails in CI; elsewhere it is skipped with a message."""
    found = shutil.which(program)
    if found is None:
        give_up(f"{program} is not installed")
    return found


def give_up(reason: str) -> NoReturn:
    """A program is missing: fail in CI, elsewhere skip the test with a message."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, so nothing was checked here")
    pytest.skip(f"{reason}: not checked here")
