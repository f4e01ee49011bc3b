"""``/draws``: absences of panel members (请假、缺席、现场回避), and ending or terminating a draw (结束、终止)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from domain.draws.record import TERMINATION_REASONS
from domain.errors import NotFound
from services.core.permissions import AGENCY, may
from services.draws import EVALUATING, NOBODY_ENTERED, DiscardForm, DiscardKind
from web.core.pages import Redirect, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Lines
from web.draws.agency_frame import FROM
from web.draws.base import DrawPages

_KINDS = {"leave": "人工请假", "absence": "缺席", "recusal": "现场回避"}
_SOURCES = {
    "expert": "专家本人",
    "late": "专家本人，已过请假时间",
    "moved": "专家本人，因改期",
    "declared": "专家本人，申报回避",
    "manual": "人工登记",
}


@dataclass(frozen=True)
class _Absence:
    who: str
    kind: str
    reason: Annotated[str, Lines(200)]
    cause: str


@dataclass(frozen=True)
class _Opinion:
    opinion: Annotated[str, Lines(200)]


class AbsencePages(DrawPages):
    form_name = "absences"

    @page("/draws/{draw_id}/absences", "draws/absences.html", keep=(FROM,))
    async def absences(self, visit: Visit) -> Mapping[str, object]:
        actor, draw = visit.actor, await self.draw(visit)
        rules = self.services.deps.book(draw.pool).draw
        return {
            "width": "middle",
            "draw": draw,
            "typed": visit.fields,
            "causes": rules.recusal_reasons,
            "kinds": [(kind, label) for kind, label in _KINDS.items() if kind in rules.supplement.causes],
            "may_register": may(actor, "absence.register") and draw.started_at is not None,
            "requests": await self.services.draws.discard_queries.requests_of_draw(actor, draw.id),
            "register": await self.services.draws.absence_queries.absences_of_draw(actor, draw.id),
            "names": _KINDS,
            "announced": await self.services.draws.attendance_queries.list_announced(actor, draw.id),
            "agency": actor.role in AGENCY,
            "sources": _SOURCES,
            "over": draw.ended_at is not None,
            "unseals_at": (unseals_at := self.services.draws.access.unseals_at(draw)),
            "unsealed": self.services.deps.now() >= unseals_at,
        }

    @absences.command(
        _Absence,
        "register",
        note={
            "leave": "已登记请假，已通知专家本人；本人确认后名额才会空出。",
            "absence": "已登记缺席，已通知专家本人和监督人。",
            "recusal": "已登记现场回避，等待核验人员或监督人确认。",
        },
    )
    async def register(self, visit: Visit, form: _Absence) -> Redirect:
        draw = await self.draw(visit)
        discard = DiscardForm(form.who, cast(DiscardKind, form.kind), form.reason, form.cause)
        registered = await self.services.draws.discards.register(visit.actor, draw.id, discard)
        return Redirect(note=registered.kind)

    @absences.command(name="confirm", note="已确认，名额已空出。")
    async def confirm(self, visit: Visit) -> None:
        await self.services.draws.discards.confirm(visit.actor, await self._request_id(visit))

    @absences.command(_Opinion, "refuse", note="已记录不予确认，专家仍在名单内。")
    async def refuse(self, visit: Visit, form: _Opinion) -> None:
        await self.services.draws.discards.refuse(visit.actor, await self._request_id(visit), form.opinion)

    async def _request_id(self, visit: Visit) -> UUID:
        """The request of this draw that the form belongs to. Raises NotFound."""
        draw = await self.draw(visit)
        for request in await self.services.draws.discard_queries.requests_of_draw(visit.actor, draw.id):
            if str(request.id) == visit.form.value("request"):
                return request.id
        raise NotFound("找不到这条登记，请刷新后重试。")


@dataclass(frozen=True)
class _End:
    words: Annotated[str, Lines(200)]


@dataclass(frozen=True)
class _Termination(_End):
    cause: str


class DrawExitPages(DrawPages):
    form_name = "exit"
    on_page = ON_PAGE

    @page("/draws/{draw_id}/exit", "draws/exit.html", keep=(FROM,))
    async def ways_to_end(self, visit: Visit) -> Mapping[str, object]:
        actor, draw, now = visit.actor, await self.draw(visit), self.services.deps.now()
        bound = actor.role in AGENCY and draw.started_at is not None and draw.kind != "recall"
        return {
            "width": "middle",
            "draw": draw,
            "reasons": TERMINATION_REASONS,
            "typed": {name: visit.form.value(name) for name in ("command", "cause", "words")},
            "may_terminate": may(actor, "draw.terminate") and not bound,
            "bound": bound,
            "before": now <= self.services.draws.release_queries.deadline_of(draw),
            "may_end": may(actor, "draw.end") and self.services.draws.activity_end.can_end(draw),
            "begun": now >= draw.starts_at,
            "has_met": await self.services.draws.activity_end.has_met(draw),
            "nobody_entered": NOBODY_ENTERED,
            "evaluating": EVALUATING,
            "on_the_way": await self.services.draws.activity_end.describe_on_the_way(draw),
            "over": draw.ended_at is not None,
        }

    @ways_to_end.command(_Termination, "terminate")
    async def terminate(self, visit: Visit, form: _Termination) -> Redirect:
        draw = await self.draw(visit)
        await self.services.draws.activity_end.terminate(visit.actor, draw.id, form.cause, form.words)
        return Redirect(_activity(visit, draw.id))

    @ways_to_end.command(_End, "end")
    async def end(self, visit: Visit, form: _End) -> Redirect:
        draw = await self.draw(visit)
        await self.services.draws.activity_end.end(visit.actor, draw.id, form.words)
        return Redirect(_activity(visit, draw.id))


def _activity(visit: Visit, draw_id: UUID) -> str:
    return f"/agency/draws/{draw_id}" if visit.actor.role in AGENCY else f"/draws/{draw_id}"
