"""Asking for consent to the mini-program's messages: occasions of the question, and effects of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from models.accounts import Account, WechatIdentity
from services.notifications.consents import OCCASIONS
from tests.factories.applicants import make_applicant
from tests.factories.offices import Office
from tests.factories.people import make_account, make_grant, make_identity
from tests.miniapp_api.conftest import Person, World

FIRST = ["application_sent_back", "fee_open", "application_progress"]


@pytest.fixture
async def person(world: World) -> Person:
    applicant = await make_applicant(world.deps)
    return await world.log_in_account(applicant.account.id, "applicant")


async def list_asked_templates(person: Person, occasion: str = "applying") -> list[str]:
    items = (await person.get(f"/consents?occasion={occasion}"))["items"]
    return [item["template_id"] for item in items if item["ask"]]


async def answer(person: Person, answers: Mapping[str, str]) -> None:
    await person.post("/consents", {"answers": answers}, 204)


async def consents_left(person: Person) -> dict[str, int]:
    items = (await person.get("/consents?occasion=applying"))["items"]
    return {item["template_id"]: item["left"] for item in items if item["left"]}


async def test_three_templates_at_most_are_asked_for_the_most_needed_first(person: Person) -> None:
    assert await list_asked_templates(person) == FIRST
    await answer(person, dict.fromkeys(FIRST, "accept"))
    following = await list_asked_templates(person)
    assert len(following) == 3
    assert following[0] == "application_progress", "an application makes progress several times"
    assert await consents_left(person) == dict.fromkeys(FIRST, 1)


async def test_titles_of_one_question_differ(world: World, person: Person) -> None:
    titles = {}
    for _ in range(6):
        items = (await person.get("/consents?occasion=applying"))["items"]
        now = {item["template_id"]: item["title"] for item in items if item["ask"]}
        assert len(set(now.values())) == len(now)
        titles |= now
        await answer(person, dict.fromkeys(now, "accept")) if now else None
    assert set(titles) == set(OCCASIONS["applying"].kinds), "in the end each was asked for"


async def test_in_the_end_there_is_nothing_to_ask(person: Person) -> None:
    for _ in range(8):
        if not (wanted := await list_asked_templates(person)):
            break
        await answer(person, dict.fromkeys(wanted, "accept"))
    assert await list_asked_templates(person) == []
    await answer(person, {"fee_open": "acceptWithAudio"})
    assert (await consents_left(person))["fee_open"] == 2, "who always accepts may go on"


@pytest.mark.parametrize(("how", "days"), [("reject", 7), ("ban", 30)])
async def test_who_refuses_is_left_in_peace_for_a_while(person: Person, clock: FixedClock, how: str, days: int) -> None:
    await answer(person, {"fee_open": "accept", "application_sent_back": how})
    assert "application_sent_back" not in await list_asked_templates(person)
    assert await consents_left(person) == {"fee_open": 1}, "a refusal takes nothing that was accepted before"
    clock.move(timedelta(days=days) - timedelta(minutes=1))
    assert "application_sent_back" not in await list_asked_templates(person)
    clock.move(timedelta(minutes=2))
    assert (await list_asked_templates(person))[0] == "application_sent_back"
    await answer(person, {"application_sent_back": "accept"})
    assert (await WechatIdentity.get(app="mini")).subscribe_refusals == {}


async def test_what_wechat_has_filtered_counts_as_nothing(person: Person) -> None:
    await answer(person, {"fee_open": "filter"})
    assert (await consents_left(person), "fee_open" in await list_asked_templates(person)) == ({}, True)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({"made-up": "accept"}, 422),
        ({"draw_call": "accept"}, 422),
        ({"fee_open": "yes"}, 422),
        ({}, 422),
        ({f"t{number}": "accept" for number in range(6)}, 422),
    ],
)
async def test_nonsense_is_refused_and_counts_nothing(person: Person, answers: dict[str, str], status: int) -> None:
    await person.post("/consents", {"answers": answers}, status)
    assert (await WechatIdentity.get(app="mini")).subscribe_credits == {}


async def test_a_repeated_report_counts_once(person: Person) -> None:
    for _ in range(3):
        await person.post("/consents", {"answers": {"fee_open": "accept"}}, 204, key="tap-1")
    assert await consents_left(person) == {"fee_open": 1}


@pytest.mark.parametrize("occasion", OCCASIONS)
async def test_consent_is_requested_for_the_own_roles_only(world: World, person: Person, occasion: Any) -> None:
    assert bool(await list_asked_templates(person, occasion)) == (occasion in ("applying", "paying", "learning"))


async def test_the_agency_is_asked_for_what_the_agency_needs(world: World, office: Office) -> None:
    agent = await world.log_in_account(
        office.agency.account_id, office.agency.role, organisation_id=str(office.agency.organisation_id)
    )
    assert await list_asked_templates(agent, "submission") == ["agency_verified", "agency_full"], (
        "two of one title are one question"
    )
    assert len(await list_asked_templates(agent, "drawing")) == 3
    assert await list_asked_templates(agent, "applying") == []


async def test_a_person_whom_the_official_account_reaches_is_not_asked_for_consents(
    world: World, person: Person
) -> None:
    mini = await WechatIdentity.get(app="mini")
    chat = await make_identity(await Account.get(id=mini.account_id))
    assert await list_asked_templates(person) == []
    items = (await person.get("/consents?occasion=applying"))["items"]
    assert items, "who always accepts may be asked all the same"
    await WechatIdentity.filter(id=chat.id).update(blocked=True)
    assert await list_asked_templates(person) == FIRST


async def test_what_is_sent_on_every_channel_is_asked_for_in_any_case(world: World) -> None:
    account = await make_account(world.deps)
    await make_grant(account, "supervisor")
    await make_identity(account)
    supervisor = await world.log_in_account(account.id, "supervisor")
    assert await list_asked_templates(supervisor, "supervising") == ["commitment_wanted"]


async def test_a_log_in_by_password_has_no_wechat_to_ask(world: World, person: Person) -> None:
    await WechatIdentity.filter(app="mini").update(app="oa")
    assert await list_asked_templates(person) == []
    await answer(person, {"fee_open": "accept"})
    assert (await WechatIdentity.get(app="oa")).subscribe_credits == {}


async def test_a_visitor_and_an_unknown_occasion_are_refused(world: World, person: Person) -> None:
    visitor = await world.visit()
    await visitor.get("/consents?occasion=applying", 401)
    await person.get("/consents?occasion=lunch", 422)
    await person.get("/consents", 422)


async def test_the_two_kinds_of_consent_are_never_asked_for_together(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_term = ["application_sent_back", "application_progress"]
    monkeypatch.setattr("tests.factories.assembly.LONG_TERM", set(long_term))
    assert await list_asked_templates(person) == long_term
    await answer(person, dict.fromkeys(long_term, "accept"))
    assert (await list_asked_templates(person))[0] == "fee_open", "those of the other kind are asked for next"
    assert await consents_left(person) == {"application_sent_back": 1, "application_progress": 1}


async def test_a_refused_long_term_consent_has_ended_and_can_be_given_again(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.factories.assembly.LONG_TERM", {"fee_open"})
    for reply, state in (("accept", "on"), ("reject", "refused"), ("accept", "on")):
        await answer(person, {"fee_open": reply})
        assert (await own_consents(person))["fee_open"]["state"] == state


async def test_a_person_sees_all_reminders_of_the_role_and_their_state(person: Person) -> None:
    consents = await own_consents(person)
    assert set(consents) == {k for r in OCCASIONS.values() if "applicant" in r.roles for k in r.kinds}
    assert {consent["state"] for consent in consents.values()} == {"off"}
    await answer(person, {"fee_open": "accept", "fee_paid": "reject"})
    consents = await own_consents(person)
    assert [consents[kind]["state"] for kind in ("fee_open", "fee_paid", "invoice_sent")] == ["on", "refused", "off"]


async def own_consents(person: Person) -> dict[str, Any]:
    return {item["template_id"]: item for item in (await person.get("/consents/own"))["items"]}
