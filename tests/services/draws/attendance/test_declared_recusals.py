"""An expert declares a recusal unit by himself: his file and the draws that run know it at once."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidForm, InvalidInput, NotFound, RuleViolation, TooMany
from domain.experts.file import FileChange, FileSource
from models.audit import AuditEntry
from models.draws import Absence, CandidateList, Condition, LogEntry, RecusalPerson
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Actor, Deps, rows, transaction
from services.draws import DeclaredRecusals, DeclaredUnit, UnitForm
from services.expert_files import change_file, file_of
from tests.drivers.waiting import eventually
from tests.factories.assembly import composed
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    counters,
    enter_all,
    fix_seed,
    make_draw,
    make_office,
    new_project,
    open_invitations,
    start_draw,
    state_of,
)
from tests.factories.offices import verify as approve
from tests.factories.people import make_account, make_grant, make_sanction
from tests.factories.rulebooks import with_field
from tests.invariants import check_invariants
from tests.services.draws.attendance.panels import count_notices, findings, invitation_state, panel
from tests.services.draws.follow_ups.test_recall_attacks import make_recall

TENDEREE = UnitForm("配偶", "广州水务有限责任公司", "", "")
"""A party of every draw here, in another spelling."""
STRANGER = UnitForm("own", "深圳某某建设集团有限公司", "", "曾任顾问")


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def declared(office: Office) -> DeclaredRecusals:
    return composed(DeclaredRecusals, office.deps)


async def log_in(office: Office, expert_id: UUID) -> Actor:
    account = await make_account(office.deps, real_name="段正淳")
    await Expert.filter(id=expert_id).update(account_id=account.id)
    return Actor("demo", "expert", account.id, expert_id)


async def called(office: Office, needed: int = 1) -> tuple[UUID, Invitation, Actor]:
    """A draw that runs, an open call, and its expert."""
    await add_experts(office, needed + 2)
    draw_id = await start_draw(office, needed=needed)
    invitation = (await open_invitations(draw_id))[0]
    return draw_id, invitation, await log_in(office, invitation.expert_id)


async def skips(draw_id: UUID) -> list[str]:
    return [entry.facts["reason"] for entry in await LogEntry.filter(draw_id=draw_id, act="skipped").order_by("seq")]


async def outcomes(draw_id: UUID) -> list[tuple[str, str, str]]:
    acts = await LogEntry.filter(draw_id=draw_id, act="outcome").order_by("seq")
    return [(entry.facts["outcome"], entry.facts["by"], entry.facts["confirmed_by"]) for entry in acts]


# ---- draws that run


async def test_who_declares_a_party_after_the_freeze_is_not_called(office: Office, declared: DeclaredRecusals) -> None:
    [expert] = await add_experts(office, 1)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    assert (await CandidateList.get(draw_id=draw_id)).count == 1
    assert (await declared.declare(await log_in(office, expert.id), TENDEREE)).ended == 0
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    assert (await skips(draw_id), await Invitation.exists()) == (["recused_late"], False)
    await check_invariants()


async def test_an_open_call_of_a_draw_with_the_unit_ends_and_the_next_is_called(
    office: Office, declared: DeclaredRecusals
) -> None:
    draw_id, invitation, actor = await called(office)
    assert await declared.declare(actor, TENDEREE) == DeclaredUnit(TENDEREE.name, 1, 0)
    ended = await Invitation.get(id=invitation.id)
    assert (ended.state, ended.answered_by, await counters(draw_id)) == ("declined", "recusal", [(1, 0, 0)])
    assert await outcomes(draw_id) == [("declined", "expert", "")]
    assert (await count_notices("recusal_declared"), await count_notices("draw_declined")) == (1, 0)
    assert not await Notice.filter(kind="draw_call", state="active").exists(), "nobody rings him any more"
    answered = await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    assert (answered.effective, answered.view.recused) == (False, True)
    await office.run.advance(draw_id)
    [following] = await open_invitations(draw_id)
    assert following.expert_id != invitation.expert_id
    await check_record(office, draw_id)
    assert await findings(office, draw_id) == []
    own = await declared.read(actor)
    assert ([view.id for view in own.ended], own.at_venue) == ([invitation.id], ())
    await check_invariants()


async def test_a_place_on_a_panel_is_vacant_whatever_the_deadline_and_the_agency_draws_a_substitute(
    office: Office, declared: DeclaredRecusals, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office)
    actor = await log_in(office, invitation.expert_id)
    clock.set(invitation.gathering_at - timedelta(minutes=1))
    with pytest.raises(RuleViolation):
        await office.invitations.leave(invitation.id, invitation.expert_id, "有事")
    assert (await declared.declare(actor, TENDEREE)).ended == 1
    assert (await invitation_state(invitation), await state_of(draw_id)) == ("left", "supplement_pending")
    assert (await outcomes(draw_id))[-1] == ("left", "expert", ""), "his own act, which needs nobody's confirmation"
    assert await findings(office, draw_id) == []
    absence = await Absence.get(draw_id=draw_id)
    assert (absence.kind, absence.source, absence.registered_by_id) == ("leave", "declared", None)
    assert (await Notice.get(kind="agency_leave")).params["cause"] == "申报回避"
    assert await count_notices("recusal_declared") == 1
    assert not await Notice.filter(kind="check_in_reminder", state="active").exists()
    await check_invariants()


async def test_neither_the_agency_nor_the_record_learns_who_or_which_unit(
    office: Office, declared: DeclaredRecusals
) -> None:
    draw_id, [invitation] = await panel(office)
    expert = await Expert.get(id=invitation.expert_id)
    await declared.declare(await log_in(office, expert.id), TENDEREE)
    [row] = await office.absence_queries.absences_of_draw(office.agency, draw_id)
    assert (row.name, row.id_number, row.registered_by, row.reason) == ("", "", "", "申报回避")
    operations = await office.queries.operations(office.agency, draw_id)
    record = await office.public_records.read(office.agency, draw_id)
    parties = await Notice.filter(expert_id=None)
    told = f"{row}{operations}{record}{[notice.params for notice in parties]}"
    assert not any(word in told for word in (expert.name, expert.number, TENDEREE.name, "段正淳"))


async def test_another_unit_leaves_calls_and_panels_as_they_are(office: Office, declared: DeclaredRecusals) -> None:
    draw_id, invitation, actor = await called(office)
    assert (await declared.declare(actor, STRANGER)).ended == 0
    assert await invitation_state(invitation) == "open"
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    assert (await declared.declare(actor, replace(STRANGER, name="另一家公司"))).ended == 0
    assert await invitation_state(invitation) == "accepted"
    await check_record(office, draw_id)


@pytest.mark.parametrize(
    "unit",
    [
        UnitForm("父母", "某个别名", "91350211M000100Y46", ""),
        UnitForm("employer", "广州水务有限公司佛山分公司", "", ""),
        UnitForm("own", "粤和招标代理有限公司", "", ""),
    ],
)
async def test_a_unit_is_known_by_its_code_its_branch_and_the_agency_is_a_party(
    office: Office, declared: DeclaredRecusals, unit: UnitForm
) -> None:
    _, invitation, actor = await called(office)
    assert (await declared.declare(actor, unit)).ended == 1
    assert await invitation_state(invitation) == "declined"


async def test_a_person_recused_by_name_and_unit_is_known_by_the_declared_unit(
    office: Office, declared: DeclaredRecusals
) -> None:
    draw_id, invitation, actor = await called(office)
    expert = await Expert.get(id=invitation.expert_id)
    await RecusalPerson.create(
        draw_id=draw_id, name=expert.name, unit_name=STRANGER.name, reason="其他依法应当回避", evidence="自行申报"
    )
    assert (await declared.declare(actor, STRANGER)).ended == 1
    await check_invariants()


async def test_several_draws_end_at_once_and_others_stay(office: Office, declared: DeclaredRecusals) -> None:
    draw_id, [invitation] = await panel(office)
    actor = await log_in(office, invitation.expert_id)
    for other in await Expert.exclude(id=invitation.expert_id):
        await make_sanction(other)
    far = {"starts_at": invitation.starts_at + timedelta(days=9), "ends_at": invitation.ends_at + timedelta(days=9)}
    await Invitation.filter(id=invitation.id).update(**far)
    await new_project(office)
    other = await start_draw(office, needed=1)
    assert (await declared.declare(actor, TENDEREE)).ended == 2
    assert {(await Invitation.get(draw_id=each)).state for each in (draw_id, other)} == {"left", "declined"}


async def test_who_has_entered_is_recused_at_the_venue_when_a_second_person_confirms(
    office: Office, declared: DeclaredRecusals, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office)
    await make_grant(await make_account(office.deps), "verifier")
    actor = await log_in(office, invitation.expert_id)
    clock.set(invitation.gathering_at)
    await enter_all(draw_id)
    for unit, waiting in ((TENDEREE, 1), (UnitForm("own", "粤和招标代理有限公司", "", ""), 1)):
        assert await declared.declare(actor, unit) == DeclaredUnit(unit.name, 0, waiting)
    assert (await invitation_state(invitation), await count_notices("recusal_waiting")) == ("accepted", 2)
    [request] = await office.discard_queries.list_waiting(office.supervisor)
    assert (request.asked_by, request.code, request.cause) == ("评标专家", invitation.code, "专家本人申报")
    assert [view.id for view in (await declared.read(actor)).at_venue] == [invitation.id]
    await office.discards.confirm(office.supervisor, request.id)
    assert (await invitation_state(invitation), (await outcomes(draw_id))[-1]) == (
        "recused",
        ("recused", "expert", "supervisor"),
    )
    [row] = await office.absence_queries.absences_of_draw(office.agency, draw_id)
    assert (row.kind, row.source, row.registered_by) == ("recusal", "expert", "")
    assert await findings(office, draw_id) == []
    await check_invariants()


async def test_an_expert_of_a_recall_declines_or_gives_up_the_place(office: Office, declared: DeclaredRecusals) -> None:
    await add_experts(office, 3)
    draw_id = await make_recall(office)
    await office.recalls.invite_panel(office.agency, draw_id)
    accepted, waiting = await Invitation.filter(draw_id=draw_id).order_by("id")
    await office.invitations.answer(accepted.id, accepted.expert_id, "accept", by="h5")
    for invitation in (accepted, waiting):
        assert (await declared.declare(await log_in(office, invitation.expert_id), TENDEREE)).ended == 1
    assert [await invitation_state(invitation) for invitation in (accepted, waiting)] == ["left", "declined"]
    [*_, answered] = await LogEntry.filter(draw_id=draw_id, act="confirmed").order_by("seq")
    assert (answered.facts["answer"], answered.facts["source"]) == ("declines", "expert")
    assert [code for severity, code in await findings(office, draw_id) if severity == "error"] == []
    await check_invariants()


# ---- other roads into the file


@pytest.mark.parametrize(("source", "ended"), [(FileSource.APPLICATION, True), (FileSource.IMPORT, False)])
async def test_what_an_approved_application_states_recuses_too_but_not_what_others_write(
    office: Office, declared: DeclaredRecusals, source: FileSource, ended: bool
) -> None:
    """Nobody but the expert himself takes him off a panel without a second person."""
    draw_id, [invitation] = await panel(office)
    expert = await Expert.get(id=invitation.expert_id)
    change = FileChange(office.deps.now() + timedelta(seconds=1), source, {"employer": "广州水务有限公司"})
    await change_file(office.deps, expert, change)
    for _ in range(2):
        await declared.recuse(expert.id)
    assert await invitation_state(invitation) == ("left" if ended else "accepted")
    assert await findings(office, draw_id) == []


async def test_a_call_that_begins_during_the_declaration_is_looked_at_again(
    office: Office, declared: DeclaredRecusals
) -> None:
    """The call locks its draw first, and the declaration can't wait for a draw while it holds the expert's row."""
    [expert] = await add_experts(office, 1)
    actor = await log_in(office, expert.id)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    outside = contextvars.copy_context()
    async with transaction():
        await office.run.advance(draw_id)
        assert await Invitation.exists(draw_id=draw_id, state="open")
        declaring = asyncio.get_running_loop().create_task(declared.declare(actor, TENDEREE), context=outside)
        await eventually(lambda: rows("SELECT 1 FROM pg_locks WHERE NOT granted"))
    assert (await declaring).ended == 0
    assert await rows("SELECT 1 FROM procrastinate_jobs WHERE task_name = 'draws.recuse'")
    await declared.recuse(expert.id)
    assert (await Invitation.get(draw_id=draw_id)).state == "declined"
    await check_record(office, draw_id)
    await check_invariants()


@pytest.mark.parametrize("first", ["answer", "declaration"])
async def test_an_answer_and_a_declaration_at_once_leave_nobody_on_the_panel(
    office: Office, declared: DeclaredRecusals, first: str
) -> None:
    draw_id, invitation, actor = await called(office)
    answer = office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    acts = [answer, declared.declare(actor, TENDEREE)]
    done = await asyncio.gather(*(acts if first == "answer" else reversed(acts)), return_exceptions=True)
    assert not [result for result in done if isinstance(result, Exception)]
    assert await invitation_state(invitation) in ("left", "declined")
    await check_record(office, draw_id)
    await check_invariants()


# ---- the file


async def test_units_are_added_with_the_reason_and_never_twice(office: Office, declared: DeclaredRecusals) -> None:
    [expert] = await add_experts(office, 1)
    actor = await log_in(office, expert.id)
    await change(office, expert, recusal_units=[{"name": "无", "code": "", "note": ""}])
    await declared.declare(actor, UnitForm("配偶", "甲设计院有限公司", "", "2025年起"))
    await declared.declare(actor, UnitForm("own", "甲设计院有限公司", "91350211M000100Y46", ""))
    await declared.declare(actor, UnitForm("employer", "乙公司", "", ""))
    units = (await file_of(office.deps, expert.id)).values["recusal_units"]
    assert units == [
        {"name": "甲设计院有限公司", "code": "91350211M000100Y46", "note": "近亲属（配偶）的工作单位；2025年起"},
        {"name": "乙公司", "code": "", "note": "本人的新工作单位"},
    ]
    await expert.refresh_from_db()
    assert expert.recusal_keys == ["code:91350211M000100Y46", "name:乙公司", "name:甲设计院有限公司"]
    with pytest.raises(InvalidInput, match="已在您的回避单位中"):
        await declared.declare(actor, UnitForm("子女", "乙 公司", "", ""))
    assert await AuditEntry.filter(action="expert.unit_declared", subject_id=expert.id).count() == 3


async def test_a_declaration_sent_twice_counts_once(office: Office, declared: DeclaredRecusals) -> None:
    _, _, actor = await called(office)
    twice = [await declared.declare(actor, TENDEREE, key="a" * 16) for _ in range(2)]
    assert twice[0] == twice[1] == DeclaredUnit(TENDEREE.name, 1, 0)
    assert await count_notices("recusal_declared") == 1


@pytest.mark.parametrize(
    ("unit", "fields"),
    [
        (UnitForm("", "", "", ""), {"relation", "name"}),
        (UnitForm("邻居", "无", "", ""), {"relation", "name"}),
        (UnitForm("relative", "甲公司", "1234", "注" * 101), {"relation", "code", "note"}),
        (UnitForm("own", "单" * 101, "", ""), {"name"}),
    ],
)
async def test_every_fault_stands_at_its_field(
    office: Office, declared: DeclaredRecusals, unit: UnitForm, fields: set[str]
) -> None:
    [expert] = await add_experts(office, 1)
    with pytest.raises((InvalidInput, InvalidForm)) as refused:
        await declared.declare(await log_in(office, expert.id), unit)
    assert {fault.field for fault in refused.value.faults} == fields


async def test_who_wants_to_find_out_the_parties_has_few_tries(
    office: Office, declared: DeclaredRecusals, clock: FixedClock
) -> None:
    """Each try stays in the file, recuses him for good, and one that hits costs the panel."""
    _, invitation, actor = await called(office)
    for number in range(6):
        await declared.declare(actor, UnitForm("own", f"投标企业{number}", "", ""))
    with pytest.raises(TooMany, match="30天内最多自行申报6个"):
        await declared.declare(actor, TENDEREE)
    assert await invitation_state(invitation) == "open"
    clock.move(timedelta(days=30))
    await declared.declare(actor, TENDEREE)


async def test_a_full_list_leads_to_a_reviewed_change(office: Office, declared: DeclaredRecusals) -> None:
    [expert] = await add_experts(office, 1)
    await change(office, expert, recusal_units=[{"name": f"单位{n}", "code": "", "note": ""} for n in range(20)])
    with pytest.raises(Conflict, match="最多20个，请办理异动申请"):
        await declared.declare(await log_in(office, expert.id), STRANGER)


async def test_a_province_may_have_additions_reviewed(office: Office) -> None:
    [expert] = await add_experts(office, 1)
    deps = with_field(office.deps, "recusal_units", at_once=False)
    declared = composed(DeclaredRecusals, deps)
    actor = await log_in(office, expert.id)
    assert not (await declared.read(actor)).at_once
    with pytest.raises(RuleViolation, match="须经审核"):
        await declared.declare(actor, STRANGER)


async def test_only_an_expert_of_the_pool_declares(office: Office, declared: DeclaredRecusals) -> None:
    account = await make_account(office.deps)
    refusals: list[tuple[Actor, type[AppError]]] = [
        (Actor("demo", "applicant", account.id), Forbidden),
        (office.agency, Forbidden),
        (Actor("demo", "expert", account.id, UUID(int=3)), NotFound),
    ]
    for actor, refusal in refusals:
        with pytest.raises(refusal):
            await declared.declare(actor, STRANGER)
        with pytest.raises(refusal):
            await declared.read(actor)
    assert not await Condition.exists()


async def change(office: Office, expert: Expert, **values: Any) -> None:
    await change_file(office.deps, expert, FileChange(office.deps.now(), FileSource.IMPORT, values))
