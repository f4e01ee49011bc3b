"""Deletes reports with their files, and answers to the question, once the pool's time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.reports import ContactQuestion, Report, ReportFile
from services.core.base import Deps, transaction
from services.core.due_rows import process_each
from services.files import schedule_removal


@dataclass(frozen=True)
class ReportRetention:
    deps: Deps

    async def delete_due(self) -> int:
        """Delete what is kept no longer; returns the number of reports. One that is not closed stays."""
        now, due = self.deps.now(), list[UUID]()
        for pool, book in self.deps.rulebooks.items():
            until = now - book.reports.kept_for
            obsolete = Report.filter(pool=pool, closed_at__lte=until).order_by("closed_at").limit(200)
            due += [report.id for report in await obsolete]
            await ContactQuestion.filter(pool=pool, asked_at__lte=until).delete()
        await process_each("report_retention", due, lambda report_id: self._delete(report_id, now))
        return len(due)

    async def _delete(self, report_id: UUID, now: datetime) -> None:
        async with transaction():
            report = await Report.select_for_update().get(id=report_id)
            for key in await ReportFile.filter(report_id=report.id).values_list("key", flat=True):
                await schedule_removal(str(key), now)
            await report.delete()
