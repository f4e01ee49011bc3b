"""Long acts of the office while processes are killed in the middle: each is whole, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.demo.data import POOL
from app.players.people import CAST, EXPERTS, check_sign
from models.exams import Exam, ExamCandidate
from services.core.base import rows
from services.corrections import MOVED as MERGED
from tests.factories.files import pdf
from tests.factories.people import make_account
from tests.faults.draws import retry_query, run_beside
from tests.faults.offices import JobKiller, OfficeDriver, make_killer, press_while_killed

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


# ---- a notice to many


_NOTICED = """
SELECT n.mobile_sealed, n.state,
  count(a.id) FILTER (WHERE a.channel = 'sms' AND a.state IN ('sent', 'delivered'))::int AS texts
FROM group_notice_person p JOIN notice n ON n.dedupe_key = 'group:' || p.id::text
  LEFT JOIN attempt a ON a.notice_id = n.id
WHERE p.group_notice_id = $1 GROUP BY n.id
"""
TITLE = "继续教育通知"


async def give_phones(office: OfficeDriver) -> dict[str, int]:
    """Each expert has a phone; number of texts on it by mobile."""
    keys, cast = office.stage.deps.keys, {person.mobile for person in CAST}
    sealed = [row["mobile_sealed"] for row in await rows("SELECT mobile_sealed FROM expert WHERE left_at IS NULL")]
    mobiles = {keys.open_text(text, "mobile") for text in sealed}
    people = [
        {"mobile": mobile, "name": "专家", "pool": POOL, "role": "expert", "follows": False}
        for mobile in mobiles - cast
    ]
    await office.stage.http_client.control("/phones/bulk", {"phones": people})
    return dict.fromkeys(mobiles, 0)


async def group_of(group_id: UUID) -> Mapping[str, Any]:
    return dict((await retry_query(lambda: rows("SELECT * FROM group_notice WHERE id = $1", group_id)))[0])


async def is_in(group_id: UUID, *states: str) -> bool:
    return (await group_of(group_id))["state"] in states


async def test_a_notice_reaches_each_person_once_though_it_is_stopped_and_its_worker_killed(
    office: OfficeDriver, seed: int
) -> None:
    killer, admin = make_killer(office, seed), await office.first()
    mobiles = await give_phones(office)
    await admin.open("/office/group-notices/new?audience=experts")
    page = await admin.browser.press("下一步：预览", title=TITLE, text="请各位专家按时参加培训。")
    group_id, path = UUID(page.path.rpartition("/")[2]), page.path
    persons = (await group_of(group_id))["persons"]
    assert persons == len(mobiles)
    await press_while_killed(killer, admin, path, "发给", lambda: is_in(group_id, "sending", "done"))

    async def sent(least: int) -> bool:
        return (await group_of(group_id))["sent"] >= least

    async with run_beside(killer.strike_job("deadlines.run", 0.05, kind="group_notice", times=2)):
        await office.wait_until(lambda: sent(persons // 3), "nobody was written to", step=5)
    if await is_in(group_id, "sending"):
        await press_while_killed(killer, admin, path, "停止发送", lambda: is_in(group_id, "stopped", "done"))
        stopped = await group_of(group_id)
        await office.draw_driver.nudge(60)
        assert (await group_of(group_id))["sent"] == stopped["sent"]
        if stopped["state"] == "stopped":
            assert stopped["sent"] < persons
            await press_while_killed(killer, admin, path, "继续发送", lambda: is_in(group_id, "sending", "done"))

    async def is_delivered() -> bool:
        return all(row["state"] != "active" for row in await rows(_NOTICED, group_id))

    async with run_beside(killer.strike_job("deadlines.run", 0.05, kind="group_notice", times=2)):
        await office.wait_until(lambda: is_in(group_id, "done"), "it was never sent to all", step=5)
    await office.wait_until(is_delivered, "not all was delivered", step=75)
    assert killer.struck
    group, notices = await group_of(group_id), await rows(_NOTICED, group_id)
    assert (group["sent"] + group["skipped"], len(notices)) == (persons, group["sent"])
    services, actor = await office.services()
    view = await services.office.group_reports.get(actor, group_id)
    report = view.report
    assert (report.reached + report.failed, report.waiting) == (group["sent"], 0)
    keys = office.stage.deps.keys
    by_ledger = {keys.open_text(row["mobile_sealed"], "mobile"): row["texts"] for row in notices}
    assert by_ledger.keys() == mobiles.keys()
    for mobile in mobiles:
        texts = [text for text in (await office.draw_driver.phone(mobile))["sms"] if TITLE in text["text"]]
        assert len(texts) == by_ledger[mobile] <= 1, mobile
    assert sum(by_ledger.values()) == report.sms
    await office.check()


# ---- a merge


_OWNERS = "SELECT count(*)::int AS n FROM {table} WHERE {column} = $1"
_TOLD = """
SELECT params->>'what' AS what, count(*)::int AS n FROM notice
 WHERE kind = 'person_corrected' AND created_at >= $1 GROUP BY 1
