"""An expert calls the pool's number from the page of phones, by hand in a real browser, with the whole service behind
it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from app.demo.story import Story
from app.players.people import EXPERTS
from tests.faults.sandbox.mini_workspace import MiniWorkspace, mini_workspace
from tests.faults.sandbox.offices import bind_offices
from tests.plugins.browsers import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def workspace() -> AsyncIterator[MiniWorkspace]:
    async with mini_workspace("incoming", before=bind_offices) as opened:
        yield opened


async def test_an_expert_calls_the_pool_back_and_agrees_by_keys(workspace: MiniWorkspace) -> None:
    await workspace.page.get_by_role("button", name=f"把{EXPERTS[0].name}的手机从桌面拿开").click()
    story = Story(workspace.stage, report=lambda _: None)
    await story.set_up()
    await story.fix_order()
    await story.start()
    chip = workspace.page.locator('#news .news-chip[data-role="expert"]').first
    name = (await chip.inner_text()).split(" · ")[0]
    await workspace.page.locator("#news").get_by_role("button", name=name).click()
    phone, expert = workspace.phone(name), next(expert for expert in EXPERTS if expert.name == name)

    await phone.get_by_role("tab", name=re.compile("^电话")).click()
    await workspace.picture(phone, "incoming-dial")
    await phone.get_by_role("button", name=re.compile("^拨打")).click()
    call = phone.get_by_role("dialog", name="来电")
    await expect(call.get_by_text("请输入您身份证号的后四位")).to_be_visible()
    await workspace.picture(phone, "incoming-greeting")
    for key in expert.id_number[-4:].replace("X", "*"):
        await call.get_by_role("button", name=f"按 {key}").click()
    await expect(
        call.get_by_text(re.compile("您被随机抽取为评标专家，还没有答复。集合时间：.*参加请按1"))
    ).to_be_visible()
    await workspace.picture(phone, "incoming-invitation")
    await call.get_by_role("button", name="按 1").click()
    await expect(call.get_by_text("已选参加。再按1确认。")).to_be_visible()
    await call.get_by_role("button", name="按 1").click()
    await expect(call.get_by_text("已确认您参加评标")).to_be_visible()
    await call.get_by_role("button", name="挂断").click()
    await phone.get_by_role("tab", name=re.compile("^短信")).click()
    messages = phone.get_by_role("log", name="短信")
    await expect(messages).to_contain_text(re.compile("已确认您参加评标.*请保存来电号码0571"))
    await workspace.picture(phone, "incoming-receipt")
