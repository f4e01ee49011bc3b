"""Corrections at the office: a lost mobile, the WeChat, the account, a password on paper."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import aiohttp
import pytest

from models.accounts import Account, Session, WechatIdentity
from models.audit import AuditEntry
from models.corrections import Correction
from models.experts import Expert
from models.notices import Notice
from services.accounts import Source
from services.core.base import Deps
from services.expert_files import file_of
from tests.factories.files import pdf
from tests.factories.people import file_more, make_account, make_expert, make_grant, make_identity, mobile_number
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import Scene, make_scene, post, token_of, wrong_fields

DAY = timedelta(days=1)
NEW = "13987654321"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def member(deps: Deps, **columns: object) -> tuple[Account, Expert]:
    """An expert with an account of the same mobile, bound to WeChat."""
    mobile = mobile_number()
    account = await make_account(deps, mobile, **columns)
    expert = await make_expert(deps, mobile, account=account)
    account.id_number_sealed, account.id_number_hash = expert.id_number_sealed, expert.id_number_hash
    account.registered_at = deps.now()
    await account.save()
    await make_identity(account)
    return account, expert


async def send(visitor: Visitor, path: str, content: bytes = b"", **typed: str) -> Visitor:
    """A form with a file."""
    data = aiohttp.FormData({**token_of(visitor), **typed})
    data.add_field("file", io.BytesIO(content), filename="本人申请.pdf" if content else "")
    return await visitor._show(await visitor.client.post(path, data=data, headers={"Origin": PUBLIC_URL}))


async def file_mobile(scene: Scene, person_id: object, mobile: str = NEW, **typed: str) -> Visitor:
    path = f"/office/people/{person_id}"
    page, reason = await scene.at(path), "原号码已注销，当面核对了身份证"
    return await send(page, path, pdf(), **{"command": "mobile", "mobile": mobile, "reason": reason} | typed)


async def log_in(world: World, mobile: str) -> Visitor:
    person = await world.visitor().get("/h5/login")
    await person.press("获取验证码", pool="demo", mobile=mobile)
    return await person.press("登录", code=await world.last_code())


async def gets_a_code(world: World, mobile: str) -> bool:
    """Whether the pool sends a code to the number; the page says the same either way."""
    person = await world.visitor().get("/h5/login")
    await person.press("获取验证码", pool="demo", mobile=mobile)
    return await Notice.filter(kind="verification_code").exists()


async def told(kind: str) -> list[str]:
    """Numbers that a kind of notice went to, empty for a person's own."""
    deps_rows = await Notice.filter(kind=kind).order_by("created_at", "id")
    return [str(notice.params.get("what", "")) + ("" if notice.account_id else "*") for notice in deps_rows]


