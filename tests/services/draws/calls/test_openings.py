"""Notices that go on until the expert opens them: what counts as opened, and what follows if he doesn't."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import NotFound
from models.attendance import Attendance
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Actor, Deps
from services.notifications import Delivery
from services.notifications.history import NoticeHistory
from tests.factories.assembly import composed
from tests.factories.moved_invitations import move_gathering
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.people import make_account, make_identity
from tests.factories.vendors import Vendors, make_delivery

BEFORE_THE_FIRST_REMINDER = timedelta(hours=3, minutes=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
def delivery(deps: Deps, vendors: Vendors, office: Office) -> Delivery:
    return make_delivery(deps, office, vendors)


@pytest.fixture
async def invitation(office: Office) -> Invitation:
    """Accepted, by an expert whom the official account reaches."""
    for expert in await add_experts(office, 2):
        account = await make_account(office.deps)
        await make_identity(account)
        expert.account_id = account.id
        await expert.save()
    [invitation] = await open_invitations(await start_draw(office, needed=1))
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await Notice.all().update(state="done", next_at=None)
    await Attempt.all().update(state="failed")
    return await Invitation.get(id=invitation.id)


async def remind(office: Office, delivery: Delivery, clock: FixedClock) -> Notice:
    """The reminder is written, and its card is delivered."""
    clock.move(BEFORE_THE_FIRST_REMINDER)
    await office.invitations.remind_due()
    return await deliver(office, delivery, "check_in_reminder")


async def deliver(office: Office, delivery: Delivery, kind: str) -> Notice:
    """What is due is sent; cards are reported as delivered."""
    await office.notices.climb_due()
    await delivery.deliver_due()
    await Attempt.filter(channel="wechat", state="sent").update(state="delivered")
    notices = await Notice.filter(kind=kind).order_by("-created_at")
    for notice in notices[:1]:
        await office.notices.advance(notice.id)
    return await Notice.get(id=notices[0].id)


async def channels(notice: Notice) -> list[str]:
    return [a.channel for a in await Attempt.filter(notice_id=notice.id).order_by("number") if a.state != "failed"]


async def test_an_unopened_reminder_goes_on_by_sms(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    notice = await remind(office, delivery, clock)
    assert (notice.state, await channels(notice)) == ("active", ["wechat"])
    clock.move(10 * MINUTE)
    notice = await deliver(office, delivery, "check_in_reminder")
    assert await channels(notice) == ["wechat", "sms"]


async def test_whoever_opened_it_gets_nothing_more(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    notice = await remind(office, delivery, clock)
    await office.openings.record(invitation.expert_id, [invitation.id])
    clock.move(10 * MINUTE)
    notice = await deliver(office, delivery, "check_in_reminder")
    assert (notice.state, await channels(notice)) == ("done", ["wechat"])
    opened_at = notice.opened_at
    await office.openings.record(invitation.expert_id, [invitation.id])
    assert (await Notice.get(id=notice.id)).opened_at == opened_at, "the first time counts"


async def test_opening_another_notice_s_page_beforehand_spares_no_later_one(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    await office.openings.record(invitation.expert_id, [invitation.id])
    notice = await remind(office, delivery, clock)
    assert (notice.state, notice.opened_at) == ("active", None)


async def test_nobody_opens_what_another_was_sent(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    notice = await remind(office, delivery, clock)
    [other] = [expert.id for expert in office.experts if expert.id != invitation.expert_id]
    with pytest.raises(NotFound):
        await office.openings.record(other, [invitation.id])
    assert (await Notice.get(id=notice.id)).opened_at is None


async def test_who_has_entered_is_reminded_no_more(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    notice = await remind(office, delivery, clock)
    clock.set(invitation.gathering_at - 30 * MINUTE)
    await office.attendance.check_in_by_code(office.venue, invitation.draw_id, invitation.code)
    assert await Attendance.exists()
    assert (await Notice.get(id=notice.id)).state == "stopped"


async def test_after_the_gathering_a_reminder_goes_on_no_more(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    notice = await remind(office, delivery, clock)
    clock.set(invitation.gathering_at)
    await office.notices.climb_due()
    await delivery.deliver_due()
    notice = await Notice.get(id=notice.id)
    assert (notice.state, await channels(notice)) == ("done", ["wechat"])


async def test_a_moved_gathering_is_told_by_telephone_to_whom_opened_neither_message(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    await move_gathering(office, invitation, invitation.gathering_at + timedelta(hours=1))
    notice = await deliver(office, delivery, "gathering_changed")
    assert await channels(notice) == ["wechat", "sms"]
    clock.move(10 * MINUTE)
    notice = await deliver(office, delivery, "gathering_changed")
    assert await channels(notice) == ["wechat", "sms", "voice"]
    await office.openings.record(invitation.expert_id, [invitation.id])
    assert (await Notice.get(id=notice.id)).state == "done"


async def test_calls_about_one_matter_are_limited_a_day_and_first_messages_are_not(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock, invitation: Invitation
) -> None:
    """The attack: the gathering moves again and again, and each move rings the telephone."""
    most = office.deps.book("demo").ladder["gathering_changed"].day_max
    for number in range(1, 6):
        await move_gathering(office, invitation, invitation.gathering_at + number * MINUTE)
        await deliver(office, delivery, "gathering_changed")
        clock.move(10 * MINUTE)
        await deliver(office, delivery, "gathering_changed")
    sent = [(channel, kind) for channel, kind in vendors.sent if kind == "gathering_changed"]
    assert sent.count(("template", "gathering_changed")) == sent.count(("sms", "gathering_changed")) == 5
    assert most == 4
    assert sent.count(("voice", "gathering_changed")) == 2, "two moves: two messages and two calls"
    assert await Attempt.filter(vendor_code="day_budget").count() == 3


async def test_the_person_reads_that_it_was_opened(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation
) -> None:
    await remind(office, delivery, clock)
    [expert] = [expert for expert in office.experts if expert.id == invitation.expert_id]
    reader = Actor("demo", "guest", expert.account_id)
    [before, *_] = (await composed(NoticeHistory, office.deps).notices_of(reader)).items
    await office.openings.record(invitation.expert_id, [invitation.id])
    [after, *_] = (await composed(NoticeHistory, office.deps).notices_of(reader)).items
    assert (before.state_label, after.state, after.state_label) == ("已送达", "opened", "已打开")


async def test_a_call_that_waits_for_the_morning_is_not_made_after_the_gathering(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock, invitation: Invitation
) -> None:
    notice = await remind(office, delivery, clock)
    clock.set(invitation.gathering_at - MINUTE)
    await office.notices.climb_due()
    clock.set(invitation.gathering_at)
    await delivery.deliver_due()
    assert [channel for channel, kind in vendors.sent if kind == "check_in_reminder"] == ["template"]
    [sms] = await Attempt.filter(notice_id=notice.id, channel="sms")
    assert (sms.state, sms.vendor_code) == ("failed", "too_late")


async def live_until_the_gathering(
    office: Office, delivery: Delivery, clock: FixedClock, invitation: Invitation, *, opens: bool
) -> None:
    """In steps of five minutes; a diligent reader opens each message after two."""
    while clock.now() < invitation.gathering_at:
        await office.invitations.remind_due()
        for notice in await Notice.filter(state="active"):
            await deliver(office, delivery, notice.kind)
        await Attempt.filter(channel="voice", state="sent").update(state="failed")
        clock.move(2 * MINUTE)
        if opens:
            await office.openings.record(invitation.expert_id, [invitation.id])
        clock.move(3 * MINUTE)


def count_paid(vendors: Vendors, kinds: Sequence[str]) -> tuple[int, int]:
    sent = [channel for channel, kind in vendors.sent if kind in kinds]
    return sent.count("sms"), sent.count("voice")


@pytest.mark.parametrize(("opens", "sms"), [(True, 0), (False, 2)])
async def test_short_messages_of_an_ordinary_panel(
    office: Office,
    delivery: Delivery,
    vendors: Vendors,
    clock: FixedClock,
    invitation: Invitation,
    opens: bool,
    sms: int,
) -> None:
    """Besides the one with the code; docs/algorithms/ladder.md states these figures."""
    await live_until_the_gathering(office, delivery, clock, invitation, opens=opens)
    assert count_paid(vendors, ["check_in_reminder"]) == (sms, 0)


@pytest.mark.parametrize(("opens", "calls"), [(True, 0), (False, 1)])
async def test_calls_of_a_moved_gathering(
    office: Office,
    delivery: Delivery,
    vendors: Vendors,
    clock: FixedClock,
    invitation: Invitation,
    opens: bool,
    calls: int,
) -> None:
    await move_gathering(office, invitation, invitation.gathering_at + timedelta(hours=1))
    await live_until_the_gathering(office, delivery, clock, invitation, opens=opens)
    assert count_paid(vendors, ["gathering_changed"]) == (1, calls)


@pytest.mark.parametrize(("opens", "calls"), [(True, 0), (False, 2)])
async def test_calls_of_a_cancelled_evaluation(
    office: Office,
    delivery: Delivery,
    vendors: Vendors,
    clock: FixedClock,
    invitation: Invitation,
    opens: bool,
    calls: int,
) -> None:
    await office.activity_end.terminate(office.verifier, invitation.draw_id, "replanned", "改期另行抽取")
    await live_until_the_gathering(office, delivery, clock, invitation, opens=opens)
    assert count_paid(vendors, ["draw_cancelled"]) == (1, calls)
