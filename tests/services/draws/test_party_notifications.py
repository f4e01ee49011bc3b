"""Notices of a draw to agency, verifier, supervisor and venue, and their number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from domain.clock import SHANGHAI, FixedClock
from domain.rulebook.book import Rulebook
from domain.rulebook.types import parse_hours
from models.draws import Draw
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.organisations import Organisation
from services.core.base import Deps
from services.draws import DiscardForm
from services.draws.digests import Digests
from services.notifications.actions import ACTIONS
from tests.factories.offices import (
    SUPERVISOR_ENTRY,
    Office,
    add_experts,
    make_draw,
    make_office,
    make_supervisor,
    open_invitations,
    prove,
    start_draw,
    verify,
)
from tests.factories.people import make_account, make_grant
from tests.factories.vendors import Vendors, make_delivery

NEWS = ("draw_news", "agency_news", "venue_news", "draw_ended")


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def notices_of(account_id: UUID | None) -> list[str]:
    """Notices to one person, in order."""
    notices = await Notice.filter(account_id=account_id, kind__in=NEWS).order_by("created_at", "id")
    return [str(notice.params["what"]) for notice in notices]


async def accept_open(office: Office, draw_id: UUID, count: int = 99) -> None:
    for invitation in (await open_invitations(draw_id))[:count]:
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    await office.run.advance(draw_id)


async def make_staff(office: Office, role: str, scope: str = "") -> UUID:
    account = await make_account(office.deps)
    await make_grant(account, role, scope)
    return account.id


async def test_notices_go_to_the_parties_concerned_without_the_actor(office: Office) -> None:
    legal = await make_account(office.deps)
    await Organisation.filter(id=office.agency.organisation_id).update(legal_account_id=legal.id)
    here, elsewhere = await make_staff(office, "venue", "demo-hall"), await make_staff(office, "venue", "别处")
    verifier = await make_staff(office, "verifier")
    await add_experts(office, 4)
    draw_id = await start_draw(office, needed=2)
    await office.run.pause(office.agency, draw_id, "核对")
    await office.run.resume(office.agency, draw_id)
    await office.run.advance(draw_id)
    await accept_open(office, draw_id)
    begun = ["抽取已启动", "抽取已暂停", "抽取继续进行"]
    assert await notices_of(office.supervisor.account_id) == [*begun, "抽取完成，共2人"]
    assert await notices_of(legal.id) == begun, "the end has a message of its own"
    led = await Notice.filter(kind="draw_news", account_id=legal.id)
    assert {ACTIONS[notice.kind].path(notice.params) for notice in led} == {f"/agency/draws/{draw_id}"}
    led = await Notice.filter(kind="draw_news", account_id=office.supervisor.account_id)
    assert {ACTIONS[notice.kind].path(notice.params) for notice in led} == {f"/draws/{draw_id}"}
    assert await notices_of(office.agency.account_id) == [], "who did it knows"
    assert await notices_of(here) == ["抽取已启动", "抽取完成，共2人"]
    assert await notices_of(elsewhere) == await notices_of(verifier) == []


async def test_supervisor_venue_and_verifier_are_notified_of_a_short_and_a_forced_end(office: Office) -> None:
    verifier, venue = await make_staff(office, "verifier"), await make_staff(office, "venue", "demo-hall")
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    await accept_open(office, draw_id, 1)
    await office.run.force_end(office.agency, draw_id, "时间不够")
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "decline", by="voice")
    await office.run.advance(draw_id)
    told = ["抽取已强制结束", "专家不足，1/2人"]
    assert (await notices_of(office.supervisor.account_id))[-2:] == told
    assert (await notices_of(venue))[-2:] == told
    assert await notices_of(verifier) == told


async def test_supervisor_and_venue_are_notified_of_a_release_from_the_request_on(office: Office) -> None:
    legal = await make_account(office.deps)
    await Organisation.filter(id=office.agency.organisation_id).update(legal_account_id=legal.id)
    venue, verifier = await make_staff(office, "venue", "demo-hall"), await make_staff(office, "verifier")
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    await accept_open(office, draw_id)

    await prove(office, draw_id, "release_application")

    async def submit_request() -> UUID:
        return await office.releases.submit(office.agency, draw_id, "招标失败", "投标人不足三家")

    await submit_request()
    await office.releases.withdraw(office.agency, draw_id)
    await office.verification.refuse(office.verifier, await submit_request(), "材料不全")
    await office.verification.approve(office.verifier, await submit_request())
    await office.releases.start(office.agency, draw_id)
    request_text = "已申请退选，等待核验"
    told = [
        request_text,
        "退选申请已撤回",
        request_text,
        "退选申请未通过核验",
        request_text,
        "退选核验通过，等待启动",
        "活动已退选",
    ]
    assert (await notices_of(office.supervisor.account_id))[-len(told) :] == told
    assert (await notices_of(venue))[-len(told) :] == told
    assert await notices_of(verifier) == ["退选申请已撤回", "活动已退选"], "its requests come as verification_waiting"
    own = [text if "等待启动" not in text else "退选核验通过，请启动退选" for text in told]
    assert (await notices_of(legal.id))[-len(own) :] == own
    assert await notices_of(office.agency.account_id) == ["退选申请未通过核验", "退选核验通过，请启动退选"]


async def test_a_venue_without_wechat_is_written_to_of_what_it_prepares_for(office: Office, clock: FixedClock) -> None:
    venue = await make_staff(office, "venue", "demo-hall")
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    await accept_open(office, draw_id)
    delivery = make_delivery(office.deps, office, Vendors(), {"sms": 5})
    for _ in range(4):
        await delivery.deliver_due()
        clock.move(timedelta(minutes=1))
    texted = await Attempt.filter(notice__account_id=venue, channel="sms", sent_at__isnull=False).prefetch_related(
        "notice"
    )
    assert [attempt.notice.params["what"] for attempt in texted] == ["抽取完成，共2人"], "not that it has begun"


async def test_a_leave_a_registered_absence_and_a_moved_gathering_reach_the_venue(
    office: Office, clock: FixedClock
) -> None:
    venue = await make_staff(office, "venue", "demo-hall")
    await add_experts(office, 4)
    draw_id = await start_draw(office, needed=2)
    invitations = await open_invitations(draw_id)
    await accept_open(office, draw_id)
    await office.invitations.leave(invitations[0].id, invitations[0].expert_id, "生病", by="chat")
    notice_id = (await office.queries.detail(office.agency, draw_id)).parts.notices[0].id
    at = clock.now() + timedelta(hours=4)
    await office.gathering_times.change(office.agency, draw_id, notice_id, at)
    assert (await notices_of(venue))[2:] == ["专家请假，缺1人", "集合改到11月21日16:00"]
    clock.move(timedelta(hours=5, minutes=31))
    await office.discards.register(office.venue, draw_id, DiscardForm(invitations[1].code, "absence", "未到场"))
    assert (await notices_of(venue))[-1] == "专家缺席，缺2人"
    assert "专家缺席，缺2人" not in await notices_of(office.supervisor.account_id), "told when it was registered"
    told = [notice.params["cause"] for notice in await Notice.filter(kind="agency_leave").order_by("created_at")]
    assert told == ["请假", "缺席"]


async def test_no_message_names_an_expert_or_a_code(office: Office) -> None:
    await make_staff(office, "venue", "demo-hall")
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    invitations = await open_invitations(draw_id)
    await accept_open(office, draw_id)
    await office.invitations.leave(invitations[0].id, invitations[0].expert_id, "生病", by="chat")
    names = {expert.name for expert in await Expert.all()} | {invitation.code for invitation in invitations}
    told = await Notice.filter(expert_id=None)
    assert {"draw_news", "agency_full", "agency_leave"} <= {notice.kind for notice in told}
    values = [str(value) for notice in told for value in notice.params.values()]
    assert not [value for value in values if any(name in value for name in names)]


async def test_progress_is_notified_at_once_then_in_digests_and_the_end_separately(
    office: Office, clock: FixedClock
) -> None:
    every = office.deps.book("demo").draw.progress_every
    digests = Digests(office.deps, office.notices)
    await add_experts(office, 8)
    draw_id = await start_draw(office, needed=6)

    async def agreed_counts() -> list[int]:
        notices = await Notice.filter(kind="agency_agreed").order_by("created_at")
        return [int(notice.params["agreed"]) for notice in notices]

    await accept_open(office, draw_id, 4)
    await digests.notify_due()
    assert await agreed_counts() == [1]
    clock.move(every)
    assert await digests.notify_due() == 1
    assert await agreed_counts() == [1, 4]
    assert await digests.notify_due() == 0
    clock.move(every)
    await accept_open(office, draw_id)
    assert await agreed_counts() == [1, 4, 5]
    assert (await Draw.get(id=draw_id)).state == "completed"
    clock.move(every)
    assert await digests.notify_due() == 0
    assert await Notice.filter(kind="agency_full").exists()


async def test_an_application_that_is_withdrawn_or_given_up_no_longer_waits_for_its_verifier(office: Office) -> None:
    verifier = await make_staff(office, "verifier")
    terminal = office.deps.book("demo").draw.terminals[0]
    await office.activity_end.terminate(office.agency, await make_draw(office), "project_stopped", "不再招标")
    assert await notices_of(verifier) == [], "a draft was never shown to anybody"
    draw_id = await make_draw(office)
    await office.setup.submit(office.agency, draw_id, terminal, "请核验")
    await office.setup.withdraw(office.agency, draw_id)
    await office.activity_end.terminate(office.agency, draw_id, "project_stopped", "不再招标")
    assert await notices_of(verifier) == ["申请已撤回，无需核验", "活动已终止，无需核验"]


async def test_all_concerned_are_notified_of_a_change_of_supervisor(office: Office) -> None:
    verifier = await make_staff(office, "verifier")
    draw_id = await make_draw(office)
    mobiles = ["13500000701", "13500000702"]
    stays, comes = [await make_supervisor(office.deps, mobile, name="赵监督") for mobile in mobiles]
    await office.setup.change_supervisors(office.agency, draw_id, [SUPERVISOR_ENTRY, stays.id])
    assert not await Notice.exists(kind__startswith="supervisor"), "nobody has heard of a draft"
    await verify(office, draw_id)
    for _ in range(2):
        await office.setup.change_supervisors(office.agency, draw_id, [stays.id, comes.id])
    told = {
        notice.account_id or office.deps.keys.open_text(notice.mobile_sealed, "mobile"): (
            notice.kind,
            notice.params["what"],
        )
        for notice in await Notice.filter(kind__startswith="supervisor")
    }
    assert told == {
        verifier: ("supervisors_changed", "监督人已更换"),
        mobiles[0]: ("supervisors_changed", "监督人已更换"),
        mobiles[1]: ("supervisors_changed", "请您担任监督人"),
        office.supervisor.account_id: ("supervisor_removed", "您不再担任监督人"),
    }
    assert await Notice.filter(kind__startswith="supervisor").count() == 4, "the same again is no change"


async def test_agency_supervisor_and_venue_are_notified_of_the_end_once(office: Office, clock: FixedClock) -> None:
    venue = await make_staff(office, "venue")
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    await accept_open(office, draw_id)
    clock.move(timedelta(days=3))
    assert await office.activity_end.end_due() == 1
    assert await office.activity_end.end_due() == 0
    for account_id in (venue, office.supervisor.account_id, office.agency.account_id):
        assert (await notices_of(account_id)).count("活动已结束") == 1


async def test_the_venue_of_a_panel_that_met_is_asked_for_what_is_owed(office: Office, clock: FixedClock) -> None:
    venue = await make_staff(office, "venue")
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    await accept_open(office, draw_id)
    [invitation] = await Invitation.filter(draw_id=draw_id, state="accepted")
    clock.move(invitation.gathering_at - clock.now())
    await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    clock.move(timedelta(days=3))
    await office.activity_end.end_due()
    assert (await notices_of(venue))[-1] == "活动已结束，请提出专家酬劳"


def with_quiet_hours(monkeypatch: pytest.MonkeyPatch, office: Office, *kinds: str) -> None:
    """The demo pool with quiet hours, as in all real pools."""
    books = cast("dict[str, Rulebook]", office.deps.rulebooks)
    book, by_day = books["demo"], parse_hours("07:00-22:00")
    ladder: Mapping[str, Any] = {
        **book.ladder,
        **{
            kind: book.ladder[kind].model_copy(update={"hours": dict.fromkeys(("wechat", "mini", "sms"), by_day)})
            for kind in kinds
        },
    }
    monkeypatch.setitem(books, "demo", book.model_copy(update={"ladder": ladder}))


@pytest.mark.parametrize(("starts", "waits"), [("08:30", False), ("10:00", True)])
async def test_a_leave_at_night_waits_for_the_morning_unless_the_evaluation_is_early(
    office: Office, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, starts: str, waits: bool
) -> None:
    with_quiet_hours(monkeypatch, office, "agency_leave", "draw_news")
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    await accept_open(office, draw_id)
    tomorrow = datetime.fromisoformat(f"2026-11-22T{starts}").replace(tzinfo=SHANGHAI)
    await Draw.filter(id=draw_id).update(starts_at=tomorrow, ends_at=tomorrow + timedelta(hours=8))
    await Invitation.filter(draw_id=draw_id).update(gathering_at=tomorrow, ends_at=tomorrow + timedelta(hours=8))
    clock.set(tomorrow.replace(hour=3, minute=0))
    invitation = await Invitation.get(draw_id=draw_id, state="accepted")
    await office.invitations.leave(invitation.id, invitation.expert_id, "生病", by="chat")
    for notice in await Notice.filter(kind__in=["agency_leave", "draw_news"], created_at=clock.now()):
        due = [attempt.due_at for attempt in await Attempt.filter(notice_id=notice.id)]
        assert due == ([] if waits else [clock.now()]), notice.kind
        assert not waits or notice.next_at == tomorrow.replace(hour=7)


async def test_what_is_agreed_at_night_comes_as_one_notice_in_the_morning(
    office: Office, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_quiet_hours(monkeypatch, office, "agency_agreed")
    digests = Digests(office.deps, office.notices)
    await add_experts(office, 8)
    clock.set(datetime(2026, 11, 21, 23, 0, tzinfo=SHANGHAI))
    draw_id = await start_draw(office, needed=6)
    await Invitation.filter(draw_id=draw_id).update(answer_until=clock.now() + timedelta(hours=9))
    for _ in range(2):
        await accept_open(office, draw_id, 2)
        clock.move(timedelta(hours=1))
        await digests.notify_due()
    assert not await Notice.exists(kind="agency_agreed")
    clock.set(datetime(2026, 11, 22, 7, 0, tzinfo=SHANGHAI))
    await digests.notify_due()
    assert [notice.params["agreed"] for notice in await Notice.filter(kind="agency_agreed")] == [4]


async def test_a_supervisor_hears_on_every_channel_at_once_that_the_number_is_wanted(office: Office) -> None:
    draw_id = await make_draw(office)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    notice = await Notice.get(kind="commitment_wanted")
    attempts = await Attempt.filter(notice_id=notice.id)
    assert {(attempt.channel, attempt.due_at) for attempt in attempts} == {
        (channel, office.deps.now()) for channel in ("wechat", "mini", "sms")
    }
