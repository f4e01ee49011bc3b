"""A person and several applications: one at a time, another after the first has ended."""

from __future__ import annotations

import pytest

from domain.errors import Conflict, RuleViolation
from models.applications import Application
from services.applications import read_values
from services.applications.drafts import Drafts
from services.core.base import Actor, Deps
from tests.factories.applications import (
    account_of,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    with_rules,
)
from tests.factories.people import make_expert

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    return await make_applicant(deps)


async def refuse(deps: Deps, application: Application) -> None:
    changes = {"state": "refused", "round": 1, "submitted_at": deps.now(), "ended_at": deps.now()}
    await Application.filter(id=application.id).update(**changes)


async def test_a_renewal_is_not_begun_while_a_first_application_is_under_way(deps: Deps, zhao: Actor) -> None:
    drafts = Drafts(deps, make_campaigns(deps))
    live = await fill_in(deps, zhao)
    with pytest.raises(Conflict, match="您有一份新增申请正在办理，请先办完或放弃后再办续聘") as refused:
        await drafts.start(zhao, "renewal")
    assert (refused.value.code, refused.value.params["application_id"]) == ("application_live", str(live.id))


async def test_an_applicant_imported_as_expert_meanwhile_continues_the_application(deps: Deps, zhao: Actor) -> None:
    """An import may bring the person into the pool while the application is under way."""
    live = await fill_in(deps, zhao)
    await make_expert(deps, account=await account_of(zhao))
    begun = await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    assert (begun.id, begun.existing) == (live.id, True)


async def test_after_a_refusal_one_applies_again_with_what_was_typed(deps: Deps, zhao: Actor) -> None:
    first = await fill_in(deps, zhao, strengths="大跨结构。")
    await refuse(deps, first)
    second = await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    assert (second.id != first.id, second.existing) == (True, False)
    assert (await read_values(deps, second.id))["strengths"] == "大跨结构。"


async def test_with_one_application_per_campaign_a_refused_applicant_waits_for_the_next(
    deps: Deps, zhao: Actor
) -> None:
    strict = with_rules(deps, campaigns={"once": True})
    await refuse(deps, await fill_in(deps, zhao))
    with pytest.raises(RuleViolation, match="未通过") as refused:
        await Drafts(strict, make_campaigns(strict)).start(zhao, "first")
    assert refused.value.rule == "campaigns.once"


async def test_an_application_cancelled_before_submission_does_not_count_as_the_one(deps: Deps, zhao: Actor) -> None:
    strict = with_rules(deps, campaigns={"once": True})
    live = await fill_in(deps, zhao)
    await Application.filter(id=live.id).update(state="cancelled", ended_at=deps.now())
    assert not (await Drafts(strict, make_campaigns(strict)).start(zhao, "first")).existing
