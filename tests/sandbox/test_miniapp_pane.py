"""The mini-program on the page of phones, by hand in a real browser, with the whole service on the other side.

The tests are one story: each goes on where the one before ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, async_playwright, expect

from app.demo.stage import Stage, stage
from app.demo_people import EXPERTS
from app.preparations import bring_demo_people
from domain.draws.protocol import participant_commitment
from domain.draws.verify_draw import verify
from tests.factories.files import pdf
from tests.folders import data_folder
from tests.plugins.browsers import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

AGENCY, VERIFIER, SUPERVISOR, VENUE = "周代理", "郑核验", "冯监督", "陈场地"
EXPERT = re.compile("|".join(person.name for person in EXPERTS))
NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea, iframe')]
    .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.title || e.labels?.length)).map((e) => e.outerHTML)"""
INLINE = "[...document.querySelectorAll('[style], style, script:not([src])')].map((e) => e.outerHTML.slice(0, 80))"
KEPT = "(part) => Object.keys(localStorage).filter((key) => key.includes(part))"


COMMIT = """async ([role, value, number, round]) => {
    const { commitment } = await import('/_/mini/commitment.js');
    return commitment(role, Uint8Array.from(value), number, round);
}"""

PICTURES = Path(__file__).parents[2] / "var" / "screenshots"


