"""Times off in a real browser: every form of the page, a refusal in its place, and the pause with its way out."""

from __future__ import annotations

from playwright.async_api import Browser

from tests.web.conftest import World
from tests.web.test_browser import look, pytestmark

__all__ = ["pytestmark"]


async def test_an_expert_says_when_not_to_be_drawn_and_comes_back(browser: Browser, world: World) -> None:
    _, [invitation] = await world.panel()
    expert = await world.log_in_expert(invitation.expert_id)
    seen = await look(browser, world)
    cookie = expert.cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    page = await seen.open("/h5/demo/periods")
    await page.get_by_text("每周固定时间").click()
    await page.get_by_role("button", name="保存每周时间").click()
    await page.get_by_text("请选择星期几").first.wait_for()
    await seen.check("times-off-refused")
    await page.get_by_label("周三").check()
    await page.get_by_label("时段").select_option("afternoon")
    await page.get_by_role("button", name="保存每周时间").click()
    await page.get_by_text("每周三下午（12:00至24:00）").wait_for()
    await page.get_by_text("暂停，直到我恢复").click()
    await page.get_by_label("原因").first.fill("生病住院，出院后恢复")
    await page.get_by_role("button", name="暂停接受抽取").click()
    await page.get_by_text("起，直到您恢复").wait_for()
    await page.get_by_label("不受影响的评标").wait_for()
    await seen.check_page("times-off", "/h5/demo/periods")
    await seen.check_page("times-off-file", "/h5/demo/file")
    await page.get_by_role("link", name="去恢复").first.click()
    await page.get_by_role("button", name="恢复接受抽取").click()
    await page.get_by_text("已取消，恢复接受抽取").wait_for()
    assert [text for text in seen.complaints if "422" not in text] == [], "the refusal alone"
