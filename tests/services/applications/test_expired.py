"""An application whose campaign is over, once the next campaign is open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, RuleViolation
from models.applications import Application, Attachment, PrintedForm
from models.reviews import ReviewEntry
from services.applications import read_values
from services.applications.campaign_queries import CampaignQueries
from services.applications.drafts import Drafts
from services.applications.to_do import ToDos
from services.core.base import Actor, Deps
from services.workflows import ApplicationWorkflow
from tests.factories.applications import fill_in, make_applicant, make_campaign, make_campaigns, make_codes, with_rules
from tests.factories.workflows import make_submission
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
YEAR = timedelta(days=365)


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    return await make_applicant(deps)


@pytest.fixture
def drafts(deps: Deps) -> Drafts:
    return Drafts(deps, make_campaigns(deps))


def submission_of(deps: Deps, book: NoticeBook) -> ApplicationWorkflow:
    return make_submission(deps, book)


async def only_to_do(deps: Deps, person: Actor) -> tuple[str, str]:
    assert person.account_id is not None
    [item] = (await ToDos(deps, CampaignQueries(deps)).home(person.pool, person.account_id)).to_do
    return item.code, item.detail


async def test_a_draft_goes_on_in_the_next_campaign_with_its_files(
    deps: Deps, book: NoticeBook, drafts: Drafts, zhao: Actor, clock: FixedClock
) -> None:
    application = await fill_in(deps, zhao)
    clock.move(YEAR)
    assert (await drafts.start(zhao, "first")).existing, "nothing is open: it stays as it is"
    code, _ = await only_to_do(deps, zhao)
    assert code == "closed"

    following = await make_campaign(deps, name="第三批征集")
    code, detail = await only_to_do(deps, zhao)
    assert code == "apply_first"
    assert "上次填写的内容会带入" in detail
    begun = await drafts.start(zhao, "first")
    assert (begun.id, begun.existing) == (application.id, True)
    moved = await Application.get(id=application.id)
    assert (moved.campaign_id, moved.state) == (following.id, "draft")
    assert await Attachment.filter(application_id=application.id, state="ready").exists()
    assert (await submission_of(deps, book).submit(zhao, moved.id, moved.version)).state == "reviewing"


async def test_a_printed_form_is_opened_again_and_printed_anew(
    deps: Deps, drafts: Drafts, zhao: Actor, clock: FixedClock
) -> None:
    application = await fill_in(deps, zhao)
    await PrintedForm.create(
        application_id=application.id, code="A" * 16, version=application.version, digest="", printed_at=deps.now()
    )
    await Application.filter(id=application.id).update(state="locked", locked_version=application.version)
    clock.move(YEAR)
    await make_campaign(deps, name="第三批征集")
    await drafts.start(zhao, "first")
    moved = await Application.get(id=application.id)
    assert (moved.state, moved.locked_version) == ("draft", None)
    assert moved.version > application.version, "the old print counts no longer"
    assert (await ReviewEntry.get(application_id=application.id)).event == "unlock"


@pytest.mark.parametrize("state", ["sent_back", "correcting"])
async def test_what_was_not_corrected_in_time_ends_and_a_new_one_begins_with_its_values(
    deps: Deps, drafts: Drafts, zhao: Actor, clock: FixedClock, state: str
) -> None:
    strict = with_rules(deps, review={"own_campaign_window": True})
    drafts = Drafts(strict, make_campaigns(strict))
    application = await fill_in(deps, zhao, strengths="大跨结构。")
    campaign = await application.campaign
    campaign.review_until = campaign.enrol_until
    await campaign.save()
    await Application.filter(id=application.id).update(
        state=state, round=1, sent_back_fields=["*"], submitted_at=deps.now()
    )
    clock.move(YEAR)
    await make_campaign(deps, name="第三批征集")
    begun = await drafts.start(zhao, "first")
    assert not begun.existing
    old = await Application.get(id=application.id)
    assert (old.state, old.ended_at) == ("cancelled", deps.now())
    assert (await read_values(deps, begun.id))["strengths"] == "大跨结构。"


async def test_what_still_lies_with_reviewers_after_their_window_must_be_withdrawn_first(
    deps: Deps, book: NoticeBook, zhao: Actor, clock: FixedClock
) -> None:
    strict = with_rules(deps, review={"own_campaign_window": True, "withdraw_undecided": True})
    drafts, submission = Drafts(strict, make_campaigns(strict)), submission_of(strict, book)
    application = await fill_in(deps, zhao)
    campaign = await application.campaign
    campaign.review_until = campaign.enrol_until
    await campaign.save()
    await submission.submit(zhao, application.id, application.version)
    clock.move(YEAR)
    await make_campaign(deps, name="第三批征集")
    with pytest.raises(Conflict, match="没有在审核期内办结") as refused:
        await drafts.start(zhao, "first")
    assert refused.value.code == "application_left_over"
    await submission.withdraw(zhao, application.id)
    with pytest.raises(RuleViolation, match="截止"):
        await submission.submit(zhao, application.id, application.version)
    assert not (await drafts.start(zhao, "first")).existing


async def test_while_its_own_campaign_goes_on_nothing_is_taken_over(
    deps: Deps, drafts: Drafts, zhao: Actor, clock: FixedClock
) -> None:
    application = await fill_in(deps, zhao)
    clock.move(timedelta(days=20))
    assert (await drafts.start(zhao, "first")).existing
    assert (await Application.get(id=application.id)).version == application.version


async def test_a_second_tap_finds_what_the_first_took_over(
    deps: Deps, drafts: Drafts, zhao: Actor, clock: FixedClock
) -> None:
    application = await fill_in(deps, zhao)
    clock.move(YEAR)
    await make_campaign(deps, name="第三批征集")
    first, second = await drafts.start(zhao, "first"), await drafts.start(zhao, "first")
    assert first.id == second.id == application.id
    assert (await Application.get(id=application.id)).version == application.version + 1
