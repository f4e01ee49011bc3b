"""Registering in chat: consent first, typed values read back masked, a proven mobile, and no password."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.accounts import Account, VerificationCode
from models.experts import Expert
from tests.factories.assembly import identity_verifier_of
from tests.factories.people import make_account, make_expert, mobile_number
from tests.handlers.conftest import Phone, World

NUMBER = "11010519491231002X"


async def enter_person(phone: Phone, name: str = "周大同", number: str = NUMBER) -> str:
    await phone.says("注册")
    await phone.taps("同意")
    await phone.says(name)
    return await phone.says(number)


async def register(world: World, phone: Phone, mobile: str, **person: str) -> str:
    await enter_person(phone, **person)
    await phone.taps("对，继续注册")
    await phone.says(mobile)
    return await phone.says(await world.sms_code())


async def test_a_stranger_registers_step_by_step(world: World, stranger: Phone) -> None:
    clauses = await stranger.says("注册")
    assert "最小必要" in clauses
    assert "承诺" in clauses
    assert "真实姓名" in await stranger.taps("同意")
    assert "不含数字" in await stranger.says("周大同1")
    assert "身份证号" in await stranger.says(" 周大同 ")
    assert "有误" in await stranger.says("110105194912310021")
    back = await stranger.says("110105 19491231 002x")
    assert "周大同" in back
    assert "1101***002X" in back
    assert NUMBER not in back
    assert "手机号" in await stranger.taps("对，继续注册")
    mobile = mobile_number()
    assert "验证码已发送" in await stranger.says(mobile)
    done = await stranger.says(await world.sms_code())
    assert "注册成功" in done
    assert "实名核验：姓名与身份证号一致" in done
    assert "/h5/demo/account/password" in done
    account = await Account.get(id=(await stranger.identity()).account_id)
    assert (account.real_name, account.registered_at, account.password_hash) == ("周大同", world.clock.now(), "")
    assert account.privacy_version == world.services.deps.book("demo").pool.privacy_version


async def test_a_name_that_is_not_the_owners_ends_the_talk_with_what_to_do(world: World, stranger: Phone) -> None:
    identity_verifier_of(world.services).answers["周大同"] = "differs"
    answer = await register(world, stranger, mobile_number())
    assert ("姓名与身份证号不一致" in answer, "重新获取验证码后再注册" in answer) == (True, True)
    assert not await Account.exists(real_name="周大同")


async def test_nothing_is_kept_without_consent_or_when_given_up(stranger: Phone) -> None:
    await stranger.says("我要注册")
    assert "没有保存" in await stranger.taps("不同意")
    await enter_person(stranger)
    assert "没有保存" in await stranger.taps("不注册了")
    assert (await stranger.identity()).account_id is None
    assert not await VerificationCode.exists()


async def test_a_mistake_is_corrected_before_it_counts(world: World, stranger: Phone) -> None:
    await enter_person(stranger, name="周大铜")
    await stranger.taps("重新填写")
    await stranger.says("周大同")
    await stranger.says(NUMBER)
    await stranger.taps("对，继续注册")
    await stranger.says(mobile_number())
    await stranger.says(await world.sms_code())
    assert await Account.exists(real_name="周大同")


async def test_a_wrong_code_is_asked_again_and_another_mobile_may_be_given(world: World, stranger: Phone) -> None:
    await enter_person(stranger)
    await stranger.taps("对，继续注册")
    await stranger.says(mobile_number())
    wrong = "000000" if await world.sms_code() != "000000" else "111111"
    assert "还可以再试4次" in await stranger.says(wrong)
    await stranger.says("换号")
    await stranger.says(mobile_number())
    assert "注册成功" in await stranger.says(await world.sms_code())


async def test_who_is_bound_registers_onto_the_bound_mobile(world: World) -> None:
    account = await make_account(world.services.deps, real_name="")
    phone = await world.phone_with(account)
    await enter_person(phone)
    assert "注册成功" in await phone.taps("对，继续注册")
    assert (await Account.get(id=account.id)).real_name == "周大同"
    assert not await VerificationCode.exists()


async def test_a_registered_person_sees_the_registration(world: World, stranger: Phone) -> None:
    await register(world, stranger, mobile_number())
    answer = await stranger.says("注册")
    assert "您已注册：周**" in answer
    assert "未入库" in answer


async def test_a_taken_id_number_is_refused_without_revealing_its_owner(world: World, stranger: Phone) -> None:
    first = mobile_number()
    await register(world, stranger, first)
    other = Phone(world, "oOther")
    world.clock.move(timedelta(minutes=2))
    answer = await register(world, other, mobile_number(), name="别人")
    assert "已用另一个手机号注册" in answer
    assert first not in answer
    assert (await other.identity()).account_id is None


async def test_an_expert_of_the_pool_gets_his_file(world: World, stranger: Phone) -> None:
    mobile = mobile_number()
    expert = await make_expert(world.services.deps, mobile, name="周大同", id_number=NUMBER)
    assert f"编号{expert.number}" in await register(world, stranger, mobile)
    assert (await Expert.get(id=expert.id)).account_id == (await stranger.identity()).account_id


async def test_a_bound_expert_sees_the_expert_record_instead_of_a_registration(phone: Phone) -> None:
    assert "正式专家" in await phone.says("注册")


@pytest.mark.parametrize("word", ["注册", "申报"])
async def test_a_pool_closed_to_registration_says_where_to_turn(world: World, stranger: Phone, word: str) -> None:
    world.set_rules(registration={"open": False, "closed": "请向主管部门咨询。"})
    told = await stranger.says(word)
    assert told.startswith("请向主管部门咨询。")
    assert "/h5/demo/apply" not in told
    assert "您是否同意" in await stranger.taps("绑定身份")


async def test_a_pool_closed_to_registration_offers_none(world: World, stranger: Phone) -> None:
    world.set_rules(registration={"open": False, "closed": "请向主管部门咨询。"})
    for shown in (await stranger.follows(), await stranger.says("菜单"), await stranger.says("咦")):
        assert "绑定身份</a>" in shown
        assert "注册</a>" not in shown
        assert "申报</a>" not in shown


async def test_a_bound_person_hears_that_a_pool_is_closed_to_registration(world: World) -> None:
    world.set_rules(registration={"open": False, "closed": "请向主管部门咨询。"})
    phone = await world.phone_with(await make_account(world.office.deps))
    assert "请向主管部门咨询。" in await phone.says("申报")


async def test_no_password_is_taken_in_chat(stranger: Phone) -> None:
    for text in ("修改密码", "密码 Abcd1234", "我的密码是Abcd1234"):
        answer = await stranger.says(text)
        assert "不要在聊天中发送密码" in answer
        assert "/h5/demo/account/password" in answer
        assert "Abcd1234" not in answer


async def test_a_talk_goes_on_in_another_process(world: World, stranger: Phone) -> None:
    await enter_person(stranger)
    world.start_process()
    await stranger.taps("对，继续注册")
    await stranger.says(mobile_number())
    world.start_process()
    assert "注册成功" in await stranger.says(await world.sms_code())
