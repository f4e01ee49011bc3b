"""Every pool's stages, from a form filled in by its rulebook to a file that can be drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.ids import new_id
from domain.rulebook.reviews import ReviewStep
from models.applications import Application, PrintedForm
from models.experts import Expert
from models.notices import Notice
from models.payments import Fee
from models.reviews import ReviewEntry
from services.core.base import Actor, Deps, rows
from tests.factories.applications import account_of, fill_in, make_applicant, make_campaign, make_codes
from tests.factories.entry import EntryProcess, make_entry_process
from tests.factories.reviews import tasks_of
from tests.invariants import check_invariants

RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
NAMES = ("hunan", "xinjiang", "jilin", "demo", "guangdong")


@pytest.fixture(params=NAMES)
async def pool(request: pytest.FixtureRequest, db: str) -> str:
    return str(request.param)


async def test_a_person_applies_is_reviewed_and_enters(pool: str, deps: Deps, clock: FixedClock) -> None:
    deps = replace(deps, rulebooks=load_rulebooks(RULEBOOKS, [pool]))
    rules, entry_process = deps.book(pool), make_entry_process(deps, clock)
    await make_codes(rules)
    await make_campaign(deps, pool=pool)
    person = await make_applicant(deps, pool=pool)
    application = await fill_in(deps, person, field_of_work="A0101")
    await print_as_asked(deps, application)
    await entry_process.services.workflows.applications.submit(person, application.id, application.version)
    application = await Application.get(id=application.id)
    for step in rules.review.steps:
        await check_reviewer_view(entry_process, application, step)
        application = await entry_process.go_on(application)
        await check_invariants()
    for stage in rules.entry.stages:
        assert application.state == stage
        assert application.expert_number.startswith(rules.entry.number_prefix)
        application = await entry_process.go_on(application)
        await check_invariants()
    assert application.state == "entered"
    await check_file(deps, application)
    await check_told(rules.entry.stages)
    assert await Fee.filter(application_id=application.id, state="paid").count() == ("fee" in rules.entry.stages)
    assert await ReviewEntry.filter(application_id=application.id, event="approve").count() == len(rules.review.steps)


async def check_reviewer_view(entry_process: EntryProcess, application: Application, step: ReviewStep) -> None:
    """Check the view of the step's reviewer."""
    reviewer, queue = await entry_process.reviewer(application.pool, step.code), entry_process.services.reviews.queue
    tasks = await tasks_of(application)
    assert [card.id for card in (await queue.overview(reviewer)).cards.items] == [task.id for task in tasks]
    for task in tasks:
        assert {task.step_code, task.specialty == ""} == {step.code, not step.per_specialty}
        assert "（" not in (await queue.get(reviewer, task.id)).card.region


async def print_as_asked(deps: Deps, application: Application) -> None:
    documents = deps.book(application.pool).form.papers
    if documents.print_before_submit or documents.print_locks:
        await PrintedForm.create(
            application_id=application.id,
            code=new_id().hex[:24],
            version=application.version,
            digest="0" * 64,
            printed_at=deps.now(),
        )
    if documents.print_locks:
        application.state, application.locked_version = "locked", application.version
        await application.save()


async def check_file(deps: Deps, application: Application) -> None:
    expert = await Expert.get(id=application.expert_id)
    account = await account_of(Actor(application.pool, "applicant", application.account_id))
    assert (expert.pool, expert.name, expert.membership_status, expert.left_at) == (
        application.pool,
        "赵明远",
        "formal",
        None,
    )
    assert (expert.id_number_hash, expert.mobile_hash) == (account.id_number_hash, account.mobile_hash)
    assert expert.specialties == ["A010101"]
    assert expert.specialty_path == ["A", "A01", "A0101", "A010101"]
    assert expert.region_path[-1] == deps.book(application.pool).pool.region
    used = deps.book(application.pool).form.used()
    assert expert.title_level == ("10" if "title_level" in used else "")
    employed = await rows("SELECT 1 FROM employment WHERE expert_id = $1 AND until IS NULL", expert.id)
    assert len(employed) == 1


async def check_told(stages: tuple[str, ...]) -> None:
    kinds = [notice.kind for notice in await Notice.all().order_by("created_at", "id")]
    assert "application_entered" in kinds
    assert kinds.count("application_exam") == ("exam" in stages)
