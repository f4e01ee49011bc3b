"""Eligibility decisions are sealed, checked again at the call and audited later; false reasons are found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.draws.recusal_keys import unit_keys
from domain.errors import Forbidden, NotFound, RuleViolation
from domain.ids import new_id
from models.audit import AuditEntry
from models.draws import CandidateList, Condition, Draw, ListSnapshot, LogEntry, RecusalUnit, SkipFact
from models.experts import Employment, Expert, Unavailability
from models.invitations import Invitation
from models.sanctions import Sanction
from services.core.base import Deps, execute, system
from services.draws import AuditReport, DrawAudits
from services.draws.call_order.eligibility import Hindrance, find_eligible, find_hindrances
from services.draws.calls import next_calls
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    fix_seed,
    make_draw,
    make_office,
    open_invitations,
)
from tests.factories.offices import verify as approve
from tests.factories.people import make_sanction

TENDEREE = "广州水务有限公司"
SATURDAY_AFTERNOONS = {"ends_at": None, "weekdays": [6], "from_minute": 720, "to_minute": 1440}


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def audits(office: Office) -> DrawAudits:
    return DrawAudits(office.deps, office.access)


async def make_ordered_draw(office: Office, *, needed: int = 1) -> tuple:
    """A draw whose order is fixed, with the first in order."""
    draw_id = await make_draw(office, needed=needed)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    listed = await CandidateList.get(draw_id=draw_id)
    index = int.from_bytes(listed.walk[:4], "big")
    experts = office.deps.keys.open(listed.experts_sealed, "experts")
    first = next(e for e in office.experts if e.id.bytes == experts[index * 16 : index * 16 + 16])
    return draw_id, first


async def call_first(office: Office, draw_id) -> None:
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)


async def run_audit(office: Office, audits: DrawAudits, clock: FixedClock, draw_id) -> AuditReport:
    clock.move(timedelta(hours=5, minutes=40))
    return await audits.run(office.supervisor, draw_id)


def wrong_lines(report: AuditReport) -> list[str]:
    return [line.text for line in report.lines if line.verdict == "wrong"]


async def reasons(draw_id) -> list[str]:
    return [entry.facts["reason"] for entry in await LogEntry.filter(draw_id=draw_id, act="skipped").order_by("seq")]


async def add_leave(office: Office, expert: Expert, **times: object) -> Unavailability:
    now = office.deps.now()
    span = {"starts_at": now, "ends_at": now + timedelta(days=2), "created_at": now}
    return await Unavailability.create(expert_id=expert.id, **span | times)


# ---- asked again at the call


async def test_who_begins_to_work_for_a_party_after_the_freeze_is_not_called(office: Office) -> None:
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    await Employment.create(expert_id=first.id, unit_name=TENDEREE, unit_keys=list(unit_keys(TENDEREE)))
    await call_first(office, draw_id)
    assert await reasons(draw_id) == ["recused_late"]
    assert not await Invitation.exists(draw_id=draw_id, expert_id=first.id)
    await check_record(office, draw_id)


async def test_who_declares_a_party_as_own_recusal_after_the_freeze_is_not_called(office: Office) -> None:
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    await Expert.filter(id=first.id).update(recusal_keys=list(unit_keys(TENDEREE)))
    await call_first(office, draw_id)
    assert await reasons(draw_id) == ["recused_late"]


async def test_who_has_no_mobile_any_more_is_passed_over_and_said_so(office: Office) -> None:
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    await Expert.filter(id=first.id).update(mobile_sealed="")
    await call_first(office, draw_id)
    assert await reasons(draw_id) == ["unreachable"]
    assert len(await open_invitations(draw_id)) == 1


async def test_who_has_no_mobile_is_not_listed_at_all(office: Office) -> None:
    gone, _, _ = await add_experts(office, 3)
    await Expert.filter(id=gone.id).update(mobile_sealed="")
    draw_id, _ = await make_ordered_draw(office)
    assert (await CandidateList.get(draw_id=draw_id)).count == 2


# ---- the audit


@pytest.mark.parametrize("times", [{}, {"ends_at": None}, SATURDAY_AFTERNOONS], ids=["span", "pause", "weekly"])
async def test_an_honest_draw_holds_and_the_audit_is_logged(
    office: Office, audits: DrawAudits, clock: FixedClock, times: dict[str, object]
) -> None:
    await add_experts(office, 4)
    draw_id, first = await make_ordered_draw(office)
    await add_leave(office, first, **times)
    await call_first(office, draw_id)
    report = await run_audit(office, audits, clock, draw_id)
    assert (report.verdict, wrong_lines(report)) == ("holds", [])
    assert any("已请假" in line.text and "属实" in line.text for line in report.lines)
    assert all(expert.name not in line.text for expert in office.experts for line in report.lines)
    assert await AuditEntry.filter(action="draw.audited", subject_id=draw_id).count() == 1


async def test_the_audit_opens_to_supervisors_after_unsealing_only(
    office: Office, audits: DrawAudits, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id, _ = await make_ordered_draw(office)
    await call_first(office, draw_id)
    with pytest.raises(RuleViolation) as early:
        await audits.run(office.supervisor, draw_id)
    assert early.value.rule == "draw.result_visible_before"
    clock.move(timedelta(hours=5, minutes=40))
    for actor in (office.agency, office.verifier, office.venue):
        with pytest.raises(Forbidden):
            await audits.run(actor, draw_id)
    with pytest.raises(NotFound):
        await audits.run(replace(office.supervisor, account_id=new_id()), draw_id)
    assert (await audits.run(system("demo"), draw_id)).verdict == "holds"


async def test_an_audit_finds_a_skip_for_an_invented_leave(
    office: Office, audits: DrawAudits, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who runs the service passes the first in order over, with facts that he makes up."""
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    honest = find_hindrances

    async def find_false_hindrances(experts, draw, notice, out, book, now):
        hindrances = await honest(experts, draw, notice, out, book, now)
        other = next(expert_id for expert_id in hindrances if expert_id != first.id)
        await add_leave(office, next(e for e in office.experts if e.id == other))
        [facts] = [
            hindrance.facts for hindrance in (await honest([other], draw, notice, out, book, now)).values() if hindrance
        ]
        await Unavailability.all().delete()
        return hindrances | {first.id: Hindrance("leave", facts.replace(str(other), str(first.id)))}

    monkeypatch.setattr(next_calls, "find_hindrances", find_false_hindrances)
    await call_first(office, draw_id)
    assert await reasons(draw_id) == ["leave"]
    await check_record(office, draw_id)  # the record alone can't tell
    report = await run_audit(office, audits, clock, draw_id)
    assert report.verdict == "wrong"
    assert any("登记中没有这次请假" in text for text in wrong_lines(report))