@dataclass
class Desk:
    """The page, and what it complained about by itself. ``agreed`` are the names of experts on the panel."""

    page: Page
    stage: Stage
    complaints: list[str] = field(default_factory=list)
    agreed: list[str] = field(default_factory=list)

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}的手机")

    async def open(self, name: str) -> Locator:
        """The mini-program on a person's phone, logged in and bound."""
        phone = self.phone(name)
        await phone.get_by_role("tab", name="小程序").click()
        consent = phone.get_by_label("我已阅读并同意")
        ready = phone.locator(".m-body:not([aria-busy]) .m-cell").first
        await expect(consent.or_(ready).first).to_be_visible()
        if await consent.count():
            await consent.check()
            await phone.get_by_role("button", name="微信手机号快捷登录").click()
            await expect(consent).to_have_count(0)
        return phone

    async def allow(self, name: str, title: str) -> None:
        """WeChat's question after a tap: messages of these templates may be sent once."""
        sheet = self.phone(name).get_by_role("dialog", name="订阅消息")
        await expect(sheet).to_contain_text(title)
        await sheet.get_by_role("button", name="允许").click()
        await expect(sheet).to_be_hidden()

    async def agree(self) -> str:
        """Wherever a phone away from the desk was called: bring it there and agree, which takes one tap."""
        chip = self.page.locator("#news .news-chip").filter(has_text=EXPERT).first
        name = (await chip.inner_text()).split(" · ")[0]
        await self.page.locator("#news").get_by_role("button", name=name).click()
        phone = await self.open(name)
        await phone.get_by_role("button", name="待答复").first.click()
        await phone.get_by_role("button", name="参加", exact=True).click()
        await self.allow(name, "评标到场提醒")
        await expect(phone.get_by_text("我的验证码")).to_be_visible()
        self.agreed.append(name)
        return name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    with data_folder("pane") as folder:
        async with (
            stage(folder, prepare=[bring_demo_people], durable=False) as running,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN")
            page = await context.new_page()
            page.set_default_timeout(15_000)
            expect.set_options(timeout=15_000)
            found = Desk(page, running)
            page.on("pageerror", lambda error: found.complaints.append(str(error)))
            await page.goto(running.wire.sandbox_url)
            await page.get_by_role(
                "button", name=f"把{EXPERTS[0].name}的手机从桌面拿开"
            ).click()  # so that all called are away
            yield found
            await browser.close()
            assert found.complaints == []


async def test_the_phones_commitment_is_the_algorithms(desk: Desk) -> None:
    value = bytes(range(16))
    made = await desk.page.evaluate(COMMIT, ["agency", list(value), "CQSQ202611210001", 2])
    assert made == participant_commitment("agency", value, "CQSQ202611210001", 2).hex()


async def test_a_refusal_stands_at_the_field_that_it_names(desk: Desk) -> None:
    phone = await desk.open(AGENCY)
    await phone.get_by_role("button", name="项目与标段").click()
    await phone.get_by_role("button", name="新建项目").click()
    await phone.get_by_label("项目名称").fill("空项目")
    await phone.get_by_role("button", name="保存").click()
    await expect(phone.locator(".m-field.wrong", has_text="项目所在地").get_by_role("alert")).not_to_be_empty()
    region = phone.get_by_role("button", name="项目所在地")
    assert await region.get_attribute("aria-invalid") == "true"
    await region.click()
    await phone.get_by_label("搜索项目所在地").fill("天河")
    await phone.get_by_role("button", name="天河区").click()
    await expect(region).to_have_accessible_name("项目所在地 广州市天河区")
    for _ in range(2):
        await phone.get_by_role("button", name="返回").click()
    await expect(phone.get_by_role("heading", name="工作台")).to_be_visible()


async def test_one_tap_makes_a_draw_that_can_be_looked_through_and_handed_in(desk: Desk) -> None:
    phone = desk.phone(AGENCY)
    await phone.get_by_role("button", name="一键示例抽取").click()
    await phone.get_by_role("button", name="抽取条件", exact=False).first.click()
    await phone.get_by_role("button", name="预览可抽取人数").click()
    await expect(phone.get_by_text(re.compile(r"主专业 10-19 人（未扣除回避人员）；还可预览 \d+ 次"))).to_be_visible()
    await phone.get_by_role("button", name="下一步：提交审核").click()
    await attach(desk, "上传附件", "意向.txt", b"text")
    await expect(phone.get_by_role("alert").filter(has_text="PDF、JPG 或 PNG")).to_be_visible()
    await attach(desk, "上传附件", "旧表.pdf", pdf())
    await expect(phone.get_by_role("button", name="旧表.pdf")).to_be_visible()
    await phone.get_by_role("button", name="移除附件").click()
    await phone.get_by_role("dialog", name="移除附件").get_by_role("button", name="移除").click()
    await expect(phone.get_by_text("还没有附件")).to_be_visible()
    await attach(desk, "上传附件", "申请表.pdf", pdf(2))
    await expect(phone.get_by_role("button", name="申请表.pdf")).to_be_visible()
    async with desk.page.expect_download() as download:
        await phone.get_by_role("button", name="下载申请表").click()
    assert (await download.value).suggested_filename.endswith(".pdf")
    await phone.locator("form").get_by_role("button", name="提交审核").click()
    await desk.allow(AGENCY, "抽取申请核验结果")
    await expect(phone.get_by_role("button", name="撤回审核")).to_be_visible()


async def attach(desk: Desk, button: str, name: str, content: bytes) -> None:
    async with desk.page.expect_file_chooser() as chooser:
        await desk.phone(AGENCY).get_by_role("button", name=button).click()
    await (await chooser.value).set_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})


async def test_the_verifier_passes_it_and_the_agencys_page_follows(desk: Desk, tmp_path: Path) -> None:
    phone = await desk.open(VERIFIER)
    await phone.get_by_role("button", name="演示大桥工程").click()
    await expect(phone.get_by_text("演示建设第1公司")).to_be_visible()
    async with desk.page.expect_download() as download:
        await phone.get_by_role("button", name="申请表.pdf").click()
    await (await download.value).save_as(tmp_path / "saved.pdf")
    assert (tmp_path / "saved.pdf").read_bytes() == pdf(2)
    await phone.get_by_role("button", name="通过", exact=True).click()
    await phone.get_by_role("dialog", name="通过核验").get_by_role("button", name="通过").click()
    await expect(phone.get_by_text("没有待核验的申请")).to_be_visible()
    agency = desk.phone(AGENCY)
    await agency.get_by_role("tab", name="微信").click()
    log = agency.get_by_role("log", name="聊天记录")
    await expect(log, "the consent brings it to who never opened the chat").to_contain_text("抽取申请核验结果")
    await agency.get_by_role("tab", name="小程序").click()