"""


async def begin_merge(office: OfficeDriver, stays: UUID, ends: UUID) -> UUID:
    """Asked for by the first administrator; the correction's id."""
    admin = await office.first()
    await admin.open(f"/office/people/{stays}/merge/{ends}")
    await admin.browser.upload("提交复核", pdf(), "本人申请.pdf", reason="两次登录用了不同的手机号")
    [row] = await rows("SELECT id FROM correction WHERE kind = 'merge' ORDER BY begun_at DESC LIMIT 1")
    return UUID(str(row["id"]))


async def confirm_merge(office: OfficeDriver, killer: JobKiller, stays: UUID, correction: UUID) -> None:
    """By the second administrator, while the web process is killed before or after its commit."""
    second = await office.second()

    async def is_done() -> bool:
        return bool(await rows("SELECT 1 FROM correction WHERE id = $1 AND state = 'done'", correction))

    await press_while_killed(killer, second, f"/office/people/{stays}", "通过合并账号", is_done)


async def make_sitting(office: OfficeDriver, account_id: UUID, expert_id: UUID | None = None) -> UUID:
    """A candidate of an examination that lies ahead."""
    now = await office.stage.now()
    times = {"opens_at": now + timedelta(days=3), "closes_at": now + timedelta(days=4), "created_at": now}
    exam = await Exam.create(pool=POOL, name="考试", purpose="single", **times)
    candidate = await ExamCandidate.create(exam_id=exam.id, account_id=account_id, expert_id=expert_id, called_at=now)
    return candidate.id


async def check_merged(office: OfficeDriver, ends: UUID, since: datetime) -> None:
    for table, column in MERGED:
        [left] = await rows(_OWNERS.format(table=table, column=column), ends)
        assert left["n"] == 0, table
    [account] = await rows("SELECT disabled_at, mobile_sealed FROM account WHERE id = $1", ends)
    assert (account["disabled_at"] is not None, account["mobile_sealed"]) == (True, "")
    told = {row["what"]: row["n"] for row in await rows(_TOLD, since)}
    assert told == {"申请合并您的两个账号": 2, "合并您的两个账号": 2}
    await office.check()


