"""An expert calls the pool's number back: what he hears, what his keys do, and what a forged number gets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import pytest

from domain.clock import FixedClock, name_near_days
from domain.rulebook.notice_texts import time_params
from models.audit import AuditEntry
from models.draws import Absence
from models.experts import Expert
from models.incoming_calls import IncomingCall
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps
from services.draws import INCOMING_CALL_TTL, IncomingCalls
from services.ports import CallPrompt, IncomingCallEvent
from tests.factories.assembly import composed, make_services
from tests.factories.draws import make_draw, make_invitation, make_project
from tests.factories.moved_invitations import INVITE, move_gathering
from tests.factories.offices import Office, make_office
from tests.factories.people import make_expert
from tests.factories.phones import PoolNumbers
from tests.invariants import check_invariants

NUMBER, OTHER_NUMBER = "057156210001", "073112345678"
STRANGER = "13999990000"
What = Literal["begun", "pressed", "silent", "ended"]


@dataclass
class Call:
    """A telephone that dials the pool's number, and what its owner hears."""

    calls: IncomingCalls
    caller: str
    id: str = "in-1"
    called: str = NUMBER
    heard: list[CallPrompt] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.heard[-1].text

    @property
    def over(self) -> bool:
        return self.heard[-1].keys == 0

    async def send(self, what: What, keys: str = "", turn: int | None = None) -> CallPrompt:
        last = self.heard[-1].turn if self.heard else 0
        event = IncomingCallEvent(self.id, self.called, self.caller, what, last if turn is None else turn, keys)
        self.heard.append(await self.calls.handle(event))
        return self.heard[-1]

    async def dial(self) -> None:
        await self.send("begun")

    async def press(self, *keys: str) -> None:
        for each in keys:
            await self.send("pressed", each)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def calls(deps: Deps) -> IncomingCalls:
    return composed(IncomingCalls, deps, numbers=PoolNumbers({"demo": NUMBER, "hunan": OTHER_NUMBER}))


@pytest.fixture
async def invitation(office: Office) -> Invitation:
    return await INVITE["draw"](office)


def mobile_of(deps: Deps, expert: Expert) -> str:
    return deps.keys.open_text(expert.mobile_sealed, "mobile")


def digits_of(deps: Deps, expert: Expert) -> str:
    return deps.keys.open_text(expert.id_number_sealed, "id_number")[-4:].replace("X", "*")


async def call_of(calls: IncomingCalls, invitation: Invitation, id: str = "in-1") -> Call:  # noqa: A002
    """The expert of an invitation has called and entered his digits."""
    expert = await Expert.get(id=invitation.expert_id)
    call = Call(calls, mobile_of(calls.deps, expert), id)
    await call.dial()
    await call.press(digits_of(calls.deps, expert))
    return call


async def accept(office: Office, invitation: Invitation) -> None:
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="h5")


async def state_of(invitation: Invitation) -> str:
    return (await Invitation.get(id=invitation.id)).state


# ---- an open invitation


async def test_the_registered_phone_hears_time_and_place_and_nothing_sealed(
    calls: IncomingCalls, office: Office, invitation: Invitation
) -> None:
    call = await call_of(calls, invitation)
    spoken = name_near_days(time_params(invitation.gathering_at)["gathering_spoken"], office.deps.now())
    assert f"集合时间：{spoken}，集合地点：" in call.text
    assert call.text.endswith("参加请按1，不参加请按2，重听请按3。")
    assert invitation.code not in call.text
    await call.press("3")
    assert call.heard[-1].text == call.heard[-2].text


@pytest.mark.parametrize(
    ("key", "state", "kind"), [("1", "accepted", "draw_accepted"), ("2", "declined", "draw_declined")]
)
async def test_a_key_counts_when_it_is_pressed_again_and_is_told_to_the_registered_phone(
    calls: IncomingCalls, invitation: Invitation, key: str, state: str, kind: str
) -> None:
    call = await call_of(calls, invitation)
    await call.press(key)
    assert (await state_of(invitation), call.over) == ("open", False)
    await call.press(key)
    assert (await state_of(invitation), call.over) == (state, True)
    entry = await AuditEntry.get(action=f"invitation.{state}", subject_id=invitation.id)
    assert entry.details["channel"] == "inbound"
    assert await Notice.filter(kind=kind, invitation_id=invitation.id).count() == 1
    assert (await Invitation.get(id=invitation.id)).answered_by == "inbound"
    await check_invariants()


