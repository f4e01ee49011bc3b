"""Counts the taps of the most frequent actions on the page of phones; a higher count fails.

A tap is a button, a link or a field to type into. The tests are one story: each goes on where the one before ended.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Locator, expect

from app.demo.data import POOL
from app.demo.stage import DemoStage
from app.players.agency import Agency
from app.players.people import EXPERTS, STAFF
from tests.faults.sandbox.mini_workspace import MiniWorkspace, mini_workspace
from tests.faults.sandbox.offices import AGENCY, SUPERVISOR, VENUE, VERIFIER, bind_offices, enter, web
from tests.faults.sandbox.test_applicant_phone import JIANG, approve, submit_application
from tests.plugins.browsers import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

SHOWN = (AGENCY, VERIFIER, SUPERVISOR, VENUE, JIANG.name)
"""Phones in the workspace; the called experts' phones are not among them."""
BRIDGE = "另一座大桥"
DRAW = f"{BRIDGE}评标"


@dataclass
class Finger:
    """Counts taps; ``taps`` are the labels of all tapped elements."""

    taps: list[str] = field(default_factory=list)

    async def tap(self, button: Locator) -> None:
        name = await button.get_attribute("aria-label") or await button.inner_text()
        await button.click()
        self.taps.append(" ".join(name.split()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def workspace() -> AsyncIterator[MiniWorkspace]:
    async with mini_workspace("taps", SHOWN, before=bind) as opened:
        yield opened


async def bind(running: DemoStage) -> None:
    """Let experts, the applicant and the offices follow and bind."""
    for mobile in (*(person.mobile for person in EXPERTS), JIANG.mobile):
        phone = running.phone(mobile, POOL)
        await phone.follow()
        await phone.bind()
    await bind_offices(running)


async def prepare(workspace: MiniWorkspace) -> FrameLocator:
    """The agency has a draw, and a second project; its phone shows the first page."""
    held = next(person for person in STAFF if person.name == AGENCY)
    await workspace.stage.advance(65)  # one code a minute per number
    at_computer = Agency.with_phone(workspace.stage.phone(held.mobile, POOL))
    await at_computer.create_project(name=BRIDGE, on_site="1", number="44010620261122000001")
    agency = workspace.phone(AGENCY)
    await leave_draft(await enter(agency, "待办"))
    await agency.get_by_role("button", name="一键示例抽取").click()
    await expect(web(agency).get_by_role("button", name="提交审核")).to_be_visible()
    page = await enter(agency, "待办")
    await expect(page.get_by_role("heading", name="工作台")).to_be_visible()
    return page


async def leave_draft(page: FrameLocator) -> None:
    """Leave a half-filled project with invalid values."""
    await page.get_by_role("link", name="新建抽取").click()
    await page.get_by_role("link", name="新建项目").click()
    await page.get_by_label("招标代理机构统一社会信用代码").fill("1")
    await page.get_by_role("button", name="暂存").click()
    await expect(page.get_by_text("已恢复您上次填写")).to_be_visible()


async def test_a_copy_of_the_last_draw_is_called_after_eight_taps_of_the_agency(workspace: MiniWorkspace) -> None:
    page, finger = await prepare(workspace), Finger()
    await finger.tap(page.get_by_role("link", name="新建抽取"))
    await finger.tap(page.get_by_role("link", name=BRIDGE))
    await finger.tap(page.get_by_role("button", name="复制上次抽取"))
    await finger.tap(page.get_by_role("link", name="提交审核"))
    await finger.tap(page.get_by_role("button", name="提交审核"))
    await expect(page.get_by_text("等待交易中心核验；核验前可以撤回")).to_be_visible()
    number = re.search(r"CQSQ\d{12}", await page.locator("header.head").inner_text())
    assert number is not None
    await verify(workspace, number.group())
    await finger.tap(page.get_by_role("link", name="进入抽取"))
    await finger.tap(page.get_by_role("button", name="开始三方摇号"))
    await expect(page.get_by_text("等待监督人。")).to_be_visible()
    await give_number(workspace, number.group())
    await finger.tap(page.get_by_role("button", name="启动抽取"))
    await expect(page.get_by_role("region", name="抽取进度")).to_contain_text("正在等待3位专家答复")
    assert len(finger.taps) <= 8, finger.taps


async def verify(workspace: MiniWorkspace, number: str) -> None:
    page = await enter(workspace.phone(VERIFIER), "待核验", number)
    await page.get_by_role("button", name="通过", exact=True).click()
    await expect(page.get_by_text("已通过核验")).to_be_visible()


async def give_number(workspace: MiniWorkspace, number: str) -> None:
    page = await enter(workspace.phone(SUPERVISOR), "监督", number)
    await page.get_by_role("button", name="提交我的随机数").click()
    await expect(page.get_by_text("专家顺序已确定，等待代理机构启动抽取")).to_be_visible()


async def open_news_chat(workspace: MiniWorkspace) -> Locator:
    """The chat of a called expert whose phone was not in the workspace."""
    chip = workspace.page.locator('#news .news-chip[data-role="expert"]').first
    name = (await chip.inner_text()).split(" · ")[0]
    await workspace.page.locator("#news").get_by_role("button", name=name).click()
    await workspace.phone(name).get_by_role("tab", name="微信").click()
    workspace.agreed.append(name)
    return workspace.phone(name).get_by_role("log", name="聊天记录")


async def test_an_invitation_is_answered_by_one_tap_and_taken_back_by_another(workspace: MiniWorkspace) -> None:
    log, finger = await open_news_chat(workspace), Finger()
    await finger.tap(log.get_by_role("button", name="参加", exact=True).last)
    await expect(log).to_contain_text("已确认您参加评标")
    assert len(finger.taps) <= 1, finger.taps
    await finger.tap(log.get_by_role("button", name="撤销").last)
    await expect(log).to_contain_text("已撤销，您还没有答复这个邀请")
    assert len(finger.taps) <= 2, finger.taps
    await log.get_by_role("button", name="参加", exact=True).last.click()


async def test_the_copied_draw_comes_to_its_end(workspace: MiniWorkspace) -> None:
    progress = web(workspace.phone(AGENCY)).get_by_role("region", name="抽取进度")
    await expect(progress.locator("[data-fact=accepted]")).to_have_text("1")
    for count in ("2", "3"):
        await (await open_news_chat(workspace)).get_by_role("button", name="参加", exact=True).last.click()
        await expect(progress.locator("[data-fact=accepted]")).to_have_text(count)
    await expect(progress).to_contain_text("抽取完成")


async def test_an_expert_checks_in_by_two_taps(workspace: MiniWorkspace) -> None:
    await workspace.stage.advance(7 * 3600)
    venue = await enter(workspace.phone(VENUE), "今日评标")
    await venue.get_by_role("list", name="抽取活动").get_by_role("link", name=DRAW).click()
    await venue.get_by_role("link", name="现场签到大屏").click()
    await expect(venue.locator("[data-qr]")).to_be_visible()
    expert, finger = await workspace.open(workspace.agreed[0]), Finger()
    await finger.tap(expert.get_by_role("button", name="扫码签到", exact=True))
    await finger.tap(expert.get_by_role("button", name=f"{VENUE}的手机上"))
    await expect(expert.get_by_text("签到成功。")).to_be_visible()
    assert len(finger.taps) <= 2, finger.taps
    await expect(venue.get_by_text("已签到")).to_have_text("已签到 1 / 3")


async def test_a_fee_is_paid_by_three_taps_inside_wechat(workspace: MiniWorkspace) -> None:
    await approve(workspace, await submit_application(workspace, JIANG))
    phone, finger = await workspace.open(JIANG.name), Finger()
    to_do = phone.locator(".group", has_text="待办事项").get_by_role("button").first
    await expect(to_do).to_contain_text("公示中")
    await workspace.stage.advance(4 * 60)
    await expect(to_do).to_contain_text("待缴费")
    await workspace.stage.advance(2 * 60)
    await expect(to_do.locator(".tag")).to_have_text("缴费")
    await finger.tap(to_do)
    await finger.tap(phone.get_by_role("button", name="微信支付", exact=True))
    await finger.tap(phone.get_by_role("dialog", name="微信支付").get_by_role("button", name="确认支付"))
    await expect(phone.get_by_role("dialog", name="微信支付").get_by_text("支付成功")).to_be_visible()
    assert len(finger.taps) <= 3, finger.taps
