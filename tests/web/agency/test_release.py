"""A panel is released on pages: requested, verified, begun, and experts without an answered call recorded."""

from __future__ import annotations

from datetime import timedelta

from domain.clock import local
from models.draws import Draw, DrawApplication
from models.notices import Attempt, Notice
from tests.factories.files import pdf
from tests.factories.offices import add_experts, open_invitations, reach_nobody, start_draw
from tests.web.conftest import World


async def test_a_failed_tender_releases_its_panel(world: World) -> None:
    office = world.office
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)

    agency = await world.log_in(office.agency)
    await agency.get(f"/agency/draws/{draw_id}/run")
    await agency.click("退选")
    assert "最迟" in agency.text
    await agency.press("提交审核", cause="招标失败", reason="<b>不足三家</b>")
    assert (agency.status, "请先上传证明材料" in agency.text) == (422, True)
    proof = f"/agency/draws/{draw_id}/release/attachment"
    await agency.upload(proof, "上传", b"no file that we know", "退选申请表.pdf")
    assert (agency.status, "已上传：" in agency.text) == (422, False)
    await agency.upload(proof, "上传", pdf(), "退选申请表.pdf", cause="不可抗力", reason="<b>洪水</b>")
    page_text = await agency.response.text()
    assert ("已上传：退选申请表.pdf" in agency.text, "&lt;b&gt;洪水" in page_text) == (True, True), agency.text
    assert '<option value="不可抗力" selected>' in page_text
    await agency.press("提交审核", cause="招标失败", reason="<b>不足三家</b>")
    assert "退选申请已提交，等待交易中心核验" in agency.text
    await agency.press("撤回退选申请")
    typed = {"command": "submit", "cause": "招标失败", "reason": "<b>不足三家</b>"}
    await agency.upload(f"/agency/draws/{draw_id}/release", "提交审核", pdf(), "新的退选申请表.pdf", **typed)
    assert "退选申请已提交，等待交易中心核验" in agency.text

    verifier = await world.log_in(office.verifier, "verifier")
    await verifier.get(f"/draws/{draw_id}/application")
    assert "退选专家申请" in verifier.text
    assert "招标失败：<b>不足三家</b>" in verifier.text, "shown as written"
    assert "新的退选申请表.pdf" in verifier.text, "the file that was chosen is sent with the request"
    await verifier.press("通过")
    assert (await Draw.get(id=draw_id)).state == "completed"
    assert await DrawApplication.filter(kind="release").values_list("state", flat=True) == ["withdrawn", "approved"]

    await agency.get("/agency")
    assert "退选已核验通过，请在" in agency.text
    await agency.get(f"/agency/draws/{draw_id}")
    assert agency.path == f"/agency/draws/{draw_id}/release"
    await Draw.filter(id=draw_id).update(state="paused")
    await agency.get(f"/agency/draws/{draw_id}/release")
    assert "抽取结束后才能启动退选" in agency.text, agency.text
    await Draw.filter(id=draw_id).update(state="completed")
    await agency.get(f"/agency/draws/{draw_id}/release")
    supervisor = await world.log_in(office.supervisor, "supervisor")
    await supervisor.get(f"/draws/{draw_id}")
    assert "退选通知情况" not in supervisor.text
    await agency.press("确定启动退选")
    assert "已启动退选" in agency.text, agency.text
    assert "通知中" in agency.text
    assert (await Draw.get(id=draw_id)).state == "released"
    await agency.click("抽取结果")
    assert (invitation.code in agency.text, "已退选" in agency.text) == (True, True)
    await agency.click("查看哪些专家已确认知晓")
    notice = await Notice.get(kind="draw_released")
    morning = world.clock.now() + timedelta(hours=8)
    await Attempt.filter(notice_id=notice.id, channel="voice").update(due_at=morning)
    await agency.get(f"/agency/draws/{draw_id}/release")
    assert f"{local(morning):%H:%M}拨打" in agency.text, "a call waits for the morning"
    await reach_nobody(notice, world.clock.now())
    await agency.get(f"/agency/draws/{draw_id}/release")
    [name] = [button for button in agency.page.buttons if button.startswith("登记")]
    assert "名单解密，之后可以用虚拟号联系" in agency.text
    assert not [button for button in agency.page.buttons if button.startswith("虚拟号呼叫")]
    await Draw.filter(id=draw_id).update(
        opening_at=world.clock.now(), starts_at=world.clock.now() + timedelta(minutes=29)
    )
    await agency.get(f"/agency/draws/{draw_id}/release")
    [ring] = [button for button in agency.page.buttons if button.startswith("虚拟号呼叫")]
    await agency.press(ring, phone="13800138000")
    assert (agency.status, "请选择用哪个号码呼叫" in agency.text) == (422, True)
    await agency.press(ring, phone="own")
    assert ("接听后再呼叫专家" in agency.text, "：准备拨打" in agency.text) == (True, True), agency.text
    await agency.press(name, words="")
    assert (agency.status, "请填写通知情况" in agency.text) == (422, True)
    await agency.press(name, words="已电话告知本人")
    assert "已电话告知本人" in agency.text, agency.text
    assert await Notice.filter(kind="draw_release_text").count() == 1
    for watcher in (supervisor, verifier):
        await watcher.get(f"/draws/{draw_id}")
        await watcher.click("退选通知情况哪些专家已确认知晓")
        assert ("1位专家已确认知晓，共1位" in watcher.text, "已电话告知本人" in watcher.text) == (True, True), (
            watcher.text
        )
        assert [button for button in watcher.page.buttons if button.startswith(("登记", "虚拟号"))] == []
