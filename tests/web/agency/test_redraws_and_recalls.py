"""Redraw and recall on pages, in a browser without scripts: from the ended activity to the confirmed panel."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import local
from domain.draws.lifecycles import STATE_NAMES
from models.accounts import FormDraft
from models.draws import Draw
from models.invitations import Invitation
from models.notices import Attempt
from models.virtual_calls import VirtualCall
from services.draws import RecallTimes, VirtualCalls
from tests.factories.files import pdf
from tests.factories.offices import add_experts, answer_recall, end_with_panel, enter_all, prove, state_of, verify
from tests.web.conftest import Visitor, World


def at(world: World, hour: int, days: int = 1) -> str:
    """The value of a datetime input."""
    day = local(world.clock.now()) + timedelta(days=days)
    return f"{day:%Y-%m-%d}T{hour:02}:00"


async def newest(kind: str) -> Draw:
    draw = await Draw.filter(kind=kind).order_by("-created_at", "-id").first()
    assert draw is not None
    return draw


async def ended(world: World) -> UUID:
    await add_experts(world.office, 6)
    return await end_with_panel(world.office)


async def hand_in(world: World, agency: Visitor, draw_id: UUID) -> Visitor:
    """Submit it with its proof on the agency's page, and approve it on the verifier's; returns the verifier."""
    await agency.get(f"/agency/draws/{draw_id}/submit")
    await agency.press("提交审核", terminal="演示省公共资源交易中心", reason="复评")
    assert (agency.status, "证明材料" in agency.text) == (422, True)
    await agency.upload(f"/agency/draws/{draw_id}/attachment", "上传", pdf(), "复评申请表.pdf")
    assert "附件已上传" in agency.text
    await agency.press("提交审核", terminal="演示省公共资源交易中心", reason="复评")
    assert "等待交易中心核验" in agency.text
    verifier = await world.log_in(world.office.verifier, "verifier")
    await verifier.get(f"/draws/{draw_id}/application")
    assert "复评申请表.pdf" in verifier.page.links
    await verifier.press("通过")
    assert "已通过核验" in verifier.text
    return verifier


async def listed_under(agency: Visitor, number: str) -> list[str]:
    """The names of states under which the agency's list has the draw."""
    return [
        name.label for name in STATE_NAMES if number in (await agency.get(f"/agency/draws?state={name.code}")).page.text
    ]


