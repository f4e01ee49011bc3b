"""Reads what decides whether an expert is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.experts.drawability import OwedCourse, Standing
from domain.rulebook.book import Rulebook
from models.experts import Expert

_OWED = """ARRAY(SELECT ROW(n.id, c.name, n.closes_at) FROM course_enrolment n JOIN course c ON c.id = n.course_id
    WHERE n.expert_id = e.id AND {which} ORDER BY c.closes_at, n.id)"""
STANDING = f"""
  {_OWED.format(which="n.excluded_at IS NOT NULL")} AS missed_courses,
  {_OWED.format(which="n.excluded_at IS NULL AND c.required AND c.state = 'published' AND n.state = 'called'")}
    AS due_courses,
  ARRAY(SELECT ROW(u.starts_at, u.ends_at) FROM unavailability u WHERE u.expert_id = e.id AND u.cancelled_at IS NULL
    AND u.ends_at > $2 ORDER BY u.starts_at LIMIT 5) AS away,
  (SELECT count(*)::int FROM invitation i WHERE i.expert_id = e.id AND i.state = 'accepted'
    AND i.ends_at > $2) AS panels,
  (SELECT p.entry_type FROM application p WHERE p.account_id = e.account_id AND p.ended_at IS NULL
    AND p.submitted_at IS NOT NULL AND p.entry_type IN ('first', 'renewal') LIMIT 1) AS applying
"""
"""Columns for ``standing_of`` of an expert ``e`` at the moment ``$2``."""


def standing_of(expert: Expert, row: Mapping[str, Any], book: Rulebook) -> Standing:
    """``row`` holds the columns ``STANDING``."""
    return Standing(
        suspension=_suspension_of(expert, book),
        membership=expert.membership_status,
        has_specialties=bool(expert.specialties),
        term_until=expert.term_until,
        born_on=expert.born_on,
        missed_courses=tuple(OwedCourse(*course) for course in row["missed_courses"]),
        due_courses=tuple(OwedCourse(*course) for course in row["due_courses"]),
        away=tuple((begin, end) for begin, end in row["away"]),
        panels=row["panels"],
        applying=row["applying"] or "",
    )


def _suspension_of(expert: Expert, book: Rulebook) -> str:
    """Why the expert is suspended, in words for him; empty where he isn't."""
    if expert.active:
        return ""
    return f"管理机构已暂停抽取您。了解原因或申请恢复，请拨打{book.pool.hotline}。"