async def test_a_payment_that_comes_after_the_merge_counts_for_the_account_that_stays(
    office: OfficeDriver, seed: int
) -> None:
    """The account that ends has a fee, an open order, a sitting and a WeChat; the other one a sitting."""
    killer, payments = make_killer(office, seed), office.payments
    debtor, since = office.debtors.pop(), await office.stage.now()
    sheet = await payments.open_sheet(debtor, "mini")
    assert sheet is not None
    [ends] = await rows("SELECT account_id AS id FROM fee WHERE expert_number = $1", debtor.number)
    deps = await office.deps()
    number = f"44010619800202{debtor.at:03}"
    number += check_sign(number)
    stays = await make_account(
        deps,
        f"1370000{debtor.at:04}",
        real_name=f"欠费{debtor.at}",
        registered_at=since,
        id_number_sealed=deps.keys.seal(number, "id_number"),
        id_number_hash=deps.keys.lookup_hash("id_number", number),
    )
    sittings = [await make_sitting(office, account_id) for account_id in (ends["id"], stays.id)]
    correction = await begin_merge(office, stays.id, ends["id"])
    async with run_beside(killer.strike_job("deadlines.run", 0.2, times=4)):
        await confirm_merge(office, killer, stays.id, correction)
        assert await sheet.confirm()
        await payments.settle()
    [fee] = await rows("SELECT account_id, state FROM fee WHERE expert_number = $1", debtor.number)
    assert (fee["account_id"], fee["state"]) == (stays.id, "paid")
    [order] = await rows("SELECT payer_id, state FROM pay_order WHERE out_trade_no = $1", sheet.out_trade_no)
    assert (order["payer_id"], order["state"]) == (stays.id, "paid")
    owners = {
        row["account_id"] for row in await rows("SELECT account_id FROM exam_candidate WHERE id = ANY($1)", sittings)
    }
    assert owners == {stays.id}
    await payments.check([debtor])
    await check_merged(office, ends["id"], since)


async def test_a_merge_leaves_an_open_invitation_to_be_answered_and_what_was_ordered_for_others(
    office: OfficeDriver, seed: int
) -> None:
    """The account that stays has an expert's file with an open invitation and a sitting; the other one has ordered the
    fee of a third person, and has a sitting of its own."""
    killer, payments, drawing = make_killer(office, seed), office.payments, office.draw_driver
    debtor = office.debtors.pop()
    sheet = await payments.open_sheet(debtor, "for_other")
    assert sheet is not None
    [ends] = await rows("SELECT payer_id AS id FROM pay_order WHERE out_trade_no = $1", sheet.out_trade_no)
    for person in EXPERTS:
        await drawing.set_autopilot(person.mobile, "silent", "both")
    draw = await drawing.prepare_draw()
    await drawing.start(draw)
    called = await office.wait_until(lambda: rows(_OPEN, UUID(draw)), "nobody was called", step=5)
    expert = called[0]
    mobile = office.stage.deps.keys.open_text(expert["mobile_sealed"], "mobile")
    phone = office.stage.phone(mobile, POOL)
    await phone.follow()
    await phone.bind()
    [bound] = await rows("SELECT account_id FROM expert WHERE id = $1", expert["id"])
    since = await office.stage.now()
    for account_id, expert_id in ((ends["id"], None), (bound["account_id"], expert["id"])):
        await make_sitting(office, account_id, expert_id)
    correction = await begin_merge(office, expert["id"], ends["id"])
    async with run_beside(killer.strike_job("deadlines.run", 0.2, times=4)):
        await confirm_merge(office, killer, expert["id"], correction)
        assert await sheet.confirm()
        services, _ = await office.services()
        answered = await services.draws.invitations.answer(expert["invitation"], expert["id"], "accept", by="chat")
        await payments.settle()
    assert answered.effective
    [order] = await rows("SELECT payer_id, state FROM pay_order WHERE out_trade_no = $1", sheet.out_trade_no)
    assert (order["payer_id"], order["state"]) == (bound["account_id"], "paid")
    [invitation] = await rows("SELECT state FROM invitation WHERE id = $1", expert["invitation"])
    assert invitation["state"] == "accepted"
    await payments.check([debtor])
    await check_merged(office, ends["id"], since)


_OPEN = """
SELECT e.id, e.mobile_sealed, i.id AS invitation FROM invitation i JOIN expert e ON e.id = i.expert_id
 WHERE i.draw_id = $1 AND i.state = 'open' AND e.account_id IS NULL ORDER BY i.created_at LIMIT 1
"""
