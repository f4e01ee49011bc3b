"""A person's examinations, as a complete export for that person: calls, attempts, released results, appeals."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from models.exams import ExamAppeal, ExamAttempt, ExamCandidate

_ATTEMPT = (
    "number",
    "state",
    "started_at",
    "submitted_at",
    "digest",
    "released_at",
    "score",
    "total",
    "passed",
    "void_reason",
)
_RESULT = ("score", "total", "passed")
"""In tenths of a mark; None before release."""


async def collect_exams(account_id: UUID) -> list[dict[str, Any]]:
    """Oldest first."""
    called = ExamCandidate.filter(account_id=account_id).order_by("called_at", "id").select_related("exam")
    return [await _exam(candidate) for candidate in await called]


async def _exam(candidate: ExamCandidate) -> dict[str, Any]:
    attempts = ExamAttempt.filter(candidate_id=candidate.id).order_by("number")
    appeals = ExamAppeal.filter(attempt__candidate_id=candidate.id).order_by("created_at")
    return {
        "exam": candidate.exam.name,
        "state": candidate.state,
        "called_at": candidate.called_at.isoformat(),
        "allowance_reason": candidate.allowance_reason,
        "attempts": [_attempt(row) for row in await attempts.values(*_ATTEMPT)],
        "appeals": [_plain_values(row) for row in await appeals.values("text", "state", "answer", "created_at")],
    }


def _attempt(row: dict[str, Any]) -> dict[str, Any]:
    hidden = {} if row["released_at"] else dict.fromkeys(_RESULT)
    return _plain_values(row | hidden)


def _plain_values(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
