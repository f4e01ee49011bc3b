"""``/agency/pending``: places that wait for a supplementary draw (专家补抽), draw by draw."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from domain.draws.lifecycles import DrawState
from services.draws import ABSENCES_MAX, Filters
from web.agency.base import AgencyPart
from web.core.pages import Visit, page

KINDS = {"leave": "请假", "absence": "缺席", "recusal": "现场回避"}
_BEGUN = Filters(
    states=(DrawState.COMPLETED.value, DrawState.SHORT.value, DrawState.SUPPLEMENT_PENDING.value), urgent_first=True
)
"""States in which absences are registered."""
_SHORT = Filters(state=DrawState.SHORT.value, without_absence=True, urgent_first=True)
_SHOWN = 50
SOURCES = {
    "expert": "专家本人",
    "late": "专家本人，已过请假时间",
    "moved": "专家本人，因改期",
    "declared": "专家本人，申报回避",
    "manual": "人工登记",
}


class SupplementPages(AgencyPart):
    here = "pending"

    @page("/agency/pending", "agency/supplements.html")
    async def pending(self, visit: Visit) -> Mapping[str, object]:
        rows = sorted(
            await self.services.draws.absence_queries.list_pending(visit.actor),
            key=lambda row: (row.draw_number, row.registered_at),
        )
        cards = self.services.draws.queries.cards
        return {
            "groups": [list(group) for _, group in groupby(rows, key=lambda row: row.draw_id)],
            "cut": len(rows) == ABSENCES_MAX,
            "short": await cards(visit.actor, _SHORT, limit=_SHOWN),
            "begun": await cards(visit.actor, _BEGUN, limit=_SHOWN),
            "kinds": KINDS,
            "sources": SOURCES,
        }
