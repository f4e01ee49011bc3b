"""Bodies that an agency sends, complete and right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.clock import local
from tests.factories.offices import SUPERVISOR_ENTRY
from tests.miniapp_api.conftest import World

UNIT = "91350211M000100Y46"


def at(world: World, **later: float) -> str:
    return local(world.clock.now() + timedelta(**later)).isoformat()


def project_form() -> dict[str, Any]:
    return {
        "name": "示范大桥工程",
        "number": "44010020261121000001",
        "category": "工程建设项目招标投标/公路工程",
        "region": "440100",
        "funding_source": "国家或政府投资项目",
        "tender_method": "公开招标",
        "organisation_form": "委托招标",
        "tenderee_category": "法人",
        "investment": 50_000_000_00,
        "tenderee_name": "广州水务有限公司",
        "tenderee_code": UNIT,
        "contact": "李四",
        "contact_phone": "020-12345678",
        "agency_name": "粤和招标代理有限公司",
        "agency_code": "91110000600037341L",
    }


def draw_form(world: World, project_id: str, *lots: str, on_site: bool = False) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "lots": list(lots),
        "name": "示范大桥一标段",
        "medium": "演示网",
        "opening_at": at(world, hours=3),
        "opening_place": "第一开标室",
        "needed": 2,
        "starts_at": at(world, hours=6),
        "ends_at": at(world, hours=12),
        "on_site": on_site,
        "operator_name": "王小明",
        "operator_phone": "13568846647",
        "operator_id_number": "11010519491231002X",
        "supervisors": [str(SUPERVISOR_ENTRY)],
    }


def notice_form(world: World, **change: Any) -> dict[str, Any]:
    return {
        "venue": "演示省公共资源交易中心",
        "address": "广州市天河区天润路333号",
        "room": "3号评标室",
        "gathering_at": at(world, hours=5),
        "contact": "王场地",
        "contact_phone": "020-28866000",
    } | change


def condition_form(notice_id: str, **change: Any) -> dict[str, Any]:
    return {
        "notice_id": notice_id,
        "region_mode": "permanent",
        "regions": ["440100"],
        "specialty": "A08",
        "planned": 2,
    } | change
