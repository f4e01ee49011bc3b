"""Reminders to reviewers every working morning."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from models.accounts import Account
from models.notices import Notice
from services.core.base import Deps
from services.notifications import Notices
from services.reviews.reminders import Reminders
from services.workflows import ReviewWorkflow
from tests.factories.applications import make_campaign
from tests.factories.reviews import CITY, OTHER_CITY, begin, make_application, make_reviewer, with_rules

pytestmark = pytest.mark.usefixtures("catalogues")
TO_MONDAY_MORNING = timedelta(days=1, hours=21)
"""From Saturday noon on."""


@pytest.fixture
def reminders(deps: Deps) -> Reminders:
    return Reminders(deps, Notices(deps))


async def test_a_reviewer_with_work_from_the_day_before_is_notified_once_on_a_working_day(
    deps: Deps, reviews: ReviewWorkflow, reminders: Reminders, clock: FixedClock
) -> None:
    reviewer = await make_reviewer(deps, "industry", CITY)
    await make_reviewer(deps, "industry", OTHER_CITY)
    disabled = await make_reviewer(deps, "industry", CITY)
    await Account.filter(id=disabled.account_id).update(disabled_at=deps.now())
    await begin(reviews, deps, await make_application(deps, specialties=("A0401", "A0801")))
    assert await reminders.send_reminders() == 0, "it is Saturday"
    clock.move(TO_MONDAY_MORNING - timedelta(seconds=1))
    assert await reminders.send_reminders() == 0, "it is before nine"
    clock.move(timedelta(seconds=1))
    await begin(reviews, deps, await make_application(deps))
    assert await reminders.send_reminders() == 1
    assert await reminders.send_reminders() == 0
    notice = await Notice.get(kind="review_waiting")
    assert notice.account_id == reviewer.account_id
    assert (notice.params["step"], notice.params["count"]) == ("行业部门预审", "2")
    clock.move(timedelta(days=1))
    assert await reminders.send_reminders() == 1


async def test_no_reminder_is_sent_of_a_task_that_cannot_be_decided_now(
    deps: Deps, reviews: ReviewWorkflow, clock: FixedClock
) -> None:
    await make_reviewer(deps, "industry", CITY)
    campaign = await make_campaign(deps, review_until=deps.now() + timedelta(hours=1))
    await begin(reviews, deps, await make_application(deps, campaign_id=campaign.id))
    clock.move(TO_MONDAY_MORNING)
    strict = with_rules(deps, review={"own_campaign_window": True})
    assert await Reminders(strict, Notices(strict)).send_reminders() == 0
    assert await Reminders(deps, Notices(deps)).send_reminders() == 1, "where reviewers have no window"


async def test_what_came_today_waits_for_tomorrows_word(
    deps: Deps, reviews: ReviewWorkflow, reminders: Reminders, clock: FixedClock
) -> None:
    await make_reviewer(deps, "industry", CITY)
    clock.move(TO_MONDAY_MORNING)
    await begin(reviews, deps, await make_application(deps))
    assert await reminders.send_reminders() == 0
