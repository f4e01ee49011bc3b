"""The tick finds due rows, defers one job a kind, and health reports overdue rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.ids import new_id
from models.draws import Draw
from models.invitations import Invitation
from models.notices import Attempt, DeliveryReport, Notice
from models.payments import Bill
from models.projects import Project
from services.core.base import Deps, execute, record, rows, system, transaction
from services.notifications import Delivery, Notices
from services.operations import DeliveryReports, Scheduler
from services.operations.scheduler import PERIODIC
from tests.factories.applications import with_rules
from tests.factories.assembly import composed
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw, state_of
from tests.factories.vendors import Vendors, make_delivery, make_reports


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def deadlines(office: Office, deps: Deps) -> Scheduler:
    vendors = Vendors()
    delivery, reports = make_delivery(deps, office, vendors), make_reports(deps, office, vendors)
    return composed(Scheduler, deps, given={Delivery: delivery, DeliveryReports: reports})


async def test_a_kind_that_fails_holds_up_no_other_and_is_named(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    """A column that an edited migration never made used to stop every call and every deadline."""
    await add_experts(office, 1)
    await start_draw(office, needed=1)
    clock.move(timedelta(minutes=3))
    await execute("ALTER TABLE invitation DROP COLUMN next_reminder_at CASCADE")
    await execute("ALTER TABLE notice RENAME COLUMN next_at TO moved")
    due = await deadlines.tick()
    assert {"deliver", "expire"} <= set(due)
    assert {"remind?", "climb?"} <= set(deadlines.failing_kinds())
    assert not (await deadlines.health()).is_healthy
    await execute("ALTER TABLE notice RENAME COLUMN moved TO next_at")
    assert "climb" not in await deadlines.tick()
    deadlines._pauses._failures["climb?"].at -= 2
    assert "climb" in await deadlines.tick()
    assert "climb?" not in deadlines.failing_kinds()


async def test_work_that_fails_waits_longer_each_time_and_others_go_on(
    office: Office, deadlines: Scheduler, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise KeyError("a text that no rulebook has")

    monkeypatch.setitem(deadlines._kinds, "expire", fail)  # type: ignore[arg-type]  # a dictionary behind Mapping
    await add_experts(office, 1)
    await start_draw(office, needed=1)
    clock.move(timedelta(minutes=3))
    await deadlines.tick()
    with pytest.raises(KeyError):
        await deadlines.process("expire")
    assert deadlines.failing_kinds() == {"expire": "KeyError"}
    await execute("DELETE FROM procrastinate_jobs")
    await deadlines.tick()
    assert "expire" not in await waiting_jobs()
    assert "deliver" in await waiting_jobs()


async def test_an_outage_of_the_database_is_no_failure_of_a_kind(
    deadlines: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose_database() -> None:
        raise ConnectionResetError

    monkeypatch.setitem(deadlines._kinds, "expire", lose_database)  # type: ignore[arg-type]  # a dictionary behind Mapping
    with pytest.raises(ConnectionResetError):
        await deadlines.process("expire")
    assert deadlines.failing_kinds() == {}


async def waiting_jobs() -> list[str]:
    jobs = await rows("SELECT args->>'kind' AS kind FROM procrastinate_jobs WHERE task_name = 'deadlines.run'")
    return sorted(row["kind"] for row in jobs)


async def test_a_kind_that_is_due_gets_one_job_however_often_it_ticks(office: Office, deadlines: Scheduler) -> None:
    await add_experts(office, 2)
    await start_draw(office, needed=1)
    for _ in range(3):
        assert "deliver" in await deadlines.tick()
    assert (await waiting_jobs()).count("deliver") == 1


async def test_an_invitation_past_its_time_is_due_and_carried_out(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    assert "expire" not in await deadlines.tick()
    clock.move(timedelta(minutes=3))
    assert "expire" in await deadlines.tick()
    await deadlines.process("expire")
    await deadlines.process("watch_draws")
    assert await open_invitations(draw_id) == []
    assert await state_of(draw_id) == "short"


async def test_every_kind_can_be_carried_out_with_nothing_to_do(deadlines: Scheduler) -> None:
    for kind in (
        "deliver",
        "climb",
        "check_outcomes",
        "expire",
        "remind",
        "unseal",
        "delivery_reports",
        "seal",
        *PERIODIC,
    ):
        await deadlines.process(kind)
    assert (await deadlines.health()).is_healthy


async def test_the_auditor_names_what_stays_overdue(office: Office, deadlines: Scheduler, clock: FixedClock) -> None:
    await add_experts(office, 1)
    await start_draw(office, needed=1)
    clock.move(timedelta(minutes=10))
    health = await deadlines.health()
    assert not health.is_healthy
    assert health.overdue["invitations"] == 1
    assert health.overdue["attempts"] >= 1
    assert health.overdue["counters"] == 0


async def test_the_agency_is_notified_once_that_the_result_is_unsealed(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    await deadlines.process("unseal")
    assert not await Notice.filter(kind="agency_unsealed").exists()
    clock.move(timedelta(hours=5, minutes=29, seconds=59))
    assert "unseal" not in await deadlines.find_due(), "or it would be looked at on every tick of a day"
    clock.move(timedelta(seconds=1))
    assert "unseal" in await deadlines.find_due()
    await deadlines.process("unseal")
    await deadlines.process("unseal")
    assert "unseal" not in await deadlines.find_due()
    assert await Notice.filter(kind="agency_unsealed").count() == 1


async def test_a_pool_may_show_names_days_before_the_evaluation(office: Office, clock: FixedClock) -> None:
    deps = with_rules(office.deps, draw={"result_visible_before": timedelta(days=3)})
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    now = clock.now()
    await Draw.filter(id=draw_id).update(starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=2, hours=4))
    deadlines = composed(Scheduler, deps)
    assert "unseal" in await deadlines.find_due()
    await deadlines.process("unseal")
    assert "unseal" not in await deadlines.find_due()
    assert await Notice.filter(kind="agency_unsealed").exists()


async def test_an_invitation_that_can_not_be_closed_holds_up_no_other(
    office: Office, deadlines: Scheduler, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=3)
    [poisoned, *_] = await open_invitations(draw_id)
    stop_many = Notices.stop_many

    async def fail(notices: Notices, invitation_ids: Sequence[UUID], kinds: Sequence[str]) -> None:
        if poisoned.id in invitation_ids:
            raise KeyError("draw_unclear")
        await stop_many(notices, invitation_ids, kinds)

    monkeypatch.setattr(Notices, "stop_many", fail)
    clock.move(timedelta(minutes=3))
    await deadlines.process("expire")
    assert [i.id for i in await open_invitations(draw_id)] == [poisoned.id]


async def test_a_report_that_can_not_be_read_holds_up_no_other(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    for number, body in enumerate(({"from": "an older version"}, SMS)):
        await DeliveryReport.create(vendor="sms", key=str(number), body=body, received_at=clock.now())
    clock.move(timedelta(minutes=1))
    await deadlines.process("delivery_reports")
    assert await DeliveryReport.filter(applied_at=None).values_list("key", flat=True) == ["0"]


SMS = {"biz_id": "b", "out_id": "7", "delivered": True, "vendor_code": "DELIVERED"}


async def test_a_report_is_due_only_when_it_can_be_applied(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    """One that came before its message's id was stored waits a minute; a lost report of a call half a minute."""
    early = {"appid": "wx", "msgid": "not known yet", "status": "success", "openid": "o"}
    call = {"call_id": "c", "out_id": "7", "ended": True, "status": "200000", "keys": "", "ended_at": None}
    await DeliveryReport.create(vendor="wechat", key="early", body=early, received_at=clock.now())
    await DeliveryReport.create(vendor="voice", key="lost", body=call, received_at=clock.now())
    clock.move(timedelta(seconds=30))
    for left in (["early"], []):
        assert "delivery_reports" in await deadlines.find_due()
        await deadlines.process("delivery_reports")
        assert await DeliveryReport.filter(applied_at=None).values_list("key", flat=True) == left
        assert "delivery_reports" not in await deadlines.find_due(), "nothing is tried twice a second"
        clock.move(timedelta(seconds=30))


