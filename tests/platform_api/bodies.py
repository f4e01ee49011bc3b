"""Bodies that a platform sends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.clock import local
from tests.factories.offices import ID_NUMBER, SUPERVISOR_ENTRY
from tests.platform_api.conftest import World

PROJECT: dict[str, Any] = {
    "name": "示例道路改造工程",
    "number": "20261121000000000002",
    "category": "工程建设项目招标投标/市政工程",
    "region": "440100",
    "funding_source": "国家或政府投资项目",
    "tender_method": "公开招标",
    "organisation_form": "委托招标",
    "tenderee_category": "法人",
    "investment": 150_000_000,
    "tenderee_name": "广州水务有限公司",
    "tenderee_code": "91350211M000100Y46",
    "contact": "张三",
    "contact_phone": "18080808080",
    "agency_name": "粤和招标代理有限公司",
    "lots": [{"name": "一标段", "number": "01"}, {"name": "二标段"}],
}


def draw_body(world: World, project: str, **change: Any) -> dict[str, Any]:
    """A complete draw of two experts."""
    return {
        "project_id": project,
        "name": "示例道路改造工程(一标段)",
        "medium": "演示网",
        "opening_at": moment(world, 3),
        "opening_place": "广州",
        "needed": 2,
        "starts_at": moment(world, 6),
        "ends_at": moment(world, 12),
        "operator_name": "黄劲松",
        "operator_phone": "13568846647",
        "operator_id_number": ID_NUMBER,
        "supervisors": [str(SUPERVISOR_ENTRY)],
        "units": [{"name": "某某工程有限公司", "reason": "投标人", "evidence": "投标文件或报名记录"}],
        "notices": [
            {
                "venue": "演示省公共资源交易中心",
                "address": "广州市天河区天润路333号",
                "room": "3号评标室",
                "gathering_at": moment(world, 5),
                "contact": "王场地",
                "contact_phone": "020-28866000",
            }
        ],
        "conditions": [
            {"notice": 1, "region_mode": "permanent", "regions": ["440100"], "specialty": "A08", "planned": 2}
        ],
    } | change


def moment(world: World, hours: int) -> str:
    return local(world.clock.now() + timedelta(hours=hours)).isoformat(timespec="seconds")
