"""Use cases of sanctions, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.sanctions.appeals import SanctionAppeals
from services.sanctions.evidence import SanctionEvidence
from services.sanctions.restorations import Restorations
from services.sanctions.sanction_queries import SanctionQueries
from services.sanctions.sanctions import Sanctions

ENDED = "EXISTS (SELECT 1 FROM sanction WHERE state = 'imposed' AND end_told_at IS NULL AND ends_at <= $1)"


@dataclass(frozen=True)
class SanctionServices:
    sanctions: Sanctions
    appeals: SanctionAppeals
    restorations: Restorations
    queries: SanctionQueries
    evidence: SanctionEvidence

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("sanction_ended", ENDED, self.sanctions.notify_ended_due),)
