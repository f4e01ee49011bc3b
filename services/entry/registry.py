"""Use cases of entry, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.entry.conclusions import Conclusions
from services.entry.exam_sheets import ExamSheets
from services.entry.objection_queries import ObjectionQueries
from services.entry.objections import Objections
from services.entry.public_notice_list import PublicNoticeList
from services.entry.stages import PUBLIC_NOTICE_OVER, EntryStages


@dataclass(frozen=True)
class EntryServices:
    stages: EntryStages
    conclusions: Conclusions
    exam_sheets: ExamSheets
    public_notices: PublicNoticeList
    objections: Objections
    objection_queries: ObjectionQueries

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("public_notice_end", PUBLIC_NOTICE_OVER, self.stages.end_public_notices),)
