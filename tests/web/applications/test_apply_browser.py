"""The applicant's form in a real browser, on a phone and on a screen; pictures go to ``var/screenshots``."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, Route, expect

from app.players.people import APPLICANTS
from models.applications import Application, ApplicationSection, ApplicationSpecialty, Attachment
from models.campaigns import EmployerRequest
from models.helpdesk import Feedback
from models.reviews import ReviewTask
from services.applications import read_values, stored_place
from services.applications.repository import open_values, seal_values
from services.core.base import Actor
from tests.factories.files import pdf
from tests.factories.forms import book_of
from tests.factories.reviews import make_catalogues, make_change
from tests.plugins.browsers import CHROMIUM, capture
from tests.web.applicants import (
    FORM,
    ApplyingWorld,
    field,
    photograph,
    saved,
    serious,
    state_of,
    tab,
    upload,
    world,
)
from tests.web.test_browser import PHONE, SCREEN, Seen, look

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def pick(page: Page, label: str, word: str, entry: str) -> None:
    """Open a chooser, search, take the result."""
    await page.get_by_role("button", name=re.compile(f"^{label}")).click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_role("searchbox").fill(word)
    await sheet.get_by_role("button", name=entry).click()
    await expect(sheet).to_have_count(0)


# ---- the whole way


async def test_a_newcomer_registers_fills_in_the_form_with_a_thumb_and_hands_it_in(
    browser: Browser, world: ApplyingWorld
) -> None:
    seen = await look(browser, world)
    page = await seen.open("/h5/demo/apply")
    await register(page, seen, world)
    await page.get_by_text("注册成功").wait_for()
    await page.get_by_role("link", name="去申请").first.wait_for()
    await page.get_by_role("link", name="去申请").first.click()
    await seen.check("apply-begin")
    await page.get_by_role("button", name="我已知晓，开始填写").click()
    await fill_in_basic(page, seen)
    await fill_in_profession(page)
    await fill_in_evaluation(page, seen)
    await attach(page, seen)
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_text("填写完整")).to_be_visible()
    await seen.check("apply-check")
    await page.get_by_role("button", name="提交审核").click()
    await page.get_by_role("button", name="确认提交").click()
    await page.wait_for_url("**/apply/status")
    await seen.check("apply-status")
    application = await Application.get()
    assert (application.state, application.name) == ("reviewing", "江申请")
    await expect(page.get_by_role("button", name="确定撤回")).to_be_hidden()
    await page.get_by_text("撤回申请").click()
    await page.get_by_role("button", name="确定撤回").click()
    await page.get_by_text("已撤回，请修改后重新提交").wait_for()
    await page.get_by_role("link", name="修改信息").click()
    await page.get_by_role("button", name="评标信息").click()
    await expect(page.get_by_text("评标专业提交后，本次征集期间不能再改。")).to_be_visible()
    await seen.check("apply-withdrawn")
    stored_values = await read_values(world.deps, application.id)
    assert [specialty["choice"] for specialty in stored_values["specialties"]] == ["preferred", "alternative"]
    assert [row["unit"] for row in stored_values["work_history"]] == ["广州设计院"]
    assert serious(seen) == []


async def register(page: Page, seen: Seen, world: ApplyingWorld) -> None:
    await page.get_by_role("link", name="注册", exact=False).first.click()
    await page.get_by_label("手机号").fill("19900000031")
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("短信验证码").wait_for()
    await page.get_by_label("短信验证码").fill(await world.last_code())
    await page.get_by_label("真实姓名").fill("江申请")
    await page.get_by_label("身份证号").fill(APPLICANTS[0].id_number)
    await page.locator("#password").fill("Abcd1234")
    await page.locator("#again").fill("Abcd1234")
    await page.get_by_role("button", name="显示", exact=True).first.click()
    await expect(page.locator("#password")).to_have_attribute("type", "text")
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await seen.check("apply-register")
    await page.get_by_role("button", name="注册", exact=True).click()


async def fill_in_basic(page: Page, seen: Seen) -> None:
    await page.get_by_label("政治面貌").select_option("群众")
    await page.get_by_role("button", name=re.compile("^居住地区")).click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_role("button", name="广州市").first.click()
    await sheet.get_by_role("button", name="天河区").click()
    await expect(page.get_by_role("button", name=re.compile("^居住地区"))).to_have_accessible_name(
        re.compile("居住地区.*天河区")
    )
    await page.get_by_label("电子邮箱").fill("jiang@")
    await ask_for_an_employer(page, seen)
    await page.get_by_label("单位名称").fill("广州设计院")
    await page.get_by_label("开始年月").fill("2012-07")
    await page.get_by_role("button", name="＋ 新增工作经历").click()
    await page.get_by_label("单位名称").nth(1).fill("写错的单位")
    await page.get_by_role("button", name="删除").nth(1).click()
    await expect(page.get_by_label("单位名称")).to_have_count(1)
    await page.get_by_role("button", name="下一步").click()
    wrong = field(page, "电子邮箱").get_by_role("alert")
    await expect(wrong).not_to_be_empty()
    await expect(page.get_by_label("电子邮箱")).to_be_focused()
    await seen.check("apply-wrong")
    await page.get_by_label("电子邮箱").fill("jiang@example.com")
    await saved(page)
    await expect(page.get_by_text("未保存")).to_have_count(0)
    await expect(wrong).to_be_hidden()
    await page.get_by_role("button", name="下一步").click()


async def ask_for_an_employer(page: Page, seen: Seen) -> None:
    await page.get_by_role("button", name=re.compile("^工作单位")).click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_role("searchbox").fill("没有的单位")
    await sheet.get_by_label("单位全称").fill("广州没有的单位有限公司")
    await sheet.get_by_role("button", name="申请添加").click()
    await expect(sheet.get_by_text("已提交。")).to_be_visible()
    request_line = sheet.get_by_role("region", name="您申请添加的单位").get_by_role("listitem")
    await expect(request_line).to_have_text("广州没有的单位有限公司等待添加")
    await capture(seen.page, path="var/screenshots/apply-employer-390-light.png")
    await sheet.get_by_role("button", name="关闭").click()
    await EmployerRequest.all().update(state="refused", answer="请按营业执照填写全称")
    await page.get_by_role("button", name=re.compile("^工作单位")).click()
    await expect(request_line).to_have_text("广州没有的单位有限公司未添加：请按营业执照填写全称")
    await sheet.get_by_role("searchbox").fill("广州")
    await sheet.get_by_role("button", name="广州", exact=False).first.click()
    await expect(page.get_by_placeholder("输入单位名称搜索")).to_have_count(0)
    assert await EmployerRequest.filter(name="广州没有的单位有限公司").count() == 1


async def fill_in_profession(page: Page) -> None:
    await page.get_by_label("最高学历").select_option("硕士研究生")
    await page.get_by_label("最高学位").select_option("硕士")
    await page.get_by_label("毕业院校").fill("华南理工大学")
    await page.get_by_label("所学专业").fill("土木工程")
    await pick(page, "职称", "高级工程师", "高级工程师 2001")
    await page.get_by_role("button", name="下一步").click()


async def fill_in_evaluation(page: Page, seen: Seen) -> None:
    for at, code in enumerate(("A040101", "A080101")):
        await page.get_by_role("button", name="＋ 选择评标专业").click()
        sheet = page.get_by_role("dialog")
        if not at:
            await sheet.get_by_role("button", name="工程").first.click()
            await page.wait_for_timeout(300)
            await seen.check("apply-tree")
            await sheet.get_by_role("button", name="全部").click()
        await sheet.get_by_role("searchbox").fill(code)
        await sheet.get_by_role("button", name=code).click()
        await expect(page.get_by_label("首选或备选")).to_have_count(at + 1)
    choices = page.get_by_label("首选或备选")
    assert [await choice.input_value() for choice in await choices.all()] == ["preferred", "alternative"]
    await seen.check("apply-specialties")
    await page.get_by_role("button", name="下一步").click()


async def attach(page: Page, seen: Seen) -> None:
    """The line breaks in the middle of the third part; the upload goes on where it stopped."""
    offsets: list[int] = []

    async def break_once(route: Route) -> None:
        offsets.append(int(route.request.url.rpartition("/")[2]))
        if len(offsets) == 3:
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await page.route("**/parts/*", break_once)
    large = photograph(5, 1100)
    await field(page, "一寸免冠照片").locator("input[type=file]").set_input_files(upload("寸照.jpg", large))
    await expect(field(page, "一寸免冠照片").locator("img")).to_be_visible(timeout=20_000)
    assert offsets[2] == offsets[3]
    assert len(set(offsets)) == len(offsets) - 1
    for label in ("身份证国徽面", "身份证人像面", "学历证书", "职称证书"):
        await field(page, label).locator("input[type=file]").set_input_files(upload(f"{label}.jpg"))
        await expect(field(page, label).locator("img")).to_be_visible()
    refused = field(page, "诚信承诺书")
    await refused.locator("input[type=file]").set_input_files(upload("坏的.pdf", b"%PDF-1.4 torn off"))
    await expect(refused.get_by_role("alert").first).to_contain_text("没有传上")
    await seen.check("apply-files")
    assert {attachment.field for attachment in await Attachment.filter(state="ready")} >= {"photo", "title_proof"}


# ---- looks


async def test_every_page_of_the_applicant_is_looked_at(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    await world.begun(actor, files=True, but=frozenset({"political_status", "specialties"}))
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open("/h5/demo/apply")
    await seen.check("apply-home")
    for section in ("basic", "profession", "evaluation", "attachments", "check"):
        page = await seen.open(f"{FORM}#{section}")
        await page.reload()
        await page.locator(".fields h2").wait_for()
        await page.wait_for_load_state("networkidle")
        await seen.check(f"apply-{section}")
    for path, name in (("/h5/demo/apply/status", "status"), ("/h5/demo/help", "help")):
        await seen.open(path)
        await seen.check(f"apply-{name}")
    assert serious(seen) == []


async def test_the_pickers_work_by_keys_alone_and_give_the_focus_back(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    application = await world.begun(actor, but=frozenset({"region", "specialties"}))
    seen = await world.at_page(browser, actor, SCREEN)
    page = await seen.open(f"{FORM}#basic")
    region = page.get_by_role("button", name=re.compile("^居住地区"))
    await region.focus()
    await page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="居住地区")
    await expect(sheet.get_by_role("button", name="广州市 440100")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await expect(region).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(sheet.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.type("天河")
    await expect(sheet.get_by_role("button", name="天河区")).to_be_visible()
    await expect(sheet.get_by_role("button")).to_have_count(2)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(region).to_have_accessible_name(re.compile("天河区"))
    await expect(region).to_be_focused()
    await saved(page)
    assert (await read_values(world.deps, application))["region"] == "440106"
    for _ in range(40):  # through the whole page: nothing holds the focus, and it is always to be seen
        await page.keyboard.press("Tab")
        hidden = (
            "(({ top, bottom }) => bottom < 0 || top > innerHeight)(document.activeElement.getBoundingClientRect())"
        )
        assert not await page.evaluate(hidden)
    assert serious(seen) == []


@pytest.mark.parametrize("length", [3, 5, 7])
async def test_a_code_of_a_certain_length_is_all_that_a_picker_offers(
    browser: Browser, world: ApplyingWorld, length: int
) -> None:
    short_code_field = book_of("xinjiang").form.fields["field_of_work"].model_copy(update={"code_length": length})
    world.set_field("political_status", short_code_field)
    actor = await world.person()
    application = await world.begun(actor, but=frozenset({"political_status"}))
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#basic")
    await page.get_by_role("button", name=re.compile("^从事专业类别")).click()
    sheet = page.get_by_role("dialog")
    code = "A040101"
    for part in (1, 3, 5, 7):
        await sheet.get_by_role("searchbox").fill(code[:part])
        entry = sheet.locator(f'li[data-key="{code[:part]}"]')
        await entry.wait_for()
        offered = entry.locator("button.pick:enabled, button.plain:enabled")
        assert await offered.count() == (part == length)
        if part == length:
            await offered.click()
            break
    await saved(page)
    assert (await read_values(world.deps, application))["political_status"] == code[:length]


# ---- printing, handing in


async def test_printing_in_a_pool_that_locks_asks_first_and_leaves_only_the_files_open(
    browser: Browser, world: ApplyingWorld
) -> None:
    world.set_form(print_locks=True)
    actor = await world.person()
    application = await world.begun(actor, files=True)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#check")
    await page.get_by_role("button", name="打印表格（锁定）").click()
    dialog = page.get_by_role("dialog", name="打印后不能再修改")
    await capture(seen.page, path="var/screenshots/apply-lock-390-light.png")
    await dialog.get_by_role("button", name="再看看").click()
    assert await state_of(application) == "draft"
    await page.get_by_role("button", name="打印表格（锁定）").click()
    await dialog.get_by_role("button", name="确认打印").click()
    await expect(page.get_by_text("表格已生成")).to_be_visible()
    await seen.check("apply-document")
    address = await page.get_by_role("link", name="打开PDF").get_attribute("href")
    answer = await (await browser.new_context()).request.get(f"{seen.base}{address}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    await page.get_by_role("link", name="申请表").click()
    await expect(page.get_by_text("核对信息")).to_be_visible()
    assert await state_of(application) == "locked"
    await tab(page, "基础信息")
    await expect(page.locator(".fields input")).to_have_count(0)
    await expect(field(page, "工作经历").locator("li")).to_have_text("湖南省建筑设计院，总工程师，2008-07 至今")
    await tab(page, "评标信息")
    await expect(field(page, "回避单位").locator("li")).to_have_text(
        re.compile("^某某建设集团有限公司，[0-9A-Z]{18}，配偶任职$")
    )
    await tab(page, "附件上传")
    await field(page, "资格审查表").locator("input[type=file]").set_input_files(upload("签字表.pdf"))
    await expect(field(page, "资格审查表").get_by_text("签字表.pdf")).to_be_visible()
    await seen.check("apply-locked")
    assert serious(seen) == []


async def test_what_is_missing_is_listed_and_each_line_leads_to_its_field(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor = await world.person()
    await world.begun(actor, but=frozenset({"region", "specialties"}))
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#check")
    missing = page.get_by_role("region", name="还需补充")
    await missing.get_by_role("button", name="居住地区").click()
    await expect(page.get_by_role("button", name=re.compile("^居住地区"))).to_be_focused()
    await expect(field(page, "居住地区").get_by_role("alert")).not_to_be_empty()
    await tab(page, "核对提交")
    await missing.get_by_role("button", name="一寸免冠照片").click()
    await expect(page.get_by_role("button", name="上传一寸免冠照片")).to_be_focused()
    assert serious(seen) == []


async def test_feedback_is_written_from_the_guide(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open("/h5/demo/help")
    await page.get_by_role("link", name="投诉与意见反馈").click()
    await page.get_by_label("关于").select_option(label="意见建议")
    await page.get_by_label("您要说的事").fill("职称证书上传后看不清，能否放大？")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_text("已收到，谢谢。")).to_be_visible()
    await seen.check("apply-help")
    assert await Feedback.all().count() == 1
    assert serious(seen) == []


async def test_files_of_certificates_do_not_move_to_another_one_when_a_row_is_removed(
    browser: Browser, world: ApplyingWorld
) -> None:
    world.set_field("qualifications", book_of("xinjiang").form.fields["qualifications"])
    actor = await world.person()
    application = await world.begun(actor, but=frozenset({"qualifications"}))
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#profession")
    for row, (code, number) in enumerate((("Q0301", "S-1"), ("Q0302", "S-2"))):
        await page.get_by_role("button", name="＋ 新增").last.click()
        card = page.locator(".rowcard").nth(row)
        await card.locator(".choose").first.click()
        await page.get_by_role("dialog").get_by_role("searchbox").fill(code)
        await page.get_by_role("dialog").get_by_role("button", name=code).click()
        await card.locator("input[type=text], input:not([type])").first.fill(number)
        await card.locator("input[type=file]").set_input_files(upload(f"证书{row}.pdf", pdf(row + 1)))
        await expect(card.locator(".files .link")).to_be_visible()
    await page.locator(".rowcard").first.get_by_role("button", name="删除", exact=True).click()
    left = page.locator(".rowcard")
    await expect(left).to_have_count(1)
    await expect(left.get_by_role("alert").filter(has_text="请重新上传")).to_be_visible()
    await seen.check("apply-certificates")
    await left.locator("input[type=file]").set_input_files(upload("证书1.pdf", pdf(2)))
    await expect(left.locator(".files .link")).to_be_visible()
    await saved(page)
    [qualification] = (await read_values(world.deps, application))["qualifications"]
    files = await Attachment.filter(application_id=application, state="ready", removed_at=None)
    assert qualification["code"] == "Q0302"
    assert [(file.field, file.row) for file in files] == [("qualifications.proof", 0)]
    assert serious(seen) == []


async def test_what_was_sent_back_is_marked_until_something_is_done_about_it(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor = await world.person()
    application_id = await world.begun(actor, files=True)
    await sent_back(world, application_id, "请补充代表性业绩")
    seen = await world.at_page(browser, actor, PHONE, "dark")
    page = await seen.open(f"{FORM}?at=specialties")
    row = page.locator(".chosen li.returned")
    await expect(row).to_contain_text("已退回：请补充代表性业绩")
    here = page.locator(".tabs [aria-current]")
    await expect(here).not_to_have_class(re.compile("done"))
    await seen.check("apply-returned")
    await tab(page, "核对提交")
    await expect(page.locator(".fields .bar.warn")).to_contain_text("还没有修改")
    world.clock.move(timedelta(minutes=5))
    page = await seen.open(f"{FORM}?at=specialties")
    await field(page, "业务专长").locator("textarea").fill("二十年大型桥梁设计审查，主持三项国家重点工程。")
    await saved(page)
    await tab(page, "核对提交")
    await expect(page.locator(".fields .bar.warn")).to_have_count(0)
    page = await seen.open(f"{FORM}?at=specialties")
    await expect(page.locator(".chosen li.returned")).to_have_count(0)
    await expect(page.locator(".chosen")).to_contain_text("您已修改，提交后重新审核")
    await expect(page.locator(".tabs [aria-current]")).to_have_class(re.compile("done"))
    assert serious(seen) == []


async def test_marked_places_are_listed_until_the_file_is_replaced_and_the_field_changed(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor = await world.person()
    application_id = await world.begun(actor, files=True)
    values = await read_values(world.deps, application_id)
    files = await Attachment.filter(application_id=application_id, state="ready")
    proof = next(file for file in files if file.field == "title_proof")
    await sent_back(world, application_id, "请按标记修改")
    returned = [
        stored_place(world.deps, "title_proof", "扫描件不清晰，请重新上传。", values, files, proof),
        stored_place(world.deps, "strengths", "请写明项目。", values, files),
    ]
    await ReviewTask.filter(application_id=application_id).update(returned=returned)
    await Application.filter(id=application_id).update(sent_back_fields=["*"])
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(FORM.replace("/form", "/status"))
    await page.get_by_role("link", name="职称证书“title_proof.jpg”：扫描件不清晰").click()
    card = field(page, "职称证书")
    await expect(card).to_contain_text("退回修改：职称证书“title_proof.jpg”：扫描件不清晰，请重新上传。")
    here = page.locator(".tabs [aria-current]")
    await expect(here).to_contain_text("附件上传")
    await expect(here).not_to_have_class(re.compile("done"))
    await seen.check("apply-marked")
    world.clock.move(timedelta(minutes=5))
    await card.get_by_role("button", name="删除title_proof.jpg").click()
    await expect(card.locator(".returned-note")).to_contain_text("退回修改")
    await card.locator("input[type=file]").set_input_files(upload("清晰.jpg", photograph(40)))
    await expect(card.locator(".returned-note")).to_contain_text("已修改")
    await tab(page, "核对提交")
    await seen.check("apply-marked-left")
    left = page.get_by_role("region", name="退回后还没有修改")
    await expect(left).to_contain_text("退回的内容还有1处没有修改")
    await page.get_by_role("button", name="提交审核").click()
    await expect(page.get_by_role("dialog")).to_contain_text("退回的内容还有1处没有修改，可能再次被退回。")
    await page.get_by_role("button", name="再看看").click()
    await left.get_by_role("button", name="业务专长：请写明项目。").click()
    box = field(page, "业务专长")
    await expect(box.locator("textarea")).to_be_focused()
    await box.locator("textarea").fill("二十年大型桥梁设计审查，主持三项国家重点工程。")
    await saved(page)
    await expect(box.locator(".returned-note")).to_contain_text("已修改")
    await tab(page, "核对提交")
    await expect(left).to_have_count(0)
    assert serious(seen) == []


@pytest.mark.parametrize("size", [PHONE, SCREEN], ids=["phone", "screen"])
async def test_a_change_shows_first_what_it_changes_and_folds_the_rest(
    browser: Browser, world: ApplyingWorld, size: tuple[int, int]
) -> None:
    await make_catalogues()
    filed = {"email": "old@example.com", "strengths": "隧道。", "education": None}
    change = await make_change(world.deps, filed=filed, state="draft", round=0, submitted_at=None)
    seen = await world.at_page(browser, Actor("demo", "applicant", change.account_id), size)
    page = await seen.open(f"{FORM}?number={change.number}#check")
    changes = page.get_by_role("region", name="与档案对照", exact=True)
    email = changes.get_by_role("region", name="电子邮箱")
    await expect(email).to_contain_text(re.compile("修改.*原.*old@example.com.*新.*suhang@example.com"))
    await expect(changes.get_by_role("region", name="学历")).to_contain_text("新填")
    await expect(page.locator("details.part[open]")).to_have_count(0)
    await expect(page.locator("details.part [data-field=email]")).to_have_count(0)
    await seen.check(f"apply-changes-{size[0]}")
    await email.get_by_role("button", name="再改").click()
    await expect(field(page, "电子邮箱").locator("input")).to_be_focused()
    assert serious(seen) == []


async def test_what_the_form_could_not_take_over_from_the_file_is_asked_for_and_no_change(
    browser: Browser, world: ApplyingWorld
) -> None:
    await make_catalogues()
    filed = {"email": "old@example.com"}
    change = await make_change(world.deps, filed=filed, state="draft", round=0, submitted_at=None)
    for section in await ApplicationSection.filter(application_id=change.id):
        values = open_values(world.deps, section)
        if values.pop("education", None):
            section.values_sealed = seal_values(world.deps, values)
            await section.save()
    seen = await world.at_page(browser, Actor("demo", "applicant", change.account_id), PHONE)
    page = await seen.open(f"{FORM}?number={change.number}#check")
    await page.get_by_role("heading", name="与档案对照：1项有变更").wait_for()
    await expect(page.get_by_role("region", name="还需补充")).to_contain_text("（档案原登记：硕士研究生）")
    await expect(page.get_by_role("region", name="最高学历")).to_have_count(0)
    assert serious(seen) == []


async def test_printing_what_is_not_complete_asks_first(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    await world.begun(actor, but=frozenset({"political_status"}))
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#check")
    await page.get_by_role("button", name=re.compile("^打印表格")).click()
    dialog = page.get_by_role("dialog", name="还没有填完")
    await expect(dialog).to_contain_text("还有1处没有填好，现在打印的表不能用于提交")
    await dialog.get_by_role("button", name="仍要打印").click()
    await expect(page.get_by_text("表格已生成")).to_be_visible()
    assert serious(seen) == []


async def test_one_wrong_field_keeps_no_other_from_being_saved(browser: Browser, world: ApplyingWorld) -> None:
    actor = await world.person()
    application = await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    page = await seen.open(f"{FORM}#basic")
    await page.get_by_label("电子邮箱").fill("tang@mail")
    await page.get_by_label("通讯地址").fill("越秀区新地址")
    await page.get_by_text("标红的还未保存，其余存好了").wait_for()
    values = await read_values(world.deps, application)
    assert (values["address"], values["email"]) == ("越秀区新地址", "suhang@example.com")
    await page.get_by_label("电子邮箱").fill("tang@example.com")
    await saved(page)
    assert (await read_values(world.deps, application))["email"] == "tang@example.com"


async def sent_back(world: ApplyingWorld, application_id: UUID, opinion: str) -> None:
    """Send the first specialty back, as a reviewer does."""
    now = world.clock.now()
    values = await read_values(world.deps, application_id)
    code = values["specialties"][0]["code"]
    await Application.filter(id=application_id).update(
        state="sent_back",
        state_since=now,
        submitted_at=now,
        round=1,
        step=0,
        sent_back_fields=["specialties", *world.deps.book("demo").review.correction_fields],
    )
    await ApplicationSpecialty.create(application_id=application_id, code=code, position=0, state="sent_back")
    await ReviewTask.create(
        application_id=application_id,
        pool="demo",
        round=1,
        step=0,
        step_code="industry",
        specialty=code,
        region="440100",
        state="sent_back",
        opened_at=now,
        decided_at=now,
        opinion=opinion,
    )
