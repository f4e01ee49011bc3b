"""``…/redraw`` and ``…/recall``: a new draw based on one that is over, after entering its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from domain.draws.lifecycles import DrawState
from services.draws import Detail, RecallTimes, RedrawTimes
from web.agency.base import KEPT, DraftPlace
from web.agency.basic import LOT
from web.agency.projects import print_wan
from web.agency.wizard import DrawPart, draw_id, path_of
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Ids, Moment

Kind = Literal["redraw", "recall"]
_ALLOWED: Mapping[Kind, tuple[DrawState, ...]] = {
    "redraw": (DrawState.ENDED, DrawState.RELEASED, DrawState.TERMINATED),
    "recall": (DrawState.ENDED,),
}
_START, _END = "预计评标开始时间", "预计评标结束时间"


def _is_allowed(kind: Kind, detail: Detail) -> bool:
    """A draw that was given up before an order was known is replaced by an ordinary one."""
    state = DrawState(detail.draw.state)
    return state in _ALLOWED[kind] and (state != DrawState.TERMINATED or detail.ordered)


@dataclass(frozen=True)
class _Redraw(RedrawTimes):
    opening_at: Annotated[datetime | None, Moment("开标时间")]
    bid_closing_at: Annotated[datetime | None, Moment("截标时间")]
    starts_at: Annotated[datetime | None, Moment(_START)]
    ends_at: Annotated[datetime | None, Moment(_END)]
    lots: Annotated[tuple[UUID, ...], Ids(LOT, "这个标段")] = ()


@dataclass(frozen=True)
class _Recall(RecallTimes):
    starts_at: Annotated[datetime | None, Moment(_START)]
    ends_at: Annotated[datetime | None, Moment(_END)]


class RedrawAndRecallPages(DrawPart):
    step = "run"
    notes: ClassVar[Mapping[str, str]] = KEPT

    @page("/agency/draws/{id}/redraw", "agency/follow_up.html")
    async def redraw_form(self, visit: Visit) -> Mapping[str, object]:
        return await self._values(visit, "redraw")

    @redraw_form.command(_Redraw)
    async def redraw(self, visit: Visit, form: _Redraw) -> Redirect:
        new = await self.services.draws.redraws.redraw(visit.actor, draw_id(visit), form, key=visit.key)
        await self.saved(visit.actor, DraftPlace("redraw", draw_id(visit)), visit.fields)
        return Redirect(path_of(new, "basic"), "redrawn")

    @page("/agency/draws/{id}/recall", "agency/follow_up.html")
    async def recall_form(self, visit: Visit) -> Mapping[str, object]:
        return await self._values(visit, "recall")

    @recall_form.command(_Recall)
    async def recall(self, visit: Visit, form: _Recall) -> Redirect:
        new = await self.services.draws.redraws.recall(visit.actor, draw_id(visit), form, key=visit.key)
        await self.saved(visit.actor, DraftPlace("recall", draw_id(visit)), visit.fields)
        return Redirect(path_of(new, "basic"), "recalled")

    async def _values(self, visit: Visit, kind: Kind) -> Mapping[str, object]:
        detail, draws = await self.detail(visit), self.services.draws
        draw = detail.draw
        lots = {f"{LOT}{lot.lot_id}": "1" for lot in detail.parts.lots if lot.lot_id}
        form, draft = await self.form_and_draft(visit, DraftPlace(kind, draw.id), lots)
        project = await draws.project_queries.get(visit.actor, draw.project_id)
        owners = (None, draw.id, *detail.ancestors)
        return {
            **self.draw_values(detail),
            "f": form,
            "draft": draft,
            "kind": kind,
            "allowed": _is_allowed(kind, detail),
            "open": await draws.redraws.find_open_follower(visit.actor, draw.id),
            "project": project,
            "wan": print_wan,
            "lots": [(lot, lot.draw_id in owners) for lot in project.lots],
        }
