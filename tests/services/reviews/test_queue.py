"""A reviewer's queue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, NotFound
from domain.ids import new_id
from models.applications import Application, Attachment
from models.audit import AuditEntry
from models.reviews import ReviewAssignment, ReviewTask
from services.core.base import Actor, Deps, Page, transaction
from services.reviews import ReviewQueue, TaskFilter
from services.reviews.application_view import Revealed
from services.reviews.scope import may_decide_task
from services.reviews.task_filters import EVERYTHING
from services.workflows import ReviewWorkflow
from tests.factories.reviews import (
    CITY,
    DISTRICT,
    OTHER_CITY,
    OTHER_DISTRICT,
    PROVINCE,
    begin,
    make_applicant,
    make_application,
    make_reviewer,
    tasks_of,
)

pytestmark = pytest.mark.usefixtures("catalogues")


async def _names(queue: ReviewQueue, actor: Actor, task_filter: TaskFilter = EVERYTHING) -> list[str]:
    cards = (await queue.overview(actor, task_filter)).cards
    assert cards.total == len(cards.items)
    return [card.name for card in cards.items]


async def test_the_oldest_come_first_and_what_waits_too_long_is_marked(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, clock: FixedClock
) -> None:
    reviewer = await make_reviewer(deps, "industry", CITY)
    for name in ("赵一", "钱二", "孙三"):
        await begin(reviews, deps, await make_application(deps, await make_applicant(deps, name)))
        clock.move(timedelta(minutes=5))
    cards = (await queue.overview(reviewer)).cards
    assert [(card.name, card.overdue) for card in cards.items] == [("赵一", True), ("钱二", True), ("孙三", False)]
    assert cards.total == 3
    card = cards.items[0]
    assert (card.step_name, card.specialty_name, card.region) == ("行业部门预审", "设计 › 建筑设计", "广州市天河区")
    assert card.expected_by == card.opened_at + timedelta(minutes=10)
    assert [(c.step, c.open, c.overdue) for c in await queue.counts(reviewer)] == [("industry", 3, 2)]
    assert await _names(queue, reviewer, TaskFilter(overdue=True)) == ["赵一", "钱二"]


async def test_the_queue_is_searched_and_filtered(deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue) -> None:
    reviewer = await make_reviewer(deps, "industry")
    await ReviewAssignment.create(
        pool="demo", account_id=reviewer.account_id, step="final", region=PROVINCE, granted_at=deps.now()
    )
    first = await make_application(deps, await make_applicant(deps, "赵一%"), specialties=("A0801",))
    second = await make_application(deps, await make_applicant(deps, "钱二"))
    for application in (first, second):
        await begin(reviews, deps, application)
    assert await _names(queue, reviewer, TaskFilter(search="钱")) == ["钱二"]
    assert await _names(queue, reviewer, TaskFilter(search="一%")) == ["赵一%"]
    assert await _names(queue, reviewer, TaskFilter(search="_")) == []
    assert await _names(queue, reviewer, TaskFilter(search=second.number)) == ["钱二"]
    assert await _names(queue, reviewer, TaskFilter(specialty="A08")) == ["赵一%"]
    assert await _names(queue, reviewer, TaskFilter(step="final")) == []
    await reviews.decide(reviewer, (await tasks_of(first))[0].id, "approve")
    assert await _names(queue, reviewer, TaskFilter(step="final")) == ["赵一%"]
    assert [(c.step, c.open) for c in await queue.counts(reviewer)] == [("industry", 1), ("final", 1)]


async def test_pages_of_a_long_queue(deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue) -> None:
    reviewer = await make_reviewer(deps, "industry", CITY)
    for _ in range(5):
        await begin(reviews, deps, await make_application(deps))
    listed = []
    for offset in (0, 2, 4):
        cards = (await queue.overview(reviewer, offset=offset, limit=2)).cards
        assert cards.total == 5
        listed += [card.id for card in cards.items]
    assert len(set(listed)) == 5
    assert (await queue.overview(reviewer, offset=10, limit=2)).cards == Page((), 5)


async def test_own_applications_other_cities_and_decided_ones_are_not_in_the_queue(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    account = await make_applicant(deps, "李审核")
    reviewer = Actor("demo", "reviewer", account.id)
    await ReviewAssignment.create(
        pool="demo", account_id=account.id, step="industry", region=CITY, granted_at=deps.now()
    )
    [own] = await begin(reviews, deps, await make_application(deps, account))
    away = await make_application(deps, region_path=(OTHER_DISTRICT, OTHER_CITY, PROVINCE))
    [elsewhere] = await begin(reviews, deps, away)
    mine = await make_application(deps)
    [task] = await begin(reviews, deps, mine)
    assert [card.id for card in (await queue.overview(reviewer)).cards.items] == [task.id]
    for hidden in (own, elsewhere):
        with pytest.raises(NotFound):
            await queue.get(reviewer, hidden.id)
    await reviews.decide(reviewer, task.id, "approve")
    assert await queue.counts(reviewer) == []
    assert (await queue.get(reviewer, task.id)).state == "approved"


async def test_while_one_specialty_is_sent_back_the_others_stay_but_not_once_the_person_corrects_by_withdrawing(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    reviewer = await make_reviewer(deps, "industry", CITY)
    application = await make_application(deps, specialties=("A0401", "A0801"))
    first, second = await begin(reviews, deps, application)
    await reviews.decide(reviewer, first.id, "send_back", "不符")
    assert [card.id for card in (await queue.overview(reviewer)).cards.items] == [second.id]
    assert (await queue.get(reviewer, first.id)).state == "sent_back"
    await Application.filter(id=application.id).update(state="correcting")
    async with transaction():
        await reviews.cancel(application, deps.now())
    assert await queue.counts(reviewer) == []
    for task in (first, second):
        with pytest.raises(Conflict, match="已撤回"):
            await queue.get(reviewer, task.id)
        with pytest.raises(Conflict, match="已撤回"):
            await queue.reveal(reviewer, task.id, "email")


async def test_after_a_decision_comes_the_next_behind_it_then_the_oldest_of_all(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, clock: FixedClock
) -> None:
    reviewer = await make_reviewer(deps, "industry", CITY)
    ids = []
    for _ in range(3):
        [task] = await begin(reviews, deps, await make_application(deps))
        ids.append(task.id)
        clock.move(timedelta(minutes=1))
    assert await queue.find_next(reviewer) == ids[0]
    await reviews.decide(reviewer, ids[1], "approve")
    assert await queue.find_next(reviewer, ids[1]) == ids[2]
    await reviews.decide(reviewer, ids[2], "approve")
    assert await queue.find_next(reviewer, ids[2]) == ids[0]
    await reviews.decide(reviewer, ids[0], "approve")
    assert await queue.find_next(reviewer, ids[0]) is None


async def test_a_task_shows_the_form_in_words_and_hides_what_is_sensitive(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    reviewer = await make_reviewer(deps, "industry", CITY)
    application = await make_application(deps, specialties=("A0401", "A0801"))
    await Attachment.create(
        pool="demo",
        account_id=application.account_id,
        application_id=application.id,
        field="title_proof",
        filename="职称.jpg",
        media_type="image/jpeg",
        size=10,
        key="k",
        state="ready",
        created_at=deps.now(),
    )
    task, _ = await begin(reviews, deps, application)
    view = await queue.get(reviewer, task.id)
    fields = {field.code: field for section in view.sheet.sections for field in section.fields}
    assert fields["region"].text == "广州市天河区"
    assert fields["employer"].text == "广州水务设计院"
    assert fields["title_level"].text == "高级工程师"
    assert fields["emergency"].text == "是"
    assert fields["work_history"].columns[:2] == ("单位名称", "职务")
    assert fields["work_history"].rows[0][:2] == ("广州旧单位有限公司", "工程师")
    assert [file.filename for file in fields["title_proof"].files] == ["职称.jpg"]
    assert (fields["email"].text, fields["email"].hidden) == ("s***@example.com", True)
    assert (fields["address"].text, fields["name"].text) == ("解****", "苏航")
    assert fields["id_number"].text.startswith("4301***")
    assert fields["mobile"].text.startswith("138****")
    assert view.may == ("approve", "send_back", "send_back_whole")
    assert [(s.code, s.name, s.state) for s in view.specialties] == [
        ("A0401", "设计 › 建筑设计", "open"),
        ("A0801", "施工 › 房屋建筑", "open"),
    ]
    assert "suhang@example.com" not in repr(view)


async def test_showing_a_hidden_value_is_logged(deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue) -> None:
    reviewer = await make_reviewer(deps, "industry", CITY)
    [task] = await begin(reviews, deps, await make_application(deps))
    assert await queue.reveal(reviewer, task.id, "email") == Revealed("suhang@example.com", "")
    assert (await queue.reveal(reviewer, task.id, "id_number")).value.startswith("43010419750615")
    entries = await AuditEntry.filter(action="review.reveal").order_by("id")
    assert [(e.actor_id, e.details["field"]) for e in entries] == [
        (reviewer.account_id, "email"),
        (reviewer.account_id, "id_number"),
    ]
    for field in ("region", "photo", "no_such_field"):
        with pytest.raises(NotFound):
            await queue.reveal(reviewer, task.id, field)


async def test_the_log_tells_what_departments_said_newest_first(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, clock: FixedClock
) -> None:
    industry, final = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "final")
    application = await make_application(deps)
    [task] = await begin(reviews, deps, application)
    await reviews.decide(industry, task.id, "approve", "同意")
    clock.move(timedelta(minutes=1))
    whole = await ReviewTask.get(application_id=application.id, state="open")
    await reviews.decide(final, whole.id, "send_back", "承诺书未签字")
    log = (await queue.get(final, whole.id)).log
    assert [(line.event, line.who, line.opinion) for line in log] == [
        ("send_back", "省专家库管理机构", "承诺书未签字"),
        ("approve", "市州行业主管部门", "同意"),
    ]


async def test_the_queue_holds_just_what_can_be_decided(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    """The queue writes the assignments out as conditions, a decision asks by another statement: they agree."""
    own = await make_applicant(deps)
    for path in ((DISTRICT, CITY, PROVINCE), (OTHER_DISTRICT, OTHER_CITY, PROVINCE), (CITY, PROVINCE)):
        for specialties in (("A0401",), ("A0401", "A0801")):
            await begin(reviews, deps, await make_application(deps, specialties=specialties, region_path=path))
    await begin(reviews, deps, await make_application(deps, own))
    tasks = await ReviewTask.all()
    actors = [
        await make_reviewer(deps, "industry", region, specialty)
        for region in (PROVINCE, CITY, DISTRICT, OTHER_CITY)
        for specialty in ("", "A04", "A0801")
    ]
    actors += [Actor("demo", "reviewer", own.id), Actor("demo", "reviewer", new_id())]
    await ReviewAssignment.create(
        pool="demo", account_id=own.id, step="industry", region=CITY, exact=True, granted_at=deps.now()
    )
    await ReviewAssignment.create(
        pool="demo", account_id=own.id, step="industry", region=OTHER_CITY, specialty="A08", granted_at=deps.now()
    )
    sizes = set()
    for actor in actors:
        assert actor.account_id is not None
        decidable = {task.id for task in tasks if await may_decide_task("demo", task.id, actor.account_id, deps.now())}
        assert {card.id for card in (await queue.overview(actor)).cards.items} == decidable
        assert sum(count.open for count in await queue.counts(actor)) == len(decidable)
        sizes.add(len(decidable))
    assert len(sizes) > 4
