"""Remuneration of experts (专家酬劳): proposed by the venue, confirmed by the expert, paid by the agency elsewhere.

All changes run under the row lock of the draw, then of the remuneration.
"""

from services.remuneration.answers import OwnRemuneration
from services.remuneration.payouts import MonthTotal
from services.remuneration.proposals import DrawRemuneration, RemunerationRow
from services.remuneration.records import CAME
from services.remuneration.registry import RemunerationServices
from services.remuneration.totals import DrawSums, OfficeTotals

__all__ = [
    "CAME",
    "DrawRemuneration",
    "DrawSums",
    "MonthTotal",
    "OfficeTotals",
    "OwnRemuneration",
    "RemunerationRow",
    "RemunerationServices",
]
