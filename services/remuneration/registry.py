"""Use cases of remuneration, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.remuneration.answers import ExpertAnswers
from services.remuneration.payment_reminders import PaymentReminders
from services.remuneration.payouts import Payouts
from services.remuneration.proposals import Proposals
from services.remuneration.reminders import DisputeReminders
from services.remuneration.sheets import PaymentSheets
from services.remuneration.totals import RemunerationTotals

UNANSWERED = "EXISTS (SELECT 1 FROM remuneration WHERE state = 'proposed' AND answer_until <= $1)"


@dataclass(frozen=True)
class RemunerationServices:
    proposals: Proposals
    answers: ExpertAnswers
    payouts: Payouts
    payment_reminders: PaymentReminders
    sheets: PaymentSheets
    totals: RemunerationTotals
    dispute_reminders: DisputeReminders

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("remuneration_unanswered", UNANSWERED, self.answers.assume_due),
            DueTask("remuneration_disputes", "", self.dispute_reminders.remind_due),
        )
