"""Views of an application for its owner, and lists for the office."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.rulebook_files import load_rulebooks
from domain.applications.lifecycles import APPLICATION, ApplicationState
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from domain.ids import new_id
from models.applications import Application
from models.audit import AuditEntry
from models.reviews import ReviewTask
from services.applications.drafts import Drafts
from services.applications.queries import ApplicationQueries
from services.core.base import Actor, Deps
from services.core.pinyin import sort_name
from services.office import Filter
from services.office.application_list import ApplicationList
from services.workflows import ApplicationWorkflow
from tests.factories.applications import (
    EMPLOYER,
    SPECIALTY,
    attach,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
)
from tests.factories.people import make_account
from tests.factories.workflows import make_submission
from tests.services.conftest import RULEBOOKS, NoticeBook

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def reading(deps: Deps) -> ApplicationQueries:
    return ApplicationQueries(deps)


@pytest.fixture
def listing(deps: Deps) -> ApplicationList:
    return ApplicationList(deps)


@pytest.fixture
def submission(deps: Deps, book: NoticeBook) -> ApplicationWorkflow:
    return make_submission(deps, book)


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    return await make_applicant(deps)


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


async def test_a_fresh_draft_shows_everything_that_is_missing(
    deps: Deps, reading: ApplicationQueries, zhao: Actor
) -> None:
    begun = await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    view = await reading.get(zhao, begun.id)
    assert {"photo", "region", "specialties", "email"} <= {problem.field for problem in view.problems}
    assert view.account["name"] == "赵明远"
    assert view.account["age"] == "46岁"
    assert set(view.may) >= {"submit", "cancel"}
    basic = next(section for section in view.sections if section.code == "basic")
    assert (basic.version, basic.values) == (0, {})
    assert "email" in basic.editable
    assert "name" not in basic.editable


async def test_a_complete_form_has_no_problems_and_names_its_codes(
    deps: Deps, reading: ApplicationQueries, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    file = await attach(deps, application.id, "other_material")
    await attach(deps, application.id, "other_material", state="removed")
    view = await reading.get(zhao, application.id)
    assert view.problems == ()
    assert view.names["specialty"][SPECIALTY] == "规划 › 发展规划 › 总体规划"
    assert view.names["specialty"]["A01"] == "规划"
    assert list(view.names["employer"].values()) == [EMPLOYER]
    assert [listed.id for listed in view.files if listed.field == "other_material"] == [file.id]


async def test_under_review_nothing_is_editable_and_the_log_tells(
    deps: Deps, reading: ApplicationQueries, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    await submission.submit(zhao, application.id, application.version)
    view = await reading.get(zhao, application.id)
    assert all(section.editable == () for section in view.sections)
    assert (view.problems, view.may) == ((), ("withdraw", "cancel"))
    assert [(line.label, line.who) for line in view.log] == [("提交审核", "申请人")]


async def test_a_decision_ends_the_withdrawing_that_is_offered(
    deps: Deps, reading: ApplicationQueries, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    await submission.submit(zhao, application.id, application.version)
    now = deps.now()
    task = await ReviewTask.create(
        application_id=application.id,
        pool=application.pool,
        round=1,
        step=0,
        step_code="first",
        region="440000",
        state="approved",
        opened_at=now,
        decided_at=now - timedelta(days=1),
    )
    assert "withdraw" in (await reading.get(zhao, application.id)).may, "decided before the last submission"
    await ReviewTask.filter(id=task.id).update(decided_at=now)
    assert (await reading.get(zhao, application.id)).may == ("cancel",)
    with pytest.raises(Conflict, match="已有部门作出审核决定"):
        await submission.withdraw(zhao, application.id)


async def test_only_the_owner_reads_an_application(deps: Deps, reading: ApplicationQueries, zhao: Actor) -> None:
    application = await fill_in(deps, zhao)
    other = await make_applicant(deps)
    with pytest.raises(NotFound):
        await reading.get(other, application.id)
    with pytest.raises(NotFound):
        await reading.get(zhao, new_id())


def test_every_pool_serves_its_form_as_a_schema(deps: Deps) -> None:
    books = load_rulebooks(RULEBOOKS, ["hunan", "xinjiang", "jilin", "demo"])
    reading = ApplicationQueries(Deps(deps.clock, deps.keys, books, deps.jobs, deps.public_url))
    for pool, book in books.items():
        for entry_type in book.campaigns.entry_types:
            schema = reading.schema(pool, entry_type)
            assert schema["entry_type"] == entry_type
            assert schema["sections"], pool
    with pytest.raises(RuleViolation, match="不接受续聘申请"):
        reading.schema("jilin", "renewal")
    with pytest.raises(InvalidInput):
        reading.schema("demo", "transfer")


async def test_the_office_filters_sorts_and_pages(deps: Deps, listing: ApplicationList, admin: Actor) -> None:
    await make_codes(deps.book("demo"))
    now = deps.now()
    names = ["王一", "安二", "李三", "赵四", "钱五"]
    for at, name in enumerate(names):
        await _submitted(deps, name, now - timedelta(days=at), region="440106" if at % 2 else "440300", step=at % 2)
    await _submitted(deps, "草稿", None, state="draft")

    async def names_of(wanted: Filter, **more: object) -> list[str]:
        return [line.name for line in (await listing.page(admin, wanted, **more)).items]  # type: ignore[arg-type]  # sort, page, size

    assert await names_of(Filter()) == names
    assert await names_of(Filter(), sort="oldest") == names[::-1]
    assert await names_of(Filter(), sort="name") == ["安二", "李三", "钱五", "王一", "赵四"]
    assert await names_of(Filter(), page=2, size=2) == ["李三", "赵四"]
    assert (await listing.page(admin, Filter(), page=2, size=2)).total == 5
    assert await names_of(Filter(region="440100")) == ["安二", "赵四"]
    assert await names_of(Filter(region="440000")) == names
    assert await names_of(Filter(step="final")) == ["安二", "赵四"]
    assert await names_of(Filter(search="三")) == ["李三"]
    assert await names_of(Filter(search="SQ2026")) == names
    assert await names_of(Filter(search="%")) == []
    assert await names_of(Filter(state="draft")) == ["草稿"]
    assert await names_of(Filter(entry_type="renewal")) == []
    assert await names_of(Filter(submitted_from=now - timedelta(days=1), submitted_until=now)) == ["安二"]
    assert await names_of(Filter(campaign_id=new_id())) == []
    [line] = (await listing.page(admin, Filter(search="安二"))).items
    assert (line.state_label, line.step_name, line.region_name) == ("审核中", "省级终审", "演示市演示区")
    counts = await listing.counts(admin, Filter())
    assert [(state_count.state, state_count.count) for state_count in counts] == [("reviewing", 5)]


@pytest.mark.parametrize(
    "wanted", [Filter(state="flying"), Filter(step="none"), Filter(search="长" * 51), Filter(search="\0")]
)
async def test_wrong_filters_name_the_parameter(listing: ApplicationList, admin: Actor, wanted: Filter) -> None:
    with pytest.raises(InvalidInput) as refused:
        await listing.page(admin, wanted)
    assert refused.value.field in ("state", "step", "search")


async def test_every_state_can_be_filtered_by(deps: Deps, listing: ApplicationList, admin: Actor) -> None:
    for state in ApplicationState:
        ended = deps.now() if APPLICATION.is_final(state) else None
        await _submitted(deps, "某人", deps.now(), state=state.value, ended_at=ended)
    for state in ApplicationState:
        assert (await listing.page(admin, Filter(state=state.value))).total == 1


async def test_the_office_reads_one_with_numbers_masked_and_is_recorded(
    deps: Deps, listing: ApplicationList, admin: Actor, zhao: Actor, submission: ApplicationWorkflow
) -> None:
    application = await fill_in(deps, zhao)
    await submission.submit(zhao, application.id, application.version)
    view = await listing.get(admin, application.id)
    texts = {field.code: field.text for section in view.sheet.sections for field in section.fields}
    assert texts["name"] == "赵明远"
    assert "***" in texts["id_number"]
    assert "zhao@" not in texts["email"]
    assert view.progress.who == "市州行业主管部门"
    assert [line.event for line in view.log] == ["submit"]
    assert await AuditEntry.exists(action="application.read", subject_id=application.id, actor_id=admin.account_id)
    with pytest.raises(NotFound):
        await listing.get(Actor("guangdong", "pool_admin", admin.account_id), application.id)
    with pytest.raises(Forbidden):
        await listing.page(zhao, Filter())


async def _submitted(deps: Deps, name: str, at: datetime | None, **columns: object) -> Application:
    account = await make_account(deps)
    region = str(columns.pop("region", "440106"))
    path = {"440106": ["440106", "440100", "440000"], "440300": ["440300", "440000"]}[region]
    values = {"state": "reviewing", "step": 0, "entry_type": "first", "region": region, "region_path": path}
    return await Application.create(
        pool="demo",
        number=f"SQ20261121{account.id.int % 10**7:07}",
        account_id=account.id,
        name=name,
        name_sort=sort_name(name),
        state_since=deps.now(),
        submitted_at=at,
        created_at=deps.now(),
        **values | columns,
    )
