"""What offices look at across the nouns: to-dos, lists, exports, experts' administration, counts of work."""

from services.office.application_list import ApplicationLine, Filter, Sort, StateCount
from services.office.assembly import OfficeServices, build
from services.office.dashboard import InvoiceFilter, OrderView, RefundLine, Waiting
from services.office.experts import REASON_MAX, ExpertLine, Left, Only
from services.office.exports import Export, Range
from services.office.staff_work import Count, Work

__all__ = [
    "REASON_MAX",
    "ApplicationLine",
    "Count",
    "ExpertLine",
    "Export",
    "Filter",
    "InvoiceFilter",
    "Left",
    "OfficeServices",
    "Only",
    "OrderView",
    "Range",
    "RefundLine",
    "Sort",
    "StateCount",
    "Waiting",
    "Work",
    "build",
]
