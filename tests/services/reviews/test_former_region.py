"""An expert who applies for another region: the one that he leaves is asked, told or neither, as the rulebook says."""

from __future__ import annotations

import pytest

from domain.errors import Conflict, NotFound
from models.applications import Application, ApplicationSpecialty
from models.notices import Notice
from models.reviews import ReviewAssignment, ReviewEntry, ReviewTask
from services.core.base import Actor, Deps, transaction
from services.notifications import Notices
from services.reviews import ReviewQueue
from services.reviews.assignment_queries import AssignmentQueries
from services.reviews.decisions import Reviews
from services.reviews.former_region_notices import notify_former_region
from services.reviews.returns import Returns
from services.reviews.steps import former_region
from services.workflows import ReviewWorkflow
from tests.factories.people import make_account
from tests.factories.reviews import (
    CITY,
    DISTRICT,
    OTHER_CITY,
    OTHER_DISTRICT,
    PROVINCE,
    begin,
    hand_in_again,
    make_change,
    make_reviewer,
    step,
    tasks_of,
    with_rules,
)
from tests.services.conftest import NoticeBook
from tests.services.reviews.conftest import reviews_of

pytestmark = pytest.mark.usefixtures("catalogues")
MOVED = {"region_path": (OTHER_DISTRICT, OTHER_CITY, PROVINCE), "moves_from": DISTRICT}


async def _reload(application: Application) -> Application:
    return await Application.get(id=application.id)


