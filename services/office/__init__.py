"""What offices look at across the nouns: to-dos, lists, exports, experts' administration, counts of work."""

from services.office.application_list import Filter, Line, Sort, StateCount
from services.office.assembly import OfficeServices, build
from services.office.dashboard import InvoiceFilter, OrderView, Waiting
from services.office.experts import REASON_MAX, Left, Only
from services.office.exports import Export, Range
from services.office.staff_work import Count, Work

__all__ = [
    "REASON_MAX",
    "Count",
    "Export",
    "Filter",
    "InvoiceFilter",
    "Left",
    "Line",
    "OfficeServices",
    "Only",
    "OrderView",
    "Range",
    "Sort",
    "StateCount",
    "Waiting",
    "Work",
    "build",
]
