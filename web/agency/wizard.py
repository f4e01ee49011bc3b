"""Common base of the steps of a draw: the draw, its header, the current step, and form fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import DrawState
from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.core.short_texts import check_text
from services.draws import Detail
from web.agency.base import AgencyPart
from web.agency.tabs import tabs_of
from web.core.form_values import moment, uuid_of

WHAT = "这个抽取活动"
STEPS = (
    ("project", "项目信息"),
    ("basic", "活动信息"),
    ("recusal", "回避信息"),
    ("conditions", "抽取条件"),
    ("submit", "提交审核"),
    ("run", "项目抽取"),
)
RECALL_STEPS = (
    ("project", "项目信息"),
    ("basic", "复评详情"),
    ("recusal", "回避信息"),
    ("conditions", "语音通知"),
    ("submit", "提交审核"),
    ("notify", "通知原专家"),
)
EDITABLE = (DrawState.EDITING, DrawState.REFUSED)
_SET_UP = (*EDITABLE, DrawState.SUBMITTED)
"""States in which the steps are shown; afterwards there are tabs. A draw that was submitted can't be deleted, only
terminated."""


class DrawPart(AgencyPart):
    """Pages of one step. ``step`` is its code."""

    here = "draws"
    step: ClassVar[str]

    async def asked(self, request: http.Request) -> tuple[Actor, Detail]:
        """The requested draw. Raises NotFound for another organisation's."""
        actor = await self.actor(request)
        draw_id = uuid_of(request.match_info["id"], WHAT)
        return actor, await self.services.draws.queries.detail(actor, draw_id)

    def draw_page(
        self,
        actor: Actor,
        template: str,
        request: http.Request,
        detail: Detail,
        *,
        error: AppError | None = None,
        **values: object,
    ) -> http.Response:
        state = DrawState(detail.draw.state)
        return self.show(
            actor,
            template,
            request,
            error=error,
            draw=detail.draw,
            detail=detail,
            parts=detail.parts,
            state=state,
            editable=state in EDITABLE,
            steps=_steps(detail) if state in _SET_UP else (),
            to_terminate=state in _SET_UP and bool(detail.draw.terminal),
            recall=detail.draw.kind == "recall",
            tabs=tabs_of(detail.draw),
            step=self.step,
            planned=sum(one.planned for one in detail.conditions),
            **values,
        )


def _steps(detail: Detail) -> tuple[tuple[str, str], ...]:
    return RECALL_STEPS if detail.draw.kind == "recall" else STEPS


def path_of(draw_id: UUID, step: str = "") -> str:
    return f"/agency/draws/{draw_id}" + (f"/{step}" if step else "")


def text(fields: Mapping[str, str], name: str, label: str, longest: int) -> str:
    """The text of a field. Raises InvalidInput when it is too long; the service checks whether it is required."""
    return check_text(fields.get(name, "").replace("\r\n", "\n").replace("\n", " "), name, label, longest)


def when(fields: Mapping[str, str], name: str, label: str, kept: datetime | None = None) -> datetime:
    """The time in a field. Raises InvalidInput, also when it is missing."""
    at = moment(fields.get(name, ""), name, label, kept)
    if at is None:
        raise InvalidInput(f"请填写{label}。", code="missing", field=name)
    return at


def ticked(fields: Mapping[str, str], prefix: str, what: str) -> tuple[UUID, ...]:
    """Ids of the ticked boxes, each of which has a field name of its own."""
    return tuple(uuid_of(name.removeprefix(prefix), what) for name in fields if name.startswith(prefix))