async def test_both_regions_decide_and_the_last_of_them_leads_on(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    application = await make_change(deps, **MOVED)
    new, old = await begin(reviews, deps, application)
    assert [(t.region, t.former_region) for t in (new, old)] == [(OTHER_CITY, False), (CITY, True)]
    here, there = await make_reviewer(deps, "industry", OTHER_CITY), await make_reviewer(deps, "industry", CITY)
    with pytest.raises(NotFound):
        await reviews.decide(here, old.id, "approve")
    [card] = (await queue.overview(there)).cards.items
    assert (card.moves_from, card.region, card.former_region) == ("广州市天河区", "深圳市南山区", True)
    await reviews.decide(here, new.id, "approve")
    assert (await ApplicationSpecialty.get(application_id=application.id)).state == "open", "one of two has approved"
    assert (await _reload(application)).step == 0
    await reviews.decide(there, old.id, "approve")
    assert (await ApplicationSpecialty.get(application_id=application.id)).state == "approved"
    assert [t.step_code for t in await tasks_of(application)] == ["final"]
    names = await ReviewEntry.filter(application_id=application.id).order_by("at", "id").values_list("step_name")
    assert [name for (name,) in names] == ["行业部门预审", "行业部门预审（转出地）"]


async def test_what_the_old_region_approved_stays_approved_after_a_correction(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    application = await make_change(deps, **MOVED)
    new, old = await begin(reviews, deps, application)
    here, there = await make_reviewer(deps, "industry", OTHER_CITY), await make_reviewer(deps, "industry", CITY)
    await reviews.decide(there, old.id, "approve")
    await reviews.decide(here, new.id, "send_back_whole", "照片不清晰")
    tasks = await hand_in_again(reviews, deps, application, ("A0401",))
    assert [(t.region, t.round, t.former_region) for t in tasks] == [(OTHER_CITY, 2, False)]


async def test_the_old_region_sends_back_and_the_expert_stays(deps: Deps, reviews: ReviewWorkflow) -> None:
    """What was to be asked goes with the move."""
    application = await make_change(deps, **MOVED)
    new, old = await begin(reviews, deps, application)
    there = await make_reviewer(deps, "industry", CITY)
    await reviews.decide(there, old.id, "send_back_whole", "尚有评标任务未结束")
    with pytest.raises(Conflict, match="无需再审核"):
        await reviews.decide(await make_reviewer(deps, "industry", OTHER_CITY), new.id, "approve")
    await Application.filter(id=application.id).update(
        moves_from="", region=DISTRICT, region_path=[DISTRICT, CITY, PROVINCE]
    )
    tasks = await hand_in_again(reviews, deps, application, ("A0401",))
    assert [(t.region, t.former_region) for t in tasks] == [(CITY, False)]


async def test_the_old_region_decides_on_no_alternative_specialty(deps: Deps, book: NoticeBook) -> None:
    rule = step("one", acts_in="city")
    changed = with_rules(deps, review={"steps": [rule]})
    reviews = reviews_of(changed, book)
    application = await make_change(changed, specialties=("A0401", "A0801"), **MOVED)
    await ApplicationSpecialty.filter(code="A0801").update(choice="alternative")
    new, old = await begin(reviews, changed, application)
    reviewer = await make_reviewer(changed, "one")
    await reviews.decide(reviewer, new.id, "approve", admitted=["A0801"])
    assert (await _reload(application)).state == "reviewing"
    await reviews.decide(reviewer, old.id, "approve")
    assert (await _reload(application)).approved_at is not None


@pytest.mark.parametrize(
    ("rule", "acts_in", "moves_from", "region"),
    [
        ("ask", "city", DISTRICT, CITY),
        ("ask", "chosen", DISTRICT, DISTRICT),
        ("ask", "province", DISTRICT, ""),
        ("ask", "city", OTHER_CITY, ""),
        ("ask", "city", "", ""),
        ("tell", "city", DISTRICT, ""),
        ("none", "city", DISTRICT, ""),
    ],
)
async def test_the_old_region_is_asked_where_it_is_another_office(
    deps: Deps, book: NoticeBook, rule: str, acts_in: str, moves_from: str, region: str
) -> None:
    steps = [step("one", acts_in=acts_in), step("two")]
    changed = with_rules(deps, review={"steps": steps, "old_region": rule})
    application = await make_change(changed, **MOVED | {"moves_from": moves_from})
    tasks = await begin(reviews_of(changed, book), changed, application)
    assert [t.region for t in tasks if t.former_region] == ([region] if region else [])
    assert len(tasks) == 1 + bool(region)


async def test_the_old_regions_reviewers_are_told_once(deps: Deps) -> None:
    changed = with_rules(deps, review={"old_region": "tell"})
    application = await make_change(changed, "欧阳建国", **MOVED)
    told = await make_reviewer(changed, "industry", CITY)
    for region in (OTHER_CITY, PROVINCE, DISTRICT):
        await make_reviewer(changed, "industry", region)
    await make_reviewer(changed, "final")
    gone = await make_reviewer(changed, "industry", CITY)
    await ReviewAssignment.filter(account_id=gone.account_id).update(revoked_at=changed.now())
    for _ in range(2):
        async with transaction():
            await notify_former_region(changed, Notices(changed), application)
    [notice] = await Notice.filter(kind="review_moved")
    assert notice.account_id == told.account_id
    assert notice.params["what"] == "欧阳建国由广州市天河区变更到深圳市南山区"


@pytest.mark.parametrize(("rule", "kinds"), [("tell", ["review_moved"]), ("none", []), ("ask", [])])
async def test_a_review_that_begins_tells_by_the_rulebook(
    deps: Deps, book: NoticeBook, rule: str, kinds: list[str]
) -> None:
    changed = with_rules(deps, review={"old_region": rule})
    application = await make_change(changed, **MOVED)
    await make_reviewer(changed, "industry", CITY)
    async with transaction():
        locked = await Application.select_for_update().get(id=application.id)
        await Reviews(changed, Notices(changed), Returns(changed)).begin(locked, changed.now())
    assert [notice.kind for notice in await Notice.all()] == kinds


async def test_a_region_that_is_no_longer_asked_waits_for_nobody(deps: Deps, book: NoticeBook) -> None:
    """The rulebook changed while both were asked."""
    application = await make_change(deps, **MOVED)
    new, old = await begin(reviews_of(deps, book), deps, application)
    changed = with_rules(deps, review={"old_region": "tell"})
    async with transaction():
        locked = await Application.select_for_update().get(id=application.id)
        await reviews_of(changed, book).reconcile_tasks(locked, changed.now())
    assert [t.id for t in await tasks_of(application)] == [new.id]
    assert (await ReviewTask.get(id=old.id)).state == "void"


async def test_an_old_region_without_reviewers_is_a_gap_that_the_office_sees(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    await make_reviewer(deps, "industry", OTHER_CITY)
    await begin(reviews, deps, await make_change(deps, **MOVED))
    office = await make_account(deps)
    admin = Actor("demo", "pool_admin", office.id)
    [place] = await AssignmentQueries(deps).open_places(admin)
    assert (place.region, place.waiting) == (CITY, 1)


async def test_a_move_within_one_office_is_none(deps: Deps) -> None:
    application = await make_change(deps, region_path=(CITY, PROVINCE), moves_from=DISTRICT)
    assert await former_region(application, deps.book("demo")) == ""
