"""Results of the doctor's checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from config.settings import Settings


@dataclass(frozen=True)
class CheckFinding:
    """``text`` confirms a check, or describes the fault and what to do."""

    check: str
    state: Literal["ok", "problem", "skipped"]
    text: str


Check = Callable[[Settings], Awaitable[list[CheckFinding]]]


def ok(check: str, text: str) -> CheckFinding:
    return CheckFinding(check, "ok", text)


def problem(check: str, text: str) -> CheckFinding:
    return CheckFinding(check, "problem", text)


def skipped(check: str, text: str) -> CheckFinding:
    return CheckFinding(check, "skipped", text)
