"""Objections against an entry on public notice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation, TooMany
from models.applications import Application
from models.reviews import Objection, ReviewEntry
from services.core.base import Actor, Deps
from services.entry.objection_queries import ObjectionQueries
from services.entry.objections import Objections
from services.entry.public_notice_list import PublicNoticeList
from tests.factories.applications import make_campaign
from tests.factories.people import make_account, make_expert
from tests.factories.reviews import make_applicant, make_application, make_catalogues, with_rules
from tests.services.conftest import NoticeBook

REASON = "该同志的职称证书与公示单位不一致，请核实。"


@pytest.fixture(autouse=True)
async def _catalogues(db: str) -> None:
    await make_catalogues()


@pytest.fixture
def objections(deps: Deps, book: NoticeBook) -> Objections:
    return Objections(deps, book, ObjectionQueries(deps))


@pytest.fixture
def queries(deps: Deps) -> ObjectionQueries:
    return ObjectionQueries(deps)


async def on_notice(deps: Deps, name: str = "苏航", **columns: object) -> Application:
    now = deps.now()
    times = {"notice_from": now, "notice_until": now + timedelta(minutes=3), "approved_at": now}
    return await make_application(deps, await make_applicant(deps, name), state="notice", **times | columns)


async def citizen(deps: Deps, name: str = "周义") -> Actor:
    return Actor("demo", "applicant", (await make_applicant(deps, name)).id)


async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


async def test_a_person_objects_under_his_name_which_only_administrators_see(
    deps: Deps, objections: Objections, queries: ObjectionQueries
) -> None:
    application, actor = await on_notice(deps), await citizen(deps)
    raised = await objections.raise_objection(actor, application.id, f"  {REASON}\r\n另附说明。 ")
    assert (raised.text, raised.state, raised.by) == (f"{REASON}\n另附说明。", "open", "")
    [mine] = await queries.list_own(actor)
    assert (mine.applicant, mine.by) == ("苏航", "")
    page = await queries.page(await admin(deps))
    assert ([shown.by for shown in page.items], page.total) == (["周义"], 1)
    with pytest.raises(Forbidden):
        await queries.page(actor)


async def test_an_objection_by_a_person_without_a_verified_name_is_refused(deps: Deps, objections: Objections) -> None:
    application = await on_notice(deps)
    stranger = await make_account(deps)
    for actor in (Actor("demo", "guest", stranger.id), Actor("demo", "guest")):
        with pytest.raises(Forbidden, match="先完成实名注册"):
            await objections.raise_objection(actor, application.id, REASON)
    expert = await make_account(deps)
    await make_expert(deps, account=expert)
    await objections.raise_objection(Actor("demo", "expert", expert.id), application.id, REASON)


async def test_objections_to_the_own_entry_repeated_or_after_the_end_are_refused(
    deps: Deps, objections: Objections, clock: FixedClock
) -> None:
    application, actor = await on_notice(deps), await citizen(deps)
    with pytest.raises(Forbidden, match="自己的公示"):
        await objections.raise_objection(Actor("demo", "applicant", application.account_id), application.id, REASON)
    await objections.raise_objection(actor, application.id, REASON)
    with pytest.raises(Conflict, match="正在核查"):
        await objections.raise_objection(actor, application.id, REASON)
    clock.move(timedelta(minutes=3))
    with pytest.raises(Conflict, match="公示已于") as late:
        await objections.raise_objection(await citizen(deps), application.id, REASON)
    assert late.value.code == "notice_over"


@pytest.mark.parametrize("text", ["", "有异议", "字" * 1001, "\x00" * 20])
async def test_an_objection_gives_facts_in_readable_words(deps: Deps, objections: Objections, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await objections.raise_objection(await citizen(deps), (await on_notice(deps)).id, text)
    assert refused.value.field == "text"


async def test_only_what_is_on_notice_in_the_own_pool_can_be_objected_to(deps: Deps, objections: Objections) -> None:
    actor = await citizen(deps)
    under_review = await make_application(deps)
    for application_id in (under_review.id, (await make_account(deps)).id):
        with pytest.raises(NotFound):
            await objections.raise_objection(actor, application_id, REASON)
    there = await on_notice(deps)
    with pytest.raises((NotFound, Forbidden)):
        await objections.raise_objection(Actor("guangdong", "applicant", actor.account_id), there.id, REASON)


async def test_a_person_has_five_objections_a_day_also_when_sent_all_at_once(
    deps: Deps, objections: Objections, clock: FixedClock
) -> None:
    actor = await citizen(deps)
    several = [await on_notice(deps) for _ in range(7)]
    answers = await asyncio.gather(
        *(objections.raise_objection(actor, application.id, REASON) for application in several), return_exceptions=True
    )
    assert sum(isinstance(answer, TooMany) for answer in answers) == 2
    assert await Objection.all().count() == 5
    clock.move(timedelta(days=1))
    await objections.raise_objection(actor, (await on_notice(deps)).id, REASON)


async def test_a_dismissed_objection_is_answered_and_the_entry_goes_on(
    deps: Deps, objections: Objections, book: NoticeBook
) -> None:
    application, actor = await on_notice(deps), await citizen(deps)
    raised = await objections.raise_objection(actor, application.id, REASON)
    done = await objections.decide(await admin(deps), raised.id, "dismiss", "经核实，证书属实。")
    assert (done.state, done.answer, done.by) == ("dismissed", "经核实，证书属实。", "周义")
    assert (await Application.get(id=application.id)).state == "notice"
    [told] = book.told
    assert (told.kind, told.account_id, told.params["result"]) == ("objection_answered", actor.account_id, "异议不成立")
    with pytest.raises(Conflict, match="已于11月21日"):
        await objections.decide(await admin(deps), raised.id, "refuse", "重新处理")


@pytest.mark.parametrize(
    ("outcome", "state", "kind"),
    [("refuse", "refused", "application_refused"), ("send_back", "sent_back", "application_sent_back")],
)
async def test_an_upheld_objection_refuses_or_sends_back_and_answers_everybody_who_objected(
    deps: Deps, objections: Objections, book: NoticeBook, outcome: str, state: str, kind: str
) -> None:
    application = await on_notice(deps)
    first, second = await citizen(deps), await citizen(deps, "郑重")
    raised = await objections.raise_objection(first, application.id, REASON)
    await objections.raise_objection(second, application.id, REASON)
    await objections.decide(await admin(deps), raised.id, outcome, "职称证书不实")  # type: ignore[arg-type]  # parametrised
    row = await Application.get(id=application.id)
    assert row.state == state
    assert row.sent_back_fields == (["*"] if outcome == "send_back" else [])
    assert await Objection.filter(state="upheld").count() == 2
    assert sorted(book.kinds()) == sorted([kind, "objection_answered", "objection_answered"])
    entry = await ReviewEntry.get(application_id=application.id)
    assert (entry.step_name, entry.opinion) == ("公示", "职称证书不实")


async def test_after_the_review_period_an_application_is_not_sent_back_by_an_objection(
    deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    strict = with_rules(deps, review={"own_campaign_window": True})
    objections, now = Objections(strict, book, ObjectionQueries(strict)), deps.now()
    campaign = await make_campaign(strict, review_until=now + timedelta(minutes=1))
    application = await on_notice(strict, campaign_id=campaign.id)
    raised = await objections.raise_objection(await citizen(strict), application.id, REASON)
    clock.move(timedelta(minutes=2))
    with pytest.raises(RuleViolation, match="请先延长审核截止时间") as refused:
        await objections.decide(await admin(strict), raised.id, "send_back", "职称证书不实")
    assert refused.value.rule == "review.own_campaign_window"
    assert (await Objection.get(id=raised.id)).state == "open", "nothing half"
    campaign.review_until = now + timedelta(days=1)
    await campaign.save()
    await objections.decide(await admin(strict), raised.id, "send_back", "职称证书不实")
    assert (await Application.get(id=application.id)).state == "sent_back"


async def test_administrators_decide_neither_their_own_objections_nor_those_against_themselves(
    deps: Deps, objections: Objections
) -> None:
    application, actor = await on_notice(deps), await citizen(deps)
    raised = await objections.raise_objection(actor, application.id, REASON)
    for person in (actor.account_id, application.account_id):
        with pytest.raises(Conflict, match="其他管理员"):
            await objections.decide(Actor("demo", "pool_admin", person), raised.id, "dismiss", "属实")
    with pytest.raises(NotFound):
        await objections.decide(Actor("guangdong", "pool_admin", actor.account_id), raised.id, "dismiss", "属实")


async def test_the_public_list_tells_names_units_and_specialties_and_no_numbers_of_persons(
    deps: Deps, clock: FixedClock
) -> None:
    notices = PublicNoticeList(deps)
    await on_notice(deps, "赵一", name_sort="zhao4 yi1", specialties=("A0401", "A08"))
    await on_notice(deps, "钱二", name_sort="qian2 er4")
    await make_application(deps)
    entries = await notices.page("demo")
    assert ([entry.name for entry in entries.items], entries.total) == (["钱二", "赵一"], 2)
    assert (entries.items[1].employer, entries.items[1].region) == ("广州水务设计院", "广州市天河区")
    assert entries.items[1].specialties == ("设计 › 建筑设计", "施工")
    assert not any(text in repr(entries.items) for text in ("4301", "1380", "suhang"))
    assert [entry.name for entry in (await notices.page("demo", "赵")).items] == ["赵一"]
    assert [entry.name for entry in (await notices.page("demo", offset=1, limit=1)).items] == ["赵一"]
    clock.move(timedelta(minutes=3))
    assert (await notices.get("demo", entries.items[0].id)).over
    with pytest.raises(NotFound, match="没有入库公示"):
        await notices.page("guangdong")
