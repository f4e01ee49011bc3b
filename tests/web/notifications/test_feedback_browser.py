"""Threads with the office in a real browser, as their writer and the office see them."""

from __future__ import annotations

from playwright.async_api import Browser

from services.core.base import Actor
from tests.web.conftest import World
from tests.web.notifications.test_own_feedback import LIST, TEXT, make_person
from tests.web.office_scene import make_scene
from tests.web.test_browser import look, pytestmark

__all__ = ["pytestmark"]


async def test_threads_are_read_on_a_phone_and_on_a_screen(browser: Browser, world: World) -> None:
    scene, person = await make_scene(world), await make_person(world)
    written = await world.services.notifications.helpdesk.write(Actor("demo", "applicant", person.id), TEXT, "staff")
    await world.services.notifications.helpdesk_office.answer(scene.admin, written.thread_id, "已核实，向您致歉。", 1)
    seen = await look(browser, world)
    cookie = (await world.enter(person)).cookie
    await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
    await seen.check_page("own-feedback", LIST)
    await seen.check_page("own-feedback-thread", f"{LIST}/{written.thread_id}")
    office = await look(browser, world)
    cookie = (await world.enter(scene.account)).cookie
    await office.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": office.base}])
    await office.check_page("office-feedback", "/office/feedback?state=answered")
    await office.check_page("office-feedback-thread", f"/office/feedback/{written.thread_id}")
    assert seen.complaints + office.complaints == []
