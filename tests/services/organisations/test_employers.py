"""The list of employers, and requests for one that is missing."""

from __future__ import annotations

import asyncio

import pytest

from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany
from models.campaigns import Employer, EmployerRequest
from services.core.base import Actor, Deps
from services.organisations import EmployerData
from services.organisations.employer_queries import EmployerQueries
from services.organisations.employers import Employers
from tests.factories.applications import make_applicant, make_employer
from tests.factories.people import CREDIT_CODE, make_account
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
MISSING = "广州粤建工程咨询有限公司"


@pytest.fixture
def employers(deps: Deps, book: NoticeBook) -> Employers:
    return Employers(deps, book)


@pytest.fixture
def queries() -> EmployerQueries:
    return EmployerQueries()


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    return await make_applicant(deps)


async def test_names_that_begin_with_the_word_come_first(deps: Deps, queries: EmployerQueries, zhao: Actor) -> None:
    for name in ("中国南方规划院", "规划设计研究院总院", "规划院", "水利设计院", "省规划局"):
        await make_employer(deps, name)
    await make_employer(deps, "规划别处", pool="guangdong")
    names = [employer.name for employer in await queries.search(zhao, "规划")]
    assert names == ["规划院", "规划设计研究院总院", "省规划局", "中国南方规划院"]
    assert [employer.name for employer in await queries.search(zhao, "规划", limit=1)] == ["规划院"]


@pytest.mark.parametrize("word", ["%", "_", "\\", "100%"])
async def test_signs_of_a_pattern_are_only_signs(deps: Deps, queries: EmployerQueries, zhao: Actor, word: str) -> None:
    await make_employer(deps, "规划院")
    assert await queries.search(zhao, word) == []


async def test_a_whole_credit_code_finds_its_unit(deps: Deps, queries: EmployerQueries, zhao: Actor) -> None:
    await make_employer(deps, "规划院", credit_code=CREDIT_CODE)
    assert [employer.name for employer in await queries.search(zhao, CREDIT_CODE.lower())] == ["规划院"]


async def test_a_missing_employer_is_requested_and_added_and_the_applicant_notified(
    employers: Employers, queries: EmployerQueries, zhao: Actor, admin: Actor, book: NoticeBook
) -> None:
    """湖南手册 L134-137: if it is absent, staff add it, then choose again."""
    request = await employers.request(zhao, EmployerData(MISSING), "在天河区")
    assert [open_request.id for open_request in (await queries.requests(admin)).items] == [request.id]
    answered_request = await employers.accept(admin, request.id, EmployerData(MISSING, CREDIT_CODE))
    assert (answered_request.state, [employer.name for employer in await queries.search(zhao, "粤建")]) == (
        "added",
        [MISSING],
    )
    [notice] = book.told
    assert (notice.kind, notice.account_id, notice.params["result"]) == ("employer_answered", zhao.account_id, "已添加")
    with pytest.raises(Conflict, match="已经答复"):
        await employers.refuse(admin, request.id, "重复")
    assert [own_request.employer_id for own_request in await queries.list_own_requests(zhao)] == [
        answered_request.employer_id
    ]


async def test_a_refusal_says_why(employers: Employers, zhao: Actor, admin: Actor, book: NoticeBook) -> None:
    request = await employers.request(zhao, EmployerData("粤建"))
    with pytest.raises(InvalidInput, match="请填写答复"):
        await employers.refuse(admin, request.id, " ")
    await employers.refuse(admin, request.id, "请填写全称")
    assert book.told[-1].params["result"] == "未添加（请填写全称）"


async def test_all_applicants_who_requested_the_employer_are_notified(
    deps: Deps, employers: Employers, zhao: Actor, admin: Actor, book: NoticeBook
) -> None:
    qian, sun = await make_applicant(deps), await make_applicant(deps)
    first = await employers.request(zhao, EmployerData(MISSING))
    await employers.request(qian, EmployerData(MISSING))
    other = await employers.request(sun, EmployerData("别的单位"))
    await employers.accept(admin, first.id)
    assert {notice.account_id for notice in book.told} == {zhao.account_id, qian.account_id}
    await employers.add(admin, EmployerData("别的单位"))
    assert book.told[-1].account_id == sun.account_id
    assert (await EmployerRequest.get(id=other.id)).state == "added"


