"""我的数据与注销: one's data as a file or by e-mail, and closing the account, each proven by an SMS code."""

from __future__ import annotations

import json
from datetime import timedelta

from models.accounts import Account
from services.ports import MailAttachment
from tests.drivers.pages import PUBLIC_URL
from tests.factories.payments import FakeMailer
from tests.factories.reviews import make_applicant
from tests.web.conftest import WECHAT, Visitor, World
from web.accounts.login import COOKIE

DATA = "/h5/demo/account/data"


async def with_code(world: World, visitor: Visitor) -> str:
    """The fields with the code that the page has sent."""
    world.clock.set(world.clock.now() + timedelta(minutes=2))
    await visitor.get(DATA)
    await visitor.press("获取验证码")
    assert (visitor.status, "发到邮箱" in visitor.page.buttons) == (200, True)
    return await world.last_code()


async def test_the_file_is_reached_from_the_account_and_holds_what_is_stored(world: World) -> None:
    account = await make_applicant(world.services.deps)
    person = await (await world.enter(account)).get("/h5/demo/account")
    await person.click("我的数据与注销查看、导出全部资料，或注销账号")
    assert (person.path, "下载" in person.page.buttons) == (DATA, False)
    code = await with_code(world, person)
    form = person.page.buttons["下载"][0]["fields"]

    await person.press("下载", code="000000" if code != "000000" else "111111")
    assert (person.status, "验证码" in person.text) == (422, True)
    own = {"Origin": PUBLIC_URL}
    file = await person.client.post(DATA, data={**form, "code": code, "command": "save"}, headers=own)
    assert (file.status, file.headers["Content-Disposition"]) == (200, 'attachment; filename="my-data.json"')
    held = json.loads(await file.read())["account"]
    assert (held["name"], held["id_number"][:6], held["mobile"][0]) == ("苏航", "430104", "1")
    await person.post(DATA, {**form, "code": code, "command": "save"})
    assert person.status == 422, "a code serves once"
    await person.post(DATA, {**form, "code": code})
    assert (person.status, "请点选要办理的事项" in person.text) == (422, True)


async def test_the_data_is_read_on_a_page_in_words_and_with_a_code_only(world: World) -> None:
    account = await make_applicant(world.services.deps)
    person = await world.enter(account)
    code = await with_code(world, person)
    await person.press("查看", code="000000" if code != "000000" else "111111")
    assert (person.status, "苏航" in person.text) == (422, False)
    await person.press("查看", code=code)
    assert (person.status, "苏航" in person.text, "430104" in person.text) == (200, True, True)
    assert ("实名核验" in person.text, "登录" in person.text, "T0" in person.text) == (True, True, False)
    assert person.response.headers["Cache-Control"] == "no-store"
    await person.get(DATA)
    assert "430104" not in person.text, "only that response shows it"


async def test_in_wechat_where_nothing_can_be_saved_the_file_goes_by_e_mail(world: World) -> None:
    account = await make_applicant(world.services.deps)
    person = await world.enter(account)
    person.headers = WECHAT
    code = await with_code(world, person)
    assert "下载" not in person.page.buttons
    await person.press("发到邮箱", code=code, email="nowhere")
    assert (person.status, person.page.buttons["发到邮箱"][0]["fields"]["email"]) == (422, "nowhere")
    await person.press("发到邮箱", code=code, email="su@example.com")
    assert (person.status, "已发送" in person.text) == (200, True)
    mailer = world.services.files.delivery.mailer
    assert isinstance(mailer, FakeMailer)
    [mail] = mailer.sent
    [file] = mail.attachments
    assert isinstance(file, MailAttachment)
    assert (mail.to, file.filename, json.loads(file.content)["account"]["name"]) == (
        "su@example.com",
        "我的数据.json",
        "苏航",
    )


async def test_an_account_is_closed_once_nothing_lies_ahead(world: World) -> None:
    _, [invitation] = await world.panel()
    expert = await world.log_in_expert(invitation.expert_id)
    code = await with_code(world, expert)
    assert "依法保留" in expert.text
    await expert.press("确定注销账号", code=code)
    assert (expert.status, "请结束或请假后再注销" in expert.text) == (409, True)

    world.clock.set(invitation.ends_at + timedelta(days=1))
    expert = await world.log_in_expert(invitation.expert_id)
    code = await with_code(world, expert)
    await expert.press("确定注销账号", code=code)
    assert (expert.status, "账号已注销" in expert.text, "依法保留" in expert.text) == (200, True, True)
    assert COOKIE not in [cookie.key for cookie in expert.client.session.cookie_jar]
    assert await Account.filter(disabled_at__not_isnull=True).count() == 1
    await expert.get(DATA)
    assert expert.path == "/h5/login"


async def test_who_works_for_an_office_finds_it_in_the_account(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.click("我的账号")
    await agency.click("我的数据与注销查看、导出全部资料，或注销账号")
    assert (agency.path, agency.page.links["我的账号"]) == (DATA, "/h5/demo/account")
