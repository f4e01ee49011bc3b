"""Use cases of experts, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.experts.availability import REMINDERS_DUE, Availability
from services.experts.expert_sheets import ExpertSheets
from services.experts.profile import ExpertProfiles
from services.experts.terms import ExpertTerms


@dataclass(frozen=True)
class ExpertServices:
    profiles: ExpertProfiles
    availability: Availability
    terms: ExpertTerms
    sheets: ExpertSheets

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("term_ending", "", self.terms.notify_ending),
            DueTask("pause_reminders", REMINDERS_DUE, self.availability.ask_due),
            DueTask("holidays", "", self.availability.follow_holidays),
        )