async def test_both_phones_fix_the_order_and_forget_their_bits(desk: Desk) -> None:
    agency = desk.phone(AGENCY)
    supervisor = await desk.open(SUPERVISOR)
    await supervisor.get_by_role("button", name="未抽取").click()
    await expect(supervisor.get_by_text("等待代理机构开始三方摇号，您无需操作")).to_be_visible()
    await agency.get_by_role("button", name="开始三方摇号").click()
    await expect(agency.get_by_text("等待各方提交随机数")).to_be_visible()
    assert len(await desk.page.evaluate(KEPT, "/bits/")) == 1
    await supervisor.get_by_role("button", name="提交我的随机数").click()
    await desk.allow(SUPERVISOR, "抽取确认提醒")
    await expect(supervisor.get_by_text("摇号结果")).to_be_visible()
    await expect(supervisor.get_by_text("等待代理机构启动，您无需操作")).to_be_visible()
    await expect(agency.get_by_role("button", name="启动抽取")).to_be_visible()
    assert await desk.page.evaluate(KEPT, "/bits/") == []
    assert len(await desk.page.evaluate(KEPT, "/receipts/")) == 2
    await agency.get_by_role("button", name="启动抽取").click()
    await desk.allow(AGENCY, "专家不足通知")


async def test_called_experts_agree_and_the_agency_sees_it_live(desk: Desk) -> None:
    progress = desk.phone(AGENCY).get_by_role("region", name="抽取进度")
    await expect(progress).to_contain_text("正在等待3位专家答复")
    for count in (1, 2, 3):
        await desk.agree()
        await expect(progress).to_contain_text(f"已同意 {count} / 3")
    await expect(progress).to_contain_text("抽取完成")


async def test_a_leave_frees_a_place_that_a_supplementary_draw_fills(desk: Desk) -> None:
    agency, gone = desk.phone(AGENCY), desk.agreed.pop(0)
    expert = desk.phone(gone)
    await expert.get_by_role("button", name="请假").click()
    asked = expert.get_by_role("dialog", name="请假")
    await expect(asked).to_contain_text("记入履职记录")
    await asked.get_by_role("button", name="确认请假").click()
    await agency.get_by_role("button", name="按原条件补抽").click()
    await desk.agree()
    await expect(agency.get_by_role("region", name="抽取进度")).to_contain_text("抽取完成")


async def test_a_recusal_on_the_spot_comes_to_the_open_page_of_the_verifier_who_confirms_it(desk: Desk) -> None:
    agency, verifier = desk.phone(AGENCY), desk.phone(VERIFIER)
    await expect(verifier.get_by_text("没有待核验的申请")).to_be_visible()
    code = await desk.phone(desk.agreed[0]).locator(".m-big .m-code").inner_text()
    await agency.get_by_role("button", name="缺席登记").click()
    await agency.get_by_role("textbox", name="专家", exact=True).fill(code)
    await agency.get_by_label("类型").select_option("recusal")
    await agency.get_by_label("回避原因").select_option("与投标人有利害关系")
    await agency.get_by_label("说明").fill("亲属在投标人处任职")
    await agency.get_by_role("button", name="登记", exact=True).click()
    await expect(agency.get_by_text("待确认")).to_be_visible()
    await agency.get_by_label("说明").fill("还没有写完")
    await verifier.get_by_role("button", name=code).click()
    await verifier.get_by_role("button", name="确认回避").click()
    await expect(verifier.get_by_text("现场回避待您确认")).to_be_hidden()
    await expect(agency.get_by_text("已确认", exact=True)).to_be_visible()
    await expect(agency.get_by_label("说明"), "a form is not lost when the list beside it changes").to_have_value(
        "还没有写完"
    )
    await agency.get_by_role("button", name="返回").click()
    desk.agreed.pop(0)
    await agency.get_by_role("button", name="按原条件补抽").click()
    await desk.agree()
    await expect(agency.get_by_role("region", name="抽取进度")).to_contain_text("抽取完成")


