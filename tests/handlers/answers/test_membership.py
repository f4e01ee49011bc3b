"""What an expert asks about his file, its changes, his bank account and his record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.experts import Expert
from services.core.base import Actor
from tests.factories.people import file_more, make_sanction
from tests.handlers.conftest import Phone, World

DAY = timedelta(days=1)


async def actor_of(expert: Expert) -> Actor:
    return Actor("demo", "expert", (await Expert.get(id=expert.id)).account_id, expert.id)


# ---- the file


async def test_the_file_is_shown_with_number_region_and_page(phone: Phone, expert: Expert) -> None:
    shown = await phone.says("我的档案")
    assert f"您的专家编号{expert.number}，身份：" in shown
    assert "常驻地：" in shown
    assert "/h5/demo/file" in shown


async def test_a_field_that_is_asked_for_is_named(world: World, phone: Phone, expert: Expert) -> None:
    assert "工作单位：没有登记" in await phone.says("系统里面登记的我是什么单位")
    await file_more(
        world.services.deps, await Expert.get(id=expert.id), school="中山大学<a href='http://x.cn'>x.cn</a>"
    )
    shown = await phone.says("我的毕业院校登记的是哪里")
    assert "：中山大学" in shown
    assert "http://x.cn" not in shown


async def test_since_when_one_is_in_the_pool(phone: Phone, expert: Expert) -> None:
    shown = await phone.says("我的入库时间")
    assert f"{expert.created_at.year}年" in shown
    assert "系统里您的档案自" in shown


async def test_past_panels_are_counted(world: World, phone: Phone, expert: Expert) -> None:
    assert "还没有参加过" in await phone.says("我评过几次标")
    invitation = await world.make_accepted_panel(expert)
    world.clock.set(invitation.ends_at + DAY)
    shown = await phone.says("我评过几次标")
    assert "您最近一次评标：" in shown
    assert "参加过的评标1场" in shown
    assert "kind=panel" in shown


@pytest.mark.parametrize("sentence", ["我的档案", "职称变了", "换单位了", "换银行卡"])
async def test_a_stranger_is_asked_to_bind(stranger: Phone, sentence: str) -> None:
    assert "绑定身份" in await stranger.says(sentence)


# ---- changes


async def test_reviewed_data_lead_to_the_change(phone: Phone) -> None:
    shown = await phone.says("职称变了")
    assert shown.startswith("职称、学历、执业资格、照片等登记的资料，请办理异动申请")
    assert "/h5/demo/apply?entry_type=change" in shown
    assert "可以自己修改，立即生效" in shown
    assert "/h5/demo/account/mobile" in shown


async def test_contacts_come_first_where_they_are_asked_for(phone: Phone) -> None:
    shown = await phone.says("邮箱填错了")
    assert shown.index("file/contacts") < shown.index("entry_type=change")


async def test_who_may_not_change_anything_now_reads_why(phone: Phone, expert: Expert) -> None:
    await Expert.filter(id=expert.id).update(membership_status="temporary")
    shown = await phone.says("职称变了")
    assert "正式专家" in shown
    assert "entry_type=change" not in shown


async def test_a_pool_without_changes_names_the_hotline(world: World, phone: Phone) -> None:
    world.set_rules(campaigns={"entry_types": ("first", "renewal")})
    shown = await phone.says("职称变了")
    assert shown.startswith("需要更正的，请拨打400-000-0000")


async def test_a_new_employer_is_recused_first(phone: Phone) -> None:
    shown = await phone.says("换单位了")
    assert shown.startswith("换单位、单位改名或合并，请办理异动申请")
    assert "登记为回避单位" in shown
    assert "3年内由系统自动回避" in shown
    assert "400-000-0000" in await phone.says("辞职还没找到单位要改吗")


async def test_retirement_is_filed_by_oneself(world: World, phone: Phone, expert: Expert) -> None:
    shown = await phone.says("退休了")
    assert shown.startswith("退休的登记退休日期即可，立即生效")
    assert "/h5/demo/file/retirement" in shown
    assert "返聘单位登记为回避单位" in await phone.says("退休后被返聘了单位要变更吗")
    day = world.clock.now().date() - 30 * DAY
    await world.services.applications.own_changes.retire(await actor_of(expert), day)
    assert "您已登记退休日期2026年10月22日" in await phone.says("退休了")


# ---- bank account


async def test_the_bank_account_is_shown_masked(world: World, phone: Phone, expert: Expert) -> None:
    shown = await phone.says("我登记的哪张卡")
    assert shown.startswith("您还没有登记收款账户")
    assert "/h5/demo/file/bank" in shown
    filed = {"bank_name": "中国银行广州越秀支行", "bank_account": "6222021234567890128"}
    await file_more(world.services.deps, await Expert.get(id=expert.id), **filed)
    shown = await phone.says("我登记的哪张卡")
    assert "中国银行广州越秀支行" in shown
    assert "6222021234567890128" not in shown


async def test_a_pool_without_bank_accounts_says_who_pays(world: World, phone: Phone) -> None:
    fields = world.services.deps.book("demo").form.fields
    reviewed = {code: fields[code].model_copy(update={"at_once": False}) for code in ("bank_name", "bank_account")}
    world.set_rules(form={"fields": {**fields, **reviewed}})
    shown = await phone.says("换银行卡")
    assert shown.startswith("本专家库不登记银行账户")
    assert "file/bank" not in shown


# ---- the record


async def test_there_are_no_points(stranger: Phone, phone: Phone) -> None:
    assert "这里没有积分" in await stranger.says("积分查询")
    shown = await phone.says("积分查询")
    assert shown.startswith("这里没有积分、扣分和考核等级")
    assert "没有对您的处理记录" in shown
    assert "没有未参加的记录" in shown


async def test_the_record_stands_first_where_it_is_asked_for(phone: Phone) -> None:
    assert (await phone.says("我的履职记录")).startswith("没有对您的处理记录")


async def test_the_record_names_sanctions_and_what_was_missed(world: World, phone: Phone, expert: Expert) -> None:
    invitation, now = await world.call(expert), world.clock.now()
    await world.services.draws.invitations.answer(invitation.id, expert.id, "decline", by="chat")
    await make_sanction(expert, starts_at=now - DAY, ends_at=now + 60 * DAY, decided_at=now - DAY, reason="迟到<a>")
    await make_sanction(expert, state="lifted", lifted_at=now - DAY)
    shown = await phone.says("我的扣分")
    assert "暂停抽取" in shown
    assert "原因：迟到" in shown
    assert "前可以申诉" in shown
    assert "另有1条处理已解除或到期" in shown
    assert "未参加的记录1条" in shown
    assert "kind=missed#timeline" in shown
