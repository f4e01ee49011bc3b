"""Questions on codes, log-in, the mobile and closing the account, as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.masking import mask_mobile
from models.accounts import Account
from models.experts import Expert
from services.core.base import Actor
from services.corrections import Upload
from tests.factories.files import pdf
from tests.factories.people import file_more, make_account, make_agent_link, make_grant, make_organisation
from tests.handlers.conftest import NOON, Phone, World

HOTLINE = "400-000-0000"
URL = "http://127.0.0.1:8080"
EVERY, LIMITS = (
    "每365天只能更换一次",
    "验证码6位，5分钟内有效，只有最新一条能用；隔1分钟可以重新获取，一小时最多5条，一天最多10条",
)


@pytest.fixture
async def account(world: World, phone: Phone, expert: Expert) -> Account:
    """The account of ``expert``."""
    return await Account.get(id=(await phone.identity()).account_id)


def without_own_answers(world: World) -> None:
    """The pool answers none of its frequently asked questions, which a guest would get instead."""
    world.set_rules(help={"faq": ()})


# ---- codes by SMS


@pytest.mark.parametrize(
    ("sentence", "cause"),
    [
        ("为什么我收不到验证码", "短信有没有被手机拦截"),
        ("验证码输进去说过期", "最新一条短信里的6位数字"),
        ("验证码明明对的提示错误", "连续输错10次暂停验证30分钟"),
        ("提示验证码获取太频繁", "到时间自动恢复"),
        ("有没有语音验证码", "不能改用语音电话、邮箱或微信"),
        ("我在香港收不到验证码", "只能用大陆手机号"),
    ],
)
async def test_a_code_that_is_missing_or_wrong_is_explained(phone: Phone, sentence: str, cause: str) -> None:
    shown = await phone.says(sentence)
    assert cause in "".join(shown.splitlines()[:2])
    assert (LIMITS in shown, HOTLINE in shown, "不用验证码登录" in shown) == (True, True, True)


async def test_a_puzzle_is_not_ours(phone: Phone) -> None:
    shown = await phone.says("滑块验证码拖不过去")
    assert ("没有图形、滑块验证码" in shown, f"我们的网址都以{URL}开头" in shown, LIMITS in shown) == (
        True,
        True,
        False,
    )


async def test_limits_of_codes_are_those_of_the_rulebook(world: World, phone: Phone) -> None:
    world.set_rules(login={"code_length": 4, "code_valid": timedelta(minutes=9), "codes_per_day": 3})
    shown = await phone.says("验证码几分钟失效")
    assert ("4位数字" in shown, "9分钟内有效" in shown, "一天最多3条" in shown) == (True, True, True)


async def test_who_is_not_bound_may_bind_without_a_code(stranger: Phone) -> None:
    shown = await stranger.says("手机收不到验证码怎么办")
    assert ("8位绑定码" in shown, "不用验证码登录" in shown) == (True, False)
    assert "您是否同意" in await stranger.taps("绑定身份")


@pytest.mark.parametrize("sentence", ["没操作为啥一直来验证码", "我没有登录，凌晨却收到三条你们的验证码，是怎么回事"])
async def test_a_code_that_nobody_wanted_is_told_to_nobody(phone: Phone, sentence: str) -> None:
    shown = await phone.says(sentence)
    assert ("不要告诉任何人" in shown, "重新获取" in shown) == (True, False)
    assert "没有在小程序登录" in await phone.taps("不是我本人")


# ---- logging in


async def test_a_bound_person_needs_no_log_in(phone: Phone) -> None:
    shown = await phone.says("登录不上怎么办")
    assert "已经绑定，从公众号打开页面不用登录" in shown
    assert (f"{URL}/h5/demo/account" in shown, HOTLINE in shown, "绑定身份" in shown) == (True, True, False)


async def test_a_stranger_binds_or_logs_in_by_a_code(world: World, stranger: Phone) -> None:
    without_own_answers(world)
    shown = await stranger.says("登录不上怎么办")
    assert (f"{URL}/h5/login?pool=demo" in shown, "收验证码登录" in shown) == (True, True)
    assert "您是否同意" in await stranger.taps("绑定身份")


@pytest.mark.parametrize(
    "sentence", ["原来的手机号停机了怎么换手机号", "登记的手机号丢了，换不了号", "旧号码收不到短信怎么改手机号"]
)
async def test_a_stranger_whose_number_is_dead_is_not_sent_to_the_log_in_first(
    world: World, stranger: Phone, sentence: str
) -> None:
    without_own_answers(world)
    world.set_rules(help={"faq": (), "hours": "工作日9:00至17:00"})
    first = (await stranger.says(sentence)).splitlines()[0]
    assert f"不用登录：请拨打{HOTLINE}（工作日9:00至17:00）" in first


async def test_who_binds_reads_whom_to_call_for_a_dead_number(stranger: Phone) -> None:
    await stranger.says("绑定身份")
    await stranger.taps("同意")
    assert f"登记的号码停用了？请拨打{HOTLINE}更正" in await stranger.says("13800138000")


@pytest.mark.parametrize("sentence", ["密码忘记了怎么找回", "忘记密码在哪点", "密码设置不符合要求"])
async def test_a_forgotten_password_is_set_anew(phone: Phone, sentence: str) -> None:
    shown = await phone.says(sentence)
    assert "身份证号后4位重设" in shown
    assert ("至少8个字符，须含大写字母、小写字母、数字" in shown, "初始密码是身份证号后8位" in shown) == (True, True)
    assert (f"{URL}/h5/forgot?pool=demo" in shown, "/account/password" in shown) == (True, True)


async def test_no_initial_password_is_named_where_there_is_none(world: World, phone: Phone) -> None:
    rules = world.services.deps.book("demo").registration.password.model_copy(update={"initial_from_id": None})
    world.set_rules(registration={"password": rules})
    assert "初始密码" not in await phone.says("忘记密码在哪点")


async def test_passwords_are_not_explained_where_they_do_not_count(world: World, phone: Phone) -> None:
    world.set_rules(registration={"login_ways": ("code",)})
    shown = await phone.says("忘记密码在哪点")
    assert ("不用密码登录" in shown, "forgot" in shown) == (True, False)


async def test_a_locked_account_opens_by_itself(phone: Phone) -> None:
    shown = await phone.says("账号被锁多久能解开")
    assert "密码连续输错5次，账号锁定30分钟，到时自动解锁" in shown


async def test_a_closed_account_is_opened_by_the_office(phone: Phone) -> None:
    shown = await phone.says("登录提示账号已禁用")
    assert f"账号停用后不能登录，请拨打{HOTLINE}" in shown


async def test_whose_own_account_is_closed_reads_the_number(world: World, phone: Phone, account: Account) -> None:
    await Account.filter(id=account.id).update(disabled_at=NOON)
    for sentence in ("登录不上怎么办", "我的状态"):
        assert await phone.says(sentence) == f"此账号已停用，请拨打{HOTLINE}咨询。"


async def test_the_name_of_the_account_is_the_pools(phone: Phone) -> None:
    assert "登录账号是手机号、身份证号" in await phone.says("用户名是手机号还是身份证")


async def test_roles_are_listed_with_the_page_that_changes_them(world: World, phone: Phone, account: Account) -> None:
    await make_agent_link(await make_organisation(name="某某代理公司", credit_code="91440101MA59ABCD01"), account)
    shown = await phone.says("我有两个身份怎么切换")
    assert "您现在的身份：评标专家、经办人 · 某某代理公司。" in shown
    assert (f"{URL}/h5/role" in shown, f"请拨打{HOTLINE}核对登记的手机号" in shown) == (True, True)


async def test_who_has_no_role_is_told_so(world: World, stranger: Phone) -> None:
    without_own_answers(world)
    nobody = await world.phone_with(await make_account(world.services.deps))
    assert "没有登记任何身份" in await nobody.says("切换不了身份")
    shown = await stranger.says("切换不了身份")
    assert ("登录后在“切换身份”里选" in shown, "没有登记任何身份" in shown) == (True, False)


async def test_agencies_log_in_by_code_or_platform(phone: Phone) -> None:
    shown = await phone.says("代理机构登录入口在哪")
    assert ("统一身份认证登录" in shown, "/h5/login?pool=demo" in shown) == (True, True)


async def test_a_log_in_of_somebody_else_is_ended(phone: Phone) -> None:
    shown = await phone.says("账号被别人登了怎么办")
    assert ("退出不认识的" in shown, "/h5/demo/account" in shown, shown.count(HOTLINE)) == (True, True, 1)
    assert "没有在小程序登录" in await phone.taps("不是我本人")


async def test_logging_out_is_on_the_page_of_the_account(phone: Phone) -> None:
    assert "退出全部设备" in await phone.says("怎么退出登录换个账号")


@pytest.mark.parametrize("text", ["密码是Abcd1234", "我的密码是Abcd1234登不上", "密码错误Abcd1234"])
async def test_a_typed_password_is_still_refused(phone: Phone, text: str) -> None:
    assert "不要在聊天中发送密码" in await phone.says(text)


# ---- the mobile


async def test_the_own_number_is_shown_masked_with_the_way_to_change_it(
    world: World, phone: Phone, expert: Expert
) -> None:
    shown = await phone.says("请问怎么更换手机号")
    assert f"您登记的手机号是{mask_mobile(world.mobile_of(expert))}" in shown
    assert ("新号码和旧号码都要收验证码" in shown, EVERY in shown) == (True, True)
    assert (f"{URL}/h5/demo/account/mobile" in shown, f"请拨打{HOTLINE}，核对身份后登记新号码" in shown) == (True, True)


async def test_a_password_authorises_where_there_is_one(phone: Phone, account: Account) -> None:
    await Account.filter(id=account.id).update(password_hash="x")
    assert "登录密码或旧号码的验证码" in await phone.says("请问怎么更换手机号")


async def test_who_changed_lately_reads_when_it_is_possible_again(phone: Phone, account: Account) -> None:
    await Account.filter(id=account.id).update(mobile_changed_at=NOON - timedelta(days=10))
    shown = await phone.says("手机号改不了提示一年一次")
    assert "2027年11月11日起才能再次更换" in shown
    assert ("可以在网页上自己更换" in shown, HOTLINE in shown) == (False, True)


async def test_a_pool_without_that_limit_names_none(world: World, phone: Phone) -> None:
    world.set_rules(registration={"mobile_change_every": None})
    assert "只能更换一次" not in await phone.says("请问怎么更换手机号")


async def test_a_number_that_the_office_filed_has_to_log_in_once(world: World, phone: Phone, account: Account) -> None:
    office = Actor("demo", "pool_admin", (await make_account(world.services.deps)).id)
    upload = Upload(pdf(), "本人申请.pdf")
    await world.services.corrections.mobiles.file(office, account.id, "13911112222", "手机丢失，当面核验", upload)
    shown = await phone.says("原来的手机号不用了")
    assert "管理机构已为您登记新号码139****2222" in shown
    assert "用它收验证码登录一次" in shown


async def test_a_stranger_learns_the_way_and_no_number(world: World, stranger: Phone) -> None:
    without_own_answers(world)
    shown = await stranger.says("请问怎么更换手机号")
    assert ("请登录后在网页上自己更换" in shown, EVERY in shown, HOTLINE in shown) == (True, True, True)
    assert f"{URL}/h5/demo/account/mobile" in shown


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("新号码提示已被其他账号使用", f"提示号码已被使用的，请拨打{HOTLINE}核实"),
        ("香港的手机号能登记吗", "国外、香港的号码不行"),
    ],
)
async def test_special_numbers_are_answered_first(phone: Phone, sentence: str, answer: str) -> None:
    assert answer in (await phone.says(sentence)).splitlines()[0]


async def test_staff_change_their_number_elsewhere_too(world: World) -> None:
    account = await make_account(world.services.deps)
    await make_agent_link(await make_organisation(name="某某代理公司", credit_code="91440101MA59ABCD01"), account)
    await make_grant(account, "supervisor")
    shown = await (await world.phone_with(account)).says("请问怎么更换手机号")
    assert ("统一身份认证平台登记的手机号请一并更换" in shown, "监督人手机号不会跟着更换" in shown) == (True, True)


async def test_a_backup_number_is_the_experts_own_matter(world: World, phone: Phone, expert: Expert) -> None:
    shown = await phone.says("备用手机号在哪里填")
    assert ("您还没有登记备用手机号" in shown, f"{URL}/h5/demo/file/contacts" in shown) == (True, True)
    await file_more(world.services.deps, await Expert.get(id=expert.id), backup_mobile="13922223333")
    shown = await phone.says("备用手机号在哪里填")
    assert ("139****3333" in shown, "13922223333" in shown) == (True, False)


async def test_a_backup_number_is_asked_for_in_the_application(world: World) -> None:
    applicant = await world.phone_with(await make_account(world.services.deps))
    assert "备用手机号在申请表里填写" in await applicant.says("备用手机号在哪里填")


async def test_a_backup_number_that_is_reviewed_needs_a_change_of_the_file(world: World, phone: Phone) -> None:
    form = world.services.deps.book("demo").form
    field = form.fields["backup_mobile"].model_copy(update={"at_once": False})
    world.set_rules(form={"fields": {**form.fields, "backup_mobile": field}})
    assert "异动申请" in await phone.says("备用手机号在哪里填")


async def test_a_pool_may_hold_one_number_only(world: World, phone: Phone) -> None:
    form = world.services.deps.book("demo").form
    contacts = form.sections["contacts"].model_copy(update={"fields": ("bank_name", "bank_account")})
    world.set_rules(form={"sections": {**form.sections, "contacts": contacts}})
    assert "只登记一个手机号" in await phone.says("备用手机号在哪里填")


# ---- closing the account


async def test_closing_is_leaving_the_pool_for_an_expert(phone: Phone, account: Account) -> None:
    shown = await phone.says("请问怎么注销账号")
    assert shown.startswith("注销就是退库")
    assert ("删除：微信标识和订阅状态" in shown, "依法存档：专家档案" in shown, HOTLINE in shown) == (True, True, True)
    assert (f"{URL}/h5/demo/account/data" in shown, "可以重新注册" in shown) == (True, True)
    assert (await Account.get(id=account.id)).disabled_at is None
    assert "不接受" in await phone.taps("日程")


async def test_closing_is_no_matter_of_the_pool_for_others(world: World, stranger: Phone) -> None:
    applicant = await world.phone_with(await make_account(world.services.deps))
    for phone in (applicant, stranger):
        shown = await phone.says("我要删除账号和所有数据")
        assert ("退库" in shown, f"{URL}/h5/demo/account/data" in shown, "日程" in shown) == (False, True, False)
    assert "您是否同意" in await stranger.taps("绑定身份")


async def test_registering_again_is_promised_only_where_it_is_open(world: World, phone: Phone) -> None:
    world.set_rules(registration={"open": False, "closed": "暂不开放"})
    assert "重新注册" not in await phone.says("请问怎么注销账号")
