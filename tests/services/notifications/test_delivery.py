"""Attempts at vendors that accept, refuse, time out or request a pause; and effects of reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.redis_connection import make_redis
from bot.windows import Windows
from domain.clock import FixedClock
from domain.errors import NeedsOperator, OutcomeUnknown, Rejected, Transient
from models.accounts import WechatIdentity
from models.notices import Attempt, DeliveryReport, Notice
from services.core.base import Deps, transaction
from services.notifications import Delivery, Recipient
from services.operations import DeliveryReports
from services.operations.delivery_reports import read_keys
from services.ports import CallDetail, CallReport, SmsReport, SubscribeTemplate, TemplateMessage
from tests.factories.assembly import SUBSCRIPTIONS
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.people import make_account, make_identity
from tests.factories.vendors import Vendors, make_delivery, make_reports


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def delivery(deps: Deps, vendors: Vendors, office: Office) -> Delivery:
    return make_delivery(deps, office, vendors, {"sms": 5, "voice": 12})


@pytest.fixture
def reports(deps: Deps, vendors: Vendors, office: Office) -> DeliveryReports:
    return make_reports(deps, office, vendors)


async def notify_account(
    office: Office, kind: str = "account_bound", *, bound: bool = True, pool: str = "demo"
) -> None:
    account = await make_account(office.deps, pool=pool)
    if bound:
        await make_identity(account)
    async with transaction():
        await office.notices.notify(
            pool=pool,
            kind=kind,
            dedupe_key=f"{kind}:{account.id}",
            params={"mobile": "138****0000", "at": "2026年11月21日 12:00"},
            account_id=account.id,
        )


async def states() -> list[tuple[str, str, str]]:
    return [(a.channel, a.state, a.vendor_code) for a in await Attempt.all().order_by("number")]


async def test_a_template_is_sent_and_waits_for_its_delivery_report(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    await notify_account(office)
    assert await delivery.deliver_due() == 1
    assert vendors.sent == [("template", "account_bound")]
    assert await states() == [("wechat", "sent", "")]


async def test_a_window_that_cannot_be_looked_up_leaves_the_message_unsent_for_now(
    office: Office, delivery: Delivery, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did not count as perhaps sent: the next try sends it."""
    async with make_redis("redis://127.0.0.1:1/0") as away:
        monkeypatch.setattr(vendors, "spend", Windows(away, office.deps.clock).spend)
        await notify_account(office)
        await delivery.deliver_due()
    assert vendors.sent == []
    [(_, state, code)] = await states()
    assert (state, code) == ("pending", "windows: Redis is away")
    assert isinstance(office.deps.clock, FixedClock)
    office.deps.clock.move(timedelta(seconds=10))
    await delivery.deliver_due()
    assert vendors.sent == [("template", "account_bound")]


