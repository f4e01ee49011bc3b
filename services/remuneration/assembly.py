"""Builds the services of remuneration."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.draws import DrawAccess
from services.notifications import Notices
from services.remuneration.answers import ExpertAnswers
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
    sheets: PaymentSheets
    totals: RemunerationTotals
    due_tasks: tuple[DueTask, ...]


def build(deps: Deps, notices: Notices, access: DrawAccess) -> RemunerationServices:
    answers = ExpertAnswers(deps, notices)
    return RemunerationServices(
        proposals=Proposals(deps, notices, access),
        answers=answers,
        payouts=Payouts(deps, notices, access),
        sheets=PaymentSheets(deps, access),
        totals=RemunerationTotals(deps),
        due_tasks=(
            DueTask("remuneration_unanswered", UNANSWERED, answers.assume_due),
            DueTask("remuneration_disputes", "", DisputeReminders(deps, notices).remind_due),
        ),
    )
