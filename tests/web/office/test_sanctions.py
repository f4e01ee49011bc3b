"""Suspending, warning, confirming, appealing and answering on the pages of the office and of the expert."""

from __future__ import annotations

import io
from datetime import timedelta

import aiohttp
import pytest

from domain.clock import local
from models.accounts import Account
from models.experts import Expert
from models.notices import Notice
from models.sanctions import Sanction
from services.core.base import Actor
from services.notifications.actions import ACTIONS
from tests.factories.files import pdf
from tests.factories.people import make_account, make_expert, make_grant, make_sanction
from tests.factories.reviews import make_applicant
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import Scene, make_scene, post, token_of

OWN = "/h5/demo/sanctions"
WHY = "我当时在外地参加另一场评标，有签到记录可查。"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def colleague(scene: Scene) -> Visitor:
    """Another administrator."""
    account = await make_account(scene.world.services.deps, real_name="李管理")
    await make_grant(account, "pool_admin")
    return await Scene(scene.world, scene.admin, account).visitor()


async def bound_expert(scene: Scene) -> tuple[Expert, Account]:
    deps = scene.world.services.deps
    account = await make_account(deps)
    return await make_expert(deps, name="黄药师", account=account), account


async def test_a_suspension_from_the_proposal_to_the_answered_appeal(scene: Scene) -> None:
    expert, account = await bound_expert(scene)
    path, first, second, third = (
        f"/office/experts/{expert.id}",
        await scene.visitor(),
        *[await colleague(scene) for _ in range(2)],
    )
    await first.get(path)
    await post(first, path, command="sanction", id="sanction")
    assert (first.status, "请选择暂停抽取或警告" in first.text, "请填写原因" in first.text) == (422, True, True)
    until = f"{local(scene.world.clock.now()) + timedelta(days=30):%Y-%m-%d}"
    await first.press("提交处理", kind="suspension", reason="未按规定参加评标", ends_on=until)
    assert ("已提出。由另一位管理员" in first.text, "须由另一位管理员确认后生效" in first.text) == (True, True)
    assert "确认暂停抽取" not in first.page.buttons
    await second.get("/office")
    await second.click(next(text for text in second.page.links if text.startswith("待确认的处理")))
    await second.click(next(text for text in second.page.links if "黄药师" in text))
    assert second.path == path
    await second.press("确认暂停抽取")
    assert ("已确认生效，并通知了本人" in second.text, "暂停抽取" in second.text) == (True, True)
    assert await Notice.exists(kind="sanction_imposed", expert_id=expert.id)
    assert "黄药师" in (await second.get("/office/experts?state=office")).text

    person = await scene.world.enter(account)
    await person.get("/h5/demo/file")
    assert "管理机构已暂停您参加抽取" in person.text
    await person.click("申诉")
    assert (person.path, "未按规定参加评标" in person.text) == (OWN, True)
    await person.press("对暂停抽取提交申诉", text="冤枉")
    assert (person.status, "至少10个字" in person.text, "冤枉" in person.text) == (422, True, True)
    await person.press("对暂停抽取提交申诉", text=WHY)
    assert ("申诉已提交" in person.text, "正在办理，结果会通知您" in person.text) == (True, True)
    assert "对暂停抽取提交申诉" not in person.page.buttons

    await first.get(path)
    assert ("申诉须由其他管理员答复" in first.text, "答复申诉" in first.page.buttons) == (True, False)
    await third.get("/office")
    assert any(text.startswith("待答复的申诉") for text in third.page.links)
    await third.get(path)
    assert WHY in third.text
    sanction = await Sanction.get()
    await post(third, path, command="answer", id=str(sanction.id), answer="已核实签到记录")
    assert (third.status, "请选择答复的结果" in third.text) == (422, True)
    await third.press("答复申诉", granted="1", answer="已核实签到记录")
    assert ("已答复，并通知了本人" in third.text, "申诉成立" in third.text) == (True, True)
    await person.get(OWN)
    assert ("已核实签到记录" in person.text, "已解除" in person.text) == (True, True)
    await person.get("/h5/demo/file")
    for told in ("管理机构暂停您参加抽取", "您对暂停抽取提出申诉", "对暂停抽取的申诉：申诉成立", "您恢复参加抽取"):
        assert told in person.text, told
    assert "李管理" not in person.text, "who decided is the office's matter"


async def test_a_warning_holds_at_once_and_is_lifted_with_a_reason(scene: Scene) -> None:
    expert, account = await bound_expert(scene)
    path, visitor = f"/office/experts/{expert.id}", await scene.visitor()
    await visitor.get(path)
    await visitor.press("提交处理", kind="warning", reason="迟到")
    assert "已生效，并通知了本人" in visitor.text
    await visitor.press("解除警告", reason=" ")
    assert (visitor.status, "请填写原因" in visitor.text) == (422, True)
    await visitor.press("解除警告", reason="已整改")
    assert ("已解除，并通知了本人" in visitor.text, "周管理" in visitor.text) == (True, True)
    assert (await Sanction.get()).state == "lifted"
    assert "已整改" in (await (await scene.world.enter(account)).get(OWN)).text


