"""Applications for entry and renewal: campaigns, form, attachments, printed documents, submission, progress.

Rows are locked application first; ``repository`` has the locks and state changes of every use case.
"""

from services.applications.applicants import facts_of, has_left, today
from services.applications.attachment_reuse import ids_of_accepted
from services.applications.attachment_rules import (
    AttachmentView,
    check_begin,
    field_of,
    print_size,
    print_types,
    view_of,
)
from services.applications.attachments import PART_MAX
from services.applications.campaign_rules import entry_names
from services.applications.campaign_windows import (
    CampaignData,
    CampaignForm,
    CampaignView,
    announced_of,
    review_end,
    submission_end,
)
from services.applications.campaigns import Campaigns
from services.applications.data_export import collect, erase_unsent
from services.applications.document_delivery import Kind, check_kind
from services.applications.documents import PdfDocument, Printed, Verified
from services.applications.drafts import Begun, SavedSection
from services.applications.may_apply import TRAINING, Training, check_change
from services.applications.may_apply import check_person as check_applicant
from services.applications.notifications import notify_applicant
from services.applications.office_acts import (
    OfficeAct,
    OfficeMessage,
    OfficeNote,
    act_text,
    end_act,
    notes_column,
    notes_of,
    read_acts,
    write_act,
)
from services.applications.open_tasks import TaskKey, cancel_open_tasks, key_of, lock_open_tasks
from services.applications.own_changes import BANK, bank_of
from services.applications.progress import Progress, SpecialtyProgress, Stage, Step, progress_of
from services.applications.queries import ApplicationView, FileView, LogLine, Returned, SectionView
from services.applications.registry import ApplicationServices
from services.applications.repository import (
    EVERYTHING,
    SPECIALTIES,
    enters,
    find_live,
    get_own,
    give_time_to_correct,
    lock,
    log,
    move,
    open_sealed,
    page_of,
    read_typing_times,
    read_values,
    type_of,
    unknown_application,
    values_of,
)
from services.applications.returns import ReturnedField, ReturnedPlace, returned_places, stored_place
from services.applications.submission import SIGNED_FORM, Outcome, Submission, outcome_of
from services.applications.to_do import Home, RegionAdvice, ToDo, advice_lines, name_regions

__all__ = [
    "BANK",
    "EVERYTHING",
    "PART_MAX",
    "SIGNED_FORM",
    "SPECIALTIES",
    "TRAINING",
    "ApplicationServices",
    "ApplicationView",
    "AttachmentView",
    "Begun",
    "CampaignData",
    "CampaignForm",
    "CampaignView",
    "Campaigns",
    "FileView",
    "Home",
    "Kind",
    "LogLine",
    "OfficeAct",
    "OfficeMessage",
    "OfficeNote",
    "Outcome",
    "PdfDocument",
    "Printed",
    "Progress",
    "RegionAdvice",
    "Returned",
    "ReturnedField",
    "ReturnedPlace",
    "SavedSection",
    "SectionView",
    "SpecialtyProgress",
    "Stage",
    "Step",
    "Submission",
    "TaskKey",
    "ToDo",
    "Training",
    "Verified",
    "act_text",
    "advice_lines",
    "announced_of",
    "bank_of",
    "cancel_open_tasks",
    "check_applicant",
    "check_begin",
    "check_change",
    "check_kind",
    "collect",
    "end_act",
    "enters",
    "entry_names",
    "erase_unsent",
    "facts_of",
    "field_of",
    "find_live",
    "get_own",
    "give_time_to_correct",
    "has_left",
    "ids_of_accepted",
    "key_of",
    "lock",
    "lock_open_tasks",
    "log",
    "move",
    "name_regions",
    "notes_column",
    "notes_of",
    "notify_applicant",
    "open_sealed",
    "outcome_of",
    "page_of",
    "print_size",
    "print_types",
    "progress_of",
    "read_acts",
    "read_typing_times",
    "read_values",
    "returned_places",
    "review_end",
    "stored_place",
    "submission_end",
    "today",
    "type_of",
    "unknown_application",
    "values_of",
    "view_of",
    "write_act",
]
