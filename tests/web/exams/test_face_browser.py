"""The face check on the page before an examination, with the bridge of WeChat's browser played by the test."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from playwright.async_api import Browser, expect

from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.exams import ExamCandidate
from tests.factories.assembly import faces_of
from tests.factories.exams import make_items, make_office, make_published, own
from tests.factories.people import make_identity
from tests.factories.reviews import make_application
from tests.plugins.browsers import CHROMIUM
from tests.web.applicants import ApplyingWorld, serious, world
from tests.web.test_browser import PHONE

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
BRIDGE = "window.WeixinJSBridge = { invoke: (name, told, done) => { window.asked = [name, told]; done({}); } };"


async def test_with_consent_and_a_good_verdict_the_start_opens(browser: Browser, world: ApplyingWorld) -> None:
    books = cast("dict[str, Rulebook]", world.deps.rulebooks)
    rules = books["demo"].exam.model_copy(update={"face_check": "wechat"})
    books["demo"] = books["demo"].model_copy(update={"exam": rules})
    await make_items(20)
    application = await make_application(world.deps, state="exam", approved_at=world.clock.now())
    await make_published(world.services, await make_office(world.deps), after=timedelta(hours=1))
    world.clock.move(timedelta(hours=1))
    candidate = await ExamCandidate.get(application_id=application.id)
    await make_identity(await Account.get(id=candidate.account_id))
    seen = await world.at_page(browser, own(candidate), PHONE)
    page = await seen.open(f"/h5/demo/exams/{candidate.id}")
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await page.get_by_role("button", name="确认并继续").click()
    start = page.get_by_role("button", name="开始人脸核身")
    await seen.check("exam-face")
    await expect(page.get_by_role("link", name="开始考试")).to_have_count(0)
    await start.click()
    await expect(page.get_by_role("alert")).to_have_text("人脸核身在微信里进行，请在手机微信中打开本页。")
    await page.evaluate(BRIDGE)
    await start.click()
    await expect(page.get_by_role("alert")).to_contain_text("请先勾选同意")
    await page.get_by_label("我单独同意").check()
    faces_of(world.services).passes = False
    await start.click()
    await expect(page.get_by_role("alert")).to_contain_text("没有通过人脸核身，可以再试一次")
    assert await page.evaluate("window.asked") == ["requestFacialVerify", {"verifyId": "check-1"}]
    faces_of(world.services).passes = True
    await start.click()
    await page.get_by_role("link", name="开始考试").click()
    await page.get_by_role("timer").wait_for()
    assert serious(seen) == []
