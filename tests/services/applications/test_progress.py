"""To-do items, the badge, and the progress of an application, from the first visit to entry."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from models.applications import Application
from models.reviews import ReviewAssignment, ReviewTask
from services.applications import Progress, ToDo
from services.applications.campaign_queries import CampaignQueries
from services.applications.drafts import Drafts
from services.applications.progress_messages import print_rounded
from services.applications.to_do import ToDos
from services.core.base import Actor, Deps
from services.entry.stages import EntryStages
from services.payments import Fees
from services.workflows import ApplicationWorkflow, ReviewWorkflow
from tests.factories.applications import (
    OTHER_SPECIALTY,
    SPECIALTY,
    account_of,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    with_rules,
)
from tests.factories.entry import make_entry_process
from tests.factories.people import make_account, make_expert
from tests.factories.reviews import make_application
from tests.factories.workflows import make_reviews, make_submission
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def to_dos(deps: Deps) -> ToDos:
    return ToDos(deps, CampaignQueries(deps))


@pytest.fixture
def entry(deps: Deps, book: NoticeBook) -> EntryStages:
    return EntryStages(deps, book, Fees(deps, book))


@pytest.fixture
def reviews(deps: Deps, book: NoticeBook) -> ReviewWorkflow:
    return make_reviews(deps, book)


@pytest.fixture
def submission(deps: Deps, book: NoticeBook, reviews: ReviewWorkflow) -> ApplicationWorkflow:
    return make_submission(deps, book, reviews)


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    return await make_applicant(deps)


async def items(to_dos: ToDos, person: Actor) -> list[ToDo]:
    assert person.account_id is not None
    return list((await to_dos.home(person.pool, person.account_id)).to_do)


async def progress(to_dos: ToDos, person: Actor) -> Progress:
    assert person.account_id is not None
    [current] = await to_dos.progress(person.account_id)
    return current


async def test_who_has_not_registered_is_sent_to_do_so(deps: Deps, to_dos: ToDos) -> None:
    account = await make_account(deps)
    [item] = await items(to_dos, Actor("demo", "guest", account.id))
    assert (item.title, item.action) == ("实名注册", "去注册")


async def test_the_titles_are_the_manuals_own(deps: Deps, to_dos: ToDos, zhao: Actor) -> None:
    """湖南手册 L107-117."""
    assert await items(to_dos, zhao) == []
    campaign = await make_campaign(deps)
    [item] = await items(to_dos, zhao)
    assert (item.code, item.title, item.action) == ("apply_first", "专家常态征集", "去申请")
    assert item.route == "/h5/demo/apply?entry_type=first"
    assert (item.until, item.detail) == (campaign.enrol_until, "报名截至12月20日(周日) 12:00。")
    await make_expert(deps, account=await account_of(zhao))
    [item] = await items(to_dos, zhao)
    assert (item.code, item.title, item.action) == ("apply_renewal", "待参与续聘", "前去续聘")


async def test_contacts_of_each_region_are_listed_beside_the_campaigns(deps: Deps, to_dos: ToDos, zhao: Actor) -> None:
    """新疆手册 2024 L13, L208."""
    await make_campaign(deps, advice={"440300": "0755-1", "440100": "020-12345678"})
    assert zhao.account_id is not None
    home = await to_dos.home("demo", zhao.account_id)
    assert home.advice == (("演示市", "020-12345678"), ("第二市", "0755-1"))


async def test_renewal_is_no_item_before_it_is_offered(deps: Deps, to_dos: ToDos, zhao: Actor) -> None:
    await make_campaign(deps)
    before = 90 * DAY
    deps = with_rules(deps, entry={"renewal_before": before})
    to_dos = ToDos(deps, CampaignQueries(deps))
    expert = await make_expert(deps, account=await account_of(zhao), term_until=deps.now() + before + DAY)
    assert await items(to_dos, zhao) == []
    expert.term_until = deps.now() + before - DAY
    await expert.save()
    assert len(await items(to_dos, zhao)) == 1


async def test_renewal_becomes_an_item_in_the_last_year_of_the_term(
    deps: Deps, to_dos: ToDos, zhao: Actor, clock: FixedClock
) -> None:
    await make_campaign(deps, enrol_until=deps.now() + 400 * DAY)
    expert = await make_expert(deps, account=await account_of(zhao), term_until=deps.now() + 500 * DAY)
    await make_application(deps, await account_of(zhao), state="entered", ended_at=deps.now() - 200 * DAY)
    assert await items(to_dos, zhao) == []
    clock.move(136 * DAY)
    assert len(await items(to_dos, zhao)) == 1
    expert.term_until = deps.now() + 1000 * DAY
    await expert.save()
    assert await items(to_dos, zhao) == [], "the term decides, not the entry"


async def test_without_a_term_renewal_rests_after_the_entry(deps: Deps, zhao: Actor) -> None:
    deps = with_rules(deps, entry={"renewal_rest": 20 * DAY})
    to_dos = ToDos(deps, CampaignQueries(deps))
    await make_campaign(deps)
    await make_expert(deps, account=await account_of(zhao))
    entered = await make_application(deps, await account_of(zhao), state="entered", ended_at=deps.now() - 19 * DAY)
    assert await items(to_dos, zhao) == []
    entered.ended_at = deps.now() - 21 * DAY
    await entered.save()
    assert len(await items(to_dos, zhao)) == 1


async def test_before_the_window_the_item_says_when_and_opens_nothing(deps: Deps, to_dos: ToDos, zhao: Actor) -> None:
    await make_campaign(deps, opens=deps.now() + DAY)
    [item] = await items(to_dos, zhao)
    assert (item.action, item.route, item.detail) == ("", "", "11月22日(周日) 12:00开始报名。")


async def test_a_draft_goes_on_until_the_window_ends(deps: Deps, to_dos: ToDos, zhao: Actor, clock: FixedClock) -> None:
    await make_campaign(deps)
    await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    [item] = await items(to_dos, zhao)
    assert (item.action, item.route) == ("继续填写", "/h5/demo/apply/form")
    clock.move(40 * DAY)
    [item] = await items(to_dos, zhao)
    assert item.code == "closed"
    assert "会为您保留" in item.detail


async def test_the_way_from_submission_to_the_fee(
    deps: Deps, to_dos: ToDos, zhao: Actor, submission: ApplicationWorkflow, reviews: ReviewWorkflow, clock: FixedClock
) -> None:
    await make_campaign(deps)
    two = [{"code": SPECIALTY, "choice": "preferred"}, {"code": OTHER_SPECIALTY, "choice": "alternative"}]
    application = await fill_in(deps, zhao, specialties=two)
    await submission.submit(zhao, application.id, application.version)
    assert zhao.account_id is not None
    home = await to_dos.home("demo", zhao.account_id)
    assert (home.membership_status.text, [to_do.code for to_do in home.to_do]) == ("申请中", ["watch"])
    at = await progress(to_dos, zhao)
    assert (at.headline, at.who, at.since) == ("您的申请正在行业部门预审", "市州行业主管部门", deps.now())
    assert at.advice == "无需操作，有结果会通知您；这一环节通常需要10分钟。"
    assert at.step is None
    assert stages(at) == "填写申请 done, 行业部门预审 now, 省级终审 next, 公示 next, 缴费 next, 入库 next"

    reviewer = await _reviewer(deps, "industry", "final")
    clock.move(timedelta(minutes=3))
    await _decide(reviews, reviewer, SPECIALTY, "approve")
    assert [(specialty.code, specialty.state_label) for specialty in (await progress(to_dos, zhao)).specialties] == [
        (SPECIALTY, "通过"),
        (OTHER_SPECIALTY, "备选待审核"),
    ]
    await _decide(reviews, reviewer, OTHER_SPECIALTY, "send_back", "与工作经历不符")
    at = await progress(to_dos, zhao)
    assert (at.headline, at.who) == ("您的申请在行业部门预审环节有部分内容被退回", "本人")
    assert (at.opinion, at.advice) == ("与工作经历不符", "请按意见修改后重新提交。")
    [item] = await items(to_dos, zhao)
    assert (item.action, item.route) == ("修改信息", "/h5/demo/apply/form?at=specialties")
    assert "行业部门预审 stopped" in stages(at)

    await submission.submit(zhao, application.id, application.version)
    assert (await progress(to_dos, zhao)).opinion == ""
    await _decide(reviews, reviewer, OTHER_SPECIALTY, "approve")
    at = await progress(to_dos, zhao)
    assert stages(at).startswith("填写申请 done, 行业部门预审 done, 省级终审 now")
    await _decide(reviews, reviewer, "", "approve", admitted=[OTHER_SPECIALTY])
    assert "备选入库" in [specialty.state_label for specialty in (await progress(to_dos, zhao)).specialties]
    at = await progress(to_dos, zhao)
    assert (at.state, at.expert_number[:2]) == ("notice", "ZJ")
    assert at.advice.startswith("公示至11月21日")
    assert stages(at).endswith("公示 now, 缴费 next, 入库 next")

    clock.move(timedelta(minutes=4))
    await make_entry_process(deps, clock).work("public_notice_end")
    at = await progress(to_dos, zhao)
    assert "缴费1.00元" in at.advice
    clock.move(timedelta(minutes=2))
    [item] = await items(to_dos, zhao)
    assert (item.action, item.route) == ("缴费", f"/h5/demo/pay/{at.expert_number}")
    assert stages(await progress(to_dos, zhao)).endswith("公示 done, 缴费 now, 入库 next")


async def test_a_refused_applicant_sees_the_reason_and_may_apply_again(deps: Deps, to_dos: ToDos, zhao: Actor) -> None:
    await make_campaign(deps)
    begun = await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    await Application.filter(id=begun.id).update(state="refused", reason="从业年限不足", ended_at=deps.now())
    at = await progress(to_dos, zhao)
    assert (at.headline, at.opinion) == ("您的申请未通过", "从业年限不足")
    assert [item.action for item in await items(to_dos, zhao)] == ["去申请"]


@pytest.mark.parametrize(
    "state",
    [
        "draft",
        "locked",
        "reviewing",
        "sent_back",
        "correcting",
        "notice",
        "fee",
        "exam",
        "entered",
        "refused",
        "cancelled",
        "terminated",
    ],
)
async def test_every_state_has_a_text(deps: Deps, to_dos: ToDos, zhao: Actor, state: str) -> None:
    await make_campaign(deps)
    begun = await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    ended = deps.now() if state in ("entered", "refused", "cancelled", "terminated") else None
    await Application.filter(id=begun.id).update(state=state, ended_at=ended)
    at = await progress(to_dos, zhao)
    assert at.headline
    assert at.advice.endswith("。")
    assert len(at.stages) == 6
    assert not re.search("公示|入库|成绩由", at.give_up), (
        "what follows from giving up names no stage that another type lacks"
    )
    if state == "exam":
        assert "考试安排好后会通知您" in at.advice


@pytest.mark.parametrize(
    ("value", "text"),
    [(5 * DAY, "5天"), (30 * HOUR, "2天"), (1.5 * HOUR, "2小时"), (timedelta(seconds=5), "1分钟")],
)
def test_times_are_spoken_in_round_numbers(value: timedelta, text: str) -> None:
    assert print_rounded(value) == text


def stages(at: Progress) -> str:
    return ", ".join(f"{stage.name} {stage.state}" for stage in at.stages)


async def _reviewer(deps: Deps, *steps: str) -> Actor:
    account = await make_account(deps)
    for step in steps:
        await ReviewAssignment.create(
            pool="demo", account_id=account.id, step=step, region="440000", granted_at=deps.now()
        )
    return Actor("demo", "reviewer", account.id)


async def _decide(
    reviews: ReviewWorkflow, reviewer: Actor, specialty: str, decision: str, opinion: str = "", **more: Any
) -> None:
    task = await ReviewTask.get(specialty=specialty, state="open")
    await reviews.decide(reviewer, task.id, decision, opinion, **more)  # type: ignore[arg-type]  # one of the decisions
