"""Courses in a real browser: the list with the manual's columns, a video that can't be skipped, slides, a lecture."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, Route, expect

from gateways.files import open_folder
from models.accounts import Account
from models.courses import Course, CourseEnrolment, CourseItem
from services.courses import CourseItemData
from tests.factories.courses import School, own
from tests.factories.exams import make_office, work
from tests.factories.files import pdf
from tests.factories.people import make_grant
from tests.plugins.browsers import CHROMIUM, hold_requests
from tests.web.applicants import ApplyingWorld, serious, world
from tests.web.test_browser import PHONE, SCREEN, look
from web.accounts.login import COOKIE

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
CLIP = Path(__file__).parents[2] / "services/courses/clip.mp4"
HOUR = timedelta(hours=1)


@pytest.fixture
async def school(world: ApplyingWorld, tmp_path: Path) -> School:
    """Films lie in a folder, which a browser gets by ranges."""
    object.__setattr__(world.services.courses.media, "files", open_folder(tmp_path / "films"))
    return School(world.services, await make_office(world.deps), world.clock)


async def enrolled(school: School, *kinds: str, amount: int | None = None) -> CourseEnrolment:
    """A person called to a course of such items, which is open."""
    courses, office = school.services.courses, school.office
    expert = await school.expert()
    course = await school.course(after=HOUR, amount=amount)
    await CourseItem.filter(course_id=course.id).delete()
    for kind in kinds:
        begins = course.opens_at + HOUR
        data = CourseItemData(kind, "招标投标法", 100)
        if kind == "live":
            data = CourseItemData(kind, "案例研讨", 100, begins, begins + HOUR, "培训中心201")
        item_id = await courses.setup.add_item(office, course.id, data)
        if kind == "video":
            upload = uuid4()
            await courses.media.put_part(office, course.id, item_id, upload, 0, CLIP.read_bytes())
            await courses.media.finish_upload(office, course.id, item_id, upload, 1)
        elif kind == "pages":
            await courses.media.add_pages(office, course.id, item_id, pdf(2))
    await courses.setup.publish(office, course.id)
    await work(school.services, "course_call")
    school.clock.move(2 * HOUR)
    return await school.enrolment(expert)


async def let_reports_take_their_time(page: Page, school: School) -> None:
    """By the service's clock a piece of film was played for as long as it lasts, and a page was in view for
    ``page_seconds``; the machine's own time, slow or fast, decides nothing."""
    rules = school.services.deps.book("demo").course

    async def pass_time(route: Route) -> None:
        report = route.request.post_data_json
        played = (report["end"] - report["start"]) / report["rate"] if "end" in report else rules.page_seconds
        school.clock.move(timedelta(seconds=played))
        await route.continue_()

    await page.route(re.compile("/api/.*/(beats|pages)$"), pass_time)


async def test_a_video_is_watched_to_its_end(browser: Browser, world: ApplyingWorld, school: School) -> None:
    world.set_rules("course", seek_ahead=timedelta(seconds=1))
    enrolment = await enrolled(school, "video")
    seen = await world.at_page(browser, own(enrolment), PHONE)
    page = await seen.open("/h5/demo/courses")
    await seen.check("course-list")
    await page.get_by_role("link", name="学习", exact=True).click()
    await seen.check("course")
    await page.get_by_role("link", name="开始学习").click()
    video = page.locator("video")
    await expect(video).to_be_visible()
    await expect(page.locator("#seen-text")).to_have_text("0:00 / 0:04")
    await expect(video).not_to_have_js_property("readyState", 0)
    await seen.check("course-video")
    await let_reports_take_their_time(page, school)
    await video.evaluate("film => { film.muted = true; film.currentTime = 3.9; }")
    await expect(page.get_by_text("首次学习不能快进，请按顺序观看")).to_be_visible()
    await video.evaluate("film => film.play()")
    await expect(page.get_by_text("本项已学完")).to_be_visible(timeout=20_000)
    await page.get_by_role("link", name="返回课程").click()
    await expect(page.get_by_text("培训完毕").first).to_be_visible()
    await seen.check("course-finished")
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.progress) == ("finished", 1000)
    assert serious(seen) == []


