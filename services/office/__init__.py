"""Views of the office across nouns: to-do counts, lists, exports, administration of experts."""

from services.office.application_list import ApplicationLine, Filter, Sort, StateCount
from services.office.dashboard import Place, WaitingCounts
from services.office.experts import REASON_MAX, ExpertLine, Only, RemovedExpert
from services.office.exports import Export, ExportRequest, Range, What
from services.office.large_exports import DIRECT_MAX
from services.office.payment_views import InvoiceFilter, OrderView, RefundLine
from services.office.registry import OfficeServices
from services.office.staff_work import Count, Work

__all__ = [
    "DIRECT_MAX",
    "REASON_MAX",
    "ApplicationLine",
    "Count",
    "ExpertLine",
    "Export",
    "ExportRequest",
    "Filter",
    "InvoiceFilter",
    "OfficeServices",
    "Only",
    "OrderView",
    "Place",
    "Range",
    "RefundLine",
    "RemovedExpert",
    "Sort",
    "StateCount",
    "WaitingCounts",
    "What",
    "Work",
]
