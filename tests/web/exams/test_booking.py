"""The signed link to an examination, and the page on which a sitting is booked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser

from models.accounts import Account
from models.exams import Exam, ExamCandidate, ExamSitting
from services.exams import SittingData
from tests.factories.exams import make_exam, make_items, make_office, own, work
from tests.factories.reviews import make_application, make_catalogues
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.test_browser import look
from web.accounts.login import COOKIE

HOUR = timedelta(hours=1)
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")


async def call_candidates(world: World, people: int = 1) -> tuple[list[ExamCandidate], list[ExamSitting]]:
    """Candidates of an examination with a sitting of one place, a free one and one without a limit."""
    world.set_rules("exam", booking=True, booking_until=timedelta(days=1), mock=False)
    await make_catalogues()
    await make_items(20)
    office = await make_office(world.services.deps)
    for _ in range(people):
        await make_application(world.services.deps, state="exam", approved_at=world.services.deps.now())
    exam_id = await make_exam(world.services, office)
    opens = (await Exam.get(id=exam_id)).opens_at
    for at, capacity in enumerate((1, 20, None)):
        data = SittingData(opens + at * 2 * HOUR, opens + (at * 2 + 1) * HOUR, capacity, "省公共资源交易中心三楼机房")
        await world.services.exams.sittings.add(office, exam_id, data)
    await world.services.exams.setup.publish(office, exam_id)
    await work(world.services, "exam_call")
    candidates = await ExamCandidate.filter(exam_id=exam_id).order_by("id")
    return candidates, await ExamSitting.filter(exam_id=exam_id).order_by("starts_at")


async def cookie_of(world: World, candidate: ExamCandidate) -> str:
    account = await Account.get(id=candidate.account_id)
    return await world.services.accounts.web_sessions.begin(account)


async def link_of(world: World, candidate: ExamCandidate) -> str:
    (exam,) = await world.services.exams.own_exams.list(own(candidate))
    return exam.path


async def test_the_link_leads_its_person_to_the_examination_and_others_nowhere(world: World) -> None:
    (invited, stranger), _ = await call_candidates(world, 2)
    link = await link_of(world, invited)
    visitor = world.visitor()
    answer = await visitor.client.get(link, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/h5/demo/exams/{invited.id}")
    mine = await visitor.client.get(link, allow_redirects=False, cookies={COOKIE: await cookie_of(world, invited)})
    assert mine.headers["Location"] == f"/h5/demo/exams/{invited.id}"
    other = await visitor.client.get(link, allow_redirects=False, cookies={COOKIE: await cookie_of(world, stranger)})
    assert (other.status, "属于另一个账号" in await other.text()) == (403, True)
    forged = await visitor.client.get("/x/" + "A" * 71, allow_redirects=False)
    assert (forged.status, "链接无效" in await forged.text()) == (403, True)


@pytest.mark.browser
@in_browser
async def test_a_sitting_is_booked_changed_and_given_back(browser: Browser, world: World) -> None:
    (person, rival), (early, late, free) = await call_candidates(world, 2)
    await world.services.exams.sittings.book(own(rival), rival.id, early.id)
    seen = await look(browser, world)
    cookie = await cookie_of(world, person)
    await seen.page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": seen.base}])
    page = await seen.open(f"/h5/demo/exams/{person.id}/sittings")
    await seen.check("exam-sittings")
    await page.get_by_role("button", name="候补 ").click()
    await page.get_by_text("已列入候补").wait_for()
    await page.get_by_role("button", name="预约 ").first.click()
    await page.get_by_text("已预约，请按时参加").wait_for()
    await seen.check("exam-sittings-booked")
    await person.refresh_from_db()
    assert (person.sitting_id, person.waiting_id) == (late.id, None)
    await page.get_by_role("button", name="改约 ").last.click()
    await page.get_by_text("已预约，请按时参加").wait_for()
    await person.refresh_from_db()
    assert person.sitting_id == free.id
    await page.get_by_role("button", name="退回预约").click()
    await page.get_by_text("已退回预约").wait_for()
    await person.refresh_from_db()
    assert person.sitting_id is None
    assert seen.complaints == []