async def test_a_proposal_is_withdrawn_or_refused_on_the_page(scene: Scene) -> None:
    expert, _ = await bound_expert(scene)
    path, first, second = f"/office/experts/{expert.id}", await scene.visitor(), await colleague(scene)
    for ending in ("withdraw", "refuse"):
        await first.get(path)
        await first.press("提交处理", kind="suspension", reason="未按规定参加评标")
        if ending == "withdraw":
            await first.press("撤回暂停抽取")
            assert "已撤回，没有生效" in first.text
        else:
            await second.get(path)
            await second.press("不予确认", reason="证据不足")
            assert ("已登记不予确认" in second.text, "证据不足" in second.text) == (True, True)
    assert not await Notice.exists(kind="sanction_imposed")
    await post(second, path, command="confirm", id=str((await Sanction.filter(state="refused").get()).id))
    assert (second.status, "不能确认" in second.text) == (409, True)
    await post(second, path, command="confirm", id="nothing")
    assert second.status == 404


async def test_who_was_never_an_expert_and_who_has_left_may_open_their_page(scene: Scene) -> None:
    deps = scene.world.services.deps
    stranger = await scene.world.enter(await make_applicant(deps))
    assert "没有对您的处理" in (await stranger.get(OWN)).text
    account = await make_applicant(deps)
    expert = await make_expert(deps, account=account, left_at=deps.now())
    await make_sanction(expert, reason="伪造证书", decided_at=deps.now())
    gone = await scene.world.enter(account)
    assert ("伪造证书" in (await gone.get(OWN)).text, "对暂停抽取提交申诉" in gone.page.buttons) == (True, True)


async def remove(scene: Scene, expert: Expert) -> None:
    sanctions = scene.world.services.sanctions.sanctions
    await sanctions.remove(scene.admin, expert.id, "连续三次无故缺席")
    second = await make_account(scene.world.services.deps, real_name="李管理")
    for proposal in await Sanction.filter(expert_id=expert.id, state="proposed"):
        await sanctions.confirm(Actor("demo", "pool_admin", second.id), proposal.id)


async def test_who_was_removed_is_led_to_the_reason_and_the_appeal(scene: Scene) -> None:
    account = await make_applicant(scene.world.services.deps)
    await remove(scene, await make_expert(scene.world.services.deps, account=account))
    owner = await scene.world.enter(account)
    await owner.get("/h5/demo/file")
    assert owner.status == 403
    await owner.click("处理记录与申诉")
    assert "连续三次无故缺席" in owner.text
    await owner.get("/h5/demo/file")
    await owner.click("首页")
    await owner.click("处理记录")
    assert ("连续三次无故缺席" in owner.text, "对退库提交申诉" in owner.page.buttons) == (True, True)
    await owner.click("首页")
    assert owner.status == 200


async def test_who_was_removed_and_never_registered_appeals_all_the_same(scene: Scene) -> None:
    expert, account = await bound_expert(scene)
    await remove(scene, expert)
    notice = await Notice.get(kind="expert_left")
    assert ACTIONS[notice.kind].path({"pool": "demo"}) == OWN
    owner = await (await scene.world.enter(account)).get(OWN)
    await owner.press("对退库提交申诉", text=WHY)
    assert ("申诉已提交" in owner.text, (await Sanction.get()).appealed_at is not None) == (True, True)


async def test_evidence_is_sent_with_the_form_and_opened_from_the_record(scene: Scene) -> None:
    expert, account = await bound_expert(scene)
    path, visitor = f"/office/experts/{expert.id}", await scene.visitor()
    await visitor.get(path)

    async def send(content: bytes) -> None:
        data = aiohttp.FormData(token_of(visitor) | {"command": "sanction", "kind": "warning", "reason": "迟到"})
        data.add_field("file", io.BytesIO(content), filename="record.pdf")
        await visitor._show(await visitor.client.post(path, data=data, headers={"Origin": PUBLIC_URL}))

    await send(b"no PDF at all")
    assert (visitor.status, await Sanction.exists()) == (422, False)
    await send(pdf())
    assert "已生效，并通知了本人" in visitor.text
    opened = await visitor.client.get(visitor.page.links["record.pdf"])
    assert (opened.status, await opened.read()) == (200, pdf())
    person = await scene.world.enter(account)
    assert "record.pdf" not in (await person.get(OWN)).text
    refused = await person.client.get(f"/office/sanctions/{(await Sanction.get()).id}/evidence")
    assert refused.url.path == "/h5/role", "it is asked for another role"
