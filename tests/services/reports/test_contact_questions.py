"""After an evaluation each expert who entered is asked once; supervision counts the answers, which name nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden, InvalidInput, NotFound
from models.accounts import Account
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from models.reports import ContactAnswer, ContactQuestion
from services.core.base import Actor, Deps, system
from services.reports import ReportServices, collect_contact_answers
from tests.factories.assembly import make_services
from tests.factories.offices import Office, make_office
from tests.factories.people import make_account
from tests.factories.remuneration import ended_panel, meet
from tests.factories.reports import dump, make_reader, none_in, traces
from tests.factories.reviews import with_rules

AFTER = timedelta(hours=1)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
async def reports(office: Office, deps: Deps) -> ReportServices:
    return make_services(deps).reports


async def _person_of(deps: Deps, invitation: Invitation) -> Actor:
    """The invited expert, logged in."""
    account = await make_account(deps)
    await Expert.filter(id=invitation.expert_id).update(account_id=account.id)
    return Actor("demo", "expert", account.id, expert_id=invitation.expert_id)


async def test_who_evaluated_is_asked_once_an_hour_after_the_end(
    office: Office, reports: ReportServices, clock: FixedClock, deps: Deps
) -> None:
    await make_reader(deps)
    _, invitations = await ended_panel(office, clock, needed=2)
    assert await reports.contact_questions.ask_due() == 0
    clock.move(AFTER)
    assert await reports.contact_questions.ask_due() == 1
    assert await reports.contact_questions.ask_due() == 0
    notices = await Notice.filter(kind="contact_question")
    assert {notice.expert_id for notice in notices} == {invitation.expert_id for invitation in invitations}
    assert {tuple(notice.params) for notice in notices} == {("day",)}


async def test_answers_are_counted_for_supervision_and_name_nobody(
    office: Office, reports: ReportServices, clock: FixedClock, deps: Deps
) -> None:
    reader = await make_reader(deps)
    _, invitations = await ended_panel(office, clock, needed=3)
    clock.move(AFTER)
    await reports.contact_questions.ask_due()
    people = [await _person_of(deps, invitation) for invitation in invitations]
    before = await dump()
    for person, invitation, answer in zip(people[:2], invitations, ("none", "some"), strict=False):
        [question] = await reports.contact_questions.list_own(person)
        assert (question.invitation_id, question.answered) == (invitation.id, False)
        await reports.contact_questions.answer(person, invitation.id, answer)
        await reports.contact_questions.answer(person, invitation.id, "some")  # the first counts
        assert [question.answered for question in await reports.contact_questions.list_own(person)] == [True]
    [counted] = (await reports.contact_questions.count(reader)).items
    assert (counted.experts, counted.none, counted.some) == (3, 1, 1)
    new = "\n".join(sorted(set((await dump()).split("\n")) - set(before.split("\n"))))
    for person, invitation in zip(people, invitations, strict=True):
        account = await Account.get(id=person.account_id)
        assert none_in(new, *traces(account), str(invitation.id), str(invitation.expert_id)) == []
    lengths = {len(row.answer_sealed) for row in await ContactAnswer.all()}
    assert len(lengths) == 1, "a yes is as long as a no"
    own = await collect_contact_answers(deps, people[1].account_id) if people[1].account_id else []
    assert [row["answer"] for row in own] == ["some"]


async def test_nobody_else_answers_or_counts(
    office: Office, reports: ReportServices, clock: FixedClock, deps: Deps
) -> None:
    await make_reader(deps)
    _, [invitation] = await ended_panel(office, clock)
    clock.move(AFTER)
    await reports.contact_questions.ask_due()
    person = await _person_of(deps, invitation)
    stranger = Actor("demo", "expert", (await make_account(deps)).id)
    with pytest.raises(NotFound):
        await reports.contact_questions.answer(stranger, invitation.id, "none")
    with pytest.raises(InvalidInput):
        await reports.contact_questions.answer(person, invitation.id, "perhaps")
    for actor in (office.agency, office.venue, office.verifier, office.supervisor, Actor("demo", "pool_admin")):
        with pytest.raises(Forbidden):
            await reports.contact_questions.count(actor)
        with pytest.raises(Forbidden):
            await reports.contact_questions.answer(actor, invitation.id, "none")
    with pytest.raises(Forbidden):
        await reports.contact_questions.count(system("demo"))
    assert await ContactAnswer.all().count() == 0


async def test_an_activity_that_ends_by_time_asks_too(
    office: Office, reports: ReportServices, clock: FixedClock, deps: Deps
) -> None:
    await make_reader(deps)
    draw_id, _ = await meet(office, clock)
    clock.move(timedelta(days=2))
    await office.activity_end.end_due()
    clock.move(AFTER)
    await reports.contact_questions.ask_due()
    assert await ContactQuestion.exists(draw_id=draw_id)
    assert await Notice.filter(kind="contact_question").count() == 1


async def test_an_activity_that_the_last_exit_ends_asks_too(
    office: Office, reports: ReportServices, clock: FixedClock, deps: Deps
) -> None:
    await make_reader(deps)
    draw_id, [invitation] = await meet(office, clock, on_site=True)
    clock.move(timedelta(hours=3))
    await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    assert await ContactQuestion.exists(draw_id=draw_id)


async def test_no_pool_asks_without_readers_or_against_its_rulebook(
    office: Office, reports: ReportServices, clock: FixedClock, deps: Deps
) -> None:
    await ended_panel(office, clock)
    clock.move(AFTER)
    await reports.contact_questions.ask_due()
    assert await Notice.filter(kind="contact_question").count() == 0, "a yes would lead nowhere"
    assert await ContactQuestion.all().count() == 0


async def test_a_pool_that_does_not_ask_writes_nothing_down(db: str, deps: Deps, clock: FixedClock) -> None:
    quiet = with_rules(deps, reports={"contact_question": False})
    office = await make_office(quiet)
    await ended_panel(office, clock)
    assert await ContactQuestion.all().count() == 0
