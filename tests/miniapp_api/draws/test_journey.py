"""Draws from the project to the last exit, only through the API: agency, verifier, supervisor, experts, venue."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.draws.random_draw import leaf, participant_commitment
from domain.draws.verify_draw import verify
from models.accounts import Account, IdempotencyKey
from models.invitations import Invitation
from tests.factories.offices import SUPERVISOR_MOBILE, Office, add_experts, start_draw
from tests.factories.people import make_grant
from tests.miniapp_api.conftest import Person, World
from tests.miniapp_api.forms import at, condition_form, draw_form, notice_form, project_form


async def make_draw(world: World, agency: Person) -> str:
    """A draw that is ready to be submitted."""
    project = await agency.post("/projects", project_form(), 201)
    lot = await agency.post(f"/projects/{project['id']}/lots", {"name": "一标段"}, 201)
    draw = (await agency.post("/draws", draw_form(world, project["id"], lot["id"], on_site=True), 201))["id"]
    notice = (await agency.post(f"/draws/{draw}/notices", notice_form(world), 201))["id"]
    await agency.post(f"/draws/{draw}/conditions", condition_form(notice), 201)
    return str(draw)


async def verify_draw(world: World, agency: Person, verifier: Person, draw: str) -> None:
    terminal = (await agency.get("/pool"))["choices"]["terminals"][0]
    await agency.post(f"/draws/{draw}/submission", {"terminal": terminal, "reason": "请核验"}, 201)
    [application] = (await verifier.get("/verification/applications"))["items"]
    await verifier.post(f"/verification/applications/{application['id']}/approval", {"opinion": "同意"}, 204)


async def fix_seed(draw: str, agency: Person, supervisor: Person) -> dict[str, Any]:
    opened = (await agency.get(f"/draws/{draw}/rounds/current"))["round"]
    number, nth = opened["draw_number"], opened["round_number"]
    values = {"agency": (agency, os.urandom(16)), "supervisor": (supervisor, os.urandom(16))}
    for role, (person, value) in values.items():
        digest = participant_commitment(role, value, number, nth).hex()
        await person.post(f"/draws/{draw}/rounds/current/commitment", {"commitment": digest})
    for person, value in values.values():
        fixed = await person.post(f"/draws/{draw}/rounds/current/reveal", {"value": value.hex()})
    return dict(fixed)


async def test_a_draw_is_lived_through_from_project_to_last_exit(world: World, office: Office) -> None:
    experts = await add_experts(office, 5)
    people = {e.id: await world.log_in_expert(e.id) for e in experts}
    organisation = str(office.agency.organisation_id)
    agency = await world.log_in_account(office.agency.account_id, "organisation", organisation_id=organisation)
    await _grant(office)
    verifier = await world.log_in_account(office.verifier.account_id, "verifier")
    venue = await world.log_in_account(office.venue.account_id, "venue")
    draw = await make_draw(world, agency)

    shown = await agency.get(f"/draws/{draw}")
    assert (shown["state"], shown["state_label"]) == ("editing", "新建")
    assert {u["name"] for u in shown["recusal_units"]} == {"广州水务有限公司", "粤和招标代理有限公司"}
    assert shown["supervisors"][0]["phone"] == "139****1111"
    assert "11010519491231002X" not in json.dumps(shown)
    [condition] = shown["conditions"]
    preview = await agency.post(f"/draws/{draw}/conditions/{condition['id']}/preview")
    assert preview["main"]
    assert preview["alternative"] == ""

    await verify_draw(world, agency, verifier, draw)
    supervisor = await world.log_in(SUPERVISOR_MOBILE, "supervisor")
    assert (await supervisor.get(f"/draws/{draw}"))["supervisors"][0]["phone"] == "139****1111"
    await agency.post(f"/draws/{draw}/rounds", None, 201)
    assert len((await fix_seed(draw, agency, supervisor))["seed"]) == 64
    await agency.post(f"/draws/{draw}/start", None, 204)
    await office.run.advance(UUID(draw))

    await _answer_all(people, office, draw)
    progress = await agency.get(f"/draws/{draw}/progress")
    assert (progress["state"], progress["accepted"], progress["open"]) == ("completed", 2, 0)
    assert progress["waiting"].startswith("抽取完成")

    await _check_sealed(agency, draw)
    record = await agency.get(f"/draws/{draw}/record")
    assert [found.code for found in verify(record)] == ["order_unchecked"]

    panelists = [person for person in people.values() if (await person.get("/panels"))["items"]]
    assert len(panelists) == 2
    world.clock.move(timedelta(hours=5, minutes=31))
    result = await agency.get(f"/draws/{draw}/result")
    assert result["unsealed"]
    assert all(row["name"] and "*" in row["mobile"] for row in result["rows"])

    await _attend(panelists, agency, venue, draw)
    assert (await agency.get(f"/draws/{draw}"))["state"] == "ended"
    assert verify(await agency.get(f"/draws/{draw}/record")) == []
    assert (await agency.get(f"/draws/{draw}/notice-ledger"))["items"]
    cards = await agency.get("/draws?number=CQSQ&state=ended")
    assert (cards["total"], cards["items"][0]["id"], cards["items"][0]["accepted"]) == (1, draw, 2)


async def _answer_all(people: dict[Any, Person], office: Office, draw: str) -> None:
    """The first invited expert declines; all others accept, and undo that once where possible."""
    declined = False
    for _ in range(4):
        for person in people.values():
            for invitation in (await person.get("/invitations"))["items"]:
                assert "示范" not in json.dumps(invitation, ensure_ascii=False)
                choice = "accept" if declined else "decline"
                said = await person.post(f"/invitations/{invitation['id']}/answer", {"choice": choice})
                assert said["effective"]
                assert bool(said["invitation"]["code"]) is declined
                if said["invitation"]["undo_until"]:
                    undone = await person.post(f"/invitations/{invitation['id']}/undo")
                    assert (undone["effective"], undone["invitation"]["state"]) == (True, "open")
                    await person.post(f"/invitations/{invitation['id']}/answer", {"choice": choice})
                again = await person.post(f"/invitations/{invitation['id']}/answer", {"choice": "accept"})
                assert not again["effective"]
                declined = True
        await office.run.advance(UUID(draw))


async def _check_sealed(agency: Person, draw: str) -> None:
    sealed = await agency.get(f"/draws/{draw}/result")
    assert not sealed["unsealed"]
    for row in sealed["rows"]:
        assert len(row["code"]) == 6
        assert (row["name"], row["id_number"], row["mobile"], row["employer"]) == ("", "", "", "")
    early = await agency.get(f"/draws/{draw}/attendance", 422)
    assert early["rule"] == "draw.result_visible_before"


async def _attend(panelists: list[Person], agency: Person, venue: Person, draw: str) -> None:
    first, second = panelists
    token = (await venue.get(f"/draws/{draw}/attendance/qr"))["token"]
    entered = await first.post("/check-ins", {"token": token, "device": "one-phone"})
    assert (entered["first"], entered["counted"]) == (True, True)
    assert not (await first.post("/check-ins", {"token": token, "device": "one-phone"}))["first"]
    refused = await second.post("/check-ins", {"token": token, "device": "one-phone"}, 409)
    assert refused["code"] == "device_used"
    [panel] = (await second.get("/panels"))["items"]
    said = await second.post("/check-ins", {"invitation_id": panel["id"]})
    assert (said["counted"], "扫描现场二维码" in said["advice"]) == (False, True)
    at_home = {"latitude": 22.54, "longitude": 114.06, "system": "gcj02"}
    far = await second.post("/check-ins", {"invitation_id": panel["id"], "position": at_home}, 422)
    assert far["rule"] == "attendance.radius_m"
    rows = (await agency.get(f"/draws/{draw}/attendance"))["items"]
    [missing] = [row for row in rows if row["entered_at"] is None]
    late = await agency.post(f"/draws/{draw}/attendance/{missing['invitation_id']}/urgings", None, 422)
    assert late["rule"] == "attendance.urging_window"
    by_code = await venue.post(f"/draws/{draw}/attendance/entries", {"code": missing["code"]})
    assert by_code["first"]
    assert (await second.get("/panels"))["items"][0]["checked_in_at"]
    for row in rows:
        assert (await venue.post(f"/draws/{draw}/attendance/exits", {"code": row["code"]}))["at"]


async def test_a_leave_after_the_draw_is_filled_by_a_supplementary_draw(world: World, office: Office) -> None:
    experts = await add_experts(office, 5)
    people = {e.id: await world.log_in_expert(e.id) for e in experts}
    organisation = str(office.agency.organisation_id)
    agency = await world.log_in_account(office.agency.account_id, "organisation", organisation_id=organisation)
    await _grant(office)
    verifier = await world.log_in_account(office.verifier.account_id, "verifier")
    draw = await make_draw(world, agency)
    await verify_draw(world, agency, verifier, draw)
    supervisor = await world.log_in(SUPERVISOR_MOBILE, "supervisor")
    await agency.post(f"/draws/{draw}/rounds", None, 201)
    await fix_seed(draw, agency, supervisor)
    await agency.post(f"/draws/{draw}/start", None, 204)
    await office.run.advance(UUID(draw))
    await agency.post(f"/draws/{draw}/pause", {"reason": "改时间"}, 204)
    notice = (await agency.get(f"/draws/{draw}"))["notices"][0]["id"]
    moved = at(world, hours=5, minutes=30)
    await agency.put(f"/draws/{draw}/notices/{notice}/gathering", {"gathering_at": moved})
    await agency.post(f"/draws/{draw}/resume", None, 204)
    await _answer_all(people, office, draw)

    leaving, _ = [person for person in people.values() if (await person.get("/panels"))["items"]]
    [panel] = (await leaving.get("/panels"))["items"]
    assert panel["gathering_at"] == moved
    left = await leaving.post(f"/invitations/{panel['id']}/leave", {"reason": "突发疾病"})
    assert left["state"] == "left"
    [absence] = (await agency.get("/absences"))["items"]
    assert (absence["kind"], absence["source"], absence["handled"]) == ("leave", "expert", False)
    assert (absence["name"], absence["id_number"]) == ("", "")  # sealed
    assert (await agency.get("/draws/dashboard"))["pending_supplements"] == 1

    answer = await agency.post(f"/draws/{draw}/supplement", {})
    assert answer == {"round": None}
    await office.run.advance(UUID(draw))
    await _answer_all(people, office, draw)
    assert (await agency.get(f"/draws/{draw}"))["state"] == "completed"

    panel_rows = (await agency.get(f"/draws/{draw}/result"))["rows"]
    code = next(row["code"] for row in panel_rows if row["state"] == "accepted")
    early = {"who": code, "kind": "absence", "reason": "未到"}
    assert (await agency.post(f"/draws/{draw}/absences", early, 409))["code"] == "not_gathered"
    asked = {"who": code, "kind": "leave", "reason": "专家来电请假"}
    assert not (await agency.post(f"/draws/{draw}/absences", asked, 201))["counts"]
    invitation = await Invitation.get(draw_id=draw, code=code)
    answer_path = f"/invitations/{invitation.id}/leave-answer"
    assert (await people[invitation.expert_id].post(answer_path, {"agrees": True}))["state"] == "left"
    [request] = (await supervisor.get(f"/draws/{draw}/discard-requests"))["items"]
    assert (request["state_label"], request["decided_by"]) == ("已确认", "评标专家")
    condition = (await agency.get(f"/draws/{draw}"))["conditions"][0]["id"]
    changed = {"regions": [{"condition_id": condition, "regions": ["440100", "440300"]}]}
    await agency.post(f"/draws/{draw}/supplement", changed, 409)
    await agency.post(f"/draws/{draw}/supplement", {})
    await office.run.advance(UUID(draw))
    assert (await agency.post(f"/draws/{draw}/supplement", changed))["round"]["round_number"] == 2
    assert (await agency.get(f"/draws/{draw}/absences"))["items"][0]["handled"] in (True, False)


async def test_progress_is_streamed_whenever_it_changes(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.draws.live.POLL_INTERVAL", 0.01)
    organisation = str(office.agency.organisation_id)
    agency = await world.log_in_account(office.agency.account_id, "organisation", organisation_id=organisation)
    draw = await make_draw(world, agency)
    response = await agency.ask("GET", f"/draws/{draw}/progress/stream")
    assert response.status == 200
    assert response.content_type == "text/event-stream"
    assert (await _next_event(response))["waiting"] == "代理机构正在完善信息，尚未提交审核。"
    terminal = (await agency.get("/pool"))["choices"]["terminals"][0]
    await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 201)
    assert (await _next_event(response))["waiting"] == "等待交易中心核验。"
    response.close()


async def test_a_stream_ends_when_the_log_in_does(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.draws.event_stream.CHANGE_TIMEOUT", 0.01)
    monkeypatch.setattr("services.draws.event_stream.CHECK_INTERVAL", 0.01)
    organisation = str(office.agency.organisation_id)
    agency = await world.log_in_account(office.agency.account_id, "organisation", organisation_id=organisation)
    draw = await make_draw(world, agency)
    response = await agency.ask("GET", f"/draws/{draw}/progress/stream")
    await _next_event(response)
    await agency.delete("/sessions/current", 200)
    assert (await _next_event(response, "refused"))["code"] == "session_expired"
    assert (await response.content.read()).strip() == b""


async def _next_event(response: Any, name: str = "progress") -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            line = (await response.content.readline()).decode()
            assert line, "the stream ended"
            if line == f"event: {name}\n":
                data = (await response.content.readline()).decode()
                return dict(json.loads(data.removeprefix("data: ")))


async def _grant(office: Office) -> None:

    for actor in (office.verifier, office.venue):
        await make_grant(await Account.get(id=actor.account_id), actor.role)


def test_times_of_forms_are_of_shanghai(world: World) -> None:
    assert datetime.fromisoformat(at(world)).utcoffset() == timedelta(hours=8)


async def test_a_leaf_is_opened_to_its_expert_and_to_the_supervisor_and_its_salt_is_kept_nowhere(
    world: World, office: Office
) -> None:
    experts = await add_experts(office, 2)
    draw = await start_draw(office, needed=2)
    invitation = await Invitation.filter(draw_id=draw).first()
    assert invitation is not None
    stranger = next(e.id for e in experts if e.id != invitation.expert_id)
    doors = (
        lambda: world.log_in_expert(invitation.expert_id),
        lambda: world.log_in_expert(stranger),
        lambda: world.log_in(SUPERVISOR_MOBILE, "supervisor"),
    )
    own, other, supervisor = [await log_in() for log_in in doors]
    path = f"/draws/{draw}/record/leaves/{invitation.leaf}/opening"
    for person in (own, supervisor):
        await person.post(path, None, 422)
    world.clock.move(timedelta(hours=5, minutes=30))
    own, other, supervisor = [await log_in() for log_in in doors]
    opened = await own.post(path, key="k")
    assert opened == await supervisor.post(path, key="k")
    assert leaf(bytes.fromhex(opened["salt"]), UUID(opened["expert"])).hex() == invitation.leaf
    await other.post(path, None, 403)
    assert not await IdempotencyKey.filter(key="k").exists()


async def test_an_agency_chooses_its_supervisor_from_the_register_and_can_type_no_phone(
    world: World, office: Office
) -> None:
    agency = await world.log_in_account(
        office.agency.account_id, "organisation", organisation_id=str(office.agency.organisation_id)
    )
    [found] = (await agency.get("/supervisors?search=李"))["items"]
    assert (found["name"], found["masked_mobile"]) == ("李监督", "139****1111")
    form = draw_form(world, str(office.project_id))
    typed = form | {"supervisors": [{"name": "自己人", "phone": "13800005678", "department": "某局"}]}
    assert (await agency.post("/draws", typed, 422))["field"].startswith("supervisors")
    draw = (await agency.post("/draws", form | {"supervisors": [found["id"]]}, 201))["id"]
    assert (await agency.get(f"/draws/{draw}"))["supervisors"][0]["entry_id"] == found["id"]
    await agency.put(f"/draws/{draw}/supervisors", {"supervisors": []}, 422)
    await agency.put(f"/draws/{draw}/supervisors", {"supervisors": [found["id"]]}, 204)


async def test_the_supervisor_audits_the_reasons_once_they_are_unsealed(world: World, office: Office) -> None:
    await add_experts(office, 3)
    draw = await start_draw(office, needed=2)
    supervisor = await world.log_in(SUPERVISOR_MOBILE, "supervisor")
    assert (await supervisor.post(f"/draws/{draw}/reason-audit", None, 422))["rule"] == "draw.result_visible_before"
    world.clock.move(timedelta(hours=5, minutes=30))
    supervisor = await world.log_in(SUPERVISOR_MOBILE, "supervisor")
    said = await supervisor.post(f"/draws/{draw}/reason-audit")
    assert (said["verdict"], {line["verdict"] for line in said["lines"]}) == ("holds", {"holds"})
