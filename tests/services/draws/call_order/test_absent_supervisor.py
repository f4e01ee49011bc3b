"""A supervisor who doesn't come: reminders, deadlines that hold, a count, and a way out after the last round."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock, local
from domain.draws.random_draw import participant_commitment
from domain.errors import Conflict, RuleViolation
from models.accounts import Account
from models.draws import Draw, Round
from models.notices import Notice
from services.core.base import Actor, Deps
from services.draws.call_order.round_reminders import RoundReminders
from tests.factories.assembly import composed
from tests.factories.offices import (
    Office,
    check_record,
    fix_seed,
    make_draw,
    make_office,
    make_supervisor,
    state_of,
    verify,
)
from tests.factories.people import make_grant, mobile_number


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    """Half an hour to commit, ten minutes to publish, as in the provinces."""
    book = deps.book("demo")
    times = {"commit_timeout": timedelta(minutes=30), "reveal_timeout": timedelta(minutes=10)}
    draw = book.draw.model_copy(update={"commitments": book.draw.commitments.model_copy(update=times)})
    books = {**deps.rulebooks, "demo": book.model_copy(update={"draw": draw})}
    office = await make_office(replace(deps, rulebooks=books))
    await make_grant(await Account.get(id=office.verifier.account_id), "verifier")
    return office


@pytest.fixture
async def draw_id(office: Office) -> UUID:
    draw_id = await make_draw(office)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    return draw_id


async def commit(office: Office, draw_id: UUID, role: str, actor: Actor) -> bytes:
    view = await office.rounds.view(actor, draw_id, role)
    assert view is not None
    value = os.urandom(16)
    digest = participant_commitment(role, value, view.draw_number, view.round_number)
    await office.rounds.commit(actor, draw_id, role, digest.hex())
    return value


async def told(account_id: UUID | None, *kinds: str) -> list[str]:
    """Each notice to one person by its kind, and what it says."""
    notices = await Notice.filter(account_id=account_id, kind__in=kinds).order_by("created_at", "id")
    return [f"{notice.kind} {notice.params.get('what') or notice.params['answer_by']}" for notice in notices]


async def pass_minutes(office: Office, clock: FixedClock, minutes: int) -> None:
    """Minute by minute, as the scheduler looks."""
    reminders = composed(RoundReminders, office.deps)
    for _ in range(minutes):
        clock.move(timedelta(minutes=1))
        await reminders.remind_due()


async def waiting(office: Office, draw_id: UUID) -> str:
    return (await office.progress.totals_of(await office.access.view(office.agency, draw_id))).waiting


async def test_an_absent_supervisor_is_reminded_and_the_agency_and_verifier_hear_of_the_deadline(
    office: Office, draw_id: UUID, clock: FixedClock
) -> None:
    await commit(office, draw_id, "agency", office.agency)
    [request] = await told(office.supervisor.account_id, "commitment_wanted")
    await pass_minutes(office, clock, 29)
    assert await told(office.supervisor.account_id, "commitment_wanted") == [request] * 3
    assert await told(office.agency.account_id, "agency_round") == []
    await pass_minutes(office, clock, 10)
    assert await told(office.agency.account_id, "agency_round") == ["agency_round 监督人未提交随机数，请终止本轮"]
    assert await told(office.verifier.account_id, "draw_news") == ["draw_news 监督人未提交随机数，请终止本轮"]
    assert len(await told(office.supervisor.account_id, "commitment_wanted")) == 3


async def test_a_commitment_after_the_printed_deadline_is_refused(
    office: Office, draw_id: UUID, clock: FixedClock
) -> None:
    await commit(office, draw_id, "agency", office.agency)
    clock.move(timedelta(minutes=30))
    with pytest.raises(Conflict, match=r"时限.*已过") as refused:
        await commit(office, draw_id, "supervisor", office.supervisor)
    assert refused.value.code == "commit_late"
    assert "不再接受" in await waiting(office, draw_id)


async def test_a_reveal_that_is_due_is_asked_for_only_where_no_open_page_made_it(
    office: Office, draw_id: UUID, clock: FixedClock
) -> None:
    value = await commit(office, draw_id, "agency", office.agency)
    await commit(office, draw_id, "supervisor", office.supervisor)
    await composed(RoundReminders, office.deps).remind_due()
    assert not await Notice.exists(kind="reveal_wanted")
    await office.rounds.reveal(office.agency, draw_id, "agency", value.hex())
    await pass_minutes(office, clock, 9)
    assert len(await told(office.supervisor.account_id, "reveal_wanted")) == 2
    assert await told(office.agency.account_id, "agency_round") == []
    await pass_minutes(office, clock, 1)
    assert await told(office.agency.account_id, "agency_round") == ["agency_round 监督人未公开随机数，请终止本轮"]


async def test_an_agency_that_closed_its_page_is_asked_too(office: Office, draw_id: UUID, clock: FixedClock) -> None:
    value = await commit(office, draw_id, "supervisor", office.supervisor)
    await pass_minutes(office, clock, 16)
    assert [words.partition("前")[2] for words in await told(office.agency.account_id, "agency_round")] == [
        "打开抽取页提交随机数"
    ]
    await commit(office, draw_id, "agency", office.agency)
    await office.rounds.reveal(office.supervisor, draw_id, "supervisor", value.hex())
    await pass_minutes(office, clock, 2)
    assert (await told(office.agency.account_id, "agency_round"))[-1].endswith("前打开抽取页公开随机数")


async def test_an_agency_that_does_not_start_a_fixed_order_is_asked_once(
    office: Office, draw_id: UUID, clock: FixedClock
) -> None:
    await fix_seed(office, draw_id)
    start_by = (await Round.get(draw_id=draw_id)).start_by
    assert start_by is not None
    await composed(RoundReminders, office.deps).remind_due()
    assert await told(office.agency.account_id, "agency_round") == [], "an open page starts at once"
    await pass_minutes(office, clock, 5)
    wanted = f"agency_round 顺序已定，请在{local(start_by):%H:%M}前启动抽取"
    assert await told(office.agency.account_id, "agency_round") == [wanted]


@pytest.mark.parametrize("kind", ["commitment_wanted", "reveal_wanted", "agency_round"])
def test_what_is_due_within_minutes_has_no_quiet_hours(deps: Deps, kind: str) -> None:
    """It can't wait for the morning as other news does."""
    for pool in deps.rulebooks:
        assert not deps.book(pool).ladder[kind].hours