async def test_asking_twice_is_asking_once_and_a_listed_unit_needs_no_asking(
    deps: Deps, employers: Employers, zhao: Actor
) -> None:
    requests = await asyncio.gather(*(employers.request(zhao, EmployerData(MISSING)) for _ in range(3)))
    assert len({request.id for request in requests}) == 1
    listed = await make_employer(deps, "规划院")
    with pytest.raises(Conflict, match="请直接搜索并选择") as refused:
        await employers.request(zhao, EmployerData(" 规划院 "))
    assert refused.value.params == {"employer_id": str(listed.id)}


async def test_requests_of_one_person_are_limited(employers: Employers, zhao: Actor) -> None:
    for at in range(3):
        await employers.request(zhao, EmployerData(f"第{at}家单位"))
    with pytest.raises(TooMany, match="等待答复"):
        await employers.request(zhao, EmployerData("第四家单位"))


@pytest.mark.parametrize("name", ["", "无", "  ", "单" * 201, "单\0位"])
async def test_what_is_no_unit_is_refused(employers: Employers, zhao: Actor, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await employers.request(zhao, EmployerData(name))
    assert refused.value.field == "name"


async def test_wrong_codes_are_refused(employers: Employers, admin: Actor) -> None:
    with pytest.raises(InvalidInput, match="信用代码"):
        await employers.add(admin, EmployerData(MISSING, "91350211M000100Y43"))
    with pytest.raises(InvalidInput, match="地区目录"):
        await employers.add(admin, EmployerData(MISSING, "", "999999"))


async def test_all_faults_are_said_at_once(employers: Employers, zhao: Actor, admin: Actor) -> None:
    wrong = EmployerData(" ", "91350211M000100Y43", "999999")
    with pytest.raises(InvalidInput) as refusal:
        await employers.add(admin, wrong)
    assert [fault.field for fault in refusal.value.faults] == ["name", "credit_code", "region"]
    with pytest.raises(InvalidInput) as refusal:
        await employers.request(zhao, wrong, "长" * 201)
    assert [fault.field for fault in refusal.value.faults] == ["name", "credit_code", "region", "note"]


async def test_a_unit_stands_once_by_name_and_by_code(deps: Deps, employers: Employers, admin: Actor) -> None:
    outcomes = await asyncio.gather(
        *(employers.add(admin, EmployerData(MISSING, CREDIT_CODE)) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 2
    with pytest.raises(Conflict, match="已有"):
        await employers.add(admin, EmployerData("改了名的公司", CREDIT_CODE))
    other = await make_employer(deps, "规划院")
    with pytest.raises(Conflict, match="已有"):
        await employers.edit(admin, other.id, EmployerData(MISSING))


async def test_a_retired_unit_is_not_offered_and_can_come_back(
    deps: Deps, employers: Employers, queries: EmployerQueries, admin: Actor, zhao: Actor
) -> None:
    unit = await make_employer(deps, MISSING)
    assert (await employers.retire(admin, unit.id)).retired
    assert (await employers.retire(admin, unit.id)).retired
    assert await queries.search(zhao, "粤建") == []
    assert [employer.name for employer in (await queries.page(admin, retired=True)).items] == [MISSING]
    request = await employers.request(zhao, EmployerData(MISSING))
    answered_request = await employers.accept(admin, request.id)
    assert answered_request.employer_id == unit.id
    assert await Employer.all().count() == 1
    assert len(await queries.search(zhao, "粤建")) == 1


async def test_the_list_is_sorted_as_a_chinese_reader_expects(
    deps: Deps, queries: EmployerQueries, admin: Actor
) -> None:
    for name in ("中铁设计院", "安徽规划院", "北京设计院"):
        await make_employer(deps, name)
    page = await queries.page(admin, size=2)
    assert ([employer.name for employer in page.items], page.total) == (["安徽规划院", "北京设计院"], 3)
    assert [employer.name for employer in (await queries.page(admin, search="设计")).items] == [
        "北京设计院",
        "中铁设计院",
    ]


async def test_applicants_do_not_manage_and_other_pools_find_nothing(
    deps: Deps, employers: Employers, admin: Actor, zhao: Actor
) -> None:
    unit = await make_employer(deps, MISSING)
    with pytest.raises(Forbidden):
        await employers.retire(zhao, unit.id)
    with pytest.raises(NotFound):
        await employers.retire(Actor("guangdong", "pool_admin", admin.account_id), unit.id)
