"""An answer pressed in time counts even if the vendor reports it late; an answer pressed too late gets a notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from models.audit import AuditEntry
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Deps, rows
from services.operations import DeliveryReports
from services.ports import CallReport
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.vendors import Vendors, make_delivery, make_reports
from tests.invariants import check_invariants
from tests.services.notifications.test_delivery import report_call

Report = Callable[[Attempt, str], Awaitable[None]]
"""The vendor reports which keys were pressed in a call."""
TO_THE_LAST_RUNG = timedelta(seconds=41)
TO_THE_END = timedelta(minutes=3)
"""Of the time to answer, in the demo pool."""


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
def reports(office: Office, deps: Deps, vendors: Vendors) -> DeliveryReports:
    return make_reports(deps, office, vendors)


@pytest.fixture
async def called(office: Office, deps: Deps, clock: FixedClock, vendors: Vendors) -> tuple[Invitation, Attempt]:
    """An expert who was called by phone, and the call, whose outcome no one knows yet."""
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    clock.move(TO_THE_LAST_RUNG)
    for notice in await Notice.filter(kind="draw_call", state="active"):
        await office.notices.advance(notice.id)
    delivery = make_delivery(deps, office, vendors)
    await delivery.deliver_due()
    return invitation, await Attempt.get(notice__invitation_id=invitation.id, channel="voice")


@pytest.fixture
def report(reports: DeliveryReports, vendors: Vendors, clock: FixedClock) -> Report:
    async def push_keys(call: Attempt, keys: str) -> None:
        await report_call(reports, vendors, CallReport(call.vendor_id, call.out_id, True, "200000", keys, clock.now()))

    return push_keys


async def test_a_key_pressed_in_time_counts_although_its_report_comes_late(
    office: Office, report: Report, called: tuple[Invitation, Attempt], clock: FixedClock
) -> None:
    invitation, call = called
    clock.move(TO_THE_END)
    assert await office.invitations.expire_due() == 0
    await report(call, "11")
    await invitation.refresh_from_db()
    assert (invitation.state, invitation.answered_by) == ("accepted", "voice")
    await check_invariants()


async def test_a_call_without_keys_ends_the_waiting_at_once(
    office: Office, report: Report, called: tuple[Invitation, Attempt], clock: FixedClock
) -> None:
    invitation, call = called
    clock.move(TO_THE_END)
    await report(call, "")
    assert await office.invitations.expire_due() == 1
    await invitation.refresh_from_db()
    assert invitation.state == "silent"
    assert await Notice.filter(kind="draw_unclear").count() == 1


async def test_an_unreported_call_ends_and_the_expert_is_notified_once_that_the_keys_do_not_count(
    office: Office, report: Report, called: tuple[Invitation, Attempt], clock: FixedClock
) -> None:
    invitation, call = called
    clock.move(TO_THE_END + timedelta(seconds=91))
    assert await office.invitations.expire_due() == 1
    assert not await Notice.exists(kind="draw_unclear")
    await report(call, "11")
    await report(call, "1")
    await invitation.refresh_from_db()
    assert invitation.state == "silent"
    assert await Notice.filter(kind="draw_unclear", invitation_id=invitation.id).count() == 1
    await check_invariants()


async def count_deferred() -> int:
    """How often an SMS about an unconfirmed choice was asked for."""
    query = "SELECT count(*)::int AS n FROM procrastinate_jobs WHERE task_name = 'invitations.notify_unconfirmed'"
    return int((await rows(query))[0]["n"])


async def test_who_chose_and_hung_up_gets_an_sms_with_the_link_while_there_is_time(
    office: Office, deps: Deps, report: Report, called: tuple[Invitation, Attempt], vendors: Vendors
) -> None:
    invitation, call = called
    await report(call, "31")
    assert await count_deferred() == 1
    for _ in range(2):
        await office.invitations.notify_unconfirmed(invitation.id)
    notice = await Notice.get(kind="draw_unconfirmed", invitation_id=invitation.id)
    delivery = make_delivery(deps, office, vendors)
    await delivery.deliver_due()
    assert await Attempt.filter(notice_id=notice.id, channel="sms", state="sent").count() == 1
    assert await Invitation.filter(id=invitation.id, state="open").exists()


@pytest.mark.parametrize("keys", ["", "3", "11"])
async def test_who_chose_nothing_or_confirmed_gets_no_such_sms(
    report: Report, called: tuple[Invitation, Attempt], keys: str
) -> None:
    await report(called[1], keys)
    assert await count_deferred() == 0


async def test_after_the_deadline_no_request_to_confirm_is_sent(
    office: Office, report: Report, called: tuple[Invitation, Attempt], clock: FixedClock
) -> None:
    invitation, call = called
    await report(call, "1")
    clock.move(TO_THE_END)
    await office.invitations.notify_unconfirmed(invitation.id)
    assert not await Notice.exists(kind="draw_unconfirmed")
    await office.invitations.expire_due()
    assert await Notice.filter(kind="draw_unclear", invitation_id=invitation.id).count() == 1


async def test_an_expert_invited_on_wechat_is_notified_when_the_invitation_lapses(
    office: Office, called: tuple[Invitation, Attempt], report: Report, clock: FixedClock
) -> None:
    invitation, _ = called
    await Attempt.filter(notice__invitation_id=invitation.id, channel="wechat").update(state="delivered")
    await Attempt.filter(notice__invitation_id=invitation.id, channel="voice").update(state="failed", check_at=None)
    clock.move(TO_THE_END)
    await office.invitations.expire_due()
    assert await Notice.filter(kind="draw_lapsed", invitation_id=invitation.id).count() == 1
    assert not await Notice.exists(kind="draw_unclear")


@pytest.mark.parametrize("opened", [True, False])
async def test_an_expert_with_an_sms_only_is_notified_of_the_lapse_if_its_page_was_opened(
    office: Office, called: tuple[Invitation, Attempt], clock: FixedClock, *, opened: bool
) -> None:
    invitation, _ = called
    await Attempt.filter(notice__invitation_id=invitation.id).update(state="failed", check_at=None)
    await Attempt.filter(notice__invitation_id=invitation.id, channel="sms").update(state="delivered")
    for _ in range(2 if opened else 0):
        await office.invitations.note_opened(invitation.id, invitation.expert_id, "demo")
    assert await AuditEntry.filter(action="invitation.opened").count() == opened
    clock.move(TO_THE_END)
    await office.invitations.expire_due()
    assert await Notice.filter(kind="draw_unclear", invitation_id=invitation.id).count() == opened
    assert not await Notice.exists(kind="draw_lapsed")


async def test_an_expert_with_an_open_call_is_notified_when_the_activity_is_terminated(
    office: Office, called: tuple[Invitation, Attempt]
) -> None:
    invitation, _ = called
    await Attempt.filter(notice__invitation_id=invitation.id, channel="wechat").update(state="delivered")
    await office.activity_end.terminate(office.verifier, invitation.draw_id, "replanned", "改期")
    assert await Notice.filter(kind="draw_lapsed", invitation_id=invitation.id).count() == 1
