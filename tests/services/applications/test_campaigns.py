"""Windows in which people may apply."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from models.applications import Application
from models.campaigns import Campaign
from models.notices import Notice
from services.applications import CampaignData
from services.applications.campaign_queries import CampaignQueries
from services.applications.campaigns import Campaigns, find_open
from services.applications.drafts import Drafts
from services.core.base import Actor, Deps
from services.notifications import Notices
from services.payments import Fees
from services.workflows import CampaignWorkflow
from tests.factories.applications import make_applicant, make_campaign, make_campaigns, make_codes
from tests.factories.people import make_account
from tests.factories.reviews import make_application, with_rules

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)


@pytest.fixture
def campaigns(deps: Deps) -> Campaigns:
    return make_campaigns(deps)


@pytest.fixture
def queries(deps: Deps) -> CampaignQueries:
    return CampaignQueries(deps)


@pytest.fixture
def editing(deps: Deps, campaigns: Campaigns) -> CampaignWorkflow:
    return CampaignWorkflow(deps, campaigns, Fees(deps, Notices(deps)))


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


@pytest.fixture
def form(deps: Deps) -> CampaignData:
    """The windows of the 2024 manual, moved (新疆手册 2024 L9, L204, L225)."""
    start = deps.now() + DAY
    return CampaignData(
        name="2026年第二批评标专家征集",
        entry_types=["first", "renewal"],
        enrol_from=start,
        enrol_until=start + 17 * DAY,
        review_from=start,
        review_until=start + 18 * DAY,
        pay_from=start + 5 * DAY,
        pay_until=start + 19 * DAY,
        announcement="请如实填写。",
    )


async def test_a_campaign_is_seen_when_published_and_opens_by_itself(
    campaigns: Campaigns, queries: CampaignQueries, admin: Actor, form: CampaignData, clock: FixedClock
) -> None:
    made = await campaigns.create(admin, form)
    assert (made.state, made.data) == ("draft", form)
    assert await queries.list_announced("demo") == ()
    assert (await campaigns.publish(admin, made.id)).state == "upcoming"
    assert [campaign.id for campaign in await queries.list_announced("demo")] == [made.id]
    assert await find_open("demo", "first", clock.now()) is None
    clock.move(DAY)
    assert (await queries.get(admin, made.id)).state == "open"
    open_now = await find_open("demo", "first", clock.now())
    assert open_now is not None
    assert open_now.id == made.id
    clock.move(17 * DAY)
    assert (await queries.get(admin, made.id)).state == "closed"
    assert await find_open("demo", "first", clock.now()) is None, "the end itself is outside"


async def test_publishing_and_closing_twice_is_harmless(
    campaigns: Campaigns, admin: Actor, form: CampaignData, clock: FixedClock
) -> None:
    made = await campaigns.create(admin, form)
    with pytest.raises(Conflict, match="尚未发布"):
        await campaigns.close(admin, made.id)
    first = await campaigns.publish(admin, made.id)
    clock.move(DAY)
    assert (await campaigns.publish(admin, made.id)).published_at == first.published_at
    closed = await campaigns.close(admin, made.id)
    clock.move(DAY)
    assert (await campaigns.close(admin, made.id)).closed_at == closed.closed_at
    assert closed.state == "closed"
    assert await find_open("demo", "first", clock.now()) is None


async def test_two_campaigns_never_take_the_same_entry_at_the_same_time(
    campaigns: Campaigns, admin: Actor, form: CampaignData
) -> None:
    first = await campaigns.create(admin, form)
    second = await campaigns.create(admin, replace(form, name="另一批", enrol_from=form.enrol_from + DAY))
    renewals = await campaigns.create(admin, replace(form, name="续聘批", entry_types=["renewal"]))
    outcomes = await asyncio.gather(
        campaigns.publish(admin, first.id), campaigns.publish(admin, second.id), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(refused) == 1
    assert "同一时间也接受新增申请" in refused[0].message
    with pytest.raises(Conflict, match="续聘"):
        await campaigns.publish(admin, renewals.id)
    published = await Campaign.get(published_at__not_isnull=True)
    await campaigns.close(admin, published.id)
    other = second if published.id == first.id else first
    assert (await campaigns.publish(admin, other.id)).state == "upcoming", "who closed makes room"


async def test_after_closing_the_next_may_follow(
    campaigns: Campaigns, admin: Actor, form: CampaignData, clock: FixedClock
) -> None:
    first = await campaigns.create(admin, form)
    await campaigns.publish(admin, first.id)
    clock.move(2 * DAY)
    await campaigns.close(admin, first.id)
    second = await campaigns.create(admin, replace(form, name="补充征集", enrol_from=clock.now()))
    assert (await campaigns.publish(admin, second.id)).state == "open"


async def test_an_open_campaign_is_prolonged_but_its_beginning_stands(
    editing: CampaignWorkflow, campaigns: Campaigns, admin: Actor, form: CampaignData, clock: FixedClock
) -> None:
    made = await campaigns.create(admin, form)
    await campaigns.publish(admin, made.id)
    clock.move(2 * DAY)
    longer = replace(form, enrol_until=form.enrol_until + DAY, review_until=None)
    assert (await editing.edit(admin, made.id, longer)).data.enrol_until == longer.enrol_until
    for wrong in (
        replace(form, enrol_from=form.enrol_from + timedelta(hours=1)),
        replace(form, entry_types=["first"]),
        replace(form, enrol_until=clock.now() - timedelta(hours=1), review_until=None),
    ):
        with pytest.raises(Conflict) as refused:
            await editing.edit(admin, made.id, wrong)
        assert refused.value.code == "campaign_begun"
    await campaigns.close(admin, made.id)
    with pytest.raises(Conflict, match="已关闭报名"):
        await editing.edit(admin, made.id, replace(longer, enrol_until=longer.enrol_until + DAY))


async def test_of_a_closed_campaign_review_and_payment_are_still_prolonged(
    editing: CampaignWorkflow, campaigns: Campaigns, admin: Actor, form: CampaignData, clock: FixedClock
) -> None:
    made = await campaigns.create(admin, form)
    await campaigns.publish(admin, made.id)
    clock.move(2 * DAY)
    await campaigns.close(admin, made.id)
    following = await campaigns.create(admin, replace(form, name="补充征集", enrol_from=clock.now()))
    await campaigns.publish(admin, following.id)
    until = form.enrol_until + 30 * DAY
    edited = await editing.edit(admin, made.id, replace(form, review_until=until, pay_until=until))
    assert (edited.state, edited.data.review_until, edited.data.pay_until) == ("closed", until, until)


@pytest.mark.parametrize("end", ["review_until", "pay_until"])
async def test_no_window_is_made_to_have_ended(
    editing: CampaignWorkflow, campaigns: Campaigns, admin: Actor, form: CampaignData, clock: FixedClock, end: str
) -> None:
    ends: dict[str, Any] = {"review_until": form.enrol_until + DAY, "pay_until": form.enrol_until + DAY}
    made = await campaigns.create(admin, replace(form, **ends))
    await campaigns.publish(admin, made.id)
    clock.move(form.enrol_until + DAY / 2 - clock.now())
    with pytest.raises(Conflict, match="不能改到过去") as refused:
        await editing.edit(admin, made.id, replace(form, **ends | {end: form.enrol_until + DAY / 4}))
    assert refused.value.params["field"] == end
    renamed = replace(form, name="改个名字", **ends)
    clock.move(DAY)
    assert (await editing.edit(admin, made.id, renamed)).data.name == "改个名字", "what is over already may stay so"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"entry_types": []}, "entry_types"),
        ({"entry_types": ["transfer"]}, "entry_types"),
        ({"enrol_until": -1}, "enrol_until"),
        ({"review_until": 2}, "review_until"),
        ({"pay_until": -2}, "pay_until"),
        ({"announcement": "长" * 10_001}, "announcement"),
        ({"advice": {"999999": "020-12345678"}}, "advice.999999"),
    ],
)
async def test_a_wrong_form_names_the_field(
    campaigns: Campaigns, admin: Actor, form: CampaignData, change: dict[str, object], field: str
) -> None:
    """Numbers are days after the beginning."""
    given = {name: form.enrol_from + value * DAY if isinstance(value, int) else value for name, value in change.items()}
    with pytest.raises(InvalidInput) as refused:
        await campaigns.create(admin, replace(form, **given))  # type: ignore[arg-type]  # wrong on purpose
    assert refused.value.field == field


async def test_lines_for_advice_stand_by_region(
    campaigns: Campaigns, admin: Actor, form: CampaignData, deps: Deps
) -> None:
    """新疆手册 2024 L13, L208."""
    await make_codes(deps.book("demo"))
    made = await campaigns.create(admin, replace(form, advice={"440100": "演示市住建局 020-12345678"}))
    assert made.data.advice == {"440100": "演示市住建局 020-12345678"}


async def _notices(seen: set[UUID]) -> dict[str, str]:
    """New notices since the last call: state of the application → deadline and action."""
    notices: dict[str, str] = {}
    for notice in await Notice.filter(kind="campaign_changed").exclude(id__in=seen):
        application = await Application.get(number=notice.params["number"])
        notices[application.state] = f"{notice.params['until']} {notice.params['advice']}"
        seen.add(notice.id)
    return notices


async def test_applicants_with_something_to_hand_in_are_notified_of_a_new_end(
    deps: Deps, admin: Actor, form: CampaignData, clock: FixedClock
) -> None:
    seen: set[UUID] = set()
    strict = with_rules(deps, review={"own_campaign_window": True})
    campaigns = make_campaigns(strict)
    editing = CampaignWorkflow(strict, campaigns, Fees(strict, Notices(strict)))
    made = await campaigns.create(admin, form)
    await campaigns.publish(admin, made.id)
    clock.move(2 * DAY)
    for state, round_ in (("draft", 0), ("locked", 0), ("sent_back", 1), ("correcting", 1), ("reviewing", 1)):
        await make_application(deps, state=state, round=round_, campaign_id=made.id)

    shorter = replace(form, enrol_until=form.enrol_until - 7 * DAY)
    await editing.edit(admin, made.id, shorter)
    assert await _notices(seen) == dict.fromkeys(["draft", "locked"], "12月2日(周三) 12:00 请在此之前提交")
    await editing.edit(admin, made.id, replace(shorter, name="改个名字"))
    assert await _notices(seen) == {}, "nothing moved"
    await editing.edit(admin, made.id, replace(shorter, review_until=form.enrol_until + 5 * DAY))
    assert await _notices(seen) == dict.fromkeys(["sent_back", "correcting"], "12月14日(周一) 12:00 请在此之前提交")
    await editing.edit(admin, made.id, replace(shorter, review_until=None))
    assert await _notices(seen) == {}, "an end that fell away hurries nobody"
    await campaigns.close(admin, made.id)
    await campaigns.close(admin, made.id)
    assert await _notices(seen) == dict.fromkeys(["draft", "locked"], "11月23日(周一) 12:00 已填写的内容会为您保留")


async def test_only_what_was_never_published_is_deleted(
    campaigns: Campaigns, queries: CampaignQueries, admin: Actor, form: CampaignData
) -> None:
    made = await campaigns.create(admin, form)
    await campaigns.delete(admin, made.id)
    with pytest.raises(NotFound):
        await queries.get(admin, made.id)
    other = await campaigns.create(admin, form)
    await campaigns.publish(admin, other.id)
    with pytest.raises(Conflict, match="不能删除"):
        await campaigns.delete(admin, other.id)


async def test_what_is_over_is_not_published(
    campaigns: Campaigns, admin: Actor, form: CampaignData, clock: FixedClock
) -> None:
    made = await campaigns.create(admin, form)
    clock.move(30 * DAY)
    with pytest.raises(Conflict, match="已经过去"):
        await campaigns.publish(admin, made.id)


async def test_only_administrators_of_the_pool_manage(
    campaigns: Campaigns, queries: CampaignQueries, admin: Actor, form: CampaignData, deps: Deps
) -> None:
    made = await campaigns.create(admin, form)
    with pytest.raises(Forbidden):
        await campaigns.create(await make_applicant(deps), form)
    stranger = Actor("guangdong", "pool_admin", admin.account_id)
    for act in (queries.get(stranger, made.id), campaigns.publish(stranger, made.id)):
        with pytest.raises(AppError):
            await act
    assert await queries.list(stranger) == ()


async def test_the_same_request_twice_makes_one_campaign(
    campaigns: Campaigns, queries: CampaignQueries, admin: Actor, form: CampaignData
) -> None:
    first = await campaigns.create(admin, form, key="k1")
    assert (await campaigns.create(admin, form, key="k1")).id == first.id
    assert len(await queries.list(admin)) == 1


async def test_a_campaign_counts_its_applications(
    campaigns: Campaigns, queries: CampaignQueries, admin: Actor, deps: Deps
) -> None:
    campaign = await make_campaign(deps)
    await Drafts(deps, campaigns).start(await make_applicant(deps), "first")
    assert [(campaign_view.id, campaign_view.applications) for campaign_view in await queries.list(admin)] == [
        (campaign.id, 1)
    ]
