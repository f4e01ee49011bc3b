"""The agency's application for verifiers, supervisors and administrators: the whole draw on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.core.base import Actor
from services.core.crypto import PHONE
from services.core.permissions import may
from services.draws import REGION_MODES, ConditionView, DrawView
from services.registry import Services

APPLICATION_KINDS = {
    "normal": "抽取申请",
    "redraw": "重新抽取申请",
    "recall": "通知原专家评标申请",
    "release": "退选专家申请",
}
"""Kinds of application (审核事项)."""
PANEL_ENDS = {"met": "专家已到位", "not_met": "专家组未组成", "released": "专家组已退选", "terminated": "活动已终止"}
"""What became of the panel of an activity that is over."""
CALLED_SOON = timedelta(minutes=30)
"""A call that would wait longer than this waits for the morning, and pages say so."""
CONDITION_CATALOGUES = ("specialty", "title_level", "qualification", "department")


async def application_facts(services: Services, actor: Actor, draw: DrawView) -> dict[str, object]:
    """Values of the template ``draws/facts.html``, for a caller that has checked the permission."""
    detail = await services.draws.queries.detail(actor, draw.id)
    project = await services.draws.project_queries.get(actor, draw.project_id) if may(actor, "project.read") else None
    return {
        "draw": draw,
        "detail": detail,
        "parts": detail.parts,
        "modes": REGION_MODES,
        "kinds": APPLICATION_KINDS,
        "names": await condition_names(services, draw.pool, detail.conditions),
        "phones": {
            notice.id: services.deps.keys.read(notice.contact_phone_sealed, PHONE) for notice in detail.parts.notices
        },
        "operator": services.draws.operators.operator_of(draw),
        "project": project,
        "histories": await services.draws.queries.lot_histories(actor, draw.id),
        "panels": PANEL_ENDS,
    }


async def condition_names(services: Services, pool: str, conditions: Sequence[ConditionView]) -> Mapping[str, str]:
    """Names of all codes in conditions."""
    names: dict[str, str] = {}
    regions = [code for condition in conditions for code in condition.regions]
    names |= await services.catalogues.names(pool, "region", regions)
    for kind in CONDITION_CATALOGUES:
        codes = [getattr(condition, kind) for condition in conditions]
        codes += [condition.alternative for condition in conditions] if kind == "specialty" else []
        names |= await services.catalogues.names(pool, kind, [code for code in codes if code])
    return names
