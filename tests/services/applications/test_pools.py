"""The three pools of the manuals, each with its own form and rules, through the same services."""

from __future__ import annotations

import pytest

from app.rulebook_files import load_rulebooks
from domain.applications.lifecycles import ApplicationState
from domain.clock import FixedClock
from domain.errors import Conflict, RuleViolation
from domain.payments.lifecycles import FeeState
from models.applications import Application, Attachment, PrintedForm
from models.payments import Fee
from models.reviews import ReviewTask
from services.applications.campaign_queries import CampaignQueries
from services.applications.drafts import Drafts
from services.applications.queries import ApplicationQueries
from services.applications.repository import editable_fields
from services.applications.to_do import ToDos
from services.core.base import Actor, Deps
from services.workflows import ApplicationWorkflow
from tests.factories.applications import attach, fill_in, make_applicant, make_campaign, make_campaigns, make_codes
from tests.factories.entry import make_entry_process
from tests.factories.workflows import make_submission
from tests.services.conftest import RULEBOOKS, NoticeBook

pytestmark = pytest.mark.usefixtures("db")
NAMES = ("hunan", "xinjiang", "jilin")


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return Deps(deps.clock, deps.keys, load_rulebooks(RULEBOOKS, NAMES), deps.jobs, deps.public_url)


def submission_of(deps: Deps, book: NoticeBook) -> ApplicationWorkflow:
    return make_submission(deps, book)


async def begin(deps: Deps, pool: str) -> tuple[Actor, Application]:
    """A person with a completed form."""
    await make_codes(deps.book(pool))
    if deps.book(pool).campaigns.required:
        await make_campaign(deps, pool=pool)
    person = await make_applicant(deps, pool=pool)
    return person, await fill_in(deps, person)


async def print_form(deps: Deps, application: Application) -> None:
    """Write the rows of a print: the document, the lock in pools that lock, and the signed scan."""
    now, book = deps.now(), deps.book(application.pool)
    await PrintedForm.create(
        application_id=application.id,
        code=f"P{application.id.hex[-10:]}",
        version=application.version,
        digest="0" * 64,
        printed_at=now,
    )
    if book.form.papers.print_locks:
        await Application.filter(id=application.id).update(state="locked", locked_version=application.version)
    if "signed_form" in book.form.used():
        await Attachment.filter(application_id=application.id, field="signed_form").delete()
        await attach(deps, application.id, "signed_form")


@pytest.mark.parametrize("pool", NAMES)
async def test_a_whole_form_goes_to_the_pools_first_step(deps: Deps, book: NoticeBook, pool: str) -> None:
    person, application = await begin(deps, pool)
    view = await ApplicationQueries(deps).get(person, application.id)
    assert view.problems == ()
    submission = submission_of(deps, book)
    if deps.book(pool).form.papers.print_before_submit:
        with pytest.raises(RuleViolation, match="打印表格") as refused:
            await submission.submit(person, application.id, application.version)
        assert refused.value.source
        await print_form(deps, application)
    outcome = await submission.submit(person, application.id, application.version)
    assert outcome.state == ApplicationState.REVIEWING
    task = await ReviewTask.filter(application_id=application.id).first()
    assert task is not None
    assert task.step_code == deps.book(pool).review.steps[0].code
    assert person.account_id is not None
    [progress] = await ToDos(deps, CampaignQueries(deps)).progress(person.account_id)
    names = [stage.name for stage in progress.stages]
    assert len(names) == 2 + len(deps.book(pool).review.steps) + len(deps.book(pool).entry.stages)


async def test_in_hunan_printing_locks_all_but_the_attachments(deps: Deps) -> None:
    """湖南手册 L173-179."""
    person, application = await begin(deps, "hunan")
    await print_form(deps, application)
    await application.refresh_from_db()
    book = deps.book("hunan")
    assert all(book.form.fields[code].kind == "file" for code in editable_fields(application, book))
    section = next(iter(book.form.sections))
    with pytest.raises(RuleViolation, match="打印表格后") as refused:
        await Drafts(deps, make_campaigns(deps)).save_section(person, application.id, section, {}, 1)
    assert refused.value.source is not None
    assert "湖南手册" in refused.value.source


async def test_in_jilin_one_applies_all_year(deps: Deps) -> None:
    await make_codes(deps.book("jilin"))
    begun = await Drafts(deps, make_campaigns(deps)).start(await make_applicant(deps, pool="jilin"), "first")
    assert (await Application.get(id=begun.id)).campaign_id is None
    with pytest.raises(RuleViolation, match="不接受续聘申请"):
        await Drafts(deps, make_campaigns(deps)).start(await make_applicant(deps, pool="jilin"), "renewal")


async def test_in_xinjiang_a_sent_back_form_is_withdrawn_before_it_is_changed(deps: Deps, book: NoticeBook) -> None:
    """新疆手册 2024 L217-219."""
    person, application = await begin(deps, "xinjiang")
    submission = submission_of(deps, book)
    if deps.book("xinjiang").form.papers.print_before_submit:
        await print_form(deps, application)
    await submission.submit(person, application.id, application.version)
    await Application.filter(id=application.id).update(state="sent_back", sent_back_fields=["*"])
    section = next(iter(deps.book("xinjiang").form.sections))
    drafts = Drafts(deps, make_campaigns(deps))
    with pytest.raises(RuleViolation, match="请先点“撤回”") as refused:
        await drafts.save_section(person, application.id, section, {}, 1)
    assert "新疆手册" in (refused.value.source or "")
    await submission.withdraw(person, application.id)
    saved = await drafts.save_section(person, application.id, section, {}, 1)
    assert saved.version == 2
    with pytest.raises(Conflict, match="另一台设备"):
        await submission.submit(person, application.id, application.version)


async def test_who_will_not_pay_gives_up_owes_nothing_and_may_apply_anew(deps: Deps, clock: FixedClock) -> None:
    person, application = await begin(deps, "xinjiang")
    await print_form(deps, application)
    entry_process = make_entry_process(deps, clock)
    await entry_process.services.workflows.applications.submit(person, application.id, application.version)
    application = await entry_process.go_on(await Application.get(id=application.id))
    assert application.state == "fee"
    outcome = await entry_process.services.workflows.applications.cancel(person, application.id)
    assert outcome.state == ApplicationState.CANCELLED
    assert (await Fee.get(application_id=application.id)).state == FeeState.VOID
    again = await Drafts(deps, make_campaigns(deps)).start(person, "first")
    assert again.id != application.id
