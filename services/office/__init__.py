"""Views of the office across nouns: to-do counts, lists, exports, administration of experts."""

from services.office.application_list import ApplicationLine, Filter, Sort, StateCount
from services.office.catalogue_upkeep import KIND_NAMES, EntryPage, EntryView, MappingPreview
from services.office.dashboard import Kind, Place, SittingToday, Today, Waiting
from services.office.expert_list import (
    ATTENDED,
    COLUMNS,
    SHOWN,
    SORTS,
    STATES,
    TRAINING,
    UNKNOWN_NUMBER,
    WECHAT,
    ExpertFilter,
    ExpertLine,
)
from services.office.exports import Export, ExportRequest, Range, What
from services.office.group_audiences import Audience, AudienceCount
from services.office.group_notices import TEXT_MAX, TITLE_MAX, GroupNoticeForm
from services.office.group_reports import GroupNoticeView
from services.office.large_exports import DIRECT_MAX
from services.office.payment_views import InvoiceFilter, OrderView, RefundLine
from services.office.registry import OfficeServices
from services.office.staff_work import Count, Work

__all__ = [
    "ATTENDED",
    "COLUMNS",
    "DIRECT_MAX",
    "KIND_NAMES",
    "SHOWN",
    "SORTS",
    "STATES",
    "TEXT_MAX",
    "TITLE_MAX",
    "TRAINING",
    "UNKNOWN_NUMBER",
    "WECHAT",
    "ApplicationLine",
    "Audience",
    "AudienceCount",
    "Count",
    "EntryPage",
    "EntryView",
    "ExpertFilter",
    "ExpertLine",
    "Export",
    "ExportRequest",
    "Filter",
    "GroupNoticeForm",
    "GroupNoticeView",
    "InvoiceFilter",
    "Kind",
    "MappingPreview",
    "OfficeServices",
    "OrderView",
    "Place",
    "Range",
    "RefundLine",
    "SittingToday",
    "Sort",
    "StateCount",
    "Today",
    "Waiting",
    "What",
    "Work",
]
