"""Programs that tests drive, and what their absence means."""

from __future__ import annotations

import os
import shutil

import pytest


def require(program: str) -> str:
    """Where it is. In CI a test without it fails; elsewhere it is skipped, and says so."""
    if found := shutil.which(program):
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{program} is not installed, so nothing was checked here")
    pytest.skip(f"{program} is not installed: not checked here")