async def test_pages_are_turned_one_by_one(browser: Browser, world: ApplyingWorld, school: School) -> None:
    world.set_rules("course", page_seconds=1)
    enrolment = await enrolled(school, "pages")
    item = await CourseItem.get()
    seen = await world.at_page(browser, own(enrolment), SCREEN)
    await let_reports_take_their_time(seen.page, school)
    page = await seen.open(f"/h5/demo/courses/{enrolment.id}/items/{item.id}")
    await expect(page.get_by_text("本页已学")).to_be_visible()
    await seen.check("course-pages")
    await page.get_by_role("button", name="下一页").click()
    await expect(page.get_by_text("第2/2页")).to_be_visible()
    await expect(page.get_by_text("本项已学完")).to_be_visible()
    await enrolment.refresh_from_db()
    assert enrolment.state == "finished"
    assert serious(seen) == []


async def test_pages_can_not_be_turned_before_the_service_has_opened_the_item(
    browser: Browser, world: ApplyingWorld, school: School
) -> None:
    enrolment = await enrolled(school, "pages")
    item = await CourseItem.get()
    seen = await world.at_page(browser, own(enrolment), SCREEN)
    opening = await hold_requests(seen.page, "**/opening")
    page = await seen.open(f"/h5/demo/courses/{enrolment.id}/items/{item.id}")
    forward = page.get_by_role("button", name="下一页")
    await expect(forward).to_be_disabled()
    opening.set()
    await forward.click()
    await expect(page.get_by_text("第2/2页")).to_be_visible()
    assert serious(seen) == []


async def test_an_opening_that_was_lost_is_repeated_and_the_pages_can_be_turned(
    browser: Browser, world: ApplyingWorld, school: School
) -> None:
    enrolment = await enrolled(school, "pages")
    item = await CourseItem.get()
    seen = await world.at_page(browser, own(enrolment), PHONE)
    await seen.page.route("**/opening", lambda route: route.abort(), times=1)
    page = await seen.open(f"/h5/demo/courses/{enrolment.id}/items/{item.id}")
    await expect(page.get_by_text("网络中断，恢复后自动打开")).to_be_visible()
    await seen.check("course-pages-offline")
    await page.get_by_role("button", name="下一页").click()
    await expect(page.get_by_text("第2/2页")).to_be_visible()


async def test_a_lecture_is_signed_in_with_its_code(browser: Browser, world: ApplyingWorld, school: School) -> None:
    enrolment = await enrolled(school, "live")
    item = await CourseItem.get()
    screen = await school.services.courses.lectures.screen(school.office, enrolment.course_id, item.id)
    seen = await world.at_page(browser, own(enrolment), PHONE)
    page = await seen.open(f"/h5/demo/courses/{enrolment.id}/items/{item.id}")
    await page.get_by_label("签到码").fill("1")
    await page.get_by_role("button", name="签到").click()
    await expect(page.get_by_text("签到码不正确")).to_be_visible()
    await seen.check("course-lecture")
    await page.get_by_label("签到码").fill(screen.code)
    await page.get_by_role("button", name="签到").click()
    await expect(page.get_by_text("已签到，本项完成")).to_be_visible()
    await page.get_by_role("link", name="返回课程").click()
    await expect(page.get_by_text("最后一讲结束后，自动登记培训完毕")).to_be_visible()
    await seen.check("course-waiting")


async def test_a_missed_lecture_says_whom_to_ask(browser: Browser, world: ApplyingWorld, school: School) -> None:
    enrolment = await enrolled(school, "live", "pages")
    school.clock.move(2 * HOUR)
    seen = await world.at_page(browser, own(enrolment), PHONE)
    page = await seen.open(f"/h5/demo/courses/{enrolment.id}")
    await expect(page.get_by_text("自己不能再学完这门课程")).to_be_visible()
    await seen.check("course-missed-lecture")
    await page.get_by_role("link", name="案例研讨").click()
    await expect(page.get_by_text("签到已结束，您没有签到")).to_be_visible()
    await expect(page.get_by_label("签到码")).to_have_count(0)
    await seen.check("course-missed-lecture-item")
    assert serious(seen) == []


