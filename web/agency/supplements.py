"""``/agency/pending``: places that wait for a supplementary draw (专家补抽), draw by draw."""

from __future__ import annotations

from itertools import groupby

import aiohttp.web as http

from domain.draws.lifecycles import DrawState
from services.draws import ABSENCES_MAX, Filters
from web.agency.base import AgencyPart

KINDS = {"leave": "请假", "absence": "缺席", "recusal": "现场回避"}
_BEGUN = Filters(
    states=(DrawState.COMPLETED.value, DrawState.SHORT.value, DrawState.SUPPLEMENT_PENDING.value), urgent_first=True
)
"""States in which absences are registered."""
_SHORT = Filters(state=DrawState.SHORT.value, without_absence=True, urgent_first=True)
_SHOWN = 50
SOURCES = {"expert": "专家本人", "manual": "人工登记"}


class SupplementPages(AgencyPart):
    here = "pending"

    def add_routes(self) -> None:
        self.site.get("/agency/pending", self.pending)

    async def pending(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        rows = sorted(
            await self.services.draws.absence_queries.pending(actor),
            key=lambda row: (row.draw_number, row.registered_at),
        )
        cards = self.services.draws.queries.cards
        short = await cards(actor, _SHORT, limit=_SHOWN)
        begun = await cards(actor, _BEGUN, limit=_SHOWN)
        return self.show(
            actor,
            "agency/supplements.html",
            request,
            groups=[(list(group)) for _, group in groupby(rows, key=lambda row: row.draw_id)],
            cut=len(rows) == ABSENCES_MAX,
            short=short,
            begun=begun,
            kinds=KINDS,
            sources=SOURCES,
        )
