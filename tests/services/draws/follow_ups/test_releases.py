"""Releasing a panel: the request, its verification, the calls, and the notices."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock, local
from domain.draws.lifecycles import VerificationState
from domain.errors import Conflict, InvalidInput, OutcomeUnknown, Rejected, RuleViolation, Transient
from domain.rulebook.notice_texts import time_params
from models.draws import Draw, DrawApplication, DrawLot
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Deps
from services.draws.setup.attachments import DrawAttachments
from services.files import SealedFiles
from services.notifications import Delivery
from services.operations import DeliveryReports
from services.ports import CallReport
from tests.factories.files import MemoryFiles, QuickChecker, pdf
from tests.factories.offices import Office, add_experts, check_record, make_office, open_invitations, start_draw
from tests.factories.vendors import Vendors, make_delivery, make_reports
from tests.services.notifications.test_delivery import report_call

ANSWERED, UNANSWERED = "200000", "200003"
NOT_RELEASABLE = ["drawing", "ended"]


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
def delivery(deps: Deps, vendors: Vendors, office: Office) -> Delivery:
    return make_delivery(deps, office, vendors, {"sms": 5, "voice": 12})


@pytest.fixture
def reports(deps: Deps, vendors: Vendors, office: Office) -> DeliveryReports:
    return make_reports(deps, office, vendors)


async def panel(office: Office, needed: int = 2) -> UUID:
    """A complete panel whose evaluation begins in six hours."""
    await add_experts(office, needed + 1)
    draw_id = await start_draw(office, needed=needed)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    return draw_id


async def attach_proof(office: Office, draw_id: UUID) -> None:
    files = DrawAttachments(office.deps, SealedFiles(MemoryFiles(), office.deps.keys), office.access, QuickChecker())
    await files.attach(office.agency, draw_id, "退选申请表.pdf", pdf(), "release")


async def submit_request(office: Office, draw_id: UUID) -> UUID:
    await attach_proof(office, draw_id)
    return await office.releases.submit(office.agency, draw_id, "招标失败", "投标人不足三家")


async def release_panel(office: Office, draw_id: UUID) -> None:
    await office.verification.approve(office.verifier, await submit_request(office, draw_id))
    await office.releases.start(office.agency, draw_id)


async def deliver_call(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock, status: str
) -> None:
    """Make every due call, with this outcome."""
    await delivery.deliver_due()
    for attempt in await Attempt.filter(channel="voice", state="sent"):
        await report_call(
            reports, vendors, CallReport(attempt.vendor_id, attempt.out_id, True, status, "", clock.now())
        )
    await delivery.deliver_due()


async def test_a_request_moves_nothing_and_what_is_released_is_over(office: Office) -> None:
    draw_id = await panel(office)
    application = await submit_request(office, draw_id)
    assert (await Draw.get(id=draw_id)).state == "completed"
    [shown] = (await office.verification_queries.search(office.verifier, "submitted")).items
    assert (shown.kind, shown.reason) == ("release", "招标失败：投标人不足三家")
    with pytest.raises(Conflict, match="通过核验后"):
        await office.releases.start(office.agency, draw_id)
    await office.verification.approve(office.verifier, application)
    assert (await Draw.get(id=draw_id)).state == "completed"

    await office.releases.start(office.agency, draw_id)
    assert (await Draw.get(id=draw_id)).state == "released"
    assert set(await Invitation.filter(draw_id=draw_id).values_list("state", flat=True)) == {"released"}
    assert not await DrawLot.exists(draw_id=draw_id, live=True)
    assert await Notice.filter(kind="draw_released").count() == 2
    await check_record(office, draw_id, "discard", "discard")
    with pytest.raises(Conflict):
        await office.releases.start(office.agency, draw_id)
    assert await Notice.filter(kind="draw_released").count() == 2


async def test_what_was_still_to_be_sent_about_the_place_is_not_sent_any_more(office: Office) -> None:
    draw_id = await panel(office, 1)
    [invitation] = await Invitation.filter(draw_id=draw_id, state="accepted")
    params = {**time_params(invitation.gathering_at), "old_gathering": "11月20日(周五) 14:30", "place": "评标室"}
    await office.notices.notify(
        pool="demo",
        kind="gathering_changed",
        dedupe_key="moved",
        params=params,
        expert_id=invitation.expert_id,
        invitation_id=invitation.id,
    )
    await release_panel(office, draw_id)
    assert (await Notice.get(kind="gathering_changed")).state == "stopped"


async def test_a_request_can_be_withdrawn_refused_and_made_again(office: Office) -> None:
    draw_id = await panel(office)
    first = await submit_request(office, draw_id)
    with pytest.raises(Conflict, match="正在等待核验"):
        await submit_request(office, draw_id)
    await office.releases.withdraw(office.agency, draw_id)
    with pytest.raises(Conflict):
        await office.verification.approve(office.verifier, first)
    second = await submit_request(office, draw_id)
    await office.verification.refuse(office.verifier, second, "请补充证明")
    await submit_request(office, draw_id)
    states = await DrawApplication.filter(kind="release").order_by("submitted_at").values_list("state", flat=True)
    assert states == ["withdrawn", "refused", "submitted"]


async def test_cause_and_proof_are_needed(office: Office) -> None:
    draw_id = await panel(office)
    with pytest.raises(InvalidInput, match="证明材料"):
        await office.releases.submit(office.agency, draw_id, "招标失败", "")
    await attach_proof(office, draw_id)
    with pytest.raises(InvalidInput, match="退选原因"):
        await office.releases.submit(office.agency, draw_id, "想换一批专家", "")


async def test_five_hours_before_the_evaluation_it_is_too_late(office: Office, clock: FixedClock) -> None:
    draw_id = await panel(office)
    starts = (await Draw.get(id=draw_id)).starts_at
    waiting = await submit_request(office, draw_id)
    clock.move(starts - timedelta(hours=5) - clock.now())
    assert await office.releases.refuse_overdue() == 0, "to the minute it is in time, and not due"
    clock.move(timedelta(seconds=1))
    with pytest.raises(RuleViolation):
        await office.verification.approve(office.verifier, waiting)
    assert await office.releases.refuse_overdue() == 1
    assert (await DrawApplication.get(id=waiting)).state == "refused"
    with pytest.raises(RuleViolation):
        await office.releases.submit(office.agency, draw_id, "招标失败", "")


async def test_the_clock_may_pass_the_limit_between_approval_and_start(office: Office, clock: FixedClock) -> None:
    draw_id = await panel(office)
    await office.verification.approve(office.verifier, await submit_request(office, draw_id))
    assert (await office.release_queries.view(office.agency, draw_id)).may_start
    assert [(task.draw_id, task.unreached) for task in await office.release_queries.tasks(office.agency)] == [
        (draw_id, 0)
    ]
    clock.move((await Draw.get(id=draw_id)).starts_at - timedelta(hours=4) - clock.now())
    assert await office.release_queries.tasks(office.agency) == []
    assert not (await office.release_queries.view(office.agency, draw_id)).may_start
    with pytest.raises(RuleViolation):
        await office.releases.start(office.agency, draw_id)
    assert (await Draw.get(id=draw_id)).state == "completed"


async def news_of(office: Office) -> list[str]:
    notices = await Notice.filter(kind="agency_news", account_id=office.agency.account_id).order_by("created_at", "id")
    return [notice.params["what"] for notice in notices]


async def test_the_agency_is_reminded_of_an_approved_release_not_begun_and_of_its_end(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await panel(office)
    starts_at = local(clock.now()).replace(hour=9, minute=0) + timedelta(days=1)
    await Draw.filter(id=draw_id).update(starts_at=starts_at, ends_at=starts_at + timedelta(hours=6))
    await Invitation.filter(draw_id=draw_id).update(gathering_at=starts_at)
    await office.verification.approve(office.verifier, await submit_request(office, draw_id))
    clock.set(starts_at - timedelta(hours=6, minutes=1))
    await office.releases.remind_due()
    assert await news_of(office) == ["退选核验通过，请启动退选"]
    clock.move(timedelta(minutes=1))
    for _ in range(2):
        await office.releases.remind_due()
        await delivery.deliver_due()
    assert (await news_of(office))[1:] == ["请于22日04:00前启动退选"]
    reminder = await Notice.filter(kind="agency_news").order_by("-created_at", "-id").first()
    assert reminder is not None
    first = await Attempt.filter(notice_id=reminder.id).order_by("step").first()
    assert first is not None
    assert first.due_at == clock.now(), "not after the deadline, though it is night"
    clock.move(timedelta(hours=1, seconds=1))
    for _ in range(2):
        await office.releases.remind_due()
    assert (await news_of(office))[2:] == ["退选已逾期，请联系核验人员终止"]
    heard = Notice.filter(account_id=office.supervisor.account_id, kind="draw_news").order_by("-created_at", "-id")
    words = [notice.params["what"] for notice in await heard.limit(2)]
    assert words == ["退选逾期未启动，活动照常进行", "退选核验通过，等待启动"]


async def test_a_release_that_was_begun_or_approved_at_the_last_minute_brings_no_reminder(
    office: Office, clock: FixedClock
) -> None:
    begun = await panel(office)
    await release_panel(office, begun)
    until = (await Draw.get(id=begun)).starts_at - timedelta(hours=5)
    clock.set(until - timedelta(minutes=30))
    await office.releases.remind_due()
    await DrawLot.filter(draw_id=begun).delete()
    late = await panel(office)
    clock.set((await Draw.get(id=late)).starts_at - timedelta(hours=5, minutes=30))
    await office.verification.approve(office.verifier, await submit_request(office, late))
    await office.releases.remind_due()
    assert await news_of(office) == ["退选核验通过，请启动退选"] * 2


async def test_who_answers_the_call_gets_the_message_and_knows(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await panel(office, 1)
    await release_panel(office, draw_id)
    [before] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (before.voice_label, before.confirmed, before.mobile[3:7]) == ("通知中", False, "****")
    await deliver_call(office, delivery, reports, vendors, clock, ANSWERED)
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.calls, row.voice_label, row.texted, row.confirmed) == (1, "已送达", True, True)
    with pytest.raises(Conflict, match="已送达"):
        await office.releases.confirm(office.agency, draw_id, row.invitation_id, "已告知")


async def test_who_opened_the_notice_is_called_no_more_and_knows(office: Office, delivery: Delivery) -> None:
    draw_id = await panel(office, 1)
    await release_panel(office, draw_id)
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    invitation = await Invitation.get(id=row.invitation_id)
    await office.openings.record(invitation.expert_id, [invitation.id])
    await office.releases.send_sms_to_unreached()
    await delivery.deliver_due()
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.calls, row.voice_label, row.texted, row.confirmed) == (0, "本人已打开通知", True, True)
    assert "退选语音未送达" not in "".join(await news_of(office))
    with pytest.raises(Conflict, match="本人已打开通知"):
        await office.releases.confirm(office.agency, draw_id, row.invitation_id, "已告知")


async def release_by_night(office: Office, clock: FixedClock, gathers_after: timedelta, experts: int = 1) -> UUID:
    """A panel that was released at 22:00 and gathers so much later."""
    clock.set(local(clock.now()).replace(hour=22, minute=0))
    draw_id = await panel(office, experts)
    at = clock.now() + gathers_after
    await Invitation.filter(draw_id=draw_id).update(gathering_at=at)
    await Draw.filter(id=draw_id).update(starts_at=at + timedelta(minutes=30), ends_at=at + timedelta(hours=6))
    await release_panel(office, draw_id)
    return draw_id


async def test_by_night_the_calls_wait_for_the_morning_and_the_table_says_so(office: Office, clock: FixedClock) -> None:
    draw_id = await release_by_night(office, clock, timedelta(hours=18))
    view = await office.release_queries.view(office.agency, draw_id)
    [row] = view.panel
    assert row.next_call is not None
    assert (f"{local(row.next_call):%H:%M}", row.voice_label, row.sms_label) == ("08:00", "通知中", "未发送")
    assert (row.next_call > clock.now(), view.hours) == (True, "08:00-21:00")


async def test_who_gathers_early_in_the_morning_is_called_by_night(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await release_by_night(office, clock, timedelta(hours=9, minutes=30), experts=2)
    await delivery.deliver_due()
    answering, silent = await Attempt.filter(channel="voice", notice__kind="draw_released").order_by("id")
    assert (answering.state, silent.state) == ("sent", "sent")
    report = CallReport(answering.vendor_id, answering.out_id, True, ANSWERED, "", clock.now())
    await report_call(reports, vendors, report)
    for _ in range(3):
        await deliver_call(office, delivery, reports, vendors, clock, UNANSWERED)
        clock.move(timedelta(minutes=6))
        await office.notices.climb_due()
    await office.releases.send_sms_to_unreached()
    await delivery.deliver_due()
    shown = (await office.release_queries.view(office.agency, draw_id)).panel
    assert sorted((row.calls, row.voice_label, row.texted, row.by_hand) for row in shown) == [
        (1, "已送达", True, False),
        (3, "未送达", True, True),
    ]
    assert local(clock.now()).hour == 22, "long before they set out"


async def test_tries_that_would_fall_into_the_night_are_not_put_off_beyond_the_gathering(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    clock.set(local(clock.now()).replace(hour=20, minute=54))
    draw_id = await panel(office, 1)
    at = local(clock.now()).replace(hour=7, minute=30) + timedelta(days=1)
    await Invitation.filter(draw_id=draw_id).update(gathering_at=at)
    await Draw.filter(id=draw_id).update(starts_at=at, ends_at=at + timedelta(hours=6))
    await release_panel(office, draw_id)
    for _ in range(3):
        await deliver_call(office, delivery, reports, vendors, clock, UNANSWERED)
        clock.move(timedelta(minutes=6))
        await office.notices.climb_due()
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.calls, row.voice_label, row.by_hand) == (3, "未送达", True)


async def test_who_is_called_late_reads_of_it_at_once_and_a_person_may_tell_him(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await release_by_night(office, clock, timedelta(hours=12, minutes=30))
    await delivery.deliver_due()
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.calls, row.voice_label, row.texted, row.by_hand) == (0, "通知中", True, True)
    await office.releases.confirm(office.agency, draw_id, row.invitation_id, "已电话告知本人")
    clock.move(timedelta(hours=11))
    await office.notices.climb_due()
    await delivery.deliver_due()
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.calls, row.confirmed, row.next_call, row.by_hand) == (0, True, None, False)
    assert ("voice", "draw_released") not in vendors.sent


async def test_the_agency_hears_of_whom_no_call_reached_though_the_message_went_out_before(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await release_by_night(office, clock, timedelta(hours=12, minutes=30))
    clock.move(timedelta(hours=10))
    for _ in range(3):
        await deliver_call(office, delivery, reports, vendors, clock, UNANSWERED)
        clock.move(timedelta(minutes=6))
        await office.notices.climb_due()
    assert [await office.releases.send_sms_to_unreached() for _ in range(2)] == [1, 0]
    news = await Notice.filter(kind="agency_news").order_by("created_at", "id").values_list("params", flat=True)
    assert [news_item["what"] for news_item in news][1:] == ["有专家未接退选电话，请人工确认"], (news, draw_id)


async def test_after_three_unanswered_calls_a_person_reaches_the_expert(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await panel(office, 1)
    await release_panel(office, draw_id)
    for number in range(1, 4):
        await deliver_call(office, delivery, reports, vendors, clock, UNANSWERED)
        [row] = (await office.release_queries.view(office.agency, draw_id)).panel
        assert (row.calls, row.voice_label) == (number, "通知中" if number < 3 else "未送达")
        clock.move(timedelta(minutes=6))
        await office.notices.climb_due()
    assert row.sms_label == "未发送"
    assert [await office.releases.send_sms_to_unreached() for _ in range(2)] == [1, 0], "written to all the same"
    news = await Notice.filter(kind="agency_news").order_by("created_at", "id").values_list("params", flat=True)
    assert [news_item["what"] for news_item in news][1:] == ["有专家未接退选电话，请人工确认"], news
    assert [(task.draw_id, task.unreached) for task in await office.release_queries.tasks(office.agency)] == [
        (draw_id, 1)
    ]
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert row.sms_label == "待发送"
    await Attempt.filter(notice__kind="draw_release_text").update(state="failed")
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.sms_label, row.texted, row.by_hand) == ("发送失败", False, True)
    await Attempt.filter(notice__kind="draw_release_text").update(state="delivered")
    with pytest.raises(InvalidInput):
        await office.releases.confirm(office.agency, draw_id, row.invitation_id, " ")
    await office.releases.confirm(office.agency, draw_id, row.invitation_id, "已电话告知本人")
    await office.releases.confirm(office.agency, draw_id, row.invitation_id, "再点一次")
    assert await office.release_queries.tasks(office.agency) == []
    await delivery.deliver_due()
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.calls, row.texted, row.confirmed, row.words, row.by_hand) == (3, True, True, "已电话告知本人", False)


@pytest.mark.parametrize("state", NOT_RELEASABLE)
async def test_only_a_drawn_panel_that_has_not_met_is_released(office: Office, state: str) -> None:
    draw_id = await panel(office)
    await Draw.filter(id=draw_id).update(state=state)
    with pytest.raises(Conflict):
        await office.releases.submit(office.agency, draw_id, "招标失败", "")
    view = await office.release_queries.view(office.agency, draw_id)
    assert (view.may_apply, view.waiting, view.may_start) == (False, False, False)
    assert view.later == (state == "drawing")


async def test_the_agency_sees_the_state_of_the_release_request(office: Office) -> None:
    draw_id = await panel(office)
    application = await submit_request(office, draw_id)
    assert (await office.release_queries.view(office.agency, draw_id)).waiting
    await office.verification.refuse(office.verifier, application, "材料不全")
    [shown] = (await office.release_queries.view(office.agency, draw_id)).applications
    assert (shown.state, shown.opinion) == (VerificationState.REFUSED, "材料不全")
    assert await Notice.filter(kind="agency_news").count() == 1


async def run_hour_of_calls(office: Office, delivery: Delivery, reports: DeliveryReports, clock: FixedClock) -> None:
    """An hour of waiting, asking the vendor and trying again."""
    for _ in range(20):
        await delivery.deliver_due()
        clock.move(timedelta(minutes=3))
        await reports.check_due()
        await office.notices.climb_due()


async def test_a_release_call_cut_off_is_not_dialled_again_nor_its_expert_forgotten(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await panel(office, 1)
    await release_panel(office, draw_id)
    before = vendors.sent.count(("voice", "draw_released"))
    vendors.errors = [OutcomeUnknown("cut off")]
    await run_hour_of_calls(office, delivery, reports, clock)
    assert (before, vendors.sent.count(("voice", "draw_released"))) == (0, 1)
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.voice_label, row.texted, row.by_hand) == ("未送达", False, True)


async def test_with_the_phone_network_down_every_expert_is_left_to_a_person(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await panel(office, 2)
    await release_panel(office, draw_id)
    vendors.errors = [Rejected("down") for _ in range(40)]
    await run_hour_of_calls(office, delivery, reports, clock)
    shown = (await office.release_queries.view(office.agency, draw_id)).panel
    assert [(row.voice_label, row.confirmed, row.by_hand) for row in shown] == [("未送达", False, True)] * 2
    assert vendors.sent.count(("voice", "draw_released")) == 6, "three tries each"


async def test_when_the_phone_network_is_back_the_waiting_calls_are_made(
    office: Office, delivery: Delivery, reports: DeliveryReports, vendors: Vendors, clock: FixedClock
) -> None:
    draw_id = await panel(office, 1)
    await release_panel(office, draw_id)
    vendors.errors = [Transient("down") for _ in range(40)]
    await delivery.deliver_due()
    [waiting] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (waiting.calls, waiting.voice_label, waiting.by_hand) == (0, "通知中", False)
    vendors.errors = []
    clock.move(timedelta(minutes=10))
    await deliver_call(office, delivery, reports, vendors, clock, ANSWERED)
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    assert (row.calls, row.voice_label, row.texted, row.confirmed) == (1, "已送达", True, True)
