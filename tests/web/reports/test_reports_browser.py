"""Reports in a real browser, on a phone and on a computer; pictures go to ``var/screenshots``."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser

from models.accounts import Account
from models.experts import Expert
from models.invitations import Invitation
from models.reports import Report
from tests.factories.offices import enter_all
from tests.factories.reports import FORM, TEXT, ReportsScene, make_reader
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.test_browser import PHONE, SCREEN, Seen, look
from web.accounts.login import COOKIE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
NEW, FOLLOW = "/h5/demo/reports/new", "/h5/demo/reports"


async def log_in(world: World, seen: Seen, account: Account) -> None:
    cookie = await world.services.accounts.web_sessions.begin(account)
    await seen.page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": seen.base}])


async def end_evaluation(world: World) -> Invitation:
    """An evaluation of one expert, about which he is asked."""
    _, [invitation] = await world.panel()
    world.clock.set(invitation.gathering_at + timedelta(minutes=30))
    await enter_all(invitation.draw_id)
    world.clock.move(timedelta(days=1))
    await world.office.activity_end.end_due()
    world.clock.move(timedelta(hours=1))
    await world.services.reports.contact_questions.ask_due()
    return invitation


async def test_a_reporter_on_a_phone_solves_the_puzzle_copies_the_code_and_follows_it(
    browser: Browser, world: World
) -> None:
    seen = await look(browser, world, PHONE)
    await seen.check_page("report-nobody", NEW)
    reader = await make_reader(world.services.deps)
    page = await seen.check_page("report-new", NEW)
    await page.get_by_role("button", name="提交举报").click()
    await page.get_by_text("请选择发生了什么。").wait_for()
    await seen.check("report-wrong")
    await page.get_by_label("发生了什么").select_option("bribe")
    await page.get_by_label("是怎么回事").fill(TEXT)
    await page.get_by_role("button", name="提交举报").click()
    await page.get_by_text("举报已提交").first.wait_for()
    await seen.check("report-handed-in")
    code = await page.get_by_label("查询码（只显示这一次）").input_value()
    await page.get_by_role("link", name="去查询办理情况").click()
    await seen.check("report-code")
    report = await Report.get()
    await world.services.reports.examination.ask(reader, report.id, "对方说了是哪个项目吗？", key="question-1")
    await page.get_by_label("查询码").fill(code)
    await page.get_by_role("button", name="查询").click()
    await page.get_by_text("对方说了是哪个项目吗？").wait_for()
    await seen.check("report-followed")
    assert [complaint for complaint in seen.complaints if "422" not in complaint] == []  # the form sent empty


async def test_supervision_reads_a_report_on_a_computer(browser: Browser, world: World) -> None:
    reader = await make_reader(world.services.deps)
    scene = ReportsScene(world.services, reader)
    handed = await scene.hand_in(FORM)
    await world.services.reports.reporting.add("demo", handed.code, "是水厂的那个标。", key=scene.key())
    report_id = await scene.id_of(handed)
    await world.services.reports.examination.ask(reader, report_id, "还有别人在场吗？", key=scene.key())
    await end_evaluation(world)
    seen = await look(browser, world, SCREEN)
    await log_in(world, seen, await Account.get(id=reader.account_id))
    await seen.check_pages(
        "reports",
        {
            "draws": "/draws",
            "list": "/reports",
            "report": f"/reports/{report_id}",
            "answers": "/reports/contacts",
        },
    )
    assert seen.complaints == []


async def test_an_expert_answers_the_question_on_a_phone(browser: Browser, world: World) -> None:
    await make_reader(world.services.deps)
    invitation = await end_evaluation(world)
    await world.log_in_expert(invitation.expert_id)
    expert = await Expert.get(id=invitation.expert_id).prefetch_related("account")
    seen = await look(browser, world, PHONE)
    await log_in(world, seen, expert.account)
    page = await seen.check_page("contacts", "/h5/demo/contacts")
    await page.get_by_role("button", name="有，我要反映").click()
    await page.get_by_text("已回答").wait_for()
    await seen.check("contacts-answered")
    assert seen.complaints == []