async def test_the_result_is_sealed_and_the_record_holds_with_this_phones_receipt(desk: Desk, tmp_path: Path) -> None:
    agency = desk.phone(AGENCY)
    await agency.get_by_role("button", name="抽取结果").click()
    await expect(agency.get_by_text(re.compile("名单密封中"))).to_be_visible()
    text = await agency.locator(".m-body").inner_text()
    assert not any(name in text for name in desk.agreed)
    receipts = re.findall(r"--receipt ([0-9a-f]{64})", text)
    assert len(receipts) == 2, "one for the commitment, one for the reveal"
    async with desk.page.expect_download() as download:
        await agency.get_by_role("button", name="下载抽取记录").click()
    await (await download.value).save_as(tmp_path / "record.json")
    record: dict[str, Any] = json.loads((tmp_path / "record.json").read_text())
    assert [found.code for found in verify(record, receipts)] == ["discard", "order_unchecked"], (
        "the recusal is pointed out"
    )
    assert record["lists"] == {}


async def test_an_expert_scans_the_desks_code_and_another_gives_his_at_the_door(desk: Desk) -> None:
    venue = await desk.open(VENUE)
    await venue.get_by_role("button", name="抽取完成").click()
    await venue.get_by_role("button", name="小程序签到码").click()
    await expect(venue.get_by_text("请专家在小程序里扫码签到")).to_be_visible()
    first, second = (desk.phone(name) for name in desk.agreed[:2])
    await first.get_by_role("button", name="扫码签到", exact=True).click()
    await first.get_by_role("button", name=f"{VENUE}的手机上").click()
    await expect(first.get_by_role("heading", name="签到成功")).to_be_visible()
    await expect(venue.get_by_text("应到 3 人，已到 1 人")).to_be_visible()
    code = await second.locator(".m-big .m-code").inner_text()
    await venue.get_by_label("验证码").fill(code)
    await venue.get_by_role("button", name="登记进场").click()
    await expect(venue.get_by_text("应到 3 人，已到 2 人")).to_be_visible()
    await venue.get_by_label("验证码").fill(code)
    await venue.get_by_role("button", name="登记离场").click()
    await expect(venue.get_by_text("离场", exact=False).first).to_be_visible()


async def test_half_an_hour_before_the_start_the_names_are_shown(desk: Desk) -> None:
    await desk.stage.advance(96 * 60)  # the sample gathers in 90 minutes, rounded up to five
    agency = desk.phone(AGENCY)
    await expect(agency.get_by_text("名单已解密")).to_be_visible()
    for name in desk.agreed:
        await expect(agency.get_by_text(name)).to_be_visible()
    venue = desk.phone(VENUE)
    await venue.get_by_role("button", name="催促").click()
    await expect(venue.get_by_text("已电话催促，第 1 次。")).to_be_visible()


async def test_every_control_has_a_name_nothing_is_inline_and_a_phone_fits_390_pixels(desk: Desk) -> None:
    assert await desk.page.evaluate(NAMELESS) == []
    assert await desk.page.evaluate(INLINE) == []
    await desk.page.set_viewport_size({"width": 390, "height": 844})
    assert await desk.page.evaluate("document.documentElement.scrollWidth") == 390
    wide = "() => [...document.querySelectorAll('.m-body')].filter((e) => e.scrollWidth > e.clientWidth).length"
    assert await desk.page.evaluate(wide) == 0