async def test_the_screen_of_a_lecture_changes_its_code(browser: Browser, world: ApplyingWorld, school: School) -> None:
    enrolment = await enrolled(school, "live")
    item, account = await CourseItem.get(), await Account.get(id=school.office.account_id)
    await make_grant(account, "pool_admin")
    seen = await look(browser, world, SCREEN)
    cookie = await world.services.accounts.web_sessions.begin(account)
    await seen.page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": seen.base}])
    page = await seen.open(f"/office/courses/{enrolment.course_id}/items/{item.id}/screen")
    lectures, office = school.services.courses.lectures, school.office
    first = await lectures.screen(office, enrolment.course_id, item.id)
    await expect(page.get_by_text(first.code, exact=True)).to_be_visible()
    await seen.check("course-lecture-screen")
    school.clock.move(timedelta(seconds=30))
    later = await lectures.screen(office, enrolment.course_id, item.id)
    assert later.code != first.code
    await expect(page.get_by_text(later.code, exact=True)).to_be_visible(timeout=20_000)
    assert serious(seen) == []


async def test_eleven_courses_fill_two_pages(browser: Browser, world: ApplyingWorld, school: School) -> None:
    enrolment = await enrolled(school, "live")
    now = school.clock.now()
    for number in range(10):
        course = await Course.create(
            pool="demo", name=f"第{number}课", opens_at=now, closes_at=now + HOUR, created_at=now, state="published"
        )
        await CourseEnrolment.create(
            course_id=course.id, expert_id=enrolment.expert_id, account_id=enrolment.account_id, called_at=now
        )
    seen = await world.at_page(browser, own(enrolment), PHONE)
    page = await seen.open("/h5/demo/courses")
    await expect(page.get_by_text("共11门", exact=True)).to_be_visible()
    await expect(page.locator(".course-table tbody tr")).to_have_count(10)
    await page.get_by_label("跳至第").fill("2")
    await page.get_by_role("button", name="跳转").click()
    await expect(page.locator(".course-table tbody tr")).to_have_count(1)
    await seen.check("course-list-second")
    await page.get_by_label("课程名称").fill("第3课")
    await page.get_by_role("button", name="查询").click()
    await expect(page.locator(".course-table tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="重置").click()
    await expect(page.locator(".course-table tbody tr")).to_have_count(10)


async def test_who_owes_the_fee_is_led_to_it(browser: Browser, world: ApplyingWorld, school: School) -> None:
    enrolment = await enrolled(school, "video", amount=12_000)
    item = await CourseItem.get()
    seen = await world.at_page(browser, own(enrolment), SCREEN, scheme="dark")
    page = await seen.open(f"/h5/demo/courses/{enrolment.id}/items/{item.id}")
    await expect(page).to_have_url(re.compile(rf"/courses/{enrolment.id}$"))
    await seen.check("course-unpaid")
    await page.goto(page.url.rpartition("/")[0])
    await seen.check("course-list-wide")
    await page.get_by_role("link", name="缴费").click()
    await expect(page.get_by_text("¥120.00")).to_be_visible()
    await expect(page.get_by_role("heading", name="2025年第一批继续教育培训")).to_be_visible()


async def test_who_did_not_finish_pays_for_a_further_period(
    browser: Browser, world: ApplyingWorld, school: School
) -> None:
    """The manual shows 缴费 on rows marked 不合格; the course page says why one is not drawn."""
    world.set_rules("course", make_up_paid=True)
    enrolment = await enrolled(school, "video", amount=12_000)
    await Course.all().update(required=True)
    school.clock.move(timedelta(days=40))
    await work(school.services, "course_end", "course_close")
    await CourseEnrolment.all().update(exam_state="failed")
    seen = await world.at_page(browser, own(enrolment), PHONE)
    await seen.check_pages("suspended", {"home": "/h5/demo/apply", "file": "/h5/demo/file"})
    page = await seen.open(f"/h5/demo/courses/{enrolment.id}")
    await expect(page.get_by_text("已暂停抽取，完成后自动恢复")).to_be_visible()
    await expect(page.get_by_role("button", name="缴费补学（120.00元）")).to_be_visible()
    await seen.check("course-excluded")
    await page.goto(page.url.rpartition("/")[0])
    await expect(page.get_by_text("不合格")).to_be_visible()
    await seen.check("course-list-excluded")
    await page.get_by_role("button", name="缴费", exact=True).click()
    await expect(page.get_by_text("¥120.00")).to_be_visible()
    await expect(page.get_by_role("heading", name="（补学）")).to_be_visible()
    assert serious(seen) == []
