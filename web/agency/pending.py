"""``/agency/pending``: places that wait for a supplementary draw (专家补抽), an activity after the other."""

from __future__ import annotations

from itertools import groupby

import aiohttp.web as http

from domain.draws.lifecycles import DrawState
from services.draws import Filters
from web.agency.base import AgencyPart

KINDS = {"leave": "请假", "absence": "缺席", "recusal": "现场回避"}
_REGISTERED = (DrawState.COMPLETED.value, DrawState.SHORT.value, DrawState.SUPPLEMENT_PENDING.value)
"""Activities in which absences are registered."""
SOURCES = {"expert": "专家本人", "manual": "人工登记"}


class PendingPages(AgencyPart):
    here = "pending"

    def add_routes(self) -> None:
        self.site.get("/agency/pending", self.pending)

    async def pending(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        rows = sorted(
            await self.services.draws.absences.pending(actor), key=lambda row: (row.draw_number, row.registered_at)
        )
        begun = await self.services.draws.queries.cards(actor, Filters(states=_REGISTERED), limit=50)
        waiting = {row.draw_id for row in rows}
        others = [
            one
            for one in begun.items
            if one.state == DrawState.SHORT and one.id not in waiting and one.kind != "recall"
        ]
        return self.show(
            actor,
            "agency/pending.html",
            request,
            groups=[(list(group)) for _, group in groupby(rows, key=lambda row: row.draw_id)],
            short=others,
            begun=begun.items,
            kinds=KINDS,
            sources=SOURCES,
        )
