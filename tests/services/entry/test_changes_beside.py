"""A change of the file beside another application: both go on, and neither undoes what the other has set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, NotFound
from models.applications import Application
from models.experts import Expert
from services.core.base import Actor, Deps
from services.expert_files import file_of
from tests.factories.applications import (
    account_of,
    attach_all,
    make_applicant,
    make_campaign,
    make_codes,
    make_employer,
    values_of,
    with_rules,
)
from tests.factories.entry import EntryProcess, make_entry_process
from tests.factories.people import file_more, make_expert
from tests.factories.reviews import tasks_of
from tests.invariants import check_invariants

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return with_rules(deps, papers={"print_before_submit": False})


@pytest.fixture
def entry_process(deps: Deps, clock: FixedClock) -> EntryProcess:
    return make_entry_process(deps, clock)


@pytest.fixture
async def person(deps: Deps) -> Actor:
    """An expert with a complete file, whose campaign for renewal is open."""
    book = deps.book("demo")
    await make_codes(book)
    await make_campaign(deps)
    applicant = await make_applicant(deps)
    account = await account_of(applicant)
    expert = await make_expert(deps, account=account, id_number_hash=account.id_number_hash)
    employer = await make_employer(deps)
    for values in values_of(book, employer.id).values():
        await file_more(deps, expert, **values)
    return applicant


async def change(deps: Deps, entry_process: EntryProcess, person: Actor, **values: object) -> Application:
    """A change of some fields, handed in."""
    begun = await entry_process.services.applications.drafts.start(person, "change")
    view = await entry_process.services.applications.queries.get(person, begun.id)
    for section in view.sections:
        typed = {**values, "change_reason": "工作调动"}
        own = {field: value for field, value in typed.items() if field in section.editable}
        if own:
            drafts = entry_process.services.applications.drafts
            await drafts.save_section(person, view.id, section.code, section.values | own, section.version)
    return await hand_in(entry_process, person, begun.id)


async def hand_in(entry_process: EntryProcess, person: Actor, application_id: object) -> Application:
    application = await Application.get(id=application_id)
    await entry_process.services.workflows.applications.submit(person, application.id, application.version)
    return await Application.get(id=application_id)


async def renewal(deps: Deps, entry_process: EntryProcess, person: Actor, **values: object) -> Application:
    """A renewal, not handed in."""
    begun = await entry_process.services.applications.drafts.start(person, "renewal")
    view = await entry_process.services.applications.queries.get(person, begun.id)
    drafts = entry_process.services.applications.drafts
    for section in view.sections:
        own = {field: value for field, value in values.items() if field in section.editable}
        if own:
            await drafts.save_section(person, view.id, section.code, section.values | own, section.version)
    await attach_all(deps, begun.id, entry_type="renewal")
    return await Application.get(id=begun.id)


async def test_both_are_under_way_each_with_its_page_and_its_item(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    renewing = await renewal(deps, entry_process, person)
    changing = await change(deps, entry_process, person, email="neu@example.com")
    again = await entry_process.services.applications.drafts.start(person, "change")
    assert (again.existing, again.id) == (True, changing.id)
    assert person.account_id is not None
    home = await entry_process.services.applications.to_dos.home("demo", person.account_id)
    page = f"/h5/demo/apply/status?number={changing.number}"
    assert [(item.code, item.route) for item in home.to_do] == [("fill_in", "/h5/demo/apply/form"), ("watch", page)]
    assert [progress.page for progress in home.progress] == ["/h5/demo/apply/status", page]
    queries = entry_process.services.applications.queries
    assert (await queries.get_current(person)).id == renewing.id
    assert (await queries.get_current(person, changing.number)).id == changing.id
    with pytest.raises(NotFound):
        await queries.get_current(await make_applicant(deps), changing.number)
    with pytest.raises(NotFound):
        await queries.own_progress(await make_applicant(deps), changing.number)


async def test_a_change_alone_leaves_the_renewal_on_the_first_page(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    changing = await change(deps, entry_process, person, email="neu@example.com")
    assert person.account_id is not None
    home = await entry_process.services.applications.to_dos.home("demo", person.account_id)
    assert [item.code for item in home.to_do] == ["apply_renewal", "watch"]
    assert (await entry_process.services.applications.queries.get_current(person)).id == changing.id


async def test_a_renewal_keeps_what_a_change_has_set_meanwhile(
    deps: Deps, clock: FixedClock, entry_process: EntryProcess, person: Actor
) -> None:
    renewing = await renewal(deps, entry_process, person, resume="从事规划设计与评审。")
    clock.move(timedelta(hours=1))
    changing = await change(deps, entry_process, person, email="neu@example.com")
    while changing.ended_at is None:
        changing = await entry_process.go_on(changing)
    renewing = await hand_in(entry_process, person, renewing.id)
    while renewing.ended_at is None:
        renewing = await entry_process.go_on(renewing)
    expert = await Expert.get(account_id=person.account_id)
    file = await file_of(deps, expert.id)
    assert (changing.state, renewing.state) == ("entered", "entered")
    assert file.values["email"] == "neu@example.com"
    assert file.since["email"].source_id == changing.id
    assert expert.term_until is not None
    assert expert.term_until > deps.now(), "the renewal took effect"
    await check_invariants()


async def test_a_change_of_who_has_left_ends_nowhere_but_with_a_word(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    changing = await change(deps, entry_process, person, email="neu@example.com")
    expert = await Expert.get(account_id=person.account_id)
    await file_more(deps, expert, deps.now() + timedelta(seconds=1), active=False, left_reason="本人申请")
    [task, *_] = await tasks_of(changing)
    reviewer = await entry_process.reviewer("demo", task.step_code)
    decide = entry_process.services.workflows.reviews.decide
    with pytest.raises(Conflict, match="该专家已退库"):
        await decide(reviewer, task.id, "approve")
    await decide(reviewer, task.id, "send_back", "已退库")
    with pytest.raises(Conflict, match="您已退库"):
        await hand_in(entry_process, person, changing.id)
    await entry_process.services.workflows.applications.cancel(person, changing.id)
    assert (await Application.get(id=changing.id)).ended_at is not None