async def test_an_invitation_is_not_due_while_its_expert_is_on_the_phone(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    clock.move(timedelta(seconds=41))
    await deadlines.process("climb")
    await deadlines.process("deliver")
    assert await Attempt.filter(channel="voice", state="sent").exists()
    clock.move(timedelta(minutes=3))
    assert "expire" not in await deadlines.find_due()
    clock.move(timedelta(seconds=90))
    assert "expire" in await deadlines.find_due()
    await deadlines.process("expire")
    assert not await open_invitations(draw_id)


async def test_a_notice_of_a_pool_that_is_no_longer_served_holds_up_no_other(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    await add_experts(office, 2)
    await start_draw(office, needed=2)
    first, second = await Notice.filter(kind="draw_call").order_by("created_at")
    await Notice.filter(id=first.id).update(pool="gone", next_at=clock.now())
    clock.move(timedelta(seconds=20))
    await deadlines.process("climb")
    assert await Attempt.filter(notice_id=second.id, channel="sms").exists()


async def test_a_draw_of_a_pool_that_is_no_longer_served_holds_up_no_other(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    first = await start_draw(office, needed=1)
    await office_of_another_project(office)
    second = await start_draw(office, needed=1)
    await Draw.filter(id=first).update(pool="gone")
    clock.move(timedelta(minutes=3))
    await deadlines.process("expire")
    await deadlines.process("watch_draws")
    assert await Invitation.filter(draw_id=second).count() == 2
    for kind in ("remind", "unseal", "late", "end"):
        await deadlines.process(kind)


async def office_of_another_project(office: Office) -> None:
    project = await Project.get(id=office.project_id)
    project.pk, project._saved_in_db = None, False
    project.id = office.project_id = new_id()
    await project.save(force_create=True)


async def test_the_audit_trail_of_every_pool_is_sealed(office: Office, deadlines: Scheduler) -> None:
    async with transaction():
        await record(system("closed"), office.deps.now(), "pool.left", "pool", None)
    await deadlines.process("seal")
    assert "seal" not in await deadlines.tick()


async def test_a_row_that_always_fails_takes_no_place_of_another_and_is_alarmed(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    """Two hundred unreadable reports come before a good one; no more than two hundred are looked at."""
    for number in range(200):
        await DeliveryReport.create(vendor="sms", key=str(number), body={}, received_at=clock.now() - timedelta(days=1))
    await execute(
        "INSERT INTO row_failure (id, work, subject, failures, retry_at, error) "
        "SELECT gen_random_uuid(), 'delivery_reports', "
        "id::text, 11, clock_timestamp() + interval '1 hour', 'TypeError' FROM delivery_report"
    )
    await DeliveryReport.create(vendor="sms", key="good", body=SMS, received_at=clock.now())
    clock.move(timedelta(minutes=2))
    await deadlines.process("delivery_reports")
    assert not await DeliveryReport.filter(key="good", applied_at=None).exists()
    assert "delivery_reports" not in await deadlines.tick(), "nothing is tried again without a pause"
    assert (await deadlines.health()).overdue["failing_rows"] == 0
    await execute("UPDATE row_failure SET failures = 12")
    health = await deadlines.health()
    assert (health.overdue["failing_rows"], health.is_healthy) == (200, False)


async def test_rows_that_wait_for_the_operator_for_a_day_are_reported(
    office: Office, deadlines: Scheduler, clock: FixedClock
) -> None:
    today, soon = clock.now().date(), clock.now() + timedelta(hours=1)
    for days, failure in ((0, "operator:SIGNERROR"), (2, "operator:NOAUTH"), (3, "Transient")):
        await Bill.create(pool="demo", day=today - timedelta(days=days), check_at=soon, failure=failure)
    assert (await deadlines.health()).overdue["waiting_for_operator"] == 1
    await Bill.all().update(failure="")
    assert (await deadlines.health()).overdue["waiting_for_operator"] == 0
