"""Office sheets as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic
from uuid import UUID

from services.office_sheets.acts import Details
from services.spreadsheets.cells import RowError


class SheetState(StrEnum):
    CHECKED = "checked"
    """Waits for its confirmation."""
    WORKING = "working"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True)
class OfficeSheetLine:
    """A sheet in the list. ``act``: what is done to each person; ``rows``: number of valid ones; ``author``: who
    uploaded it."""

    id: UUID
    act: str
    filename: str
    state: SheetState
    rows: int
    author: str
    created_at: datetime


@dataclass(frozen=True)
class OfficeSheetView(OfficeSheetLine, Generic[Details]):
    """``numbers``: of the experts of all valid rows, the first ``done`` of which are dealt with.

    ``silent``: the worker doesn't answer. ``may_confirm`` false: it has no valid row, has expired, or, with
    ``waits_for_other``, another member of the office has to.
    """

    reason: str
    done: int
    numbers: tuple[str, ...]
    errors: tuple[RowError, ...]
    failures: tuple[RowError, ...]
    finished_at: datetime | None
    silent: bool
    may_confirm: bool
    waits_for_other: bool
    details: Details
