"""The check of a record in the browser: it agrees with the verifying program, and explains its findings."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from domain.draws.verify_draw import verify
from models.experts import Expert
from services.core.base import Actor
from services.draws import UnitForm
from tests.domain.draws.test_record_fuzz import ERRORS, WARNINGS, honest
from tests.domain.draws.test_verify_follow_ups import HOLDS, WRONG
from tests.factories.draw_records import chained
from tests.factories.offices import Office
from tests.factories.record_forgery import Forgery, forgery_of, mutate
from tests.plugins.browsers import CHROMIUM, hold_requests
from tests.web.conftest import World
from tests.web.draws.record_scenes import recalled, supplemented
from tests.web.draws.test_finished_records import finished
from tests.web.test_browser import look

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
DRAWS, MUTATIONS = 40, 20
Case = tuple[dict[str, Any], list[str]]

_BOTH = """async (cases) => {
    const { verify } = await import('/h5/static/draws/record_check.js');
    const { parse } = await import('/h5/static/draws/record_bytes.js');
    return Promise.all(cases.map(async ([record, receipts]) =>
        (await verify(parse(record), receipts)).findings.map(({ severity, code, entry }) => [severity, code, entry])));
}"""
_PARSES = """async (text) => {
    const { parse } = await import('/h5/static/draws/record_bytes.js');
    try { parse(text); return true; } catch { return false; }
}"""


async def browser_findings(page: Page, cases: list[Case]) -> list[list[list[object]]]:
    """Findings of the browser's check in each record."""
    findings: list[list[list[object]]] = await page.evaluate(
        _BOTH, [[json.dumps(record, ensure_ascii=False), receipts] for record, receipts in cases]
    )
    return findings


def program_findings(cases: list[Case]) -> list[list[list[object]]]:
    """Findings of the standard-library program."""
    return [[[finding.severity, finding.code, finding.entry] for finding in verify(*case)] for case in cases]


def forged(dice: random.Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(DRAWS):
        original: Forgery = forgery_of(honest(dice))
        cases.append((original.record(), list(original.receipts)))
        for _ in range(MUTATIONS):
            copy = original.copy()
            mutate(copy, dice)
            cases.append((copy.record(), list(copy.receipts)))
    return cases


async def test_the_browser_and_the_program_say_the_same_of_eight_hundred_records(
    browser: Browser, world: World
) -> None:
    page = await (await look(browser, world)).open("/h5/login")
    cases = forged(random.Random(20261122))
    want = program_findings(cases)
    assert await browser_findings(page, cases) == want
    seen = Counter(codes[-1][1] if codes else "holds" for codes in want)
    assert seen["holds"] >= DRAWS / 2
    assert len(seen) > 30


async def test_the_browser_names_every_scripted_cheat_as_the_program_does(browser: Browser, world: World) -> None:
    page = await (await look(browser, world)).open("/h5/login")
    cases: list[Case] = [
        (cheat(random.Random(number)).record(), []) for cheat in (*ERRORS, *WARNINGS) for number in range(8)
    ]
    cases += [(chained(list(script), {}), []) for script, _ in WRONG]
    want = program_findings(cases)
    assert await browser_findings(page, cases) == want
    assert all(want)
    honest_recalls: list[Case] = [(chained(list(script), {}), []) for script in HOLDS]
    assert await browser_findings(page, honest_recalls) == [[] for _ in HOLDS]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"a": 1, "b": ":{}"}', True),
        ('{"a": 1, "a": 2}', False),
        ('{"a": [{"b": 1, "b": 1}]}', False),
        ('{"a": 1.0}', False),
        ('{"a": 1e3}', False),
        ('{"a": -3}', True),
        ("{", False),
        ('{"a": "x\\"y: 1.5"}', True),
    ],
)
async def test_a_record_that_two_readers_would_read_differently_is_not_read(
    browser: Browser, world: World, text: str, fits: bool
) -> None:
    page = await (await look(browser, world)).open("/h5/login")
    assert await page.evaluate(_PARSES, text) is fits


async def test_both_accept_the_record_of_a_draw_whose_experts_recused_themselves(
    browser: Browser, world: World
) -> None:
    """An open call and a place, as the record has them: the expert's own answer, and his own leave."""
    draw_id, [open_call, accepted] = await world.call(2)
    await world.services.draws.invitations.answer(accepted.id, accepted.expert_id, "accept", by="chat")
    for invitation in (open_call, accepted):
        await world.log_in_expert(invitation.expert_id)
        expert = await Expert.get(id=invitation.expert_id)
        actor = Actor("demo", "expert", expert.account_id, expert.id)
        await world.services.draws.declared_recusals.declare(actor, UnitForm("配偶", "广州水务有限公司", "", ""))
    await world.office.run.advance(draw_id)
    record = await world.office.public_records.read(world.office.agency, draw_id)
    outcomes = [entry["outcome"] for entry in record["log"] if entry["act"] == "outcome"]
    assert outcomes == ["accepted", "declined", "left"]
    cases: list[Case] = [(json.loads(json.dumps(record)), [])]
    want = program_findings(cases)
    assert not [finding for finding in want[0] if finding[0] == "error"]
    page = await (await look(browser, world)).open("/h5/login")
    assert await browser_findings(page, cases) == want


async def ended_record(world: World) -> tuple[str, Office]:
    draw_id, invitations = await world.call(3)
    for invitation in invitations:
        await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await world.office.run.advance(draw_id)
    return await world.public_links().share(world.office.agency, draw_id, "record"), world.office


