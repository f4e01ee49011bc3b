"""From the last approval into the pool: notice, fee, exam in the rulebook's order, then the expert's file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict
from models.accounts import Account
from models.applications import Application
from models.audit import AuditEntry
from models.experts import Employment, Expert
from models.notices import Notice
from models.payments import Fee
from models.reviews import Objection, ReviewEntry
from models.sanctions import Sanction
from services.core.base import Actor, Deps
from services.experts import membership_status_of
from tests.factories.entry import EntryProcess, make_entry_process
from tests.factories.people import BEGINNING, file_more, make_account, make_expert, make_sanction
from tests.factories.reviews import DISTRICT, begin, make_applicant, make_application, make_catalogues, step, with_rules


@pytest.fixture(autouse=True)
async def _catalogues(db: str) -> None:
    await make_catalogues()


def road_with(deps: Deps, clock: FixedClock, *stages: str, **form: object) -> EntryProcess:
    """A pool with one step of review, then these stages."""
    rules = {"entry": {"stages": list(stages)}, "review": {"steps": [step("final")]}, "form": form}
    return make_entry_process(with_rules(deps, **rules), clock)


async def handed_in(entry_process: EntryProcess, account: Account | None = None, **columns: object) -> Application:
    """In review."""
    values: dict[str, object] = {"expert_number": "ZJ0100001"}
    application = await make_application(entry_process.services.deps, account, **values | columns)
    await begin(entry_process.services.workflows.reviews, entry_process.services.deps, application)
    return application


@pytest.mark.parametrize(
    "stages", [(), ("notice",), ("fee",), ("exam",), ("notice", "fee"), ("fee", "exam"), ("notice", "fee", "exam")]
)
async def test_every_pool_has_its_own_stages_and_they_end_in_the_pool(
    deps: Deps, clock: FixedClock, stages: tuple[str, ...]
) -> None:
    entry_process = road_with(deps, clock, *stages)
    application = await entry_process.go_on(await handed_in(entry_process))
    for stage in stages:
        assert application.state == stage
        application = await entry_process.go_on(application)
    assert (application.state, application.ended_at) == ("entered", deps.now())
    expert = await Expert.get(id=application.expert_id)
    assert (expert.number, expert.account_id, expert.membership_status) == (
        "ZJ0100001",
        application.account_id,
        "formal",
    )
    log = await ReviewEntry.filter(application_id=application.id).order_by("id").values_list("event")
    events = {"notice": ["publish"], "fee": ["charge"], "exam": ["call", "exam_passed"]}
    assert [event for (event,) in log] == ["approve", *(event for stage in stages for event in events[stage]), "enter"]
    assert await Fee.filter(application_id=application.id).count() == stages.count("fee")


async def test_the_applicant_is_notified_of_every_stage_once(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock, "notice", "fee", "exam")
    application = await handed_in(entry_process)
    for _ in range(4):
        application = await entry_process.go_on(application)
    told = await Notice.filter(kind__startswith="application_").order_by("created_at", "id")
    assert [(t.kind, t.params.get("step", "")) for t in told] == [
        ("application_progress", "审核通过，公示中"),
        ("application_progress", "审核通过，待缴费"),
        ("application_exam", ""),
        ("application_entered", ""),
    ]
    assert told[-1].params["number"] == "ZJ0100001"


async def test_who_is_in_the_pool_is_not_passed_on_again(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock, "exam")
    application = await entry_process.go_on(await handed_in(entry_process))
    await entry_process.pass_exam(application)
    with pytest.raises(Conflict):
        await entry_process.pass_exam(application)
    assert await Expert.all().count() == 1


async def test_two_concurrent_settlements_enter_the_expert_once(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock, "fee")
    application = await entry_process.go_on(await handed_in(entry_process))
    report = await entry_process.order_and_pay(application)
    for _ in range(3):
        await entry_process.apply_payment_report(application, report)
    await asyncio.gather(*(entry_process.services.operations.scheduler.process("pay_events") for _ in range(3)))
    assert (await Application.get(id=application.id)).state == "entered"
    assert await Expert.all().count() == 1
    assert await ReviewEntry.filter(application_id=application.id, event="enter").count() == 1


async def test_the_expert_record_holds_what_the_form_contained(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock)
    account = await make_applicant(deps, "欧阳锋", id_number="430104197506150018")
    application = await handed_in(entry_process, account, specialties=("A0401", "A08"))
    await entry_process.go_on(application)
    expert = await Expert.get()
    assert (expert.name, expert.name_sort) == ("欧阳锋", "ou1 yang2 feng1")
    assert expert.id_number_hash == account.id_number_hash
    assert deps.keys.open_text(expert.id_number_sealed, "id_number") == "430104197506150018"
    assert expert.mobile_hash == account.mobile_hash
    assert (expert.permanent_region, sorted(expert.region_path)) == (DISTRICT, ["440000", "440100", "440106"])
    assert expert.willing_regions == ["440100"]
    assert expert.specialties == ["A0401", "A08"]
    assert expert.specialty_path == ["A", "A04", "A0401", "A08"]
    assert expert.title_level == "20"
    assert expert.qualifications == ["Q03", "Q0301"]
    assert (expert.remote_evaluation, expert.emergency) == (False, True)
    assert expert.term_until == deps.now() + timedelta(days=1095)
    assert await AuditEntry.filter(action="application.enter", subject_id=application.id).count() == 1


async def test_former_and_present_units_are_employments_and_the_own_employer_is_recused(
    deps: Deps, clock: FixedClock
) -> None:
    entry_process = road_with(deps, clock)
    await entry_process.go_on(await handed_in(entry_process))
    expert = await Expert.get()
    units = await Employment.filter(expert_id=expert.id).order_by("until")
    assert [(u.unit_name, u.until) for u in units] == [
        ("广州旧单位有限公司", datetime(2019, 12, 31, 16, tzinfo=UTC)),
        ("广州水务设计院", None),
    ]
    assert units[1].since == datetime(2019, 12, 31, 16, tzinfo=UTC)
    assert units[1].unit_keys == ["code:91440101MA59ABCD0X", "name:广州水务设计院"]
    assert expert.recusal_keys == [
        "code:91110000600037341L",
        "code:91440101MA59ABCD0X",
        "name:广州水务设计院",
        "name:某某建设集团有限公司",
    ]


async def test_the_own_employer_is_recused_only_where_the_rulebook_says_so(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock, own_employer_recused=False)
    await entry_process.go_on(await handed_in(entry_process))
    assert "name:广州水务设计院" not in (await Expert.get()).recusal_keys


async def test_who_accepts_remote_evaluation_is_willing_everywhere_in_the_province(
    deps: Deps, clock: FixedClock
) -> None:
    entry_process = road_with(deps, clock)
    await entry_process.go_on(await handed_in(entry_process, values={"remote_evaluation": True}))
    expert = await Expert.get()
    assert (expert.willing_regions, expert.remote_evaluation) == (["440000"], True)


async def test_a_renewal_updates_the_file_and_loses_nothing_of_its_term(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock)
    account = await make_applicant(deps)
    left = deps.now() + timedelta(days=30)
    old = await make_expert(
        deps,
        account=account,
        id_number_hash=account.id_number_hash,
        term_until=left,
        department="D01",
        membership_status="temporary",
        number="ZJ0000009",
    )
    await file_more(deps, old, employer="更早单位", employed_since="2026-01-01")
    application = await handed_in(
        entry_process, account, entry_type="renewal", expert_id=old.id, expert_number=old.number, specialties=("A08",)
    )
    await entry_process.go_on(application)
    expert = await Expert.get()
    assert (expert.id, expert.number, expert.specialties) == (old.id, "ZJ0000009", ["A08"])
    assert (expert.membership_status, expert.department) == ("formal", "D01")
    assert expert.term_until == left + timedelta(days=1095)
    assert (await Employment.get(unit_name="更早单位")).until == deps.now()


async def test_who_left_comes_back_into_the_old_file(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock)
    account = await make_applicant(deps)
    old = await make_expert(deps, id_number_hash=account.id_number_hash, left_at=BEGINNING)
    await entry_process.go_on(await handed_in(entry_process, account, expert_number=old.number))
    expert = await Expert.get()
    assert (expert.id, expert.left_at, expert.account_id) == (old.id, None, account.id)


@pytest.mark.parametrize("left_at", [BEGINNING, None])
async def test_entering_anew_and_renewal_end_no_suspension(
    deps: Deps, clock: FixedClock, left_at: datetime | None
) -> None:
    entry_process = road_with(deps, clock)
    account = await make_applicant(deps)
    old = await make_expert(deps, id_number_hash=account.id_number_hash, left_at=left_at, account=account)
    sanction = await make_sanction(old)
    entry_type = "first" if left_at else "renewal"
    await entry_process.go_on(await handed_in(entry_process, account, expert_number=old.number, entry_type=entry_type))
    assert (await Expert.get()).left_at is None
    assert (await membership_status_of(deps, account.id)).kind == "suspended"
    assert (await Sanction.get()).state == sanction.state == "imposed"


async def test_another_persons_file_lets_go_of_the_account(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock)
    account = await make_applicant(deps)
    stranger = await make_expert(deps, account=account)
    application = await entry_process.go_on(await handed_in(entry_process, account))
    assert (await Expert.get(id=stranger.id)).account_id is None
    assert (await Expert.get(id=application.expert_id)).account_id == account.id


async def test_entry_skips_an_expert_number_that_an_import_took(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock, "fee")
    application = await entry_process.go_on(await handed_in(entry_process))
    await make_expert(deps, number="ZJ0100001")
    application = await entry_process.go_on(application)
    assert application.state == "entered"
    assert application.expert_number != "ZJ0100001"
    assert (await Expert.get(id=application.expert_id)).number == application.expert_number


async def test_a_public_notice_ends_by_itself_when_its_time_is_over(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock, "notice")
    application = await entry_process.go_on(await handed_in(entry_process))
    clock.move(timedelta(minutes=3) - timedelta(seconds=1))
    assert "public_notice_end" not in await entry_process.services.operations.scheduler.tick()
    clock.move(timedelta(seconds=1))
    await entry_process.work("public_notice_end")
    assert (await Application.get(id=application.id)).state == "entered"
    assert "public_notice_end" not in await entry_process.services.operations.scheduler.tick()


async def test_an_open_objection_holds_the_entry_until_the_office_has_answered_it(
    deps: Deps, clock: FixedClock
) -> None:
    entry_process = road_with(deps, clock, "notice")
    application = await entry_process.go_on(await handed_in(entry_process))
    objection = await Objection.create(
        pool="demo",
        application_id=application.id,
        account_id=(await make_account(deps)).id,
        created_at=deps.now(),
    )
    clock.move(timedelta(days=1))
    assert "public_notice_end" not in await entry_process.services.operations.scheduler.tick()
    assert (await Application.get(id=application.id)).state == "notice"
    office = Actor("demo", "pool_admin", (await make_account(deps)).id)
    await entry_process.services.entry.objections.decide(office, objection.id, "dismiss", "经核实不成立")
    await entry_process.work("public_notice_end")
    assert (await Application.get(id=application.id)).state == "entered"


async def test_two_workers_end_a_notice_once(deps: Deps, clock: FixedClock) -> None:
    entry_process = road_with(deps, clock, "notice")
    application = await entry_process.go_on(await handed_in(entry_process))
    clock.move(timedelta(minutes=3))
    assert "public_notice_end" in await entry_process.services.operations.scheduler.tick()
    await asyncio.gather(*(entry_process.services.operations.scheduler.process("public_notice_end") for _ in range(3)))
    assert await Notice.filter(kind="application_entered").count() == 1
    assert (await Application.get(id=application.id)).state == "entered"
    assert await Expert.all().count() == 1
