"""The expert's file as its expert and the office read it, with all that has happened since (履职记录)."""

from services.expert_file_views.drawing_chances import DrawingChances
from services.expert_file_views.fields import FileWords
from services.expert_file_views.office_file import REASON_MAX as REVEAL_REASON_MAX
from services.expert_file_views.reading import find_record
from services.expert_file_views.registry import ExpertFileViewServices
from services.expert_file_views.timeline import PAGE_SIZE, check_choice

__all__ = [
    "PAGE_SIZE",
    "REVEAL_REASON_MAX",
    "DrawingChances",
    "ExpertFileViewServices",
    "FileWords",
    "check_choice",
    "find_record",
]