async def test_original_experts_are_recalled_from_the_list_to_the_final_confirmation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await ended(world)
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/draws")
    original = await Draw.get(id=old)
    await agency.click(f"复评：{original.name} {original.number}")
    assert original.number in agency.text
    await agency.press("确定复评", ends_at=at(world, 18))
    assert (agency.status, "请填写预计评标开始时间" in agency.text) == (422, True)
    await agency.press("确定复评", starts_at=at(world, 14), ends_at=at(world, 18))
    draw = await newest("recall")
    assert (agency.path, "已按原活动新建" in agency.text) == (f"/agency/draws/{draw.id}/basic", True)
    await agency.press("保存，下一步", starts_at=at(world, 15, days=2), ends_at=at(world, 18, days=2))
    assert agency.path == f"/agency/draws/{draw.id}/recusal"
    await agency.click("下一步：语音通知")
    assert "抽取条件不能修改" in agency.text
    assert "创建抽取条件" not in agency.page.links
    await agency.click("下一步：提交审核")
    await hand_in(world, agency, draw.id)

    await agency.get("/agency/draws?kind=recall")
    assert "未通知" in agency.text
    assert "通知原专家项目" in agency.text
    assert await listed_under(agency, draw.number) == ["未通知"]
    await agency.get("/agency/draws?kind=recall")
    await agency.click(f"进入通知：{draw.name} {draw.number}")
    names = sorted([row.name for row in (await world.office.recall_queries.panel(world.office.agency, draw.id)).rows])
    await agency.press("开始通知")
    assert "由本人答复" in agency.text
    assert await listed_under(agency, draw.number) == ["通知中"]
    await agency.get("/agency")
    assert "等待原专家答复，都答复后请提交最终确认结果" in agency.text
    await agency.get(f"/agency/draws/{draw.id}/notify")
    await agency.press("修改", phone="18030785987")
    assert (agency.status, "找不到这条语音通知" in agency.text) == (404, True)
    await agency.get(f"/agency/draws/{draw.id}/notify")
    await agency.press("修改", phone="own")
    assert "通话号码已保存" in agency.text
    assert [name for name in names if f"提交{name}的陈述" in agency.page.buttons] == names
    world.clock.move(timedelta(minutes=11))
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw.id}/notify")
    await agency.press(f"虚拟号呼叫{names[0]}")
    assert "接听后再呼叫专家" in agency.text
    assert "：准备拨打" in agency.text
    await agency.press(f"虚拟号呼叫{names[1]}")
    assert (agency.status, "还没有结束" in agency.text) == (409, True)
    await agency.press(f"请{names[0]}回电")
    assert "已请该专家回电" in agency.text
    await agency.press(f"请{names[0]}回电")
    assert (agency.status, "10分钟后再试" in agency.text) == (409, True)
    await agency.get(f"/agency/draws/{draw.id}/notify")
    assert ("还有2位专家未本人答复" in agency.text, "提交最终确认结果" in agency.page.buttons) == (True, False)
    await agency.press(f"提交{names[0]}的陈述", answer="comes", gathering_at=at(world, 14, days=1))
    assert (agency.status, "同一天" in agency.text) == (422, True)
    for name in names:
        await agency.press(f"提交{name}的陈述", answer="comes", gathering_at=at(world, 14, days=2))
        assert ("已登记为代理机构陈述" in agency.text, "未经专家本人答复不作数" in agency.text) == (True, True)
    for invitation in await Invitation.filter(draw_id=draw.id):
        expert = await (await world.log_in_expert(invitation.expert_id)).get(f"/i/{invitation.link}")
        assert "需要复评，请您本人答复" in expert.text
        await expert.press("参加")
    await agency.get(f"/agency/draws/{draw.id}/notify")
    await agency.press("提交最终确认结果")
    assert (await state_of(draw.id), "最终确认结果已提交" in agency.text) == ("completed", True)
    [first, other] = await Invitation.filter(draw_id=draw.id, state="accepted")
    assert "提交最终确认结果" not in agency.page.buttons
    world.clock.move(timedelta(seconds=61))
    await VirtualCall.all().update(state="missed", closed_at=world.clock.now(), check_at=None, staff_phone_sealed="")
    sent = Attempt.filter(channel="sms", notice__kind="draw_accepted")
    await sent.filter(notice__invitation_id=first.id).update(state="delivered")
    await sent.filter(notice__invitation_id=other.id).update(state="failed")
    await agency.get(f"/agency/draws/{draw.id}/notify")
    assert ("已发送" in agency.text, "发送失败，请重新发送，或用虚拟号告知" in agency.text) == (True, True)
    [missed] = [name for name in names if f"虚拟号呼叫{name}" in agency.page.buttons]
    await agency.press(f"虚拟号呼叫{missed}")
    assert "接听后再呼叫专家" in agency.text, agency.text
    monkeypatch.setattr(VirtualCalls, "is_offered", lambda *_: False)
    await agency.get(f"/agency/draws/{draw.id}/notify")
    assert ("请重新发送，或另行告知" in agency.text, f"虚拟号呼叫{missed}" in agency.page.buttons) == (True, False)
    await agency.press(f"向{missed}重新发送确认短信")
    assert ("正在重新发送" in agency.text, "待发送" in agency.text) == (True, True), agency.text
    record = await world.visitor().get(
        f"/record/{await world.public_links().share(world.office.agency, draw.id, 'record')}"
    )
    assert f"原活动{(await Draw.get(id=old)).number}" in record.text
    assert "通知的专家就是原活动的参评专家" in record.text
    await agency.get(f"/agency/draws/{draw.id}/run")
    assert agency.path == f"/agency/draws/{draw.id}/notify"


async def test_an_ended_activity_is_redrawn_and_shows_both_numbers_and_who_is_recused(world: World) -> None:
    old = await ended(world)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{old}/run")
    await agency.click("重新抽取抽取一组新专家，原参评专家回避")
    times = {"bid_closing_at": at(world, 9), "opening_at": at(world, 8), "starts_at": at(world, 14)}
    await agency.press("暂存", **times)
    await agency.get("/agency")
    await agency.click(next(link for link in agency.page.links if link.startswith("重新抽取")))
    [form] = [candidate["fields"] for candidate in agency.page.forms if "opening_at" in candidate["fields"]]
    assert (form["opening_at"], form["ends_at"]) == (at(world, 8), "")
    await agency.press("确定重新抽取", **times, ends_at=at(world, 18))
    assert (agency.status, "截标时间不能晚于开标时间" in agency.text) == (422, True)
    await agency.press("确定重新抽取", **{**times, "opening_at": at(world, 10)}, ends_at=at(world, 18))
    draw = await newest("redraw")
    assert not await FormDraft.exists()
    assert (agency.path, "已列入回避" in agency.text) == (f"/agency/draws/{draw.id}/basic", True)
    await agency.press("保存，下一步", starts_at=at(world, 15))
    assert agency.path == f"/agency/draws/{draw.id}/recusal"
    [code, *_] = [invitation.code for invitation in await Invitation.filter(draw_id=old, state="accepted")]
    assert code in agency.text
    assert "默认回避，不能删除" in agency.text
    await agency.click("下一步：抽取条件")
    await agency.click("下一步：提交审核")
    verifier = await hand_in(world, agency, draw.id)
    await agency.get(f"/agency/draws/{draw.id}")
    assert "开始三方摇号" in agency.page.buttons
    await verifier.get(f"/draws/{draw.id}/application")
    assert f"重新抽取的原活动：{(await Draw.get(id=old)).number}" in verifier.text
    assert "截标" in verifier.text