async def test_an_open_window_carries_a_chat_message_instead(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    vendors.window = 1
    await notify_account(office)
    await delivery.deliver_due()
    assert vendors.sent[0][0] == "text"
    assert (await Notice.get(kind="account_bound")).state == "done"


async def test_a_window_that_closed_meanwhile_falls_back_on_the_template(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    vendors.window, vendors.errors = 1, [Rejected("45015")]
    await notify_account(office)
    await delivery.deliver_due()
    assert [channel for channel, _ in vendors.sent] == ["text", "template"]


async def test_without_wechat_the_sms_goes_at_once(office: Office, delivery: Delivery, vendors: Vendors) -> None:
    await notify_account(office, bound=False)
    await delivery.deliver_due()
    assert vendors.sent == [("sms", "account_bound")]
    assert await states() == [("wechat", "failed", "no_openid"), ("sms", "sent", "")]


async def test_every_pool_s_messages_are_sent_as_its_own(office: Office, delivery: Delivery, vendors: Vendors) -> None:
    """In one batch, where the first pool's signature served all."""
    for pool in ("demo", "guangdong", "demo"):
        await notify_account(office, bound=False, pool=pool)
    await delivery.deliver_due()
    assert sorted(vendors.pools) == ["demo", "demo", "guangdong"]


async def test_who_does_not_follow_any_more_is_remembered(office: Office, delivery: Delivery, vendors: Vendors) -> None:
    vendors.errors = [Rejected("43004")]
    await notify_account(office)
    await delivery.deliver_due()
    assert [channel for channel, _ in vendors.sent] == ["template", "sms"]
    assert not (await WechatIdentity.get()).following


async def test_a_passing_failure_is_repeated_and_a_long_pause_goes_to_the_next_channel(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    vendors.errors = [Transient("busy")]
    await notify_account(office)
    await delivery.deliver_due()
    assert await states() == [("wechat", "pending", "busy")]
    clock.move(timedelta(seconds=5))
    vendors.errors = [Transient("quota", retry_after=86400)]
    await delivery.deliver_due()
    assert [channel for channel, _ in vendors.sent] == ["template", "template", "sms"]


async def test_a_failure_that_comes_after_the_notice_ended_is_not_repeated(
    office: Office, delivery: Delivery, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another channel delivered it while this call was under way."""

    async def refuse_as_busy(pool: str, message: TemplateMessage) -> str:
        async with transaction():
            await office.notices.finish([(await Notice.get()).id])
        raise Transient("busy")

    monkeypatch.setattr(vendors, "send_template", refuse_as_busy)
    await notify_account(office)
    await delivery.deliver_due()
    assert await states() == [("wechat", "failed", "stopped")]


async def test_a_call_of_unknown_outcome_is_never_dialled_again(
    office: Office, delivery: Delivery, vendors: Vendors, reports: DeliveryReports, clock: FixedClock
) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    clock.move(timedelta(seconds=40))
    await office.notices.advance((await Notice.get(kind="draw_call")).id)
    vendors.errors = [OutcomeUnknown("cut off")] * 3
    await delivery.deliver_due()
    call = await Attempt.get(channel="voice")
    assert (call.state, call.vendor_id) == ("unknown", "")
    for _ in range(2):
        clock.move(timedelta(seconds=61))
        await reports.check_due()
        await delivery.deliver_due()
        assert len([1 for channel, _ in vendors.sent if channel == "voice"]) == 1
    await report_call(reports, vendors, CallReport("late-id", call.out_id, True, "200000", "11", clock.now()))
    assert [i.state for i in await open_invitations(draw_id)] == []
    assert (await Attempt.get(id=call.id)).state == "answered"


async def receive_report(reports: DeliveryReports, report: CallReport) -> None:
    """Receive a pushed report of any sender; the vendor is then queried if needed."""
    from models.notices import DeliveryReport

    await reports.take_calls([report])
    for stored in await DeliveryReport.filter(applied_at=None):
        await reports.apply(stored.id)
    await reports.check_due()


async def report_call(reports: DeliveryReports, vendors: Vendors, report: CallReport) -> None:
    """Report a call as the vendor, which answers queries accordingly."""
    call = await Attempt.get(out_id=report.out_id)
    mobile = reports.deps.keys.open_text((await Notice.get(id=call.notice_id)).mobile_sealed, "mobile")
    vendors.reports[report.call_id] = CallDetail(report.call_id, mobile, report.ended, report.status, report.keys)
    await receive_report(reports, report)


async def test_keys_pressed_twice_are_an_answer_and_a_report_repeated_changes_nothing(
    office: Office, delivery: Delivery, vendors: Vendors, reports: DeliveryReports, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    clock.move(timedelta(seconds=40))
    await office.notices.advance((await Notice.get(kind="draw_call")).id)
    await delivery.deliver_due()
    call = await Attempt.get(channel="voice")
    report = CallReport(call.vendor_id, call.out_id, True, "200000", "122", clock.now())
    await report_call(reports, vendors, report)
    await report_call(reports, vendors, report)
    await invitation.refresh_from_db()
    assert (invitation.state, invitation.answered_by) == ("declined", "voice")
    assert (await Notice.get(kind="draw_call", invitation_id=invitation.id)).state == "stopped"


async def test_an_sms_report_closes_the_attempt_and_a_failed_one_lets_the_ladder_go_on(
    office: Office, delivery: Delivery, reports: DeliveryReports
) -> None:
    from models.notices import DeliveryReport

    await notify_account(office, bound=False)
    await delivery.deliver_due()
    attempt = await Attempt.get(channel="sms")
    await reports.take_sms([SmsReport(attempt.vendor_id, attempt.out_id, False, "MK:0001")])
    await reports.apply((await DeliveryReport.get()).id)
    assert (await Notice.get(kind="account_bound")).state == "failed"
    await reports.take_sms([SmsReport(attempt.vendor_id, attempt.out_id, True, "DELIVERED")])
    await reports.apply((await DeliveryReport.get(applied_at=None)).id)
    assert (await Attempt.get(id=attempt.id)).state == "delivered"


async def test_thousands_are_notified_by_a_few_statements_and_only_once(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    experts = await add_experts(office, 30)
    recipients = [Recipient(f"bulk:{e.id}", {"mobile": "1", "at": "x"}, expert_id=e.id) for e in experts]
    for expected in (30, 0):
        async with transaction():
            assert (
                await office.notices.notify_many(pool="demo", kind="account_bound", recipients=recipients) == expected
            )
    assert await delivery.deliver_due() == 0, "these wait for a turn of their own"
    await delivery.deliver_due(bulk=True)
    assert len(vendors.sent) == 30


async def test_a_single_notice_is_sent_before_bulk_notices(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    experts = await add_experts(office, 30)
    async with transaction():
        recipients = [Recipient(f"bulk:{e.id}", {"mobile": "1", "at": "x"}, expert_id=e.id) for e in experts]
        await office.notices.notify_many(pool="demo", kind="account_bound", recipients=recipients)
    await notify_account(office)
    assert await delivery.deliver_due() == 1
    assert await Attempt.filter(state="pending", bulk=True).count() == 30
    vendors.errors = [Rejected("isv.AMOUNT_NOT_ENOUGH")] * 100
    await delivery.deliver_due(bulk=True)
    again = Attempt.filter(notice__dedupe_key__startswith="bulk:")
    assert set(await again.values_list("bulk", flat=True)) == {True}, "also on the next channel"


@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        ("11", "accept"),
        ("22", "decline"),
        ("311", "accept"),
        ("122", "decline"),
        ("1", None),
        ("12", None),
        ("", None),
        ("1313", "accept"),
        ("99", None),
        ("112", None),
    ],
)
def test_a_key_counts_when_it_was_pressed_twice(deps: Deps, keys: str, choice: str | None) -> None:
    assert read_keys(keys, deps.book("demo").voice) == choice


async def test_subscribe_messages_are_counted_and_not_sent_without_a_credit(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    account = await make_account(office.deps)
    mini = await make_identity(account, app="mini", subscribe_credits={"agency_agreed": 1})
    for number in range(2):
        await notify_agreed(office, delivery, account.id, number)
    assert [channel for channel, _ in vendors.sent] == ["mini"]
    await mini.refresh_from_db()
    assert mini.subscribe_credits == {"agency_agreed": 0}
    assert [s for s in await states() if s[0] == "mini"] == [("mini", "delivered", ""), ("mini", "failed", "43101")]


async def notify_agreed(office: Office, delivery: Delivery, account_id: UUID, number: int) -> None:
    async with transaction():
        await office.notices.notify(
            pool="demo",
            kind="agency_agreed",
            dedupe_key=f"agreed:{number}",
            params={"number": "CQSQ202611210001", "when": "11月21日 09:30", "agreed": 1, "needed": 5},
            account_id=account_id,
        )
    await delivery.deliver_due()


async def test_a_long_term_consent_permits_more_than_one_message(
    office: Office, delivery: Delivery, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.factories.assembly.LONG_TERM", {"agency_agreed"})
    account = await make_account(office.deps)
    mini = await make_identity(account, app="mini", subscribe_credits={"agency_agreed": 1})
    for number in range(3):
        await notify_agreed(office, delivery, account.id, number)
    assert vendors.sent == [("mini", "agency_agreed")] * 3
    await mini.refresh_from_db()
    assert mini.subscribe_credits == {"agency_agreed": 1}


async def test_a_long_term_consent_that_wechat_does_not_know_has_ended(
    office: Office, delivery: Delivery, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.factories.assembly.LONG_TERM", {"agency_agreed"})
    account = await make_account(office.deps)
    mini = await make_identity(account, app="mini", subscribe_credits={"agency_agreed": 1})
    vendors.errors = [Rejected("43101", "no consent")]
    for number in range(2):
        await notify_agreed(office, delivery, account.id, number)
    assert vendors.sent == [("mini", "agency_agreed")], "it is not tried again"
    await mini.refresh_from_db()
    ended = {"at": office.deps.now().isoformat(), "how": "ended"}
    assert (mini.subscribe_credits, mini.subscribe_refusals) == ({"agency_agreed": 0}, {"agency_agreed": ended})


async def test_a_refusal_by_wechat_does_not_end_a_consent_given_meanwhile(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    account = await make_account(office.deps)
    later = {"agency_agreed": (office.deps.now() + timedelta(seconds=2)).isoformat()}
    mini = await make_identity(account, app="mini", subscribe_credits={"agency_agreed": 1}, subscribe_accepts=later)
    vendors.errors = [Rejected("43101", "no consent")]
    await notify_agreed(office, delivery, account.id, 1)
    await mini.refresh_from_db()
    assert mini.subscribe_credits == {"agency_agreed": 1}


@pytest.fixture
def subscription(monkeypatch: pytest.MonkeyPatch) -> SubscribeTemplate:
    """``account_bound`` goes out as a 订阅通知 of the one-time kind."""
    template = SubscribeTemplate("T1")
    monkeypatch.setitem(SUBSCRIPTIONS, "account_bound", template)
    return template


async def notify_subscriber(office: Office, delivery: Delivery, number: int = 1, **columns: Any) -> WechatIdentity:
    account = await make_account(office.deps)
    identity = await make_identity(account, **columns)
    for count in range(number):
        async with transaction():
            await office.notices.notify(
                pool="demo",
                kind="account_bound",
                dedupe_key=f"bound:{account.id}:{count}",
                params={"mobile": "138****0000", "at": "2026年11月21日 12:00"},
                account_id=account.id,
            )
    await delivery.deliver_due()
    return identity


async def report_subscription(
    reports: DeliveryReports, identity: WechatIdentity, msgid: str, status: str = "success"
) -> None:
    await reports.take_subscription(identity.appid, identity.openid, "T1", msgid, status)
    for report in await DeliveryReport.filter(applied_at=None):
        await reports.apply(report.id)


async def test_a_kind_set_so_goes_out_as_a_subscription_notice_and_uses_up_a_consent(
    office: Office,
    delivery: Delivery,
    reports: DeliveryReports,
    vendors: Vendors,
    subscription: SubscribeTemplate,
) -> None:
    identity = await notify_subscriber(office, delivery, subscribe_credits={"T1": 2})
    assert vendors.sent == [("subscription", "T1")]
    assert await states() == [("wechat", "sent", "")]
    await report_subscription(reports, identity, "1700827132819554304")
    assert await states() == [("wechat", "delivered", "success")]
    await identity.refresh_from_db()
    assert identity.subscribe_credits == {"T1": 1}


async def test_events_of_two_equal_notices_close_one_each_however_often_they_come(
    office: Office, delivery: Delivery, reports: DeliveryReports, subscription: SubscribeTemplate
) -> None:
    identity = await notify_subscriber(office, delivery, 2, subscribe_credits={"T1": 2})
    for _ in range(3):
        await report_subscription(reports, identity, "1")
    assert [state for channel, state, _ in await states() if channel == "wechat"] == ["delivered", "sent"]
    await report_subscription(reports, identity, "2", "failed:43004 user refuse")
    assert [state for channel, state, _ in await states() if channel == "wechat"] == ["delivered", "failed"]


async def test_an_event_for_another_person_or_template_closes_nothing(
    office: Office, delivery: Delivery, reports: DeliveryReports, subscription: SubscribeTemplate
) -> None:
    identity = await notify_subscriber(office, delivery, subscribe_credits={"T1": 1})
    await reports.take_subscription(identity.appid, "o-other", "T1", "1", "success")
    await reports.take_subscription(identity.appid, identity.openid, "T9", "2", "success")
    for report in await DeliveryReport.all():
        await reports.apply(report.id)
    assert await states() == [("wechat", "sent", "")]


async def test_an_event_that_comes_before_our_row_is_applied_afterwards(
    office: Office, delivery: Delivery, reports: DeliveryReports, subscription: SubscribeTemplate
) -> None:
    identity = await notify_subscriber(office, delivery, 0, subscribe_credits={"T1": 1})
    await report_subscription(reports, identity, "1")
    assert await DeliveryReport.filter(applied_at=None).exists()
    async with transaction():
        await office.notices.notify(
            pool="demo",
            kind="account_bound",
            dedupe_key="bound",
            params={"mobile": "138****0000", "at": "2026年11月21日 12:00"},
            account_id=identity.account_id,
        )
    await delivery.deliver_due()
    for report in await DeliveryReport.filter(applied_at=None):
        await reports.apply(report.id)
    assert await states() == [("wechat", "delivered", "success")]


async def test_a_subscription_notice_is_not_sent_without_a_consent(
    office: Office, delivery: Delivery, vendors: Vendors, subscription: SubscribeTemplate
) -> None:
    await notify_subscriber(office, delivery, subscribe_credits={"T1": 0})
    assert vendors.sent == [("sms", "account_bound")], "the next channel goes out at once"
    assert (await states())[0] == ("wechat", "failed", "43101")


async def test_a_subscription_notice_of_unknown_outcome_is_not_sent_again_and_its_event_counts(
    office: Office,
    delivery: Delivery,
    reports: DeliveryReports,
    vendors: Vendors,
    clock: FixedClock,
    subscription: SubscribeTemplate,
) -> None:
    """WeChat knows no id of ours by which it would ignore a repetition."""
    vendors.errors = [OutcomeUnknown("timeout")]
    identity = await notify_subscriber(office, delivery, subscribe_credits={"T1": 1})
    clock.move(timedelta(minutes=1))
    await delivery.deliver_due()
    assert vendors.sent == [("subscription", "T1")]
    assert (await states())[0][:2] == ("wechat", "unknown")
    await report_subscription(reports, identity, "1")
    assert (await states())[0] == ("wechat", "delivered", "success")


async def test_a_chat_message_uses_up_no_consent(
    office: Office, delivery: Delivery, vendors: Vendors, subscription: SubscribeTemplate
) -> None:
    vendors.window = 1
    identity = await notify_subscriber(office, delivery, subscribe_credits={"T1": 1})
    assert [channel for channel, _ in vendors.sent] == ["text"]
    await identity.refresh_from_db()
    assert identity.subscribe_credits == {"T1": 1}


async def test_an_expert_who_answers_in_chat_is_not_notified_there_again(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    notice = await Notice.get(kind="draw_accepted")
    attempts = {a.channel: (a.state, a.vendor_code) for a in await Attempt.filter(notice_id=notice.id)}
    assert attempts == {"wechat": ("delivered", "chat_reply"), "sms": ("pending", "")}
    await office.invitations.leave(invitation.id, invitation.expert_id, "出差", by="chat")
    assert (await Notice.get(kind="leave_confirmed")).state == "done"


async def test_words_of_others_never_become_links_on_the_way_out(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    account = await make_account(office.deps)
    await make_identity(account)
    await office.notices.notify(
        pool="demo",
        kind="urging",
        dedupe_key="urging:1",
        account_id=account.id,
        params={
            "gathering": "08:30",
            "gathering_spoken": "八点半",
            "place": "天河区www.evil.cn",
            "contact_phone": "weixin://x",
        },
    )
    vendors.window = 1
    await delivery.deliver_due()
    text = next(text for channel, text in vendors.sent if channel == "text")
    assert "天河区www．evil．cn" in text
    assert "weixin：／／x" in text


# ---- our own side is wrong


async def test_a_held_attempt_is_made_when_our_side_is_right_and_meanwhile_the_ladder_goes_on(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    vendors.errors = [NeedsOperator("40037"), Transient("busy", retry_after=1)]
    await notify_account(office)
    await delivery.deliver_due()
    assert await states() == [("wechat", "pending", "operator:40037"), ("sms", "pending", "busy")]
    clock.move(timedelta(hours=1))
    await delivery.deliver_due()
    assert [channel for channel, _ in vendors.sent].count("template") == 2
    assert await states() == [("wechat", "sent", ""), ("sms", "sent", "")]


async def test_a_held_attempt_fails_after_a_day(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    await notify_account(office, bound=False)
    pauses = 0
    while not pauses or (await Attempt.get(channel="sms")).state == "pending":
        vendors.errors = [NeedsOperator("isv.AMOUNT_NOT_ENOUGH")]
        await delivery.deliver_due()
        clock.move(timedelta(hours=1))
        pauses += 1
    assert pauses == 24
    assert (await states())[-1] == ("sms", "failed", "operator:isv.AMOUNT_NOT_ENOUGH")
    assert (await Notice.get()).state == "failed"


async def test_an_outage_does_not_end_what_was_held(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    """Its tries were used up while it was held."""
    await notify_account(office, bound=False)
    for error in [*[NeedsOperator("isv.OUT_OF_SERVICE")] * 6, Transient("not reached")]:
        vendors.errors = [error]
        await delivery.deliver_due()
        clock.move(timedelta(hours=1))
    await delivery.deliver_due()
    assert (await states())[-1] == ("sms", "sent", "")


async def test_a_code_is_not_sent_when_it_is_no_longer_valid(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    async with transaction():
        await office.notices.notify(
            pool="demo",
            kind="verification_code",
            dedupe_key="code",
            params={"minutes": 10},
            mobile="13800001234",
            secret="196017",
        )
    vendors.errors = [NeedsOperator("SignatureDoesNotMatch") for _ in range(9)]
    for _ in range(9):
        await delivery.deliver_due()
        clock.move(office.deps.book("demo").login.code_valid / 4)
    assert (await states())[-1] == ("sms", "failed", "operator:SignatureDoesNotMatch")
    assert len(vendors.sent) < 5
