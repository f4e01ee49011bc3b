"""Section of a rulebook on sealed reports to supervision (举报), and the question after an evaluation."""

from __future__ import annotations

from domain.rulebook.types import Duration, Section, Text


class ReportRules(Section):
    elsewhere: Text
    """Whom a reporter rings where the pool has nobody who receives reports, and at any time besides: 拨打…."""
    kept_for: Duration
    """How long after it was closed a report is kept; then it is deleted with its files."""
    contact_question: bool
    """Whether those who evaluated are asked once whether anybody contacted them about it."""
    contact_question_after: Duration
    """How long after the end of the activity they are asked."""