async def test_a_late_reveal_still_fixes_the_seed(office: Office, draw_id: UUID, clock: FixedClock) -> None:
    """Refusing it would give its party a way to be rid of a seed."""
    values = {role: await commit(office, draw_id, role, actor) for role, actor in parties(office)}
    clock.move(timedelta(minutes=11))
    for role, actor in parties(office):
        await office.rounds.reveal(actor, draw_id, role, values[role].hex())
    assert (await Round.get(draw_id=draw_id)).seed


def parties(office: Office) -> list[tuple[str, Actor]]:
    return [("agency", office.agency), ("supervisor", office.supervisor)]


async def test_three_rounds_in_vain_are_counted_told_and_end_in_a_way_out(
    office: Office, draw_id: UUID, clock: FixedClock
) -> None:
    for number in (1, 2, 3):
        clock.move(timedelta(minutes=30))
        await office.rounds.abort(office.agency, draw_id, "监督人没有来")
        assert (await told(office.verifier.account_id, "draw_news"))[-1] == (
            f"draw_news 代理机构和监督人缺席，第{number}次共3次"
        )
        assert (await told(office.supervisor.account_id, "draw_news"))[-1].endswith(f"第{number}次共3次")
        if number < 3:
            assert f"摇号已中止{number}次，共可中止3次" in await waiting(office, draw_id)
            await office.rounds.open(office.agency, draw_id)
    assert "不能再摇号" in await waiting(office, draw_id)
    assert (await office.rounds.aborts_of(await Draw.get(id=draw_id))).is_used_up
    with pytest.raises(RuleViolation, match="重新申请"):
        await office.rounds.open(office.agency, draw_id)
    await office.activity_end.terminate(office.agency, draw_id, "other", "监督人三次未到")
    assert await state_of(draw_id) == "terminated"
    await check_record(office, draw_id, "abort_again", "abort_again")


async def test_another_supervisor_can_take_the_place_between_two_rounds(
    office: Office, draw_id: UUID, clock: FixedClock
) -> None:
    clock.move(timedelta(minutes=30))
    await office.rounds.abort(office.agency, draw_id, "监督人没有来")
    other = await make_supervisor(office.deps, mobile_number())
    await office.setup.change_supervisors(office.agency, draw_id, [other.id])
    await office.rounds.open(office.agency, draw_id)
    assert await Round.filter(draw_id=draw_id, aborted_at=None).count() == 1
