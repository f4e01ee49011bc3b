"""``…/redraw`` and ``…/recall``: a new draw based on one that is over, after entering its times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import DrawState
from domain.errors import AppError
from services.core.base import Actor
from services.draws import Detail, RecallTimes, RedrawTimes
from web.agency.base import Draft, DraftPlace
from web.agency.basic import LOT
from web.agency.projects import print_wan
from web.agency.wizard import DrawPart, path_of, ticked, when
from web.core.form_values import EMPTY, FormValues, key_of, redirect

_ALLOWED = {"redraw": (DrawState.ENDED, DrawState.RELEASED), "recall": (DrawState.ENDED,)}


class RedrawAndRecallPages(DrawPart):
    step = "run"
    notes: ClassVar[Mapping[str, str]] = {"kept": "已暂存，可以在其他手机或电脑上接着填。"}

    def add_routes(self) -> None:
        for kind in _ALLOWED:
            self.site.get(f"/agency/draws/{{id}}/{kind}", self.form)
            self.site.post(f"/agency/draws/{{id}}/{kind}", self.make)

    async def form(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        lots = {f"{LOT}{one.lot_id}": "1" for one in detail.parts.lots if one.lot_id}
        draft = await self.draft(actor, DraftPlace(_kind_of(request), detail.draw.id))
        return await self._page(actor, request, detail, FormValues(draft.values or lots), draft)

    async def _page(
        self, actor: Actor, request: http.Request, detail: Detail, form: FormValues = EMPTY, draft: Draft | None = None
    ) -> http.Response:
        kind, draw, draws = _kind_of(request), detail.draw, self.services.draws
        project = await draws.project_queries.get(actor, draw.project_id)
        owners = (None, draw.id, *detail.ancestors)
        return self.draw_page(
            actor,
            "agency/follow_up.html",
            request,
            detail,
            error=form.error,
            f=form,
            kind=kind,
            allowed=DrawState(draw.state) in _ALLOWED[kind],
            open=await draws.redraws.open_one(actor, draw.id),
            project=project,
            wan=print_wan,
            lots=[(lot, lot.draw_id in owners) for lot in project.lots],
            draft=draft or Draft(DraftPlace(kind, draw.id).path),
        )

    async def make(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        make = self._redraw if _kind_of(request) == "redraw" else self._recall
        try:
            made = await make(actor, detail.draw.id, fields)
        except AppError as error:
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error)))
        await self.saved(actor, DraftPlace(_kind_of(request), detail.draw.id), fields)
        raise redirect(path_of(made, "basic"), note="redrawn" if _kind_of(request) == "redraw" else "recalled")

    async def _redraw(self, actor: Actor, draw_id: UUID, fields: Mapping[str, str]) -> UUID:
        times = RedrawTimes(
            opening_at=when(fields, "opening_at", "开标时间"),
            bid_closing_at=when(fields, "bid_closing_at", "截标时间"),
            starts_at=when(fields, "starts_at", "预计评标开始时间"),
            ends_at=when(fields, "ends_at", "预计评标结束时间"),
            lots=ticked(fields, LOT, "这个标段"),
        )
        return await self.services.draws.redraws.redraw(actor, draw_id, times, key=key_of(fields))

    async def _recall(self, actor: Actor, draw_id: UUID, fields: Mapping[str, str]) -> UUID:
        times = RecallTimes(
            starts_at=when(fields, "starts_at", "预计评标开始时间"),
            ends_at=when(fields, "ends_at", "预计评标结束时间"),
        )
        return await self.services.draws.redraws.recall(actor, draw_id, times, key=key_of(fields))


def _kind_of(request: http.Request) -> str:
    return request.path.rsplit("/", 1)[-1]
