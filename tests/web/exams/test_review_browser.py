"""A paper with its keys, as its candidate reads it when the examination is over."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from domain.exams.items import ItemKind
from models.exams import ExamItemKey, ExamItemVersion
from tests.factories.exams import make_items, make_office
from tests.plugins.browsers import CHROMIUM
from tests.services.exams.exam_scene import ExamScene
from tests.services.exams.results import KEY, make_room
from tests.web.applicants import ApplyingWorld, serious, world
from tests.web.test_browser import PHONE

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
WHY = "评标委员会由招标人代表和有关技术、经济等方面的专家组成，成员人数为五人以上单数。"


async def test_keys_stand_beside_what_was_chosen_once_it_is_over(browser: Browser, world: ApplyingWorld) -> None:
    exam_scene = ExamScene(world.services, await make_office(world.deps), world.deps)
    await make_items(5)
    room = await make_room(exam_scene, world.clock, ItemKind.MULTIPLE, ItemKind.SINGLE, ItemKind.TRUE_FALSE)
    await ExamItemVersion.all().update(basis="《招标投标法》第三十七条")
    await ExamItemKey.all().update(explanation=WHY)
    await room.hand_in(KEY, 0b0100, 0)
    await room.work()
    seen = await world.at_page(browser, room.actor, PHONE)
    page = await seen.open(f"/h5/demo/exams/{room.candidate.id}")
    await page.get_by_text("考试全部结束后可以查看").wait_for()
    assert WHY not in await page.content()
    await room.close()
    seen = await world.at_page(browser, room.actor, PHONE)  # a day later the log-in is over
    page = await seen.open(f"/h5/demo/exams/{room.candidate.id}")
    await page.get_by_role("link", name="查看第1次的试卷与答案").click()
    await page.get_by_role("heading", name="试卷与答案").wait_for()
    await expect(page.get_by_text(WHY)).to_have_count(3)
    await expect(page.get_by_text("您的选择")).to_have_count(3)
    await seen.check("exam-review")
    assert serious(seen) == []