async def test_a_person_is_looked_up_by_each_number_and_by_name(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    applicant = await make_account(deps, real_name="司马光")
    admin = await scene.at("/office/people")
    searches = {
        expert.number: expert.name,
        expert.name: expert.name,
        deps.keys.open_text(expert.mobile_sealed, "mobile"): expert.name,
        deps.keys.open_text(expert.id_number_sealed, "id_number"): expert.name,
        f"+86-{deps.keys.open_text(expert.mobile_sealed, 'mobile')}": expert.name,
        "司马光": "司马光",
        "司 马　光": "司马光",
    }
    for typed, name in searches.items():
        await admin.press("查找", search=typed)
        assert [link for link in admin.page.links if link.startswith(name)], typed
        assert typed not in admin.path
    await admin.press("查找", search="司马")
    assert "没有找到" in admin.text
    await admin.get(f"/office/people/{applicant.id}")
    assert ("司马光" in admin.text, "不是专家" in admin.text) == (True, True)
    await admin.get(f"/office/people/{account.id}")
    assert expert.number in admin.text, "an expert by his account, too"
    await admin.get(f"/office/experts/{expert.id}")
    assert admin.page.links["更正"] == f"/office/people/{expert.id}" or f"/office/people/{expert.id}" in admin.text
    assert await AuditEntry.filter(action="person.search").count() == len(searches) + 1


async def test_a_new_mobile_counts_once_it_has_proven_itself(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps)
    before = deps.keys.open_text(account.mobile_sealed, "mobile")
    await file_more(deps, expert, world.clock.now(), backup_mobile="13912345678")
    page = await file_mobile(scene, expert.id)
    assert ("已登记新手机号" in page.text, "新手机号139****4321" in page.text, "待生效" in page.text) == (True,) * 3
    assert (await Account.get(id=account.id)).mobile_hash == account.mobile_hash
    told_at_once = await Notice.filter(kind="person_corrected").order_by("id")
    assert {deps.keys.read(notice.mobile_sealed, "mobile") for notice in told_at_once} == {before, "13912345678"}
    [filed] = await Notice.filter(kind="mobile_filed")
    assert deps.keys.open_text(filed.mobile_sealed, "mobile") == NEW

    person = await log_in(world, NEW)
    assert (person.status, "/h5/login" in person.path) == (200, False)
    account, expert = await Account.get(id=account.id), await Expert.get(id=expert.id)
    digest = deps.keys.lookup_hash("mobile", NEW)
    assert (account.mobile_hash, expert.mobile_hash, expert.account_id) == (digest, digest, account.id)
    file = await file_of(deps, expert.id)
    assert (file.values["mobile"], file.since["mobile"].by) == (NEW, scene.admin.account_id)
    changed = await Notice.filter(kind="mobile_changed")
    assert {deps.keys.read(notice.mobile_sealed, "mobile") for notice in changed} == {NEW, before}
    assert (await Correction.get(kind="mobile")).state == "done"
    await page.get(f"/office/experts/{expert.id}")
    assert "管理机构更正" in page.text
    evidence = await page.client.get(f"/office/people/evidence/{(await Correction.get(kind='mobile')).id}")
    assert (evidence.status, await evidence.read()) == (200, pdf())


async def test_with_the_phone_go_log_ins_password_and_wechat(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps, password_hash="x")
    await world.services.accounts.web_sessions.log_in_authenticated(account.id)
    await file_mobile(scene, expert.id, unbinds="1")
    assert await Session.filter(account_id=account.id, revoked_at=None).count() == 1, "nothing before the proof"
    await log_in(world, NEW)
    assert await Session.filter(account_id=account.id, revoked_at=None).count() == 1, "the new one"
    assert (await Account.get(id=account.id)).password_hash == ""
    assert not await WechatIdentity.filter(account_id=account.id).exists()


async def test_an_expert_who_never_logged_in_gets_his_account_with_the_new_mobile(
    scene: Scene, world: World, deps: Deps
) -> None:
    expert = await make_expert(deps)
    await file_mobile(scene, expert.id)
    await log_in(world, NEW)
    expert = await Expert.get(id=expert.id)
    account = await Account.get(id=expert.account_id)
    assert (account.mobile_hash, account.real_name) == (deps.keys.lookup_hash("mobile", NEW), expert.name)


async def test_a_wechat_that_binds_the_new_number_proves_it_too(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps)
    await file_mobile(scene, expert.id)
    identity = await make_identity()
    bindings = world.services.accounts.bindings
    version = deps.book("demo").pool.privacy_version
    await bindings.send_code("demo", NEW, source=Source(identity_id=identity.id))
    bound = await bindings.bind(identity.id, "demo", NEW, await world.last_code(), version)
    assert (bound.account_id, (await Expert.get(id=expert.id)).mobile_hash) == (
        account.id,
        deps.keys.lookup_hash("mobile", NEW),
    )


async def test_what_waits_is_withdrawn_and_the_number_means_nothing_again(
    scene: Scene, world: World, deps: Deps
) -> None:
    _account, expert = await member(deps)
    page = await file_mobile(scene, expert.id)
    await page.press("确定撤回更换手机号")
    assert ("已撤回" in page.text, (await Correction.get(kind="mobile")).state) == (True, "withdrawn")
    assert not await gets_a_code(world, NEW)
    await page.post(
        f"/office/people/{expert.id}",
        {**token_of(page), "command": "withdraw", "id": str((await Correction.get(kind="mobile")).id)},
    )
    assert (page.status, "不能再办理" in page.text) == (409, True)


async def test_after_seven_days_the_number_proves_nothing(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps)
    await file_mobile(scene, expert.id)
    world.clock.set(world.clock.now() + 7 * DAY)
    assert not await gets_a_code(world, NEW)
    assert (await Account.get(id=account.id)).mobile_hash == account.mobile_hash
    assert "已过期" in (await scene.at(f"/office/people/{expert.id}")).text
    assert "没有等待生效的更正" in (await scene.at("/office/people")).text
    other = await make_account(deps)
    assert "待生效的更正" not in (await scene.at(f"/office/people/{expert.id}/merge/{other.id}")).text


async def test_refusals_stand_beside_their_fields(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    other, _ = await member(deps)
    path = f"/office/people/{expert.id}"
    page = await send(await scene.at(path), path, command="mobile", mobile="123", reason=" ")
    assert set(await wrong_fields(page)) == {"mobile", "reason-mobile", "file-mobile"}
    taken = deps.keys.open_text(other.mobile_sealed, "mobile")
    page = await file_mobile(scene, expert.id, taken)
    assert (page.status, "释放手机号" in page.text) == (409, True)
    page = await file_mobile(scene, expert.id, deps.keys.open_text(account.mobile_sealed, "mobile"))
    assert "这就是现在登记的手机号" in page.text
    assert not await Correction.exists()


async def test_accounts_are_disabled_restored_and_unbound_and_the_person_is_told(
    scene: Scene, world: World, deps: Deps
) -> None:
    account, expert = await member(deps)
    await world.services.accounts.web_sessions.log_in_authenticated(account.id)
    path = f"/office/people/{expert.id}"
    page = await scene.at(path)
    for command, words in (("disable", "账号已停用"), ("enable", "账号已恢复"), ("unbind", "已解除微信绑定")):
        await post(page, path, command=command, reason=" ")
        assert (page.status, "请填写原因" in page.text) == (422, True), command
        await post(page, path, command=command, reason="本人来电要求")
        assert words in page.text, command
        await post(page, path, command=command, reason="再次")
        assert page.status == 409, command
    assert await told("person_corrected") == ["停用您的账号", "恢复您的账号", "解除账号的微信绑定"]
    assert not await Session.filter(account_id=account.id, revoked_at=None).exists()
    assert (await Account.get(id=account.id)).disabled_at is None
    assert await Correction.all().count() == 3
    await page.get(f"/office/experts/{expert.id}")
    for words in ("管理机构办理：停用账号", "管理机构办理：解除微信绑定", "本人来电要求"):
        assert words in page.text, words
    own = f"/office/people/{scene.account.id}"
    await page.get(own)
    await post(page, own, command="disable", reason="误点")
    assert page.status == 403


async def test_a_password_on_paper_shows_once_and_has_to_be_changed(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps)
    path = f"/office/people/{expert.id}"
    page = await scene.at(path)
    await post(page, path, command="password", reason="不会用手机设置密码")
    [password] = re.findall(r'<dd class="mono">([a-z0-9]{10})</dd>', await page.response.text())
    await page.get(path)
    assert password not in page.text
    fresh = await Account.get(id=account.id)
    assert (bool(fresh.password_hash), fresh.password_initial) == (True, True)
    mobile = deps.keys.open_text(account.mobile_sealed, "mobile")
    person = await world.visitor().get("/h5/login/password?pool=demo")
    await person.press("登录", pool="demo", name=mobile, password=password)
    assert ("/account/password" in person.path, "初始密码" in person.text) == (True, True)


async def test_a_number_that_has_a_new_owner_is_released_and_the_account_gets_another(
    scene: Scene, world: World, deps: Deps
) -> None:
    former = await make_account(deps, real_name="司马光")
    mobile = deps.keys.open_text(former.mobile_sealed, "mobile")
    _, expert = await member(deps)
    page = await file_mobile(scene, expert.id, mobile)
    assert (page.status, "释放手机号" in page.text) == (409, True)
    path = f"/office/people/{former.id}"
    await page.get(path)
    await post(page, path, command="release", reason="现机主持身份证和号码登记到场")
    assert ("手机号已释放" in page.text, (await Account.get(id=former.id)).mobile_sealed) == (True, "")
    await post(page, path, command="enable", reason="试一试")
    assert (page.status, "登记新手机号" in page.text) == (409, True)
    assert (await file_mobile(scene, expert.id, mobile)).status == 200, "it is free for its owner"

    await file_mobile(scene, former.id, "13777776666")
    await log_in(world, "13777776666")
    former = await Account.get(id=former.id)
    assert (former.mobile_hash, former.disabled_at) == (deps.keys.lookup_hash("mobile", "13777776666"), None)


async def test_nobody_who_is_called_or_works_here_loses_his_number(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps)
    for person_id, words in ((expert.id, "先为他登记新手机号"), (scene.account.id, "工作人员不能没有手机号")):
        path = f"/office/people/{person_id}"
        page = await scene.at(path)
        await post(page, path, command="release", reason="号码已换机主")
        assert (page.status, words in page.text) == (409, True)


async def test_nobody_gets_the_role_of_another_by_a_mobile(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps)
    grant = await make_grant(account, "supervisor")
    page = await file_mobile(scene, expert.id)
    assert (page.status, "请先取消授权" in page.text, await Correction.exists()) == (409, True, False)
    await grant.delete()
    await file_mobile(scene, expert.id)
    await make_grant(account, "supervisor")
    person = await log_in(world, NEW)
    assert (person.status, "请先取消授权" in person.text) == (409, True)
    assert (await Account.get(id=account.id)).mobile_hash == account.mobile_hash


async def test_the_person_denies_a_mobile_that_he_never_asked_for(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps)
    await file_mobile(scene, expert.id)
    person = await world.enter(account)
    await person.get("/h5/demo/account")
    assert "登记了新手机号139****4321" in person.text
    await person.press("不是我要求的，撤回")
    assert ("已撤回" in person.text, "登记了新手机号" in person.text) == (True, False)
    assert not await gets_a_code(world, NEW)
    correction = await Correction.get(kind="mobile")
    assert (correction.state, correction.note) == ("withdrawn", "本人声明不是自己要求的")
    assert "本人声明不是自己要求的" in (await scene.at(f"/office/people/{expert.id}")).text


async def test_a_disabled_account_is_restored_before_it_gets_a_mobile(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    await Account.filter(id=account.id).update(disabled_at=deps.now())
    page = await file_mobile(scene, expert.id)
    assert (page.status, "请先恢复账号" in page.text) == (409, True)


async def test_pressed_twice_is_done_once(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps)
    path = f"/office/people/{expert.id}"
    page = await scene.at(path)
    form = {**token_of(page), "command": "unbind", "reason": "本人来电要求"}
    for _ in range(2):
        await page.post(path, form)
        assert page.status == 200
    path = f"/office/people/{expert.id}/file/email"
    await page.get(path)
    data = {"email": "a@example.cn", "reason": "登记有误", "seen": "-", **token_of(page)}
    for _ in range(2):
        form_data = aiohttp.FormData(data)
        form_data.add_field("file", io.BytesIO(pdf()), filename="证明.pdf")
        response = await page.client.post(path, data=form_data, headers={"Origin": PUBLIC_URL})
        assert response.status == 200
    assert await Correction.filter(kind="field").count() == 1
