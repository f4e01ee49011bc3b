"""A change of the file beside another application: both go on, and neither undoes what the other has set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, NotFound
from domain.experts.file import FileChange, FileSource
from models.applications import Application
from models.campaigns import Campaign
from models.experts import Expert
from services.applications import read_values
from services.core.base import Actor, Deps, rows
from services.expert_files import change_file, file_of
from services.reviews.former_file import read_former_file
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
    await file_more(deps, expert, deps.now() + timedelta(seconds=1), left_reason="本人申请")
    [task, *_] = await tasks_of(changing)
    reviewer = await entry_process.reviewer("demo", task.step_code)
    decide = entry_process.services.workflows.reviews.decide
    with pytest.raises(Conflict, match="该专家已退库"):
        await decide(reviewer, task.id, "approve")
    await decide(reviewer, task.id, "send_back", "已退库")
    progress = await entry_process.services.applications.queries.own_progress(person, changing.number)
    assert (progress.step, progress.advice) == (None, "您已退库，这份申请不再办理，请在“申请进度”中放弃。")
    assert progress.give_up == "放弃后本次申请终止，不能恢复。档案没有变更；需要时可随时重新申请。"
    with pytest.raises(Conflict, match="您已退库"):
        await hand_in(entry_process, person, changing.id)
    await entry_process.services.workflows.applications.cancel(person, changing.id)
    assert (await Application.get(id=changing.id)).ended_at is not None
    progress = await entry_process.services.applications.queries.own_progress(person, changing.number)
    assert progress.advice == "档案没有变更；需要时可随时重新申请。", "no campaign has to come"


async def test_a_refused_change_says_that_the_file_is_as_it_was(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    changing = await change(deps, entry_process, person, email="neu@example.com")
    changing = await entry_process.go_on(changing)
    [task] = await tasks_of(changing)
    reviewer = await entry_process.reviewer("demo", task.step_code)
    await entry_process.services.workflows.reviews.decide(reviewer, task.id, "refuse", "请先更正。")
    progress = await entry_process.services.applications.queries.own_progress(person, changing.number)
    assert (progress.state, progress.opinion) == ("refused", "请先更正。")
    assert progress.advice == "档案没有变更，可以重新申请；如有疑问，请拨打400-000-0000咨询。"


# ---- what the expert declares and sets at once, while an application is under way

SPOUSE, OLD, NEW = ({"name": name, "code": "", "note": ""} for name in ("配偶单位", "原回避单位", "新回避单位"))


async def set_at_once(deps: Deps, person: Actor, **values: object) -> None:
    expert = await Expert.get(account_id=person.account_id)
    await change_file(deps, expert, FileChange(deps.now(), FileSource.SELF, values, by=person.account_id))


async def take_effect(entry_process: EntryProcess, application: Application) -> None:
    while application.ended_at is None:
        application = await entry_process.go_on(application)
    assert application.state == "entered"


async def filed(deps: Deps, person: Actor) -> dict[str, object]:
    return dict((await file_of(deps, (await Expert.get(account_id=person.account_id)).id)).values)


@pytest.mark.parametrize("declared", ["before it is handed in", "while it is reviewed"])
async def test_a_change_keeps_a_unit_that_was_declared_meanwhile_and_removes_what_its_applicant_removed(
    deps: Deps, clock: FixedClock, entry_process: EntryProcess, person: Actor, declared: str
) -> None:
    await set_at_once(deps, person, recusal_units=[OLD])
    clock.move(timedelta(minutes=1))
    await entry_process.services.applications.drafts.start(person, "change")
    clock.move(timedelta(minutes=1))
    if declared == "before it is handed in":
        await set_at_once(deps, person, recusal_units=[OLD, SPOUSE])
    changing = await change(deps, entry_process, person, recusal_units=[NEW])
    clock.move(timedelta(minutes=1))
    if declared == "while it is reviewed":
        await set_at_once(deps, person, recusal_units=[OLD, SPOUSE])
    await take_effect(entry_process, changing)
    assert (await filed(deps, person))["recusal_units"] == [NEW, SPOUSE]
    expert = await Expert.get(account_id=person.account_id)
    assert {"name:新回避单位", "name:配偶单位"} <= set(expert.recusal_keys)
    assert "name:原回避单位" not in expert.recusal_keys
    assert await rows("SELECT 1 FROM procrastinate_jobs WHERE task_name = 'draws.recuse'"), "running draws follow"
    await check_invariants()


async def test_two_applications_that_touched_the_list_undo_nothing_of_each_other(
    deps: Deps, clock: FixedClock, entry_process: EntryProcess, person: Actor
) -> None:
    await set_at_once(deps, person, recusal_units=[OLD, SPOUSE])
    clock.move(timedelta(minutes=1))
    renewing = await renewal(deps, entry_process, person, recusal_units=[OLD, SPOUSE, NEW])
    clock.move(timedelta(minutes=1))
    await take_effect(entry_process, await change(deps, entry_process, person, recusal_units=[SPOUSE]))
    clock.move(timedelta(minutes=1))
    await take_effect(entry_process, await hand_in(entry_process, person, renewing.id))
    assert (await filed(deps, person))["recusal_units"] == [SPOUSE, NEW], "the reviewed removal stands"


async def test_the_newer_word_of_the_expert_counts(
    deps: Deps, clock: FixedClock, entry_process: EntryProcess, person: Actor
) -> None:
    """He typed an address into an application, and changed it at once afterwards: before or after handing it in."""
    changing = await change(deps, entry_process, person, email="old@example.com", strengths="桥梁")
    clock.move(timedelta(minutes=1))
    await set_at_once(deps, person, email="new@example.com")
    await take_effect(entry_process, changing)
    assert [(await filed(deps, person))[code] for code in ("email", "strengths")] == ["new@example.com", "桥梁"]

    await entry_process.services.applications.drafts.start(person, "change")
    clock.move(timedelta(minutes=1))
    await set_at_once(deps, person, email="newer@example.com")
    clock.move(timedelta(minutes=1))
    changing = await change(deps, entry_process, person, email="newest@example.com")
    await take_effect(entry_process, changing)
    assert (await filed(deps, person))["email"] == "newest@example.com"


async def test_an_expired_application_brings_nothing_back_that_was_set_at_once_since(
    deps: Deps, clock: FixedClock, entry_process: EntryProcess, person: Actor
) -> None:
    renewing = await renewal(deps, entry_process, person, recusal_units=[OLD], email="old@example.com")
    sent_back = {"state": "sent_back", "round": 1, "sent_back_fields": ["*"], "submitted_at": deps.now()}
    await Application.filter(id=renewing.id).update(**sent_back)
    await Campaign.all().update(review_until=deps.now() + timedelta(days=30))
    clock.move(timedelta(days=1))
    await set_at_once(deps, person, recusal_units=[SPOUSE], email="new@example.com")
    clock.move(timedelta(days=365))
    await make_campaign(deps, name="第三批征集")
    strict = make_entry_process(with_rules(deps, review={"own_campaign_window": True}), clock)
    begun = await strict.services.applications.drafts.start(person, "renewal")
    assert begun.id != renewing.id
    values = await read_values(deps, begun.id)
    assert (values["recusal_units"], values["email"]) == ([OLD, SPOUSE], "new@example.com")


async def test_reviewers_and_office_see_a_retirement_that_the_expert_has_filed(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    changing = await change(deps, entry_process, person, email="neu@example.com")
    [task, *_] = await tasks_of(changing)
    reviewer, office = await entry_process.reviewer("demo", task.step_code), Actor("demo", "pool_admin")
    services = entry_process.services
    for retired_on in (None, "2026-10-31"):
        await set_at_once(deps, person, retired_on=retired_on)
        for sheet in (
            (await services.reviews.queue.get(reviewer, task.id)).sheet,
            (await services.office.applications.get(office, changing.id)).sheet,
        ):
            shown = [field.text for section in sheet.sections for field in section.fields if field.code == "retired_on"]
            assert shown == ([retired_on] if retired_on else [])


async def test_a_change_says_nothing_of_what_its_form_cannot_take_over(
    deps: Deps, clock: FixedClock, entry_process: EntryProcess, person: Actor
) -> None:
    """An imported file has its employer by name, and regions instead of the answer whether he goes elsewhere."""
    expert = await Expert.get(account_id=person.account_id)
    imported = {"employer": "广州没有登记的公司", "willing_regions": ["440100", "440300"], "remote_evaluation": None}
    await change_file(deps, expert, FileChange(clock.now(), FileSource.IMPORT, imported))
    clock.move(timedelta(minutes=1))
    changing = await change(deps, entry_process, person, strengths="桥梁")
    requested = await read_requested(deps, changing)
    await take_effect(entry_process, changing)
    file, expert = await filed(deps, person), await Expert.get(id=expert.id)
    assert (file["employer"], file["strengths"]) == ("广州没有登记的公司", "桥梁")
    assert ("employer" in requested, "strengths" in requested) == (False, True), "nor is it shown to the reviewer"
    assert ("remote_evaluation" in file, expert.willing_regions) == (False, ["440100", "440300"])
    clock.move(timedelta(minutes=1))
    await take_effect(entry_process, await change(deps, entry_process, person, remote_evaluation=True))
    assert (await Expert.get(id=expert.id)).willing_regions == ["440000"], "his own answer counts"
    await check_invariants()


async def read_requested(deps: Deps, application: Application) -> set[str]:
    former = await read_former_file(deps, application)
    assert former is not None
    return former.find_requested(deps.book("demo"), application, await read_values(deps, application.id), [])
