"""What an agency is refused while it sets a draw up, on the page where it happens."""

from __future__ import annotations

from models.draws import CallNotice, Draw
from tests.factories.offices import make_draw
from tests.web.conftest import World


async def test_a_draw_whose_conditions_give_another_number_of_experts_is_not_handed_in(world: World) -> None:
    agency, draw_id = await world.log_in(world.office.agency), await make_draw(world.office)
    await Draw.filter(id=draw_id).update(needed=3)
    await agency.get(f"/agency/draws/{draw_id}/submit")
    assert "抽取条件共2人，应为3人" in agency.text
    await agency.press("提交审核", terminal="演示省公共资源交易中心")
    assert (agency.status, "抽取条件共2人，应为3人" in agency.text) == (422, True)
    assert (await Draw.get(id=draw_id)).state == "editing"


async def test_a_call_notice_that_a_condition_uses_stays(world: World) -> None:
    agency, draw_id = await world.log_in(world.office.agency), await make_draw(world.office)
    notice = await CallNotice.get(draw_id=draw_id)
    await agency.get(f"/agency/draws/{draw_id}/notices/{notice.id}")
    await agency.press("确定删除")
    assert (agency.status, "已关联抽取条件，请先删除条件" in agency.text) == (409, True)
    assert await CallNotice.exists(id=notice.id)


async def test_an_address_names_no_organisation(world: World) -> None:
    agency, draw_id = await world.log_in(world.office.agency), await make_draw(world.office)
    notice = await CallNotice.get(draw_id=draw_id)
    await agency.get(f"/agency/draws/{draw_id}/notices/{notice.id}")
    await agency.press("保存", venue="其他", address="广州市天河区天润路333号某某公司")
    assert (agency.status, "不能出现单位名称（含“公司”）" in agency.text) == (422, True)
    assert (await CallNotice.get(id=notice.id)).address == notice.address


async def test_times_out_of_order_are_refused(world: World) -> None:
    agency, draw_id = await world.log_in(world.office.agency), await make_draw(world.office)
    before = await Draw.get(id=draw_id)
    await agency.get(f"/agency/draws/{draw_id}/basic")
    await agency.press("保存，下一步", opening_at="2026-11-21T19:00")
    assert (agency.status, "时间应满足：开标时间早于预计评标开始时间" in agency.text) == (422, True)
    assert (await Draw.get(id=draw_id)).opening_at == before.opening_at
