"""What the study of a participant of a course has come to, as rows tell it: for courses, and for the expert who is not
drawn until a required one is finished."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.courses.lifecycles import EnrolmentState
from domain.courses.make_ups import EndedStudy

STUDY_FACTS = """n.state, n.overdue_at, c.amount, c.exam_id, x.state AS exam_stage, x.closes_at AS exam_closes,
  k.id AS candidate_id, k.state AS candidate,
  EXISTS (SELECT 1 FROM fee p WHERE p.enrolment_id = n.id AND p.state = 'paid') AS has_paid"""
"""Columns for ``ended_study`` of the participant ``n`` of the course ``c``, over ``STUDY_JOINS``."""
STUDY_JOINS = """LEFT JOIN exam x ON x.id = c.exam_id
LEFT JOIN exam_candidate k ON k.exam_id = c.exam_id AND k.expert_id = n.expert_id"""


def ended_study(row: Mapping[str, Any], now: datetime) -> EndedStudy:
    is_held = row["exam_stage"] in ("draft", "published") and row["exam_closes"] > now
    return EndedStudy(
        learned=row["state"] == EnrolmentState.LEARNED,
        overdue=row["overdue_at"] is not None,
        exam="none" if row["exam_id"] is None else "open" if is_held else "over",
        failed=row["candidate"] == "failed",
        amount=row["amount"],
        has_paid=row["has_paid"],
    )