@pytest.mark.parametrize("kind", INVITE)
async def test_the_other_key_is_read_back_in_its_turn(calls: IncomingCalls, office: Office, kind: str) -> None:
    invitation = await INVITE[kind](office)
    call = await call_of(calls, invitation)
    assert ("复评" in call.text) == (kind == "recall")
    await call.press("2", "1")
    assert (await state_of(invitation), call.text) == ("open", "已选参加。再按1确认。")
    await call.press("9")
    assert call.text.startswith("没有确认。")
    await call.press("1", "1")
    assert await state_of(invitation) == "accepted"
    await check_invariants()


async def test_a_time_that_moves_during_the_call_is_read_and_asked_again(
    calls: IncomingCalls, office: Office, invitation: Invitation
) -> None:
    call = await call_of(calls, invitation)
    await call.press("1")
    moved = invitation.gathering_at - timedelta(minutes=30)
    await move_gathering(office, invitation, moved)
    await call.press("1")
    assert await state_of(invitation) == "open"
    assert call.text.startswith("集合时间已改为")
    assert time_params(moved)["gathering_spoken"] in call.text
    await call.press("1", "1")
    assert (await Invitation.get(id=invitation.id)).gathering_at == moved


async def test_a_call_that_outlives_its_invitation_says_what_became_of_it(
    calls: IncomingCalls, office: Office, invitation: Invitation, clock: FixedClock
) -> None:
    call = await call_of(calls, invitation)
    await call.press("1")
    clock.move(timedelta(minutes=20))
    await office.invitations.expire_due()
    assert await state_of(invitation) == "silent"
    await call.press("1")
    assert (await state_of(invitation), call.over) == ("silent", True)
    assert "邀请已经结束，您没有答复，无需到场。" in call.text


async def test_who_calls_after_the_end_hears_it(
    calls: IncomingCalls, office: Office, invitation: Invitation, clock: FixedClock
) -> None:
    clock.move(timedelta(minutes=20))
    await office.invitations.expire_due()
    call = await call_of(calls, invitation)
    assert "邀请已经结束" in call.text
    assert (
        f"目前没有等您答复的邀请，也没有您已确认参加的评标。有疑问请拨打{office.deps.book('demo').pool.hotline}"
        in call.text
    )
    assert call.over


@pytest.mark.parametrize("hang_up", ["ended", "silent"])
async def test_a_single_key_does_not_count_and_the_link_is_sent(
    calls: IncomingCalls, invitation: Invitation, hang_up: What
) -> None:
    call = await call_of(calls, invitation)
    await call.press("1")
    while not call.over:
        await call.send(hang_up)
    assert await state_of(invitation) == "open"
    deferred = "SELECT count(*) AS n FROM procrastinate_jobs WHERE task_name = 'invitations.notify_unconfirmed'"
    assert (await Invitation._meta.db.execute_query_dict(deferred))[0]["n"] == 1
    await calls.invitations.notify_unconfirmed(invitation.id)
    assert await Notice.filter(kind="draw_unconfirmed", invitation_id=invitation.id).exists()


# ---- an agreed panel


async def test_leave_is_taken_after_its_consequence_was_said(
    calls: IncomingCalls, office: Office, invitation: Invitation
) -> None:
    await accept(office, invitation)
    call = await call_of(calls, invitation)
    assert "您已确认参加评标。" in call.text
    assert "要请假的请按2" in call.text
    await call.press("2")
    rule = office.deps.book("demo").draw.leave
    assert call.text == f"{rule.consequence}确认请假，请再按2。"
    assert await state_of(invitation) == "accepted"
    await call.press("2")
    assert (await state_of(invitation), call.over) == ("left", True)
    absence = await Absence.get(invitation_id=invitation.id)
    assert (absence.kind, absence.source) == ("leave", "expert")
    assert await Notice.filter(kind="leave_confirmed", invitation_id=invitation.id).exists()
    await check_invariants()


async def test_a_late_leave_says_so_and_is_recorded_as_one(
    calls: IncomingCalls, office: Office, invitation: Invitation, clock: FixedClock
) -> None:
    await accept(office, invitation)
    await office.run.advance(invitation.draw_id)
    clock.set(invitation.gathering_at - timedelta(minutes=5))
    call = await call_of(calls, invitation)
    await call.press("2")
    assert call.text.startswith(office.deps.book("demo").draw.leave.late_consequence)
    await call.press("2")
    assert (await Absence.get(invitation_id=invitation.id)).source == "late"