async def test_a_visitor_sees_a_finished_record_checked_and_explained(browser: Browser, world: World) -> None:
    draw = await finished(world)
    seen = await look(browser, world)
    page = await seen.open("/record")
    await seen.check("record-search")
    await page.get_by_label("活动编号").fill(draw.number)
    await page.get_by_role("button", name="查找").click()
    await page.get_by_role("heading", name="核对通过", exact=True).wait_for()
    await page.get_by_text("三方的随机数，都与他们事先锁定的一致").wait_for()
    for sentence in (
        "原因：首次确定顺序",
        "按顺序通知2人，其中：同意参加2",
        "条件1：抽取2人",
        "活动结束，专家已到位，记录到此为止",
    ):
        await page.locator("#story").get_by_text(sentence).wait_for()
    await seen.check("record-checked")
    await expect(page.get_by_role("link", name="下载核对程序")).to_be_visible()
    assert seen.complaints == []


async def test_the_check_can_not_be_pressed_before_its_script_runs(browser: Browser, world: World) -> None:
    token, _ = await ended_record(world)
    seen = await look(browser, world)
    scripts = await hold_requests(seen.page, "**/record_check.js*")
    await seen.page.goto(f"{seen.base}/record/{token}", wait_until="commit")
    button = seen.page.get_by_role("button", name="核对抽取记录")
    await expect(button).to_be_disabled()
    scripts.set()
    await expect(button).to_be_enabled()


async def test_an_open_record_is_checked_by_one_tap_and_a_plain_address_says_why_it_can_not(
    browser: Browser, world: World
) -> None:
    token, _ = await ended_record(world)
    seen = await look(browser, world)
    page = await seen.open(f"/record/{token}")
    await page.get_by_text("没有人能挑选专家").wait_for()
    await page.get_by_role("button", name="核对抽取记录").click()
    await page.get_by_role("heading", name="到目前为止，核对通过").wait_for()
    await page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
    await page.get_by_role("button", name="核对抽取记录").click()
    await page.get_by_text("不是以https打开的").wait_for()


async def test_a_changed_line_is_named_and_marked(browser: Browser, world: World) -> None:
    token, _ = await ended_record(world)
    seen = await look(browser, world)

    async def change(route: Any) -> None:
        record = await (await route.fetch()).json()
        called = next(entry for entry in record["log"] if entry["act"] == "called")
        called["leaf"] = "00" * 32
        await route.fulfill(json=record)

    await seen.page.route("**/file", change)
    page = await seen.open(f"/record/{token}")
    await page.get_by_role("button", name="核对抽取记录").click()
    heading = page.get_by_role("heading", name="核对不通过")
    await heading.wait_for()
    number = int("".join(filter(str.isdigit, await heading.inner_text())))
    await expect(page.locator(f"#entry-{number}.broken")).to_contain_text("通知专家")
    await expect(page.locator("#check")).to_contain_text("哈希不符")
    await seen.check("record-broken")


async def test_a_receipt_from_a_phone_that_the_record_lacks_gives_a_rewritten_one_away(
    browser: Browser, world: World
) -> None:
    token, _ = await ended_record(world)
    seen = await look(browser, world)
    page = await seen.open(f"/record/{token}#receipts={'ab' * 32}")
    await page.get_by_role("button", name="核对抽取记录").click()
    await page.get_by_text("记录被截短或改写").wait_for()
    await page.evaluate(KEPT, "ab" * 32)
    page = await seen.open(f"/record/{token}")
    await page.get_by_role("button", name="核对抽取记录").click()
    await page.get_by_text("记录被截短或改写").wait_for()


KEPT = """(head) => {
    const { id, draw } = document.getElementById('check').dataset;
    localStorage.setItem(`pbt/${id}/receipts/${draw}`, JSON.stringify([{ role: 'agency', round: 1, head }]));
}"""
"""As the browser of a party keeps it."""


async def test_a_recall_is_compared_with_its_original_and_says_what_came_of_it(browser: Browser, world: World) -> None:
    original = await supplemented(world)
    draw = await recalled(world, original)
    seen = await look(browser, world)
    page = await seen.open(f"/record/demo/{draw.number}")
    await page.get_by_role("heading", name="核对通过", exact=True).wait_for()
    await page.get_by_text(f"已取来此前1次活动的记录一并核对：{original.number}").wait_for()
    await page.get_by_text("通知的2位专家正是原活动结束时的参评专家").wait_for()
    assert seen.complaints == []
    await seen.check("record-recall")
    await seen.open(f"/record/demo/{original.number}")
    await page.get_by_text("由场地人员提出，核验人员确认").wait_for()
    await seen.check("record-supplement")
    await seen.open(f"/record/demo/{draw.number}")
    await page.get_by_role("heading", name="核对通过", exact=True).wait_for()
    answers = [{"status": 429}, {"json": {"format": "pbt-draw-record-v1"}}]
    await page.route(f"**/{original.number}/file", lambda route: route.fulfill(**answers.pop(0)))
    check = page.get_by_role("button", name="核对抽取记录")
    await check.click()
    await page.get_by_role("heading", name="核对通过，此前的活动尚未比对").wait_for()
    await page.get_by_text("查询太频繁").wait_for()
    await check.click()
    await page.get_by_role("heading", name="核对不通过：与此前的活动对不上").wait_for()
    await expect(page.locator("#story")).to_have_text("")
