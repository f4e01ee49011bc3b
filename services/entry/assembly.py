"""Builds the services of entry."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.entry.conclusions import Conclusions
from services.entry.exam_sheets import ExamSheets
from services.entry.objection_queries import ObjectionQueries
from services.entry.objections import Objections
from services.entry.public_notice_list import PublicNoticeList
from services.entry.stages import PUBLIC_NOTICE_OVER, EntryStages
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.payments import Fees, RefundOutcomes


@dataclass(frozen=True)
class EntryServices:
    stages: EntryStages
    conclusions: Conclusions
    exam_sheets: ExamSheets
    public_notices: PublicNoticeList
    objections: Objections
    objection_queries: ObjectionQueries
    due_tasks: tuple[DueTask, ...]


def build(deps: Deps, notices: Notices, fees: Fees, checker: FileChecker) -> EntryServices:
    stages = EntryStages(deps, notices, fees)
    conclusions = Conclusions(deps, notices, stages, RefundOutcomes(deps, notices, fees))
    objection_queries = ObjectionQueries(deps)
    return EntryServices(
        stages=stages,
        conclusions=conclusions,
        exam_sheets=ExamSheets(deps, conclusions, checker),
        public_notices=PublicNoticeList(deps),
        objections=Objections(deps, notices, objection_queries),
        objection_queries=objection_queries,
        due_tasks=(DueTask("public_notice_end", PUBLIC_NOTICE_OVER, stages.end_public_notices),),
    )
