"""``/desk/{draw_id}/remuneration``: amounts for each present expert; the venue proposes and answers objections."""

from __future__ import annotations

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.payments.money import parse_yuan, yuan
from services.core.base import Actor
from services.core.permissions import may
from services.draws import DrawView
from web.core.form_values import EMPTY, FormValues, uuid_of
from web.core.site import ON_PAGE
from web.draws import DrawPageBase

_ON_PAGE = ON_PAGE | {403, 404}
_DONE = {
    "all": "已按标准提出，专家会收到通知并核对。",
    "one": "已提出，专家会收到通知并核对。",
    "none": "到场专家的酬劳都已提出。",
}
"""Messages that a redirect shows after an action."""


class VenueRemunerationPages(DrawPageBase):
    def add_routes(self) -> None:
        self._site.get("/desk/{draw_id}/remuneration", self.show)
        self._site.post("/desk/{draw_id}/remuneration", self.submit)

    async def show(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        return await self._page(actor, draw, note=_DONE.get(request.query.get("note", ""), ""))

    async def _page(self, actor: Actor, draw: DrawView, form: FormValues = EMPTY, note: str = "") -> http.Response:
        owed = await self._services.remuneration.proposals.of_draw(actor, draw.id)
        return self._show(
            actor,
            "remuneration/venue.html",
            width="middle",
            status=form.error.status if form.error else 200,
            draw=draw,
            owed=owed,
            f=form,
            none_form=EMPTY,
            note=note,
            error=form.error.message if form.error and not form.row else "",
            may_propose=may(actor, "remuneration.propose"),
            waiting=sum(one.state is None for one in owed.rows),
            typed_yuan=yuan,
            token=self._token(actor, "remuneration", draw.id),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` all, or propose with an invitation's ``id``, ``amount`` in yuan and ``words``."""
        actor, draw = await self._find(request)
        fields = await self._fields(request, actor, "remuneration", draw.id)
        try:
            note = await self._do(actor, draw, fields)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            row = fields.get("id", "") if error.status == http.HTTPUnprocessableEntity.status_code else ""
            return await self._page(actor, draw, FormValues(fields, error, row))
        raise http.HTTPSeeOther(f"/desk/{draw.id}/remuneration?note={note}")

    async def _do(self, actor: Actor, draw: DrawView, fields: dict[str, str]) -> str:
        proposals = self._services.remuneration.proposals
        match fields.get("command"):
            case "all":
                return "all" if await proposals.propose_all(actor, draw.id) else "none"
            case "propose":
                invitation_id = uuid_of(fields.get("id", ""), "这位专家")
                amount = parse_yuan(fields.get("amount", "").strip())
                if amount is None:
                    raise InvalidInput("金额请填写为元，如1200或1200.50。", code="bad_amount", field="amount")
                await proposals.propose(actor, draw.id, invitation_id, amount, fields.get("words", ""))
                return "one"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
