"""Reads what decides whether an expert is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.experts.drawability import OwedCourse, Reason, Standing
from domain.rulebook.book import Rulebook
from models.experts import Expert
from services.experts import Suspension, coming_suspension, status_columns, status_of, times_of

STANDING = f"""
  {status_columns("e", "$2")},
  ARRAY(SELECT ROW(n.id, c.name, n.closes_at) FROM course_enrolment n JOIN course c ON c.id = n.course_id
    WHERE n.expert_id = e.id AND n.excluded_at IS NULL AND c.required AND c.state = 'published' AND n.state = 'called'
    ORDER BY c.closes_at, n.id) AS due_courses,
  ARRAY(SELECT u FROM unavailability u WHERE u.expert_id = e.id AND u.cancelled_at IS NULL AND (u.ends_at > $2
    OR u.ends_at IS NULL AND cardinality(u.weekdays) > 0) ORDER BY u.starts_at LIMIT 5) AS away,
  (SELECT count(*)::int FROM invitation i WHERE i.expert_id = e.id AND i.state = 'accepted'
    AND i.ends_at > $2) AS panels,
  (SELECT p.entry_type FROM application p WHERE p.account_id = e.account_id AND p.ended_at IS NULL
    AND p.submitted_at IS NOT NULL AND p.entry_type IN ('first', 'renewal') LIMIT 1) AS applying
"""
"""Columns for ``standing_of`` of an expert ``e`` at the moment ``$2``; a pause is among those of ``status_columns``."""


def standing_of(expert: Expert, row: Mapping[str, Any], book: Rulebook, now: datetime) -> Standing:
    """``row`` holds the columns ``STANDING``."""
    status = status_of(row, book, expert.pool, now)
    return Standing(
        suspensions=tuple(_bar(suspension, expert.pool) for suspension in status.suspensions),
        coming_suspension=coming_suspension(row, now),
        membership=expert.membership_status,
        has_specialties=bool(expert.specialties),
        term_until=expert.term_until,
        due_courses=tuple(OwedCourse(*course) for course in row["due_courses"]),
        away=tuple(times_of(times) for times in row["away"]),
        panels=row["panels"],
        applying=row["applying"] or "",
    )


def _bar(suspension: Suspension, pool: str) -> Reason:
    page = suspension.route.removeprefix(f"/h5/{pool}/")
    return Reason(suspension.cause, f"{suspension.title}。{suspension.detail}", suspension.action, page)
