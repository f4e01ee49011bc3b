"""A draw in each of its states × every endpoint that changes one: acts that a state doesn't allow are refused in words.

Refused acts change nothing. Permitted acts never fail with a 5xx, whatever else is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from domain.draws.lifecycles import OVER, DrawEvent, DrawState
from miniapp_api.http.routes import Endpoint
from models.accounts import Account
from models.draws import Draw
from tests.drivers.tables import sums_of_draws
from tests.factories.draw_states import ALWAYS, PANEL, STARTED, by, ids_of, make_every_state
from tests.factories.offices import SUPERVISOR_MOBILE, Office
from tests.factories.people import make_grant
from tests.invariants import check_invariants
from tests.miniapp_api.conftest import Person, World
from tests.miniapp_api.draws.test_exits import ROADS
from tests.miniapp_api.forms import at, condition_form, draw_form, notice_form
from tests.miniapp_api.test_permissions import ENDPOINTS, bodies, send

E, S = DrawEvent, DrawState
_OF_A_DRAW = ("/draws/{draw_id}", "/verification/applications/{", "/discard-requests/{")
_PARTS = {"notice_id", "condition_id", "invitation_id", "expert_id", "unit_id", "person_id"}
"""Parameters of addresses that name a draw or its rows."""
_SENTENCE = re.compile(r"[\u4e00-\u9fff].*。")
EDIT, ASKED = by(E.EDIT), by(E.RELEASE)
ALLOWED: Mapping[str, frozenset[DrawState]] = {
    "draws_copy": ALWAYS,
    "draws_edit": EDIT,
    "draws_change_supervisors": EDIT | {S.SUBMITTED, S.VERIFIED, S.SHORT, S.SUPPLEMENT_PENDING},
    "recusal_add_unit": EDIT,
    "recusal_import_units": EDIT,
    "recusal_remove_unit": EDIT,
    "recusal_add_person": EDIT,
    "recusal_import_persons": EDIT,
    "recusal_remove_person": EDIT,
    "conditions_preview": ALWAYS,
    "conditions_add_call_notice": EDIT,
    "conditions_edit_call_notice": EDIT | {S.VERIFIED},
    "conditions_edit_condition": EDIT,
    "draw_attachments_attach": EDIT,
    "draw_attachments_remove": EDIT,
    "draws_submit": by(E.SUBMIT),
    "draws_withdraw": by(E.WITHDRAW),
    "verification_refuse": by(E.REFUSE, E.RELEASE),
    "verification_approve": by(E.VERIFY, E.RELEASE),
    "conditions_remove_condition": EDIT,
    "conditions_add_condition": EDIT,
    "conditions_remove_call_notice": EDIT,
    "draws_delete": EDIT,
    "run_change_gathering": ASKED | {S.VERIFIED, S.COMMITTING, S.PAUSED},
    "rounds_open_round": by(E.OPEN_ROUND),
    "rounds_commit": frozenset({S.COMMITTING}),
    "rounds_reveal": frozenset({S.COMMITTING}),
    "run_start": by(E.START),
    "rounds_abort": by(E.ABORT_ROUND, E.ABORT_SUPPLEMENT),
    "run_pause": by(E.PAUSE),
    "run_resume": by(E.RESUME),
    "absences_supplement": by(E.START_SUPPLEMENT, E.WIDEN),
    "run_force_end": by(E.FORCE_END),
    "releases_attach": ASKED,
    "releases_submit": ASKED,
    "releases_withdraw": ASKED,
    "releases_start": ASKED,
    "releases_ring": frozenset({S.RELEASED}),
    "releases_confirm": frozenset({S.RELEASED}),
    "follow-ups_phone": frozenset({S.VERIFIED}),
    "follow-ups_ask_back": frozenset({S.VERIFIED}),
    "follow-ups_ring": frozenset({S.VERIFIED}),
    "follow-ups_resend": frozenset({S.COMPLETED, S.SHORT, S.SUPPLEMENT_PENDING}),
    "follow-ups_note": frozenset({S.VERIFIED}),
    "follow-ups_confirm": frozenset({S.VERIFIED}),
    "follow-ups_recall": frozenset({S.ENDED}),
    "follow-ups_redraw": frozenset({S.ENDED, S.RELEASED}),
    "results_open_leaf": ALWAYS,
    "results_reason_audit": ALWAYS,
    "results_share": ALWAYS,
    "attendance_enter": PANEL | {S.ENDED},
    "attendance_leave": PANEL | {S.ENDED},
    "attendance_urge": STARTED | {S.ENDED},
    "attendance_ring": STARTED | {S.ENDED},
    "absences_register": PANEL,
    "absences_refuse": PANEL,
    "absences_confirm": PANEL,
    "remuneration_propose_all": OVER,
    "remuneration_propose": OVER,
    "remuneration_pay": OVER,
    "remuneration_take_back": OVER,
    "run_end": by(E.END),
    "run_terminate": by(E.TERMINATE),
}
"""States in which an endpoint may succeed; in an order that leaves as much as possible for the next."""


def of_draws() -> dict[str, Endpoint]:
    found = {one.name: one for one in ENDPOINTS if one.method != "GET" and one.path.startswith(_OF_A_DRAW)}
    assert set(found) == set(ALLOWED)
    return {name: found[name] for name in ALLOWED}


def right_bodies(world: World, ids: Mapping[str, str]) -> dict[str, Any]:
    """Bodies that are valid for a draw, not only for the schema."""
    times = {
        "opening_at": at(world, hours=20),
        "bid_closing_at": at(world, hours=19),
        "starts_at": at(world, hours=26),
        "ends_at": at(world, hours=30),
    }
    notice, condition = notice_form(world), condition_form(ids["notice"], planned=1)
    return {
        "draws_edit": draw_form(world, ids["project"]),
        "draws_change_supervisors": {"supervisors": draw_form(world, ids["project"])["supervisors"]},
        "draws_submit": {"terminal": "演示省公共资源交易中心"},
        "conditions_add_call_notice": notice,
        "conditions_edit_call_notice": notice,
        "conditions_add_condition": condition,
        "conditions_edit_condition": condition,
        "run_change_gathering": {"gathering_at": at(world, hours=5.5)},
        "run_terminate": {"cause": "replanned", "reason": "评标改期"},
        "follow-ups_redraw": times,
        "follow-ups_recall": {name: times[name] for name in ("starts_at", "ends_at")},
        "follow-ups_note": {"answer": "comes", "gathering_at": at(world, hours=29)},
        "releases_submit": {"cause": "招标失败"},
        "absences_register": {"who": ids["code"], "kind": "recusal", "reason": "亲属", "cause": "投标人"},
        "attendance_enter": {"code": ids["code"]},
        "attendance_leave": {"code": ids["code"]},
        "remuneration_propose": {"amount": 80_000, "words": "半天"},
    }


async def people(world: World, office: Office) -> dict[str, Person]:
    found = {}
    for role in ("verifier", "venue"):
        account_id = (office.verifier if role == "verifier" else office.venue).account_id
        await make_grant(await Account.get(id=account_id), role)
        found[role] = await world.log_in_account(account_id, role)
    chosen = {"organisation_id": str(office.agency.organisation_id)}
    found["organisation"] = await world.log_in_account(office.agency.account_id, "organisation", **chosen)
    found["supervisor"] = await world.log_in(SUPERVISOR_MOBILE, "supervisor")
    return found


@dataclass
class Stage:
    """Draws in all states, and the person for each endpoint."""

    world: World
    draws: dict[str, UUID]
    who: dict[str, Person]
    samples: dict[str, Any]

    async def ask(self, endpoint: Endpoint, draw_id: UUID, ids: Mapping[str, str]) -> tuple[int, str]:
        person = next(self.who[role] for role in self.who if role in endpoint.roles)
        own = {f"{name}_id": value for name, value in ids.items()} | {"draw_id": draw_id, "expert_id": ids["recalled"]}
        status, said = await send(person, endpoint, own, self.samples | right_bodies(self.world, ids))
        return status, str(said.get("detail", "")) if isinstance(said, dict) else ""


@pytest.fixture
async def stage(world: World, office: Office) -> Stage:
    return Stage(world, await make_every_state(office), await people(world, office), bodies(world))


@pytest.mark.slow
async def test_what_a_state_does_not_allow_is_refused_and_what_it_allows_never_fails(stage: Stage) -> None:
    endpoints = of_draws()
    assert {one.path for one in endpoints.values()} >= {path for _, path in ROADS.values()}
    wrong, asked, before = [], 0, await sums_of_draws()
    for name, draw_id in stage.draws.items():
        state, ids = DrawState((await Draw.get(id=draw_id)).state), await ids_of(draw_id)
        for endpoint in endpoints.values():
            if state in ALLOWED[endpoint.name]:
                continue
            status, words = await stage.ask(endpoint, draw_id, ids)
            asked, now = asked + 1, await sums_of_draws()
            if not 400 <= status < 500 or not _SENTENCE.search(words) or now != before:
                wrong.append(f"{name}: {endpoint.name}: {status} {words}")
                before = now
    assert not wrong, "\n".join(wrong)
    assert asked > len(endpoints) * 8
    await check_invariants()
    did = await _do_what_is_allowed(stage, endpoints)
    assert len(did) * 2 > len(endpoints), f"the control: only these did something: {sorted(did)}"


async def _do_what_is_allowed(stage: Stage, endpoints: Mapping[str, Endpoint]) -> set[str]:
    """Names of endpoints that succeeded in some state."""
    did, wrong = set(), []
    for name, draw_id in stage.draws.items():
        for endpoint in endpoints.values():
            found = await Draw.get_or_none(id=draw_id)
            if found is None or DrawState(found.state) not in ALLOWED[endpoint.name]:
                continue
            status, words = await stage.ask(endpoint, draw_id, await ids_of(draw_id))
            if status == 500 or (status >= 400 and not _SENTENCE.search(words)):
                wrong.append(f"{name} ({found.state}): {endpoint.name}: {status} {words}")
            elif status < 400:
                did.add(endpoint.name)
    assert not wrong, "\n".join(wrong)
    await check_invariants()
    return did


async def test_the_id_of_one_draw_opens_nothing_by_the_address_of_another(stage: Stage) -> None:
    """The requests come from people who may act in both."""
    before, wrong, asked = await sums_of_draws(), [], 0
    for endpoint in of_draws().values():
        if not _PARTS & set(endpoint.path_model.model_fields):
            continue
        for name, draw_id in stage.draws.items():
            other = stage.draws["recalled_again" if name == "recalled" else "asked_to_release"]
            if DrawState((await Draw.get(id=draw_id)).state) in ALLOWED[endpoint.name] and other != draw_id:
                asked += 1
                status, words = await stage.ask(endpoint, draw_id, await ids_of(other))
                if status not in (404, 409) or await sums_of_draws() != before:
                    wrong.append(f"{name}: {endpoint.name}: {status} {words}")
    assert not wrong, "\n".join(wrong)
    assert asked > 30