async def test_a_leave_that_becomes_late_between_two_keys_is_read_back_again(
    calls: IncomingCalls, office: Office, invitation: Invitation, clock: FixedClock
) -> None:
    await accept(office, invitation)
    await office.run.advance(invitation.draw_id)
    until = invitation.gathering_at - office.deps.book("demo").draw.leave.allowed_until
    clock.set(until - timedelta(seconds=1))
    call = await call_of(calls, invitation)
    await call.press("2")
    clock.move(timedelta(seconds=2))
    await call.press("2")
    assert (await state_of(invitation), call.over) == ("accepted", False)
    assert "请假截止时间" in call.text
    await call.press("2", "2")
    assert (await Absence.get(invitation_id=invitation.id)).source == "late"


async def test_a_moved_time_is_answered_where_it_is_explained(
    calls: IncomingCalls, office: Office, invitation: Invitation
) -> None:
    await accept(office, invitation)
    await move_gathering(office, invitation, invitation.gathering_at - timedelta(minutes=30))
    call = await call_of(calls, invitation)
    assert "时间有改动，等您答复" in call.text
    await call.press("2")
    assert call.text.startswith("按键无效。")
    assert await state_of(invitation) == "accepted"


async def test_who_is_in_two_pools_of_one_number_hears_both(deps: Deps, office: Office, invitation: Invitation) -> None:
    expert = await Expert.get(id=invitation.expert_id)
    twin = await make_expert(deps, mobile_of(deps, expert), pool="hunan")
    await Expert.filter(id=twin.id).update(id_number_sealed=expert.id_number_sealed)
    project = await make_project(office.agency.organisation_id, office.agency.account_id, pool="hunan")
    draw = await make_draw(project, starts_at=deps.now() + timedelta(days=3))
    panel = await make_invitation(draw, twin)
    books = {pool: deps.book("demo") for pool in ("demo", "hunan")}
    calls = composed(
        IncomingCalls, replace(deps, rulebooks=books), numbers=PoolNumbers({"demo": NUMBER, "hunan": NUMBER})
    )
    call = await call_of(calls, invitation)
    assert "还没有答复" in call.text
    assert call.text.endswith("听下一场请按0。")
    await call.press("0")
    assert call.text.startswith("您已确认参加评标。")
    await call.press("0")
    assert call.text.startswith("按键无效。您已确认参加评标。")
    await call.press("2")
    assert "确认请假" in call.text
    await call.send("ended")
    assert [await state_of(each) for each in (invitation, panel)] == ["open", "accepted"]


# ---- who calls


@pytest.mark.parametrize("who", ["stranger", "withheld", "wrong digits", "departed", "other pool"])
async def test_who_is_not_identified_hears_the_same_words_and_learns_nothing(
    calls: IncomingCalls, office: Office, invitation: Invitation, who: str
) -> None:
    expert = await Expert.get(id=invitation.expert_id)
    digits, mobile = digits_of(office.deps, expert), mobile_of(office.deps, expert)
    if who == "departed":
        gone = await make_expert(office.deps, left_at=office.deps.now())
        digits, mobile = digits_of(office.deps, gone), mobile_of(office.deps, gone)
    if who == "other pool":
        other = await make_expert(office.deps, pool="jilin")
        digits, mobile = digits_of(office.deps, other), mobile_of(office.deps, other)
    caller = {"stranger": STRANGER, "withheld": ""}.get(who, mobile)
    call = Call(calls, caller)
    await call.dial()
    await call.press(*(["0000", "9999"] if who == "wrong digits" else [digits, digits]))
    hotline, hours = office.deps.book("demo").pool.hotline, office.deps.book("demo").help.hours
    refused = "没有核对成功。请用您登记的手机号拨打，或在微信和短信链接里办理。"
    refused += f"有疑问请拨打{hotline}。{f'人工服务时间，{hours}。' if hours else ''}再见。"
    assert [(prompt.text, prompt.keys) for prompt in call.heard] == [
        ("您好，这里是评标专家库，本号码用于评标通知。请输入您身份证号的后四位，最后一位是字母X的，请按星号键。", 4),
        ("没有核对成功。请重新输入您身份证号的后四位，最后一位是字母X的，请按星号键。", 4),
        (refused, 0),
    ]


