"""From the last approval into the pool (入库): public notice, objections, fee, exam, and the expert's record."""

from services.entry.conclusions import REASON_MAX, Concluded, Conclusions, ExamResult
from services.entry.exam_sheets import BYTES_MAX, LINES_MAX, render_template
from services.entry.file_begin import BegunFiles, begin_files
from services.entry.objection_queries import ObjectionState, ObjectionView
from services.entry.objections import ANSWER_MAX, TEXT_MAX, Outcome
from services.entry.public_notice_list import PublicEntry
from services.entry.registry import EntryServices
from services.entry.stages import EntryStages

__all__ = [
    "ANSWER_MAX",
    "BYTES_MAX",
    "LINES_MAX",
    "REASON_MAX",
    "TEXT_MAX",
    "BegunFiles",
    "Concluded",
    "Conclusions",
    "EntryServices",
    "EntryStages",
    "ExamResult",
    "ObjectionState",
    "ObjectionView",
    "Outcome",
    "PublicEntry",
    "begin_files",
    "render_template",
]
