"""Draws as rows, for tests that need no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from models.draws import CallNotice, Condition, Draw, DrawLot
from models.experts import Expert
from models.invitations import Invitation
from models.projects import Lot, Project
from tests.factories.numbers import Numbers
from tests.factories.people import BEGINNING, CREDIT_CODE

_numbers = Numbers()


async def make_project(organisation_id: Any, agent_id: Any, *, pool: str = "demo", **columns: Any) -> Project:
    values = {
        "name": "示范大桥工程",
        "category": "工程建设项目招标投标/公路工程",
        "region": "440106",
        "funding_source": "国家或政府投资项目",
        "tender_method": "公开招标",
        "organisation_form": "自行招标",
        "tenderee_category": "法人",
        "investment": 500_000_000_00,
        "tenderee_name": "示范建设公司",
        "tenderee_code": CREDIT_CODE,
        "agency_name": "",
        "contact": "李四",
        "created_at": BEGINNING,
    }
    return await Project.create(pool=pool, organisation_id=organisation_id, agent_id=agent_id, **values | columns)


async def make_draw(project: Project, lot: Lot | None = None, **columns: Any) -> Draw:
    serial = next(_numbers)
    starts_at = columns.pop("starts_at", BEGINNING + timedelta(days=400))
    values = {
        "number": f"CQSQ20261121{serial:04}",
        "name": "示范抽取",
        "medium": "公告平台",
        "opening_at": starts_at - timedelta(hours=1),
        "opening_place": "开标室",
        "needed": 5,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=8),
        "on_site": True,
        "operator_name": "王五",
        "operator_phone_sealed": "",
        "operator_id_sealed": "",
        "created_at": BEGINNING,
    }
    draw = await Draw.create(
        pool=project.pool,
        project_id=project.id,
        organisation_id=project.organisation_id,
        agent_id=project.agent_id,
        **values | columns,
    )
    await DrawLot.create(draw_id=draw.id, lot_id=lot.id if lot else None, project_id=project.id)
    return draw


async def make_condition(draw: Draw, **columns: Any) -> Condition:
    """A condition with a notice of its own."""
    serial = next(_numbers)
    notice = await CallNotice.create(
        draw_id=draw.id,
        position=serial,
        venue="演示中心",
        address="广州市天河区天润路333号",
        gathering_at=draw.starts_at,
        contact="李四",
    )
    values = {"region_mode": "permanent", "specialty": "A04", "planned": 1, "needed": 1}
    return await Condition.create(draw_id=draw.id, notice_id=notice.id, position=serial, **values | columns)


async def make_invitation(draw: Draw, expert: Expert, *, state: str = "accepted", **columns: Any) -> Invitation:
    serial, condition = next(_numbers), await make_condition(draw)
    values = {
        "round_number": 1,
        "tier": "main",
        "leaf": f"{serial:064x}",
        "code": f"{serial:06}",
        "menu_id": 70_001 + 2 * serial,
        "link": f"link-{serial:011}",
        "starts_at": draw.starts_at,
        "ends_at": draw.ends_at,
        "gathering_at": draw.starts_at,
        "created_at": BEGINNING,
        "answer_until": draw.starts_at,
    }
    return await Invitation.create(
        draw_id=draw.id,
        condition_id=condition.id,
        notice_id=condition.notice_id,
        expert_id=expert.id,
        state=state,
        **values | columns,
    )
