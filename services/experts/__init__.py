"""The pool's experts: their files, terms, numbers and membership status, and their import from sheets."""

from services.experts.assembly import ExpertServices, build
from services.experts.expert_import import ExpertImport, ImportReport
from services.experts.expert_records import end_file, put_file
from services.experts.import_rows import ExpertRow, Unit
from services.experts.import_sheet import COLUMNS, render_template
from services.experts.membership_status import MembershipStatus, membership_status_of
from services.experts.numbers import expert_number, is_taken
from services.experts.profile import ExpertProfile, Named, Period

__all__ = [
    "COLUMNS",
    "ExpertImport",
    "ExpertProfile",
    "ExpertRow",
    "ExpertServices",
    "ImportReport",
    "MembershipStatus",
    "Named",
    "Period",
    "Unit",
    "build",
    "end_file",
    "expert_number",
    "is_taken",
    "membership_status_of",
    "put_file",
    "render_template",
]
