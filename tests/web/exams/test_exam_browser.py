"""Sitting an examination in a real browser: the line drops, the phone dies, two devices, time runs out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from domain.exams.items import ItemKind
from domain.exams.verify_receipt import problems
from miniapp_api.http.parsing import BODY_MAX
from models.accounts import Account
from models.exams import ExamAttempt, ExamCandidate
from services.core.base import Actor, rows
from services.exams.attempts import answer_writer
from services.exams.attempts.answer_files import AnswerFiles
from tests.factories.exams import cell, make_blueprint, make_items, make_office, make_published, own, work
from tests.factories.reviews import make_application
from tests.plugins.browsers import CHROMIUM
from tests.web.applicants import ApplyingWorld, serious, world
from tests.web.test_browser import PHONE, SCREEN, Seen

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
SOON = timedelta(hours=1)
_WRITE = """async ([attempt]) => {
    const script = [...document.scripts].find((one) => one.src.includes('/exam.js')).src;
    const { writeFile } = await import(script.replace(/exam\\.js.*/, 'answer_file.js'));
    const at = new Date().toISOString();
    return writeFile('', attempt, { device: 1, queue: [{ seq: 1, slot: 3, mask: 2, text: '', at }] });
}"""


@dataclass
class Sitting:
    """A person who may begin now."""

    world: ApplyingWorld
    candidate: ExamCandidate

    @property
    def actor(self) -> Actor:
        return own(self.candidate)

    @property
    def path(self) -> str:
        return f"/h5/demo/exams/{self.candidate.id}"

    async def attempt(self) -> ExamAttempt:
        return await ExamAttempt.get(candidate_id=self.candidate.id)

    async def stored(self) -> int:
        counted = await rows("SELECT count(DISTINCT slot) AS n FROM exam_answer_event")
        return int(counted[0]["n"])


@pytest.fixture
async def sitting(world: ApplyingWorld) -> Sitting:
    office = await make_office(world.deps)
    await make_items(8)
    await make_items(4, kind=ItemKind.MULTIPLE)
    await make_items(3, kind=ItemKind.TRUE_FALSE)
    await make_items(2, kind=ItemKind.SHORT)
    application = await make_application(world.deps, state="exam", approved_at=world.clock.now())
    cells = (
        cell(4, 20),
        cell(2, 20, ItemKind.MULTIPLE),
        cell(2, 15, ItemKind.TRUE_FALSE),
        cell(1, 100, ItemKind.SHORT),
    )
    blueprint = await make_blueprint(world.services, office, *cells)
    await make_published(world.services, office, after=SOON, blueprint_id=blueprint)
    world.clock.move(SOON)
    return Sitting(world, await ExamCandidate.get(application_id=application.id))


async def begin(browser: Browser, sitting: Sitting, size: tuple[int, int] = PHONE) -> Seen:
    """From the lobby to the first question."""
    return await begin_at(await sitting.world.at_page(browser, sitting.actor, size), sitting)


async def begin_at(seen: Seen, sitting: Sitting) -> Seen:
    page = await seen.open(sitting.path)
    if await page.get_by_role("button", name="确认并继续").count():
        for box in await page.get_by_role("checkbox").all():
            await box.check()
        await page.get_by_role("button", name="确认并继续").click()
    await page.get_by_role("link", name="开始考试").or_(page.get_by_role("link", name="继续答题")).click()
    await page.get_by_role("timer").wait_for()
    return seen


async def answer(page: Page, option: int = 0) -> None:
    await page.locator(".exam-option input").nth(option).click()


async def test_from_the_lobby_to_the_receipt_on_a_phone(browser: Browser, sitting: Sitting) -> None:
    seen = await sitting.world.at_page(browser, sitting.actor, PHONE)
    page = await seen.open("/h5/demo/exams")
    await seen.check("exam-list")
    await page.get_by_role("link", name="2026年第二批征集统一考试").click()
    await page.get_by_role("button", name="确认并继续").wait_for()
    await seen.check("exam-lobby")
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await page.get_by_role("button", name="确认并继续").click()
    await page.get_by_role("link", name="开始考试").wait_for()
    await seen.check("exam-start")
    await page.get_by_role("link", name="开始考试").click()
    await page.get_by_text("第1题，共9题").wait_for()
    await answer(page, 1)
    await page.get_by_label("不确定，稍后再看").check()
    await seen.check("exam-paper")
    await page.get_by_role("button", name="下一题").click()
    await page.get_by_text("第2题，共9题").wait_for()
    await answer(page)
    await expect(page.locator("[data-saved]")).to_have_text("已存")
    await page.get_by_role("button", name="答题卡").click()
    await seen.check("exam-card")
    await page.get_by_role("button", name="第9题，未答").click()
    await page.get_by_label("作答", exact=True).fill("五人以上单数。")
    await page.get_by_role("button", name="交卷").click()
    await expect(page.get_by_role("dialog")).to_contain_text("还有6题没有作答，1题标记为不确定")
    await seen.check("exam-hand-in")
    await page.get_by_role("button", name="确定交卷").click()
    await page.get_by_role("heading", name="已交卷").wait_for()
    await seen.check("exam-receipt")
    attempt = await sitting.attempt()
    await expect(page.locator(".hash")).to_have_text(attempt.digest)
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="下载回执文件").click()
    receipt = json.loads((await (await saved.value).path()).read_text("utf-8"))
    address = await page.get_by_role("link", name="核对页").get_attribute("href")
    assert address
    await seen.open(urlsplit(address).path)
    key = await page.locator(".hash").nth(1).inner_text()
    await seen.check("exam-receipt-check")
    assert problems(receipt, key) == []
    async with page.expect_download() as program:
        await page.get_by_role("link", name="下载核对程序").click()
    assert b"def is_signed" in (await (await program.value).path()).read_bytes()
    given = await rows("SELECT count(*) AS n FROM exam_answer WHERE mask <> 0 OR text <> ''")
    assert given[0]["n"] == 3
    assert serious(seen) == []


async def test_on_a_computer_the_answer_card_stands_left_of_the_question(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting, SCREEN)
    page = seen.page
    await answer(page)
    await expect(page.get_by_role("button", name="第1题，已答")).to_be_visible()
    card, question = (
        await page.locator(".exam-side").bounding_box(),
        await page.locator(".exam-question").bounding_box(),
    )
    assert card
    assert question
    assert card["x"] + card["width"] <= question["x"]
    await expect(page.locator("[data-saved]")).to_have_text("已存")
    await seen.check("exam-paper-wide")
    assert serious(seen) == []


async def test_answers_given_without_a_line_are_sent_when_it_is_back(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting)
    page = seen.page
    await page.context.set_offline(offline=True)
    for _ in range(3):
        await answer(page)
        await page.get_by_role("button", name="下一题").click()
    await expect(page.locator(".exam-state")).to_contain_text("网络不通，3题未上传")
    assert await sitting.stored() == 0
    await page.context.set_offline(offline=False)
    await expect(page.locator(".exam-state")).to_contain_text("已存")
    assert await sitting.stored() == 3


OFFLINE = """async () => {
    const { Answers, Clock, clean } = await import('/h5/static/exams/exam_answers.js');
    const clock = new Clock();
    clock.learn(new Date().toISOString(), performance.now(), performance.now());
    const sizes = [], events = [];
    const open = async (method, path, body) => {
        sizes.push(new TextEncoder().encode(JSON.stringify(body)).length);
        events.push(...body.events);
        return { ack: body.events.at(-1)?.seq ?? 0, state: 'running', device: 1, now: new Date().toISOString() };
    };
    const paper = { attempt_id: 'tried', ticket: 't', device: 1, ack: 0, answers: [], leaves: 0 };
    const answers = new Answers({ open }, clock, paper, { changed() {}, replied() {} });
    for (const text of ['一', '一二', '一\\u000b二\\ud83d']) answers.set(0, 0, clean(text));
    for (let n = 0; n < 60; n += 1) answers.set(1 + n % 2, 0, '长'.repeat(2000));
    const stored = await answers.flush();
    answers.set(2, 0, 'after the reply');
    await answers.flush();
    answers.forget();
    return { sizes, stored, numbers: events.map((one) => one.seq), first: events[0].text };
}"""


async def test_long_texts_written_without_a_line_are_sent_in_pieces_that_are_taken(
    browser: Browser, sitting: Sitting
) -> None:
    """What was changed again before it was sent is one event; a number that was sent is never used again."""
    seen = await begin(browser, sitting)
    sent = await seen.page.evaluate(OFFLINE)
    assert sent["stored"]
    assert sent["numbers"] == list(range(1, 63))
    assert sent["first"] == "一 二 "
    assert 2 < len(sent["sizes"]) < 20
    assert max(sent["sizes"]) < BODY_MAX


async def test_a_reload_loses_nothing_though_nothing_was_sent(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting)
    page = seen.page
    await page.route("**/answers", lambda route: route.abort())
    await answer(page, 2)
    await expect(page.locator(".exam-state")).to_contain_text("1题未上传")
    await page.unroute("**/answers")
    await page.reload()
    await expect(page.locator(".exam-state")).to_contain_text("已存")
    await page.get_by_role("button", name="答题卡").click()
    await page.get_by_role("button", name="第1题，已答").click()
    await expect(page.locator(".exam-option input").nth(2)).to_be_checked()
    assert (await sitting.attempt()).device == 1


async def test_who_has_changed_too_often_goes_on_and_hands_in_what_the_page_shows(
    browser: Browser, sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_writer, "DEVICE_EVENTS_MAX", 1)
    seen = await begin(browser, sitting)
    page = seen.page
    await answer(page, 0)
    await expect(page.locator("[data-saved]")).to_have_text("已存")
    await answer(page, 1)
    await expect(page.get_by_text("请继续答题，做完后点“交卷”")).to_be_visible()
    await expect(page.locator(".exam-state")).to_have_text("1题交卷时上传")
    await page.get_by_role("button", name="下一题").click()
    await answer(page, 1)
    await expect(page.locator(".exam-state")).to_have_text("2题交卷时上传")
    await seen.check("exam-full")
    await page.get_by_role("button", name="交卷").click()
    await page.get_by_role("button", name="确定交卷").click()
    await page.get_by_role("heading", name="已交卷").wait_for()
    masks = await rows("SELECT slot, mask FROM exam_answer WHERE mask <> 0 ORDER BY slot")
    assert [row["slot"] for row in masks] == [0, 1]


async def test_another_phone_takes_over_and_the_first_one_says_so(browser: Browser, sitting: Sitting) -> None:
    first = await begin(browser, sitting)
    await answer(first.page, 1)
    await expect(first.page.locator("[data-saved]")).to_have_text("已存")
    sitting.world.clock.move(timedelta(minutes=1))
    second = await begin(browser, sitting)
    await second.page.get_by_role("button", name="答题卡 1/9").wait_for()
    await answer(first.page, 0)
    await first.page.get_by_role("heading", name="已在另一台设备上继续").wait_for()
    await first.check("exam-taken-over")
    await first.page.get_by_role("button", name="在本机继续").click()
    await first.page.get_by_role("timer").wait_for()
    assert (await sitting.attempt()).device == 3


async def test_a_second_page_stops_the_first_and_keeps_its_number(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting)
    other = await seen.page.context.new_page()
    await other.goto(seen.base + sitting.path + "/paper")
    await other.get_by_role("timer").wait_for()
    await seen.page.get_by_role("heading", name="考试已在另一个页面打开").wait_for()
    assert (await sitting.attempt()).device == 1


async def test_a_phone_whose_clock_is_a_day_off_shows_the_time_that_is_left(browser: Browser, sitting: Sitting) -> None:
    seen = await sitting.world.at_page(browser, sitting.actor, PHONE)
    await seen.page.add_init_script("const real = Date.now; Date.now = () => real() + 86400000;")
    page = await seen.open(sitting.path)
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await page.get_by_role("button", name="确认并继续").click()
    await page.get_by_role("link", name="开始考试").click()
    length = sitting.world.deps.book("demo").exam.length
    minutes = int(length.total_seconds() // 60)
    await expect(page.get_by_role("timer")).to_have_text(
        f"{minutes // 60:02}:{minutes % 60:02}:00" if minutes >= 60 else f"{minutes:02}:00", timeout=5000
    )


async def test_a_phone_that_was_dead_goes_on_with_what_is_left(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting)
    await answer(seen.page, 3)
    await expect(seen.page.locator("[data-saved]")).to_have_text("已存")
    await seen.page.context.close()
    sitting.world.clock.move(timedelta(minutes=5))
    again = await begin(browser, sitting)
    await again.page.get_by_role("button", name="答题卡 1/9").wait_for()


async def test_when_time_runs_out_the_paper_is_handed_in_by_itself(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting)
    page = seen.page
    await answer(page)
    await expect(page.locator("[data-saved]")).to_have_text("已存")
    attempt = await sitting.attempt()
    assert attempt.deadline
    sitting.world.clock.set(attempt.deadline - timedelta(seconds=1))
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await page.get_by_role("heading", name="考试时间到").wait_for()
    await page.get_by_role("heading", name="已交卷").or_(page.get_by_role("heading", name="已到时自动交卷")).wait_for()
    assert (await sitting.attempt()).state == "sealed"


_UNTIL_GONE = """(key) => new Promise((done) => {
    const look = () => (localStorage.getItem(key) === null ? done() : setTimeout(look, 20));
    look();
})"""


_NOTHING_SENT_WHEN_LEFT = """
addEventListener('visibilitychange', (event) => event.stopImmediatePropagation(), { capture: true });
"""
"""A page that is left sends what it has; the browser may let that request pass, though others are held."""


async def test_what_was_not_sent_by_the_end_is_handed_in_as_a_sealed_file(browser: Browser, sitting: Sitting) -> None:
    seen = await sitting.world.at_page(browser, sitting.actor, PHONE)
    await seen.page.add_init_script("Math.random = () => 0.01")  # pages spread what they send at the end
    await seen.page.add_init_script(_NOTHING_SENT_WHEN_LEFT)
    await begin_at(seen, sitting)
    page = seen.page
    for part in ("answers", "submission"):
        await page.route(f"**/{part}", lambda route: route.abort())
    await answer(page, 1)
    await expect(page.locator(".exam-state")).to_contain_text("1题未上传")
    attempt = await sitting.attempt()
    assert attempt.deadline
    assert attempt.grace_until
    sitting.world.clock.set(attempt.deadline - timedelta(seconds=2))
    await page.reload()
    await page.get_by_role("heading", name="考试时间到").wait_for()
    assert await sitting.stored() == 0
    box = page.get_by_label("离线作答文件的内容")
    await expect(box).to_have_value(re.compile(r"PBT1\."))
    await seen.check("exam-answer-file")
    sitting.world.clock.set(attempt.grace_until + timedelta(seconds=1))
    await work(sitting.world.services, "exam_seal", "exam_fill")
    page = await seen.open(sitting.path)
    await expect(page.get_by_role("status")).to_contain_text("已找到本机没有上传的1题作答")
    await page.get_by_label("情况说明").fill("手机没有信号")
    await seen.check("exam-evidence")
    await page.get_by_role("button", name="提交离线作答").click()
    await page.get_by_text("管理机构核实后会通知您").wait_for()
    await page.evaluate(_UNTIL_GONE, f"exam.{attempt.id}")  # wait_for_function needs what the pages' policy forbids
    evidence_review, office = sitting.world.services.exams.evidence_review, await make_office(sitting.world.deps)
    (line,) = await evidence_review.list(office, attempt.exam_id)
    view = await evidence_review.get(office, attempt.exam_id, line.id)
    assert [(line_answer.was, line_answer.now) for line_answer in view.answers] == [("未作答", "B")]


async def test_a_browser_without_cryptography_writes_a_plain_file(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting)
    await seen.page.evaluate("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    attempt = await sitting.attempt()
    made = await seen.page.evaluate(_WRITE, [str(attempt.id)])
    files = AnswerFiles(sitting.world.deps.keys)
    answer_file = files.read(*files.unseal(made))
    assert (answer_file.attempt_id, answer_file.answers[3].answer.mask) == (attempt.id, 2)
    assert made.startswith("PBT0.")


async def test_who_hands_in_without_a_line_reads_what_will_happen(browser: Browser, sitting: Sitting) -> None:
    seen = await begin(browser, sitting)
    page = seen.page
    await answer(page)
    await expect(page.locator("[data-saved]")).to_have_text("已存")
    await page.route("**/submission", lambda route: route.abort())
    await page.get_by_role("button", name="交卷").click()
    await page.get_by_role("button", name="确定交卷").click()
    await expect(page.get_by_role("alert")).to_contain_text("网络不通，还没有交卷")
    await page.unroute("**/submission")
    await page.get_by_role("button", name="确定交卷").click()
    await page.get_by_role("heading", name="已交卷").wait_for()


async def test_another_candidates_examination_is_not_found(browser: Browser, sitting: Sitting) -> None:
    other = await sitting.world.person("钱多多")
    seen = await sitting.world.at_page(browser, other, PHONE)
    page = await seen.open(sitting.path)
    await page.get_by_text("找不到这场考试").wait_for()
    assert await Account.all().count() > 1
    await work(sitting.world.services, "exam_seal")


async def test_anyone_called_checks_the_phone_and_tries_a_paper_before_the_day(
    browser: Browser, sitting: Sitting
) -> None:
    """The trial leaves nothing behind: no attempt, no answers."""
    sitting.world.clock.move(-SOON)
    seen = await sitting.world.at_page(browser, sitting.actor, PHONE)
    page = await seen.open(sitting.path)
    await page.get_by_role("link", name="检查手机，试答几题").click()
    checks = page.locator("[data-device-check] .tag")
    await expect(checks).to_have_text(["正常", "正常", "正常", "正常", "正常"])
    await seen.check("exam-device-check")
    await page.get_by_role("link", name="试答5题").click()
    await page.get_by_text("第1题，共5题").wait_for()
    await answer(page)
    await expect(page.locator("[data-saved]")).to_have_text("已存")
    await seen.check("exam-trial")
    for _ in range(4):
        await page.get_by_role("button", name="下一题").click()
    await page.get_by_label("作答", exact=True).fill("可以打字。")
    await page.get_by_role("button", name="交卷").click()
    await page.get_by_role("button", name="确定交卷").click()
    await expect(page.get_by_role("status")).to_contain_text("共5题，收到2题的作答")
    await seen.check("exam-trial-over")
    await page.get_by_role("link", name="返回").click()
    await page.get_by_role("link", name="试答5题").wait_for()
    assert not await ExamAttempt.filter(candidate_id=sitting.candidate.id).exclude(state="ready").exists()
    assert await sitting.stored() == 0
    assert await page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('exam.'))") == []


async def test_a_lost_network_shows_in_a_trial_as_in_an_examination(browser: Browser, sitting: Sitting) -> None:
    seen = await sitting.world.at_page(browser, sitting.actor, PHONE)
    page = await seen.open(f"{sitting.path}/trial/paper")
    await page.get_by_text("第1题，共5题").wait_for()
    await page.context.set_offline(offline=True)
    await answer(page)
    await expect(page.locator(".exam-state")).to_contain_text("网络不通，1题未上传")
    await page.context.set_offline(offline=False)
    await expect(page.locator(".exam-state")).to_contain_text("已存")


async def test_only_the_next_step_is_green(browser: Browser, sitting: Sitting) -> None:
    page = (await begin(browser, sitting)).page
    green = page.locator(".exam-foot .primary")
    await expect(green).to_have_text(["下一题"])
    await page.get_by_role("button", name="答题卡").click()
    await page.get_by_role("button", name="第9题，未答").click()
    await expect(green).to_have_text(["交卷"])
