"""Rows that wait because our side is wrong at a vendor: marked in their failure column, shown to office and auditor."""

from __future__ import annotations

from datetime import timedelta

from domain.errors import NeedsOperator

OPERATOR = "operator:"
"""Before the vendor's code, in the failure or vendor code of a row that waits for the operator."""
PAUSE = timedelta(minutes=10)
"""Between two tries of one row."""
WAITED_LONG = timedelta(days=1)
"""A row that still waits so long after it began is reported by the auditor."""


def operator_wait(error: NeedsOperator) -> str:
    """The mark of a row that waits for the operator."""
    return f"{OPERATOR}{error.vendor_code}"[:60]


def find_operator_code(mark: str) -> str:
    """The vendor's code in the mark of a row that waits for the operator; empty for any other failure."""
    return mark.removeprefix(OPERATOR) if mark.startswith(OPERATOR) else ""


def waits_for_operator(column: str) -> str:
    """SQL condition."""
    return f"{column} LIKE '{OPERATOR}%'"
