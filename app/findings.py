"""Results of the doctor's checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from config.settings import Settings


@dataclass(frozen=True)
class Finding:
    """``text`` confirms a check, or describes the fault and what to do."""

    check: str
    state: Literal["ok", "problem", "skipped"]
    text: str


Check = Callable[[Settings], Awaitable[list[Finding]]]


def ok(check: str, text: str) -> Finding:
    return Finding(check, "ok", text)


def problem(check: str, text: str) -> Finding:
    return Finding(check, "problem", text)


def skipped(check: str, text: str) -> Finding:
    return Finding(check, "skipped", text)
