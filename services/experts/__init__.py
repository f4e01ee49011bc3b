"""The pool's experts: records, terms, numbers, membership status, and import from sheets."""

from services.experts.availability import OwnTimes, Period
from services.experts.away import concerns, times_of, times_of_facts
from services.experts.departure import remove_expert
from services.experts.expert_import import ExpertImport, ImportReport
from services.experts.expert_sheets import BYTES_MAX, SheetView
from services.experts.import_sheet import COLUMNS, PAGE_ROWS_MAX, render_template
from services.experts.membership_status import (
    MembershipStatus,
    expert_status,
    membership_status_of,
    not_in_pool,
    status_columns,
    status_of,
)
from services.experts.not_drawn import (
    bar_conditions,
    first_bar,
    is_drawn,
    is_over_age,
    latest_birthday_over_age,
    misses_course,
)
from services.experts.numbers import expert_number, is_taken
from services.experts.profile import ExpertProfile, Named
from services.experts.registry import ExpertServices
from services.experts.renewals import renewal_of
from services.experts.required_courses import STUDY_FACTS, STUDY_JOINS, ended_study
from services.experts.suspended import IN_FORCE, covers, is_suspended, overlaps
from services.experts.suspension import Suspension, coming_suspension
from services.experts.terms import OwnTerm
from services.experts.times_off_forms import TimesOffForm

__all__ = [
    "BYTES_MAX",
    "COLUMNS",
    "IN_FORCE",
    "PAGE_ROWS_MAX",
    "STUDY_FACTS",
    "STUDY_JOINS",
    "ExpertImport",
    "ExpertProfile",
    "ExpertServices",
    "ImportReport",
    "MembershipStatus",
    "Named",
    "OwnTerm",
    "OwnTimes",
    "Period",
    "SheetView",
    "Suspension",
    "TimesOffForm",
    "bar_conditions",
    "coming_suspension",
    "concerns",
    "covers",
    "ended_study",
    "expert_number",
    "expert_status",
    "first_bar",
    "is_drawn",
    "is_over_age",
    "is_suspended",
    "is_taken",
    "latest_birthday_over_age",
    "membership_status_of",
    "misses_course",
    "not_in_pool",
    "overlaps",
    "remove_expert",
    "render_template",
    "renewal_of",
    "status_columns",
    "status_of",
    "times_of",
    "times_of_facts",
]
