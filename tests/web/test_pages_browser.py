"""Pages that no other browser test passes by, each looked at on a phone and on a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Browser, FilePayload

from models.accounts import Account
from models.applications import Attachment
from models.draws import Draw
from models.experts import Expert
from services.core.base import Actor
from services.corrections import Upload
from services.files import MaterialData
from tests.factories.applicants import make_applicant as make_candidate
from tests.factories.applications import SPECIALTY, make_codes
from tests.factories.careers import make_career
from tests.factories.files import pdf
from tests.factories.offices import make_supervisor
from tests.factories.people import (
    BANK_ACCOUNT,
    CREDIT_CODE,
    file_more,
    make_account,
    make_expert,
    make_grant,
    make_identity,
    make_sanction,
)
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import handed_in, make_scene
from tests.web.test_browser import PHONE, look, staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
TABLET = (768, 1024)
_EDGES = """(all) => all.map((one) => one.getBoundingClientRect()).filter((box) => box.width)
    .map((box) => [box.left, box.right])"""


async def test_the_rest_of_the_office(browser: Browser, world: World) -> None:
    world.set_rules("entry", stages=("notice", "fee", "exam"))
    scene = await make_scene(world)
    await handed_in(scene, "欧阳建国")
    await make_supervisor(world.services.deps, "13800138123")
    data = MaterialData("评标专家申报指南（2026年版）", "操作手册", "请先阅读", shown_from=world.clock.now())
    material = await world.services.files.materials.add(scene.admin, data, pdf())
    seen = await open_administrator(browser, scene, PHONE)
    paths = {
        "exams": "/exams",
        "experts": "/experts?only=all",
        "supervisors": "/supervisors",
        "materials": "/materials",
        "import": "/employers/import",
        "campaign-new": "/campaigns/new",
    }
    await seen.check_pages("office", {name: f"/office{path}" for name, path in paths.items()})
    for name, path in {"materials-known": "", "file-mail": f"/{material.id}/mail"}.items():
        await seen.open(f"/h5/demo/materials{path}")
        await seen.check(name)
    await seen.open("/office/employers/import")
    sheet = FilePayload(name="a.csv", mimeType="text/csv", buffer="单位名称\n甲公司\n无\n".encode("gb18030"))
    await seen.page.locator("input[type=file]").set_input_files(sheet)
    await seen.page.locator("form:has(input[type=file]) button").click()
    await seen.page.get_by_text("请填写单位全称").wait_for()
    await seen.check("office-import-read")
    assert seen.complaints == []


async def test_leaving_a_draw_and_who_does_not_come(browser: Browser, world: World) -> None:
    draw_id, [invitation, other] = await world.panel(2)
    agency = await staff(browser, world, PHONE, "agency")
    await agency.check_page("draws-exit-before", f"/draws/{draw_id}/exit")
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    seen = await staff(browser, world, PHONE, "venue")
    await seen.open(f"/draws/{draw_id}/exit")
    await seen.check("draws-exit")
    await world.office.attendance.check_in_by_code(world.office.venue, draw_id, other.code)
    await agency.check_page("draws-exit-met", f"/draws/{draw_id}/exit")
    page = await seen.open(f"/draws/{draw_id}/absences")
    await page.get_by_label("专家的验证码").fill(invitation.code)
    await page.get_by_label("类型").select_option(label="现场回避")
    await page.get_by_label("回避原因类别").select_option(index=1)
    await page.get_by_label("原因", exact=True).fill("与投标人的法定代表人有亲属关系")
    await page.get_by_role("button", name="登记").click()
    await page.get_by_role("region", name="待确认和已处理的登记").wait_for()
    await seen.check("draws-absences")
    verifier = await world.log_in(world.office.verifier, "verifier")
    cookie = verifier.cookie
    await page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    await seen.open(f"/draws/{draw_id}/absences")
    await seen.check("draws-recusal")
    await seen.open(f"/draws/{draw_id}/exit")
    await seen.check("draws-terminate")
    await world.office.activity_end.end(world.office.venue, draw_id, "评标已完成")
    await agency.check_page("draws-exit-over", f"/draws/{draw_id}/exit")
    assert seen.complaints + agency.complaints == []


async def test_public_pages_are_accessible_and_fit_the_screen(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    data = MaterialData("评标专家申报指南（2026年版）", "操作手册", shown_from=world.clock.now())
    await world.services.files.materials.add(scene.admin, data, pdf())
    who = await make_candidate(world.services.deps)
    printed = await world.services.applications.documents.print_form(who.actor, who.id)
    draw_id, _ = await world.panel()
    token, _ = await world.services.draws.attendance.venue_token(world.office.venue, draw_id)
    seen = await look(browser, world)
    for page, path in {
        "materials": "/h5/demo/materials",
        "help": "/h5/demo/help",
        "document": f"/p/{printed.code}",
        "document-ask": "/p",
        "venue-outside": f"/v/{token}",
        "password-log-in": "/h5/login/password?pool=demo",
        "forgot": "/h5/forgot?pool=demo",
        "missing": "/h5/nothing",
    }.items():
        await seen.open(path)
        await seen.check(page)


async def make_filed_expert(world: World) -> Expert:
    """An expert with a full file, and two years behind him."""
    deps = world.services.deps
    await make_codes(deps.book("demo"))
    mobile, term = "13812345678", deps.now() + timedelta(days=300)
    account = await make_account(deps, mobile, real_name="欧阳锋")
    expert = await make_expert(deps, mobile, name="欧阳锋", account=account, term_until=term)
    filed = {
        "political_status": "群众",
        "email": "feng@example.cn",
        "address": "演示市演示区示范路88号6栋302",
        "employer": "演示省建筑设计研究院有限公司",
        "employer_code": CREDIT_CODE,
        "work_history": [
            {"unit": "演示省建筑设计研究院有限公司", "position": "总工程师", "since": "2015-07"},
            {"unit": "演示市规划局", "since": "2003-08", "until": "2015-06"},
        ],
        "education": "硕士研究生",
        "school": "演示大学",
        "specialties": [{"code": SPECIALTY, "choice": "preferred"}],
        "strengths": "三十年结构设计与审查，主持演示大桥等项目。\n熟悉装配式结构。",
        "recusal_units": [{"name": "演示建设集团有限公司", "code": CREDIT_CODE}],
    }
    await file_more(deps, expert, deps.now() - timedelta(days=400), **filed)
    await make_career(deps, expert, account)
    await make_identity(account)
    return expert


async def test_an_experts_own_file(browser: Browser, world: World) -> None:
    expert = await make_filed_expert(world)
    seen = await look(browser, world)
    cookie = (await world.log_in_expert(expert.id)).cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    await seen.check_pages("own", {"file": "/h5/demo/file", "missed": "/h5/demo/file?kind=missed"})
    await seen.open("/h5/demo/chances")
    await seen.check("own-chances")
    await Expert.filter(id=expert.id).update(term_until=world.clock.now())
    await make_sanction(expert)
    await seen.open("/h5/demo/chances")
    await seen.check("own-chances-barred")
    world.clock.move(timedelta(minutes=2))
    page = await seen.open("/h5/demo/account/data")
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").fill(await world.last_code())
    await seen.check("own-data-sent")
    await page.get_by_role("button", name="查看").click()
    await page.get_by_role("heading", name="专家档案 · 基础信息").wait_for()
    await page.get_by_text("评标（9）").click()
    await seen.check("own-data-shown")
    assert seen.complaints == []


async def test_an_experts_file_at_the_office(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    application = await handed_in(scene, "欧阳建国")
    expert = await make_filed_expert(world)
    attached = await Attachment.filter(application_id=application.id, state="ready").order_by("field")
    files = {file.field: [{"row": 0, "file": str(file.id)}] for file in attached}
    await file_more(world.services.deps, await Expert.get(id=expert.id), world.clock.now(), **files)
    seen = await open_administrator(browser, scene, PHONE)
    await seen.check_page("office-experts-listed", "/office/experts")
    page = await seen.open(f"/office/experts/{expert.id}")
    await seen.check("office-expert")
    await seen.check_page("office-expert-open", f"/office/experts/{expert.id}")
    await seen.open(f"/office/experts/{expert.id}")
    address = page.locator("#v-address")
    await address.get_by_text("显示完整内容").click()
    await address.get_by_role("button").click()
    await page.get_by_text("请填写查看原因").wait_for()
    await seen.check("office-expert-no-reason")
    await page.get_by_label("查看原因").and_(page.locator("#f-reason-address")).fill("核对寄送证书的地址")
    await address.get_by_role("button").click()
    await page.get_by_text("示范路88号", exact=True).wait_for()
    await seen.check("office-expert-shown")
    assert [line for line in seen.complaints if "422" not in line] == []


async def test_an_experts_proof_of_a_draw(browser: Browser, world: World) -> None:
    draw_id, [invitation, *_] = await world.panel(2)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    seen = await look(browser, world)
    cookie = (await world.log_in_expert(invitation.expert_id)).cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    page = await seen.open("/h5/demo/proofs")
    await seen.check("proofs")
    await page.get_by_role("button", name="查看凭证").click()
    await page.get_by_text("凭证全文").click()
    await seen.check("proofs-open")
    assert seen.complaints == []


async def test_a_person_with_two_roles_is_asked_which(browser: Browser, world: World) -> None:
    seen = await look(browser, world)
    visitor = await world.log_in(world.office.venue, "venue")
    await make_grant(await Account.get(id=world.office.venue.account_id), "verifier")
    cookie = visitor.cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    await seen.open("/h5/role")
    await seen.check("role")


async def test_on_a_tablet_wide_pages_keep_a_margin(browser: Browser, world: World) -> None:
    seen = await open_administrator(browser, await make_scene(world), TABLET)
    page = await seen.open("/office/staff")
    lists = await page.locator("main > *, main .list").evaluate_all(_EDGES)
    assert lists
    assert min(left for left, _ in lists) >= 16
    assert max(right for _, right in lists) <= TABLET[0] - 16
    await seen.check("office-staff-tablet")
    assert seen.complaints == []


async def test_the_log_in_of_each_pools_platform_has_a_line_of_its_own(browser: Browser, world: World) -> None:
    seen = await look(browser, world, TABLET)
    page = await seen.open("/h5/login")
    await page.get_by_text("法人和经办人：统一身份认证登录").click()
    rows = await page.get_by_role("link", name="统一身份认证登录（").evaluate_all(_EDGES)
    form = await page.locator("main form").first.evaluate_all(_EDGES)
    assert len(rows) > 1
    assert {right - left for left, right in rows} == {form[0][1] - form[0][0]}
    await seen.check("login-tablet")


async def test_what_an_expert_declares_and_changes_by_himself(browser: Browser, world: World) -> None:
    """A unit of a long name that ends a call, and the other pages with what was typed and refused."""
    await make_codes(world.services.deps.book("demo"))
    draw_id, [invitation] = await world.panel()
    expert = await Expert.get(id=invitation.expert_id)
    seen = await look(browser, world)
    cookie = (await world.log_in_expert(expert.id)).cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    page = await seen.open("/h5/demo/file")
    await page.get_by_role("link", name="申报回避单位").click()
    await page.get_by_role("button", name="下一步，核对").click()
    await page.get_by_text("请填写单位全称").wait_for()
    await seen.check("own-recusal-refused")
    for relation, name, note in (
        ("配偶的工作单位", "演示省第二建筑工程集团有限公司演示市政工程分公司", "2025年起任财务负责人"),
        ("与本人有其他利害关系的单位", "广州水务有限公司", ""),
    ):
        await page.get_by_label("这个单位与您的关系").select_option(label=relation)
        await page.get_by_label("单位全称").fill(name)
        await page.get_by_label("情况说明").fill(note)
        await page.get_by_role("button", name="下一步，核对").click()
        await page.get_by_role("heading", name="请核对后申报").wait_for()
        await seen.check("own-recusal-confirmation")
        await page.get_by_role("button", name="申报并立即生效").click()
        await page.get_by_text("已登记，立即生效").wait_for()
    await page.get_by_role("heading", name="因回避无需到场").wait_for()
    await seen.check("own-recusal")
    await seen.check_page("own-recused-call", f"/i/{invitation.link}")
    await seen.open("/h5/demo/file/contacts")
    await page.get_by_label("备用手机号").fill("123")
    await page.get_by_role("button", name="保存").click()
    await page.locator(".wrong").wait_for()
    await seen.check("own-contacts")
    world.clock.move(timedelta(minutes=1))
    await seen.open("/h5/demo/file/bank")
    await page.get_by_label("新的开户银行").fill("中国银行演示市演示区支行")
    await page.get_by_label("新的本人银行账号").fill(BANK_ACCOUNT)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_text("验证码短信已经发出").wait_for()
    await seen.check("own-bank")
    await page.get_by_label("短信验证码").fill(await world.last_code())
    await page.get_by_role("button", name="保存", exact=True).click()
    await page.get_by_text("已修改，立即生效").wait_for()
    await seen.open("/h5/demo/file/retirement")
    await page.get_by_label("退休日期").fill("2026-10-31")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("已登记退休日期").wait_for()
    await seen.check("own-retirement")
    await seen.check_page("own-file-changed", "/h5/demo/file")
    agency = await staff(browser, world, PHONE, "agency")
    await agency.check_page("draws-absence-declared", f"/draws/{draw_id}/absences")
    assert [line for line in seen.complaints + agency.complaints if "422" not in line] == []


async def test_corrections_at_the_office(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    expert = await make_filed_expert(world)
    corrections, upload = world.services.corrections, Upload(pdf(), "本人申请.pdf")
    await corrections.mobiles.file(scene.admin, expert.id, "13987654321", "原号码已注销，当面核对了身份证", upload)
    second = Actor("demo", "pool_admin", (await make_account(world.services.deps, real_name="钱管理")).id)
    await corrections.identities.begin(second, expert.id, "欧阳峰", "", "录入时看错，按身份证更正", upload)
    seen = await open_administrator(browser, scene, PHONE)
    await seen.check_page("office-people", "/office/people")
    page = await seen.open(f"/office/people/{expert.id}")
    for act in await page.locator(".work details > summary").all():
        await act.click()
    await seen.check("office-person")
    await seen.check_page("office-correct-file", f"/office/people/{expert.id}/file")
    for field in ("employer", "recusal_units", "work_history", "specialties", "email"):
        await seen.check_page(f"office-correct-{field}", f"/office/people/{expert.id}/file/{field}")
    other = await make_account(world.services.deps, real_name="欧阳锋")
    await make_identity(other)
    await seen.check_page("office-merge", f"/office/people/{expert.id}/merge/{other.id}")
    assert seen.complaints == []
    owner = await Account.get(id=(await Expert.get(id=expert.id)).account_id)
    own = await open_administrator(browser, replace(scene, account=owner), PHONE)
    await own.check_page("account-mobile-filed", "/h5/demo/account")
    assert own.complaints == []
