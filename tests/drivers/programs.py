"""Programs that only compute and end, and what happens without them. No other test code starts a process."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

Done = subprocess.CompletedProcess[str]


def run(command: Sequence[str | Path], *, cwd: Path | None = None, timeout: float = 300) -> Done:
    """Run a program to its end; its output is text. subprocess.TimeoutExpired where it hangs."""
    return subprocess.run(
        command, cwd=cwd, timeout=timeout, capture_output=True, text=True, encoding="utf-8", check=False
    )


def converse(command: Sequence[str | Path]) -> subprocess.Popen[str]:
    """Start a program that reads lines and answers each."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


def require(program: str) -> str:
    """Path of a program. Without it a test fails in CI; elsewhere it is skipped with a message."""
    path = shutil.which(program)
    if path is None:
        give_up(f"{program} is not installed")
    return path


def give_up(reason: str) -> NoReturn:
    """A program is missing: fail in CI, elsewhere skip the test with a message."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, so nothing was checked here")
    pytest.skip(f"{reason}: not checked here")