async def test_two_tabs_make_one_activity(world: World) -> None:
    old = await ended(world)
    first_tab = await world.log_in(world.office.agency)
    world.clock.move(timedelta(minutes=2))
    other = await world.log_in(world.office.agency)
    times = {"starts_at": at(world, 14), "ends_at": at(world, 18)}
    redrawn = {**times, "bid_closing_at": at(world, 9), "opening_at": at(world, 10)}
    await first_tab.get(f"/agency/draws/{old}/recall")
    await other.get(f"/agency/draws/{old}/redraw")
    await first_tab.press("确定复评", **times)
    made = await newest("recall")
    await other.press("确定重新抽取", **redrawn)
    assert (other.status, await Draw.all().count()) == (409, 2)
    await other.click("继续办理")
    assert other.path == f"/agency/draws/{made.id}/submit"


async def test_a_recall_whose_start_has_passed_leads_out(world: World) -> None:
    old = await ended(world)
    agency = await world.log_in(world.office.agency)
    times = RecallTimes(world.clock.now() + timedelta(days=1), world.clock.now() + timedelta(days=1, hours=4))
    draw_id = await world.office.redraws.recall(world.office.agency, old, times)
    await agency.get(f"/agency/draws/{old}/recall")
    assert "确定复评" not in agency.page.buttons
    await agency.click((await Draw.get(id=draw_id)).number)
    assert agency.path.startswith(f"/agency/draws/{draw_id}")
    await hand_in(world, agency, draw_id)
    world.clock.set(times.starts_at)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{draw_id}/notify")
    assert ("预计评标开始时间已过" in agency.text, "提交最终确认结果" in agency.page.buttons) == (True, False)
    await agency.click("终止本活动")
    await agency.press("终止活动", cause="replanned", words="时间已过")
    await agency.get(f"/agency/draws/{draw_id}/notify")
    await agency.click("回到原活动可以再次发起复评或重新抽取")
    await agency.get(f"/agency/draws/{old}/recall")
    assert "确定复评" in agency.page.buttons


async def test_what_cannot_be_followed_says_so(world: World) -> None:
    old = await ended(world)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/{old}/notify")
    assert agency.path == f"/agency/draws/{old}/run"
    await Draw.filter(id=old).update(state="completed")
    await agency.get(f"/agency/draws/{old}/redraw")
    assert "活动结束、退选，或者确定过抽取顺序后终止的，才能重新抽取" in agency.text
    await agency.get(f"/agency/draws/{old}/recall")
    assert "已结束的活动才能发起复评" in agency.text


async def test_a_later_recall_says_on_its_pages_whom_an_earlier_one_lost(world: World) -> None:
    """Without names; a first recall says nothing of the kind."""
    office = world.office
    await add_experts(office, 2)
    draw_id = await end_with_panel(office)
    for choices in (["accept", "decline"], ["accept"]):
        day = (local(world.clock.now()) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        times = RecallTimes(day + timedelta(hours=14), day + timedelta(hours=18))
        draw_id = await office.redraws.recall(office.agency, draw_id, times)
        await prove(office, draw_id)
        await verify(office, draw_id)
        agency = await (await world.log_in(office.agency)).get(f"/agency/draws/{draw_id}/notify")
        await answer_recall(office, draw_id, *choices)  # type: ignore[arg-type]  # literals
        await office.recalls.confirm(office.agency, draw_id)
        await enter_all(draw_id)
        world.clock.move((await Draw.get(id=draw_id)).ends_at - world.clock.now())
        await office.activity_end.end_due()
        public = await world.visitor().get(f"/record/demo/{(await Draw.get(id=draw_id)).number}")
        again = len(choices) == 1
        lost = "首次抽取的专家组共2人，本次通知原活动结束时参评的1人；其余专家在此前的复评中不参评1人，不再通知"
        assert (lost in agency.page.text) == again
        assert ("首次抽取的专家组共2人，另1人在此前的复评中不参评1人，不再通知" in public.text) == again