async def test_a_forged_number_has_five_tries_a_day_and_then_not_even_the_right_digits(
    calls: IncomingCalls, office: Office, invitation: Invitation, clock: FixedClock
) -> None:
    expert = await Expert.get(id=invitation.expert_id)
    mobile, digits = mobile_of(office.deps, expert), digits_of(office.deps, expert)
    for number in range(3):
        call = Call(calls, mobile, f"forged-{number}")
        await call.dial()
        await call.press("0000", "0001")
    locked = await call_of(calls, invitation, "locked")
    assert locked.text.startswith("没有核对成功。请重新输入")
    assert (await IncomingCall.get(call_id="locked")).wrong == 0, "tries that are not compared prolong nothing"
    clock.move(timedelta(days=1))
    again = Call(calls, mobile, "next-day")
    await again.dial()
    await again.press(digits)
    assert not again.text.startswith("没有核对成功")


async def test_an_x_is_the_star(calls: IncomingCalls, office: Office) -> None:
    expert = await make_expert(office.deps, id_number="11010519491231002X")
    call = Call(calls, mobile_of(office.deps, expert))
    await call.dial()
    await call.press("002*")
    assert "目前没有等您答复的邀请" in call.text


async def test_a_number_of_no_pool_is_not_in_service(calls: IncomingCalls, office: Office) -> None:
    call = Call(calls, STRANGER, called="010123456")
    await call.dial()
    assert (call.text, call.over) == ("您拨打的号码没有开通。再见。", True)


async def test_neither_number_nor_digits_are_stored(
    calls: IncomingCalls, office: Office, invitation: Invitation
) -> None:
    await call_of(calls, invitation)
    expert = await Expert.get(id=invitation.expert_id)
    [stored] = await IncomingCall.all().values()
    assert not {mobile_of(office.deps, expert), digits_of(office.deps, expert)} & {
        str(value) for value in stored.values()
    }
    assert not {digits_of(office.deps, expert)} & {str(value) for value in (await IncomingCall.get()).state.values()}


async def test_a_call_is_kept_for_a_month(calls: IncomingCalls, office: Office, clock: FixedClock) -> None:
    scheduler = make_services(office.deps).operations.scheduler
    for call in (Call(calls, STRANGER, "old"), Call(calls, STRANGER, "new")):
        await call.dial()
        clock.move(INCOMING_CALL_TTL - timedelta(days=1))
        await scheduler.process("sweep")
    assert await IncomingCall.all().values_list("call_id", flat=True) == ["new"]


# ---- events that come twice, late, or in another order


async def test_a_repeated_event_gets_the_same_answer_and_acts_once(
    calls: IncomingCalls, office: Office, invitation: Invitation
) -> None:
    call = await call_of(calls, invitation)
    greeting = call.heard[0]
    assert await call.send("pressed", "1", turn=greeting.turn) == call.heard[1]
    await call.press("1")
    turn = call.heard[-1].turn
    first, second = await asyncio.gather(call.send("pressed", "1", turn), call.send("pressed", "1", turn))
    assert first == second
    assert await state_of(invitation) == "accepted"
    assert await AuditEntry.filter(action="invitation.accepted", subject_id=invitation.id).count() == 1
    assert await call.send("pressed", "2", turn) == first, "the call is over"
    assert await state_of(invitation) == "accepted"


async def test_a_key_that_comes_twice_confirms_nothing(calls: IncomingCalls, invitation: Invitation) -> None:
    """The vendor repeats an event whose answer was lost: it names the same turn."""
    call = await call_of(calls, invitation)
    turn = call.heard[-1].turn
    await call.send("pressed", "1", turn)
    assert (await call.send("pressed", "1", turn)).text == "已选参加。再按1确认。"
    assert await state_of(invitation) == "open"


async def test_a_lost_beginning_begins_the_call(calls: IncomingCalls, invitation: Invitation) -> None:
    call = Call(calls, STRANGER)
    assert (await call.send("pressed", "1", turn=7)).text.startswith("您好")


async def test_an_event_after_the_longest_call_ends_it(
    calls: IncomingCalls, invitation: Invitation, clock: FixedClock
) -> None:
    call = await call_of(calls, invitation)
    await call.press("1")
    clock.move(timedelta(minutes=31))
    await call.press("1")
    assert (call.over, await state_of(invitation)) == (True, "open")
    await call.send("ended")
    assert call.over


async def test_a_call_of_which_only_the_end_is_reported_is_stored_as_over(calls: IncomingCalls, office: Office) -> None:
    call = Call(calls, STRANGER)
    assert (await call.send("ended")).keys == 0
    assert (await IncomingCall.get()).ended_at is not None
