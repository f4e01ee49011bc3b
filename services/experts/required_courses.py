"""What the study of a participant of a course has come to, as rows tell it: for courses, and for the expert who is not
drawn until a required one is finished."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.courses.lectures import is_missed
from domain.courses.lifecycles import EnrolmentState
from domain.courses.make_ups import EndedStudy

STUDY_FACTS = """n.state, n.overdue_at, c.amount, c.exam_id, x.state AS exam_stage, x.closes_at AS exam_closes,
  k.id AS candidate_id, k.state AS candidate,
  EXISTS (SELECT 1 FROM fee p WHERE p.enrolment_id = n.id AND p.state = 'paid') AS has_paid,
  (SELECT min(i.ends_at) FROM course_item i WHERE i.course_id = c.id AND NOT EXISTS (SELECT 1 FROM course_study s
    WHERE s.item_id = i.id AND s.enrolment_id = n.id AND s.done_at IS NOT NULL)) AS unsigned_lecture"""
"""Columns for ``ended_study`` of the participant ``n`` of the course ``c``, over ``STUDY_JOINS``."""
STUDY_JOINS = """LEFT JOIN exam x ON x.id = c.exam_id
LEFT JOIN exam_candidate k ON k.exam_id = c.exam_id AND k.expert_id = n.expert_id"""


def ended_study(row: Mapping[str, Any], now: datetime) -> EndedStudy:
    is_held = row["exam_stage"] in ("draft", "published") and row["exam_closes"] > now
    return EndedStudy(
        learned=row["state"] == EnrolmentState.LEARNED,
        overdue=row["overdue_at"] is not None,
        missed_lecture=row["state"] == EnrolmentState.CALLED and is_missed(row["unsigned_lecture"], now),
        exam="none" if row["exam_id"] is None else "open" if is_held else "over",
        failed=row["candidate"] == "failed",
        amount=row["amount"],
        has_paid=row["has_paid"],
    )
