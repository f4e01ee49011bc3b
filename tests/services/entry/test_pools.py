"""Every pool's own way, from a form filled in by its rulebook to a file that can be drawn: one engine for all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from domain.ids import new_id
from domain.rulebook import load_rulebooks
from models.applications import Application, PrintedForm
from models.experts import Expert
from models.payments import Fee, PayOrder
from models.reviews import ReviewAssignment, ReviewEntry
from services.applications.submission import Submission
from services.base import Actor, Deps, rows, transaction
from services.campaigns import Campaigns
from services.entry import Entry
from services.payments.fees import Fees
from services.reviews import ReviewQueue, Reviews
from tests.factories.applications import account_of, fill_in, make_applicant, make_campaign, make_codes
from tests.factories.people import make_account
from tests.factories.reviews import tasks_of
from tests.invariants import check_invariants
from tests.services.conftest import NoticeBook

POOLS = Path(__file__).parents[3] / "config" / "pools"
NAMES = ("hunan", "xinjiang", "jilin", "demo", "guangdong")


@pytest.fixture(params=NAMES)
async def pool(request: pytest.FixtureRequest, db: str) -> str:
    return str(request.param)


async def test_a_person_applies_is_reviewed_and_enters(pool: str, deps: Deps, book: NoticeBook) -> None:
    deps = replace(deps, rulebooks=load_rulebooks(POOLS, [pool]))
    rules = deps.book(pool)
    fees = Fees(deps, book)
    entry = Entry(deps, book, fees)
    reviews, queue = Reviews(deps, book, entry), ReviewQueue(deps)
    await make_codes(rules)
    await make_campaign(deps, pool=pool)
    person = await make_applicant(deps, pool=pool)
    application = await fill_in(deps, person, field_of_work="A0101")
    await print_as_asked(deps, application)
    await Submission(deps, book, Campaigns(deps), reviews).submit(person, application.id, application.version)
    for step in rules.review.steps:
        reviewer = await reviewer_of(deps, pool, step.code)
        tasks = await tasks_of(application)
        assert [card.id for card in (await queue.cards(reviewer))[0]] == [task.id for task in tasks]
        for task in tasks:
            assert {task.step_code, task.specialty == ""} == {step.code, not step.per_specialty}
            view = await queue.one(reviewer, task.id)
            assert "（" not in view.card.region
            await reviews.decide(reviewer, task.id, "approve")
            await check_invariants()
    for stage in rules.entry.stages:
        application = await Application.get(id=application.id)
        assert application.state == stage
        assert application.expert_number.startswith(rules.entry.number_prefix)
        await check_invariants()
        if stage == "fee":
            await pay(deps, await Fee.get(application_id=application.id))
        async with transaction():
            await entry.pass_on(await Application.select_for_update().get(id=application.id), deps.now())
    application = await Application.get(id=application.id)
    assert application.state == "entered"
    await check_file(deps, application)
    await check_told(book, rules.entry.stages)
    await check_invariants()
    assert await Fee.filter(application_id=application.id).count() == ("fee" in rules.entry.stages)
    assert await ReviewEntry.filter(application_id=application.id, event="approve").count() == len(rules.review.steps)


async def pay(deps: Deps, fee: Fee) -> None:
    """What a payment leaves behind."""
    now = deps.now()
    await PayOrder.create(
        id=new_id(), pool=fee.pool, fee_id=fee.id, out_trade_no=new_id().hex, trade="native", appid="wx-oa-demo",
        amount=fee.amount, description="培训费", state="paid", expires_at=now, success_at=now, created_at=now,
        transaction_id="4200000000000000000000000001",
    )  # fmt: skip
    await Fee.filter(id=fee.id).update(state="paid", paid_at=now)


async def print_as_asked(deps: Deps, application: Application) -> None:
    papers = deps.book(application.pool).form.papers
    if papers.print_before_submit or papers.print_locks:
        await PrintedForm.create(
            application_id=application.id, code=new_id().hex[:24], version=application.version, digest="0" * 64,
            printed_at=deps.now(),
        )  # fmt: skip
    if papers.print_locks:
        application.state, application.locked_version = "locked", application.version
        await application.save()


async def reviewer_of(deps: Deps, pool: str, step: str) -> Actor:
    account = await make_account(deps, pool=pool)
    await ReviewAssignment.create(
        pool=pool, account_id=account.id, step=step, region=deps.book(pool).pool.region, granted_at=deps.now()
    )
    return Actor(pool, "reviewer", account.id)


async def check_file(deps: Deps, application: Application) -> None:
    expert = await Expert.get(id=application.expert_id)
    account = await account_of(Actor(application.pool, "applicant", application.account_id))
    assert (expert.pool, expert.name, expert.standing, expert.active) == (application.pool, "赵明远", "formal", True)
    assert (expert.id_number_hash, expert.mobile_hash) == (account.id_number_hash, account.mobile_hash)
    assert expert.specialties == ["A010101"]
    assert expert.specialty_path == ["A", "A01", "A0101", "A010101"]
    assert expert.region_path[-1] == deps.book(application.pool).pool.region
    used = deps.book(application.pool).form.used()
    assert expert.title_level == ("10" if "title_level" in used else "")
    employed = await rows("SELECT 1 FROM employment WHERE expert_id = $1 AND until IS NULL", expert.id)
    assert len(employed) == 1


async def check_told(book: NoticeBook, stages: tuple[str, ...]) -> None:
    assert book.kinds()[-1] == "application_entered"
    assert book.kinds().count("application_exam") == ("exam" in stages)
    assert len({told.dedupe_key for told in book.told}) == len(book.told)
