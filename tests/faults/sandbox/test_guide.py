"""A newcomer on the page of phones: the README's paths and the guide, by taps alone, typing only what the screen shows.

The tests are one story: each goes on where the one before ended.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, async_playwright, expect

from app.all_in_one import StartPlan, push_menus
from app.demo.exams import call_example
from app.demo.stage import DemoStage, stage
from app.introductions import introduce
from app.players.people import APPLICANTS, CAST
from app.preparations import bring_demo_items, bring_demo_people
from tests.faults.sandbox.offices import AGENCY, INLINE, NAMELESS, PICTURES, SUPERVISOR, web
from tests.plugins.browsers import CHROMIUM, FLAGS, capture
from tests.plugins.data_folders import data_folder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

ROOT = Path(__file__).parents[3]
LIU = APPLICANTS[1]
_MARKED = ".next-tap"
FOLLOWS_FOR = 120
"""Seconds that a story may take by taps alone."""


@dataclass
class Newcomer:
    """A user who follows the card only. ``tapped`` are the labels of all tapped buttons."""

    page: Page
    stage: DemoStage
    complaints: list[str] = field(default_factory=list)
    tapped: list[str] = field(default_factory=list)

    @property
    def words(self) -> Locator:
        return self.page.locator("#guide .guide-words")

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}的手机")

    async def tap(self, button: Locator) -> None:
        name = await button.get_attribute("aria-label") or await button.inner_text()
        await button.click()
        self.tapped.append(" ".join(name.split()))

    async def choose(self, story: str) -> None:
        await self.tap(self.page.locator("#guide").get_by_role("button", name=story))

    async def find_mark(self) -> Locator | None:
        """The element that the guide marks, on any phone or page."""
        for frame in self.page.frames:
            mark = frame.locator(_MARKED)
            try:
                if await mark.count():
                    return mark.first
            except PlaywrightError:  # the page inside the phone is changing
                continue
        return None

    async def follow_marks(self, until: str) -> None:
        """Tap the marked elements only, until the card shows the words."""
        try:
            await asyncio.wait_for(self._tap_marks(until), FOLLOWS_FOR)
        except TimeoutError:
            await capture(self.page, path=PICTURES / "guide-stuck.png", caret="initial")
            raise AssertionError(f"{await self.words.inner_text()} after {self.tapped[-8:]}") from None

    async def _tap_marks(self, until: str) -> None:
        while until not in await self.words.inner_text():
            button = await self.find_mark()
            if button is None:
                await self.page.wait_for_function(_NEXT, arg=[_MARKED, until], timeout=FOLLOWS_FOR * 1000)
                continue
            try:
                name = await button.get_attribute("aria-label") or await button.inner_text()
                await button.click(timeout=3000)
            except PlaywrightError:  # the element was replaced meanwhile: the guide marks the new one
                continue
            self.tapped.append(" ".join(name.split()))
            await self.page.wait_for_function(_SETTLED)


_NEXT = """([mark, until]) => document.querySelector('#guide .guide-words').textContent.includes(until)
    || [document, ...[...document.querySelectorAll('iframe')].map((one) => one.contentDocument)]
        .some((one) => one?.querySelector(mark))"""
_SETTLED = "() => new Promise((resolve) => setTimeout(() => resolve(true), 350))"
"""Time until the guide looks again, every 0.3 s."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def newcomer() -> AsyncIterator[Newcomer]:
    with data_folder("guide") as folder:
        async with (
            stage(folder, prepare=[bring_demo_people, bring_demo_items], durable=False) as running,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN")
            sandbox = running.http_client.sandbox_url
            await push_menus(
                running.settings,
                StartPlan(sandbox_port=int(sandbox.rpartition(":")[2]), settings_env=(*running.environment.items(),)),
            )
            await introduce(running.settings, sandbox)
            await call_example(running.deps)
            page = await context.new_page()
            page.set_default_timeout(20_000)
            expect.set_options(timeout=20_000)
            person = Newcomer(page, running)
            page.on("pageerror", lambda error: person.complaints.append(str(error)))
            await page.goto(sandbox)
            await expect(person.words).to_contain_text("每部手机是一个角色")
            yield person
            await browser.close()
            assert person.complaints == []


async def test_the_draw_is_begun_by_taps_on_what_is_marked_alone(newcomer: Newcomer) -> None:
    await newcomer.choose("办一次抽取")
    await newcomer.follow_marks("第 6 / 8 步")
    await expect(newcomer.words).to_contain_text("没有人能挑选专家")
    for name in (SUPERVISOR, AGENCY):
        await expect(web(newcomer.phone(name)).locator(".rolls li.open")).to_have_count(3)
    await take_picture(newcomer)
    await newcomer.follow_marks("第 7 / 8 步")


async def take_picture(newcomer: Newcomer) -> None:
    """The README's picture: the order has just been fixed."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = newcomer.page
    await page.evaluate("document.querySelectorAll('[class*=toast]').forEach((one) => { one.hidden = true; })")
    await page.evaluate(_NUMBERS_SHOWN)
    await capture(page, path=PICTURES / "phones.png", caret="initial")


_NUMBERS_SHOWN = """() => document.querySelectorAll('iframe').forEach((one) =>
    one.contentDocument.querySelector('.rolls')?.scrollIntoView({ block: 'center' }))"""


async def test_a_telephone_rings_and_two_keys_answer_it(newcomer: Newcomer) -> None:
    await newcomer.choose("接一个电话")
    await newcomer.follow_marks("办完了")


async def test_the_others_answer_by_themselves_and_the_record_is_checked_on_the_phone(newcomer: Newcomer) -> None:
    await newcomer.choose("办一次抽取")
    await newcomer.page.get_by_label("其他手机自动应答").check()
    await newcomer.follow_marks("办完了")
    page = web(newcomer.phone(AGENCY))
    await expect(page.get_by_role("heading", name="核对通过")).to_be_visible()
    await expect(page.locator("#check")).to_contain_text("回执都在记录中")


async def test_a_reload_keeps_the_phones_their_pages_and_the_story(newcomer: Newcomer) -> None:
    agency = newcomer.phone(AGENCY)
    page = web(agency)
    await newcomer.page.reload()
    await expect(page.get_by_role("heading", name="核对抽取记录")).to_be_visible()
    await expect(newcomer.words).to_contain_text("办完了")
    await page.get_by_role("button", name="核对抽取记录").click()
    await expect(page.get_by_role("heading", name="核对通过")).to_be_visible()
    await agency.get_by_role("button", name="刷新网页").click()
    await expect(page.get_by_role("heading", name="核对通过")).to_have_count(0)
    await agency.get_by_role("button", name="关闭网页").click()
    await expect(agency.get_by_role("log", name="聊天记录")).to_be_visible()


async def test_a_newcomer_checks_the_record_in_public_and_recalls_the_experts(newcomer: Newcomer) -> None:
    """Two days later, by taps alone: the public check by number, then the recall to its confirmation."""
    await newcomer.choose("复评与公开核验")
    await newcomer.follow_marks("第 4 / 8 步")
    page = web(newcomer.phone(AGENCY))
    await expect(page.get_by_role("heading", name="核对通过")).to_be_visible()
    await expect(page.get_by_text("活动已结束，记录完整。")).to_be_visible()
    await capture(newcomer.page, path=PICTURES / "guide-public.png", caret="initial")
    await newcomer.follow_marks("办完了")
    await expect(page.get_by_text("最终确认结果已提交")).to_be_visible()


async def test_who_stands_on_another_draw_or_elsewhere_is_shown_the_way_back(newcomer: Newcomer) -> None:
    """The phone is still on the recall when the first story begins anew; later it strays to other pages."""
    await newcomer.choose("办一次抽取")
    await newcomer.page.locator("#guide").get_by_role("button", name="重来").click()
    agency, marked = newcomer.phone(AGENCY), re.compile("next-tap")
    page = web(agency)
    await newcomer.follow_marks("第 2 / 8 步")
    await page.get_by_role("link", name="抽取条件").first.click()
    steps = page.get_by_role("navigation", name="步骤")
    await expect(steps.get_by_role("link", name="提交审核")).to_have_class(marked)
    await page.get_by_role("link", name="抽取活动列表").click()
    await expect(page.locator(".next-tap")).to_have_attribute("aria-label", re.compile("^提交审核：演示大桥工程"))
    await page.get_by_role("link", name=re.compile("^抽取结果")).first.click()
    await expect(agency.get_by_role("button", name="关闭网页")).to_have_class(marked)
    await newcomer.follow_marks("第 3 / 8 步")
    await expect(page.get_by_role("button", name="撤回申请")).to_be_visible()


async def test_a_panel_is_released_by_taps_alone(newcomer: Newcomer) -> None:
    await newcomer.follow_marks("第 8 / 8 步")
    await newcomer.choose("退选")
    await newcomer.follow_marks("办完了")
    await expect(web(newcomer.phone(AGENCY)).get_by_role("heading", name="退选通知")).to_be_visible()


async def test_the_examination_is_sat_by_taps_alone(newcomer: Newcomer) -> None:
    await newcomer.choose("考一次试")
    await newcomer.follow_marks("第 3 / 3 步")
    await capture(newcomer.page, path=PICTURES / "guide-exam.png", caret="initial")
    await newcomer.follow_marks("办完了")
    page = newcomer.phone("测一明").frame_locator("iframe")
    await expect(page.get_by_role("heading", name="已交卷")).to_be_visible()


async def test_a_newcomer_registers_with_what_the_phone_shows(newcomer: Newcomer) -> None:
    """柳学文 follows and says 申报; the mobile stands on the phone, the code comes by SMS, the rest is on the card."""
    await newcomer.choose("申请入库")
    await newcomer.follow_marks("第 3 / 8 步")
    phone = newcomer.phone(LIU.name)
    page = phone.frame_locator("iframe")
    await phone.get_by_role("button", name=re.compile("去注册或登录|去注册")).last.click()
    await expect(page.locator("h1")).to_be_visible()
    if await page.get_by_role("heading", name="登录", exact=True).count():
        await page.get_by_role("link", name="注册", exact=True).click()
    await expect(page.get_by_role("heading", name="注册")).to_be_visible()
    await phone.get_by_role("button", name=f"{LIU.name}的演示身份证").click()
    card = [await line.inner_text() for line in await phone.locator(".id-card dd").all()]
    await phone.get_by_role("button", name=f"{LIU.name}的演示身份证").click()
    if await page.get_by_label("手机号").count():
        await page.get_by_label("手机号").fill(await phone.locator(".tag .number").inner_text())
        await page.get_by_role("button", name="获取验证码").click()
        await phone.get_by_role("button", name=re.compile("填入验证码")).click()
    await page.get_by_label("真实姓名").fill(card[0])
    await page.get_by_label("身份证号").fill(card[1])
    for field_name, value in (("登录密码", "Demo-2026-pass"), ("再输入一次", "Demo-2026-pass")):
        if await page.get_by_label(field_name).count():
            await page.get_by_label(field_name).fill(value)
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await page.get_by_role("button", name="注册", exact=True).click()
    await expect(page.get_by_role("heading", name="注册")).to_have_count(0)
    await capture(newcomer.page, path=PICTURES / "guide-registered.png", caret="initial")
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_the_reviews_the_notice_and_the_fee_follow_by_taps_alone(newcomer: Newcomer) -> None:
    await newcomer.page.locator("#guide").get_by_role("button", name="跳过").click()
    await newcomer.follow_marks("办完了")


def readme_addresses() -> tuple[str, str]:
    """Addresses of the page of phones in each README."""
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    return (
        english[english.index("open the phones") : english.index("`make demo`")],
        chinese[chinese.index("打开手机页面") : chinese.index("`make demo` 不开浏览器")],
    )


def buttons_of_readmes() -> list[list[str]]:
    """The buttons that each README names, in its order."""
    english, chinese = readme_addresses()
    names = {person.name for person in CAST}
    quoted = (re.findall(r"\*([一-鿿 ]+)\*", english), re.findall("“([^”]+)”", chinese))
    return [[word for word in words if word not in names] for words in quoted]


@pytest.mark.parametrize("width", [390, 768, 1280])
async def test_the_phone_that_is_next_stands_whole_on_the_screen(newcomer: Newcomer, width: int) -> None:
    browser = newcomer.page.context.browser
    assert browser is not None
    context = await browser.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
    page = await context.new_page()
    await page.goto(newcomer.page.url)
    await page.locator("#guide").get_by_role("button", name="办一次抽取").click()
    await page.locator("#guide").get_by_role("button", name="申请入库").click()
    await expect(page.locator(".slot.next-phone")).to_contain_text("柳学文")
    await expect(page.locator(".slot.next-phone .phone")).to_be_in_viewport(ratio=0.99)
    await context.close()


async def test_the_readmes_buttons_have_been_tapped_in_their_order(newcomer: Newcomer) -> None:
    """The guide's paths were played above: the READMEs describe the same ones."""
    english, chinese = buttons_of_readmes()
    assert english == chinese, "both READMEs tell the same taps"
    assert len(english) > 8
    tapped = iter(newcomer.tapped)
    left_out = [word for word in english if not any(word in name for name in tapped)]
    assert left_out == []


async def test_every_person_of_the_readmes_paths_is_in_the_stories() -> None:
    stories = (ROOT / "sandbox" / "static" / "stories.js").read_text(encoding="utf-8")
    english, chinese = readme_addresses()
    people = {person.name for person in CAST if person.name in english + chinese}
    assert len(people) > 5
    assert [name for name in sorted(people) if name not in stories] == []


async def test_nothing_of_the_page_is_nameless_or_inline_and_it_fits_a_phone(newcomer: Newcomer) -> None:
    assert await newcomer.page.evaluate(NAMELESS) == []
    assert await newcomer.page.evaluate(INLINE) == []
    await newcomer.page.get_by_role("button", name="账本").click()
    await expect(newcomer.page.locator(".ledger li").first).to_be_visible()
    for width in (1600, 1280, 768, 390):
        await newcomer.page.set_viewport_size({"width": width, "height": 844})
        over = "(e => e.scrollWidth - e.clientWidth)"
        assert await newcomer.page.evaluate(f"{over}(document.documentElement)") <= 0
        assert await newcomer.page.evaluate(f"{over}(document.querySelector('.panel-body'))") <= 0, width
