"""``/draws/{draw_id}/remuneration``: amounts for each present expert; the venue proposes and answers objections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.errors import InvalidInput
from domain.payments.money import parse_yuan, yuan
from domain.typed_text import half_width
from services.core.permissions import may
from web.core.pages import Redirect, Visit, page
from web.draws import DrawPages


@dataclass(frozen=True)
class _Proposal:
    """``amount`` in yuan as typed."""

    amount: str
    words: str


class VenueRemunerationPages(DrawPages):
    form_name = "remuneration"

    @page("/draws/{draw_id}/remuneration", "remuneration/venue.html")
    async def amounts(self, visit: Visit) -> Mapping[str, object]:
        actor, draw = visit.actor, await self.draw(visit)
        owed = await self.services.remuneration.proposals.get_draw_remuneration(actor, draw.id)
        error = visit.form.error
        form = visit.form if error is None or error.status == InvalidInput.status else replace(visit.form, row="")
        return {
            "width": "middle",
            "draw": draw,
            "owed": owed,
            "f": form,
            "may_propose": may(actor, "remuneration.propose"),
            "waiting": sum(row.state is None for row in owed.rows),
            "typed_yuan": yuan,
            "token": self.token(actor, self.form_name, draw.id),
        }

    @amounts.command(
        name="all", note={"all": "已按标准提出，专家会收到通知并核对。", "none": "到场专家的酬劳都已提出。"}
    )
    async def propose_all(self, visit: Visit) -> Redirect:
        draw = await self.draw(visit)
        proposed = await self.services.remuneration.proposals.propose_all(visit.actor, draw.id)
        return Redirect(note="all" if proposed else "none")

    @amounts.command(_Proposal, "propose", note="已提出，专家会收到通知并核对。")
    async def propose(self, visit: Visit, form: _Proposal) -> None:
        draw, invitation_id = await self.draw(visit), visit.row_id("这位专家")
        amount = parse_yuan(half_width(form.amount))
        if amount is None:
            raise InvalidInput("金额请填写为元，如1200或1200.50。", code="bad_amount", field="amount")
        await self.services.remuneration.proposals.propose(visit.actor, draw.id, invitation_id, amount, form.words)
