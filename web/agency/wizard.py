"""Common base of the steps of a draw: the draw, its header and the current step."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.draws.lifecycles import DrawState
from services.draws import Detail
from web.agency.base import AgencyPart
from web.agency.tabs import first_tabs_of, tabs_of
from web.core.form_values import redirect
from web.core.pages import Visit

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

    async def detail(self, visit: Visit) -> Detail:
        """The draw in the address. Raises NotFound for another organisation's."""
        return await self.services.draws.queries.detail(visit.actor, draw_id(visit))

    def draw_values(self, detail: Detail) -> dict[str, object]:
        """What the templates of all pages of a draw get."""
        state = DrawState(detail.draw.state)
        return {
            "draw": detail.draw,
            "detail": detail,
            "parts": detail.parts,
            "state": state,
            "editable": state in EDITABLE,
            "steps": _steps(detail) if state in _SET_UP else (),
            "to_terminate": state in _SET_UP and bool(detail.draw.terminal),
            "recall": detail.draw.kind == "recall",
            "tabs": tabs_of(detail.draw),
            "first_tabs": first_tabs_of(detail.draw, self.services.deps.now()),
            "step": self.step,
            "planned": sum(condition.planned for condition in detail.conditions),
        }

    def leave(self, visit: Visit, step: str) -> Exception:
        """To be raised where the draw has another page: its redirect, or the refusal of what was sent here."""
        return visit.form.error or redirect(path_of(draw_id(visit), step))


def _steps(detail: Detail) -> tuple[tuple[str, str], ...]:
    return RECALL_STEPS if detail.draw.kind == "recall" else STEPS


def path_of(draw_id: UUID, step: str = "") -> str:
    return f"/agency/draws/{draw_id}" + (f"/{step}" if step else "")


def draw_id(visit: Visit) -> UUID:
    """The id of the draw in the address. Raises NotFound."""
    return visit.id(WHAT)
