"""Reports of calls and messages, forged by a person who knows the address, posted to it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from domain.clock import FixedClock
from domain.errors import Transient
from gateways.alibaba.incoming_calls import parse_call_event, render_prompt
from gateways.alibaba.sms import parse_sms_reports
from gateways.alibaba.voice import parse_voice_reports
from miniapp_api.http.limits import LocalCounter, check_rate, client_address
from models.incoming_calls import IncomingCall
from models.invitations import Invitation
from models.notices import Attempt, DeliveryReport, Notice
from services.core.base import Deps, transaction
from services.draws import IncomingCalls
from services.operations import DeliveryReports
from services.ports import CallDetail, CallPrompt, IncomingCallEvent
from tests.factories.assembly import composed
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.people import make_account
from tests.factories.vendors import Vendors, make_delivery, make_reports
from tests.services.conftest import clock, db, deps
from web.notifications.vendor_webhooks import AllowedSenders, CallAnswering, ReportParsers, VendorWebhookEndpoint

__all__ = ["clock", "db", "deps"]
SECRET = "0123456789abcdefghijklmnopqrstuv"
NETWORK = ip_network("203.0.113.0/24")
VENDOR = {"X-Forwarded-For": "10.9.9.9, 203.0.113.7"}
Open = Callable[[web.Application], Awaitable[TestClient[Any, Any]]]


@dataclass
class Line:
    """The service behind its address, the vendors, and one expert whose phone has been rung."""

    office: Office
    reports: DeliveryReports
    vendors: Vendors
    client: TestClient[Any, Any]
    clock: FixedClock
    invitation: Invitation
    call: Attempt

    async def push(self, **changes: str) -> None:
        """Push a report of the call as JSON over HTTP, without proof of the sender; then run jobs and deadlines."""
        item = {"call_id": self.call.vendor_id, "out_id": self.call.out_id, "status_code": "200000", "dtmf": "11"}
        answer = await self.client.post(f"/receipts/{SECRET}/voice", json=[{**item, **changes}], headers=VENDOR)
        assert (answer.status, await answer.json()) == (200, {"code": 0, "msg": "接收成功"})
        for stored in await DeliveryReport.filter(applied_at=None):
            await self.reports.apply(stored.id)
        await self.reports.check_due()

    async def vendor_says(self, keys: str | None, *, call_id: str = "", status: str = "200000", to: str = "") -> None:
        call_id = call_id or self.call.vendor_id
        self.vendors.reports[call_id] = CallDetail(call_id, to or await self.mobile(), True, status, keys)

    async def mobile(self) -> str:
        notice = await Notice.get(id=self.call.notice_id)
        return self.office.deps.keys.open_text(notice.mobile_sealed, "mobile")

    async def answer(self) -> str:
        await self.invitation.refresh_from_db()
        return self.invitation.state

    async def wait(self, seconds: float) -> None:
        """Let deadlines come, one after another, as the tick does."""
        for _ in range(round(seconds)):
            self.clock.move(timedelta(seconds=1))
            await self.reports.check_due()


async def answer_no_call(_event: IncomingCallEvent) -> CallPrompt:
    raise AssertionError("nobody calls")


def serve(
    reports: DeliveryReports, *, networks: bool = True, handle: Callable[..., Awaitable[CallPrompt]] = answer_no_call
) -> web.Application:
    counter = LocalCounter()

    async def limit(request: web.Request, name: str, tries: int, period: int) -> None:
        await check_rate(counter, name, client_address(request, 1), tries, period)

    senders = AllowedSenders(lambda request: client_address(request, 1), limit, [NETWORK] if networks else [])
    app = web.Application()
    parsers = ReportParsers(parse_sms_reports, parse_voice_reports)
    calls = CallAnswering(parse_call_event, handle, render_prompt)
    app.add_routes(VendorWebhookEndpoint(reports, parsers, calls, SECRET, senders).routes())
    return app


@pytest.fixture
async def line(db: str, deps: Deps, clock: FixedClock, aiohttp_client: Open) -> Line:
    office, vendors = await make_office(deps), Vendors()
    reports = make_reports(deps, office, vendors)
    await add_experts(office, 1)
    [invitation] = await open_invitations(await start_draw(office, needed=1))
    clock.move(timedelta(seconds=41))
    for notice in await Notice.filter(kind="draw_call", state="active"):
        await office.notices.advance(notice.id)
    await make_delivery(deps, office, vendors).deliver_due()
    call = await Attempt.get(notice__invitation_id=invitation.id, channel="voice")
    client = await aiohttp_client(serve(reports))
    return Line(office, reports, vendors, client, clock, invitation, call)


async def test_reports_that_guess_the_numbers_of_calls_accept_no_invitation(line: Line) -> None:
    await line.vendor_says("11")
    for guess in range(line.call.number - 5, line.call.number + 5):
        await line.push(out_id=str(guess))
    assert await line.answer() == "open"
    assert len({attempt.out_id for attempt in await Attempt.all()}) == await Attempt.all().count()
    assert len(line.call.out_id) == 15


async def test_a_report_of_another_call_accepts_no_invitation(line: Line) -> None:
    await line.vendor_says("11", call_id="somebody-else's")
    await line.push(call_id="somebody-else's")
    assert await line.answer() == "open"


async def test_the_vendors_key_counts_and_a_different_one_in_a_report_does_not(line: Line) -> None:
    await line.vendor_says("22")
    await line.push(dtmf="11")
    assert await line.answer() == "declined", "the vendor's word stands, not the report's"


async def test_an_acceptance_of_a_call_that_was_never_picked_up_counts_for_nothing(line: Line) -> None:
    await line.vendor_says(None, status="200003")
    await line.push(dtmf="11")
    assert await line.answer() == "open"
    assert (await Attempt.get(id=line.call.id)).state == "failed"


async def test_an_acceptance_while_the_phone_still_rings_waits_for_what_the_vendor_says(line: Line) -> None:
    await line.push(dtmf="11")
    assert await line.answer() == "open"
    await line.vendor_says("22")
    await line.wait(5)
    assert await line.answer() == "declined"


async def test_a_real_acceptance_counts_once_the_vendor_confirms_it(line: Line) -> None:
    await line.vendor_says("11")
    await line.push()
    assert await line.answer() == "accepted"


async def test_a_vendor_report_without_keys_confirms_at_least_call_and_person(line: Line) -> None:
    await line.vendor_says(None)
    await line.push()
    assert await line.answer() == "accepted"


async def test_a_call_to_another_mobile_accepts_no_invitation(line: Line) -> None:
    await line.vendor_says("11", to="13999999999")
    await line.push()
    assert await line.answer() == "open"


async def test_a_call_of_unknown_outcome_accepts_only_by_the_vendors_own_record(line: Line) -> None:
    await Attempt.filter(id=line.call.id).update(vendor_id="", state="unknown")
    await line.vendor_says("11", call_id="another", to="13999999999")
    await line.push(call_id="another")
    assert await line.answer() == "open"
    await line.vendor_says("11", call_id="real")
    await line.push(call_id="real")
    assert await line.answer() == "accepted"


async def test_a_long_vendor_outage_accepts_no_invitation_and_the_expert_is_notified(line: Line) -> None:
    asked_at: list[float] = []

    async def away(first: str, *_: object, **__: object) -> None:
        if first == line.call.vendor_id:
            asked_at.append(line.clock.now().timestamp())
        raise Transient("away")

    line.vendors.report = away  # type: ignore[method-assign,assignment]
    await line.push()
    until = line.invitation.answer_until + timedelta(seconds=91)
    await line.wait((until - line.clock.now()).total_seconds())
    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert len(asked_at) == 8, "asked for as long as an invitation waits, and no longer"
    assert pauses[:3] == sorted(pauses[:3])
    assert max(pauses) <= 23
    await line.office.invitations.expire_due()
    assert await line.answer() == "silent"
    assert await Notice.filter(kind="draw_unclear", invitation_id=line.invitation.id).count() == 1


async def test_a_key_confirmed_late_still_counts_within_the_grace(line: Line) -> None:
    line.clock.move(line.invitation.answer_until - line.clock.now())
    await line.push()
    assert await line.office.invitations.expire_due() == 0
    await line.wait(30)
    await line.vendor_says("11")
    await line.wait(25)
    assert await line.answer() == "accepted"


async def test_a_forged_delivery_of_an_sms_changes_nothing(line: Line) -> None:
    account = await make_account(line.office.deps)
    async with transaction():
        await line.office.notices.notify(
            pool="demo", kind="account_bound", dedupe_key="x", params={"mobile": "1", "at": "x"}, account_id=account.id
        )
    await make_delivery(line.office.deps, line.office, line.vendors).deliver_due()
    sms = await Attempt.get(channel="sms", notice__kind="account_bound")
    item = {"biz_id": "forged", "out_id": sms.out_id, "success": True, "err_code": "DELIVERED"}
    for changes, state in (({}, "sent"), ({"out_id": "1"}, "sent"), ({"biz_id": sms.vendor_id}, "delivered")):
        await line.client.post(f"/receipts/{SECRET}/sms", json=[{**item, **changes}], headers=VENDOR)
        for stored in await DeliveryReport.filter(applied_at=None):
            await line.reports.apply(stored.id)
        assert (await Attempt.get(id=sms.id)).state == state


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7, 198.51.100.1"},
        {"X-Forwarded-For": "198.51.100.1"},
        {"X-Forwarded-For": "nonsense"},
        {},
    ],
)
async def test_only_the_address_that_our_own_proxy_saw_opens_a_network(line: Line, headers: dict[str, str]) -> None:
    answer = await line.client.post(f"/receipts/{SECRET}/voice", data=b"[]", headers=headers)
    assert answer.status == 404
    assert (await line.client.post(f"/receipts/{SECRET}/voice", data=b"[]", headers=VENDOR)).status == 200


async def test_guessed_secrets_are_limited_and_genuine_reports_still_accepted(
    line: Line, aiohttp_client: Open, caplog: pytest.LogCaptureFixture
) -> None:
    client = await aiohttp_client(serve(line.reports, networks=False))
    answers = [(await client.post(f"/receipts/guess{n}/voice", data=b"[]")).status for n in range(25)]
    assert answers == [404] * 20 + [429] * 5
    assert (await client.post(f"/receipts/{SECRET}/voice", data=b"[]")).status == 200
    assert SECRET not in caplog.text


async def test_a_report_with_nonsense_in_it_costs_the_others_nothing(line: Line) -> None:
    await line.vendor_says("11")
    good = {"call_id": line.call.vendor_id, "out_id": line.call.out_id, "status_code": "200000", "dtmf": "11"}
    bad = [
        {**good, "call_id": "\0"},
        {**good, "status_code": "x" * 10_000},
        {**good, "end_time": "9999-12-31 23:59:59"},
    ]
    answer = await line.client.post(f"/receipts/{SECRET}/voice", data=json.dumps([*bad, good]).encode(), headers=VENDOR)
    assert answer.status == 200
    await line.push()
    assert await line.answer() == "accepted"


# ---- calls to the pool's number


@pytest.fixture
async def numbers(db: str, deps: Deps, aiohttp_client: Open) -> TestClient[Any, Any]:
    office = await make_office(deps)
    handle = composed(IncomingCalls, deps).handle
    return await aiohttp_client(serve(make_reports(deps, office, Vendors()), handle=handle))


BEGINS = {"call_id": "in-1", "event": "start", "called": "057156210001", "caller": "+8613800000000"}


async def test_a_call_is_answered_by_the_text_and_the_number_of_keys(numbers: TestClient[Any, Any]) -> None:
    answer = await numbers.post(f"/receipts/{SECRET}/call", json=BEGINS, headers=VENDOR)
    prompt = await answer.json()
    assert (answer.status, prompt["action"], prompt["turn"], prompt["digits"]) == (200, "collect", 1, 4)
    assert prompt["text"].startswith("您好，这里是评标专家库")
    again = await numbers.post(f"/receipts/{SECRET}/call", json=BEGINS, headers=VENDOR)
    assert await again.json() == prompt
    end = await numbers.post(f"/receipts/{SECRET}/call", json={"call_id": "in-1", "event": "hangup"}, headers=VENDOR)
    assert (await end.json())["action"] == "hangup"


@pytest.mark.parametrize(
    "body",
    [
        {"call_id": "in-1", "event": "dance"},
        {"event": "start"},
        {"call_id": "in-1", "event": "dtmf", "dtmf": "1" * 21},
        {"call_id": "in-1", "event": "dtmf", "dtmf": "一"},
        {"call_id": "in-1", "event": "dtmf", "turn": -1},
        [],
    ],
)
async def test_what_is_no_event_of_a_call_is_refused_and_stored_nowhere(
    numbers: TestClient[Any, Any], body: object
) -> None:
    answer = await numbers.post(f"/receipts/{SECRET}/call", json=body, headers=VENDOR)
    assert answer.status == 400
    assert not await IncomingCall.exists()


async def test_who_does_not_know_the_address_of_calls_asks_nothing(numbers: TestClient[Any, Any]) -> None:
    assert (await numbers.post("/receipts/guess/call", json=BEGINS, headers=VENDOR)).status == 404
    strange = {"X-Forwarded-For": "198.51.100.7"}
    assert (await numbers.post(f"/receipts/{SECRET}/call", json=BEGINS, headers=strange)).status == 404
    assert not await IncomingCall.exists()