async def test_a_reason_that_the_sealed_facts_do_not_bear_out_comes_out(
    office: Office, audits: DrawAudits, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    await add_leave(office, first)
    honest = find_hindrances

    async def find_false_hindrances(experts, draw, notice, out, book, now):
        hindrances = await honest(experts, draw, notice, out, book, now)
        return {expert_id: Hindrance("inactive", why.facts) if why else None for expert_id, why in hindrances.items()}

    monkeypatch.setattr(next_calls, "find_hindrances", find_false_hindrances)
    await call_first(office, draw_id)
    report = await run_audit(office, audits, clock, draw_id)
    assert any("不支持这个理由" in text for text in wrong_lines(report))


@pytest.mark.parametrize(
    ("times", "free"),
    [
        ({}, False),
        ({"ends_at": None}, False),
        (SATURDAY_AFTERNOONS, False),
        (SATURDAY_AFTERNOONS | {"weekdays": [7]}, True),
    ],
)
async def test_an_audit_finds_a_call_of_an_expert_on_leave(
    office: Office, audits: DrawAudits, clock: FixedClock, times: dict[str, object], free: bool
) -> None:
    await add_experts(office, 3)
    draw_id, _ = await make_ordered_draw(office)
    await call_first(office, draw_id)
    [invitation] = await open_invitations(draw_id)
    leave = await add_leave(office, await Expert.get(id=invitation.expert_id), **times)
    await Unavailability.filter(id=leave.id).update(created_at=invitation.created_at - timedelta(minutes=1))
    report = await run_audit(office, audits, clock, draw_id)
    assert any("应当跳过" in text for text in wrong_lines(report)) is not free


@pytest.mark.parametrize(("alone", "listed"), [(True, 1), (False, 3)])
async def test_a_draw_of_emergency_experts_lists_them_alone_and_others_list_them_too(
    office: Office, audits: DrawAudits, clock: FixedClock, alone: bool, listed: int
) -> None:
    """As the record says, and the audit judges again."""
    willing, *_ = await add_experts(office, 3)
    await Expert.filter(id=willing.id).update(emergency=True)
    draw_id = await make_draw(office, needed=1)
    await Condition.filter(draw_id=draw_id).update(emergency=alone)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    assert (await CandidateList.get(draw_id=draw_id)).count == listed
    await call_first(office, draw_id)
    if alone:
        assert [invitation.expert_id for invitation in await open_invitations(draw_id)] == [willing.id]
    await check_record(office, draw_id)
    assert (await run_audit(office, audits, clock, draw_id)).verdict == "holds"


async def test_who_is_no_emergency_expert_on_their_list_comes_out(
    office: Office, audits: DrawAudits, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.draws.call_order import freeze

    await add_experts(office, 2)

    async def find_all(draw, condition, notice, specialty, out, book, now):
        condition.emergency = False
        return await find_eligible(draw, condition, notice, specialty, out, book, now)

    draw_id = await make_draw(office, needed=1)
    await Condition.filter(draw_id=draw_id).update(emergency=True)
    await approve(office, draw_id)
    monkeypatch.setattr(freeze, "find_eligible", find_all)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await call_first(office, draw_id)
    report = await run_audit(office, audits, clock, draw_id)
    assert [text for text in wrong_lines(report) if "2人不符合条件" in text and "not_emergency" in text]


async def test_a_suspension_is_a_reason_that_holds_and_one_made_up_afterwards_is_not(
    office: Office, audits: DrawAudits, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    now = clock.now()
    sanction = await make_sanction(first, starts_at=now, ends_at=now + timedelta(hours=1), decided_at=now)
    await call_first(office, draw_id)
    assert await reasons(draw_id) == ["inactive"]
    assert (await run_audit(office, audits, clock, draw_id)).verdict == "holds"
    await Sanction.filter(id=sanction.id).update(decided_at=clock.now())
    report = await run_audit(office, audits, clock, draw_id)
    assert any("暂停晚于跳过" in text for text in wrong_lines(report))


async def test_an_audit_finds_a_call_of_a_suspended_expert(
    office: Office, audits: DrawAudits, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id, _ = await make_ordered_draw(office)
    await call_first(office, draw_id)
    [invitation] = await open_invitations(draw_id)
    lifted = invitation.created_at + timedelta(minutes=1)
    await make_sanction(await Expert.get(id=invitation.expert_id), state="lifted", lifted_at=lifted)
    report = await run_audit(office, audits, clock, draw_id)
    assert any("已被暂停抽取，应当跳过" in text for text in wrong_lines(report))


async def test_a_candidate_who_never_fitted_the_condition_comes_out(
    office: Office, audits: DrawAudits, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expert of another specialty is added to the list, with his true facts."""
    from services.draws.call_order import freeze

    await add_experts(office, 2)
    [friend] = await add_experts(office, 1, specialty="A01")
    honest = find_eligible

    async def find_too_many(draw, condition, notice, specialty, out, book, now):
        return await honest(draw, condition, notice, "A08", out, book, now) | await honest(
            draw, condition, notice, "A01", out, book, now
        )

    monkeypatch.setattr(freeze, "find_eligible", find_too_many)
    draw_id, _ = await make_ordered_draw(office)
    await call_first(office, draw_id)
    report = await run_audit(office, audits, clock, draw_id)
    assert [text for text in wrong_lines(report) if "1人不符合条件" in text and "specialty" in text]
    assert friend.name not in str(report)


async def test_facts_and_recusals_that_were_changed_afterwards_come_out(
    office: Office, audits: DrawAudits, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    await add_leave(office, first)
    await call_first(office, draw_id)
    clock.move(timedelta(hours=5, minutes=40))
    keys = office.deps.keys
    listed, skip = await CandidateList.get(draw_id=draw_id), await SkipFact.get(draw_id=draw_id)
    snapshot = await ListSnapshot.get(list_id=listed.id)
    raw = keys.open_file(snapshot.sealed, "facts")
    await ListSnapshot.filter(id=snapshot.id).update(sealed=keys.seal_file(bytes(32) + raw[32:], "facts"))
    raw = keys.open(skip.sealed, "facts")
    await SkipFact.filter(id=skip.id).update(sealed=keys.seal(bytes(32) + raw[32:], "facts"))
    await RecusalUnit.create(draw_id=draw_id, name="后补的单位", reason="投标人", evidence="自行申报")
    problems = wrong_lines(await audits.run(office.supervisor, draw_id))
    assert len([text for text in problems if "与抽取记录中的摘要不符" in text]) == 2
    assert any("回避名单与锁定时不同" in text for text in problems)


async def test_without_what_was_sealed_the_audit_says_that_it_can_not_tell(
    office: Office, audits: DrawAudits, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id, first = await make_ordered_draw(office)
    await add_leave(office, first)
    await call_first(office, draw_id)
    await execute("DELETE FROM list_snapshot")
    await execute("DELETE FROM skip_fact")
    report = await run_audit(office, audits, clock, draw_id)
    assert report.verdict == "unknown"
    assert await Draw.exists(id=draw_id)
