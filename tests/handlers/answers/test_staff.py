"""Reviewers, verifiers, venues, supervisors and the office ask in their own words."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest

from models.accounts import Account
from models.draws import Draw
from models.exams import Exam, ExamSitting
from tests.factories import draw_states, exams, offices
from tests.factories.offices import add_experts
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import begin, make_application, make_catalogues, make_reviewer
from tests.handlers.conftest import Phone, World

REVIEW, TODAY, SUPERVISE, FIND = "怎么审核", "今天的评标", "监督看抽取日志", "查专家"
STAFF = ("venue", "verifier", "supervisor", "pool_admin")


async def account_of(world: World, role: str) -> Account:
    office = world.office
    if role == "reviewer":
        return await Account.get(id=(await make_reviewer(office.deps, "industry")).account_id)
    actors = {"verifier": office.verifier, "venue": office.venue, "supervisor": office.supervisor}
    if role in ("agency", *actors):
        account = await Account.get(id=actors.get(role, office.agency).account_id)
    else:
        account = await make_account(office.deps)
    if role != "agency":
        await make_grant(account, role)
    return account


async def phone_of(world: World, role: str) -> Phone:
    return await world.phone_with(await account_of(world, role))


async def make_panel(world: World) -> Draw:
    await add_experts(world.office, 2)
    return await Draw.get(id=await draw_states.completed(world.office))


def leads_to(shown: str, path: str) -> bool:
    return f'next={path.replace("/", "%2F")}"' in unescape(shown)


async def test_a_reviewer_reads_what_waits_and_what_his_step_permits(world: World) -> None:
    await make_catalogues()
    phone = await phone_of(world, "reviewer")
    assert "您有0件待审。" in await phone.says(REVIEW)
    application = await make_application(world.services.deps)
    await begin(world.services.workflows.reviews, world.services.deps, application)
    shown = await phone.says(REVIEW)
    [step] = [step for step in world.office.deps.book("demo").review.steps if step.code == "industry"]
    assert "您有1件待审。" in shown
    assert ("退回本专业" in shown) == ("specialty" in step.send_back)
    assert ("不通过（" in shown) == step.may_refuse
    assert "超期不会自动通过" in shown
    for page in ("/review", "/review/done", "/review/away"):
        assert leads_to(shown, page)
    world.clock.move(step.expected + timedelta(seconds=1))
    assert "，其中1件超期。" in await phone.says(REVIEW)


async def test_a_verifier_reads_how_one_verifies(world: World) -> None:
    phone = await phone_of(world, "verifier")
    await draw_states.submitted(world.office)
    shown = await phone.says(REVIEW)
    assert "有1件抽取待核验：打开一件，选通过或退回并写意见，通过后不能撤回" in shown
    assert leads_to(shown, "/draws/applications")
    assert world.office.deps.book("demo").pool.hotline in shown


async def test_the_office_decides_no_application_itself(world: World) -> None:
    shown = await (await phone_of(world, "pool_admin")).says(REVIEW)
    assert "不代替审核人员做决定" in shown
    assert leads_to(shown, "/office/reviewers")


@pytest.mark.parametrize("role", ["venue", "supervisor"])
async def test_who_reviews_nothing_is_told_so(world: World, role: str) -> None:
    shown = await (await phone_of(world, role)).says(REVIEW)
    assert shown.startswith("您的身份没有审核事项。")
    assert ">我的工作<" in shown


@pytest.mark.parametrize("role", [*STAFF, "agency"])
async def test_everybody_who_may_sees_todays_panels(world: World, role: str) -> None:
    phone, draw = await phone_of(world, role), await make_panel(world)
    shown = await phone.says(TODAY)
    assert draw.number in shown
    assert "集合，已到0人，应到2人（抽取完成）" in shown
    assert "明天和以后的，打开全部活动按日期看" in shown
    assert (draw.name in shown) == (role == "agency"), "whose draw it is"
    assert (">催促<" in shown) == (role in ("venue", "verifier", "agency"))
    world.clock.move(timedelta(days=1))
    assert "今日评标：目前没有" in await phone.says(TODAY)


async def test_the_office_reads_of_examinations_on_the_same_day(world: World) -> None:
    phone = await phone_of(world, "pool_admin")
    assert "今天另有考试" not in await phone.says(TODAY)
    office = await exams.make_office(world.office.deps)
    exam_id = await exams.make_exam(world.services, office)
    now = world.clock.now()
    await Exam.filter(id=exam_id).update(state="published", published_at=now)
    await ExamSitting.create(exam_id=exam_id, starts_at=now, ends_at=now + timedelta(hours=1), place="机房")
    shown = await phone.says(TODAY)
    assert "今天另有考试：12:00 2026年第二批征集统一考试。" in shown
    assert leads_to(shown, "/office/exams")


async def test_a_supervisor_is_led_to_the_record_and_learns_his_rights(world: World) -> None:
    phone, office = await phone_of(world, "supervisor"), world.office
    shown = await phone.says(SUPERVISE)
    assert "监督：目前没有" in shown
    assert "监督人不能叫停抽取" in shown
    assert ">核对抽取记录<" in shown
    draw_id = await offices.make_draw(office)
    await offices.verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    shown = await phone.says(SUPERVISE)
    assert "等您提交随机数；摇号中" in shown
    assert leads_to(shown, f"/draws/{draw_id}")


async def test_the_office_supervises_by_figures(world: World) -> None:
    shown = await (await phone_of(world, "pool_admin")).says(SUPERVISE)
    assert "系统没有异常预警" in shown
    assert leads_to(shown, "/office/statistics")
    assert leads_to(shown, "/office/supervisors")


async def test_a_list_of_others_says_whose_it_is_and_what_the_own_role_has(world: World) -> None:
    shown = await (await phone_of(world, "venue")).says(SUPERVISE)
    assert "“监督”由监督人和专家库管理机构查看和办理" in shown
    assert (">今日评标<" in shown, ">我的工作<" in shown) == (True, True)


@pytest.mark.parametrize(("role", "sentence"), [("reviewer", TODAY), ("reviewer", SUPERVISE)])
async def test_who_may_not_is_refused_with_a_way_on(world: World, role: str, sentence: str) -> None:
    shown = await (await phone_of(world, role)).says(sentence)
    assert "您目前没有办理这一项的身份" in shown
    assert ">我的工作<" in shown


async def test_the_office_finds_on_its_pages_not_in_the_chat(world: World) -> None:
    await make_catalogues()
    phone = await phone_of(world, "pool_admin")
    application = await make_application(world.services.deps)
    await begin(world.services.workflows.reviews, world.services.deps, application)
    [expert] = await add_experts(world.office, 1)
    shown = await phone.says(FIND)
    assert "聊天里不显示个人信息" in shown
    assert "申请：" in shown
    assert "1件。" in shown
    for page in ("/office/experts", "/office/applications", "/office/people", "/office/group-notices"):
        assert leads_to(shown, page)
    assert expert.name not in shown


@pytest.mark.parametrize(
    ("role", "page"),
    [("reviewer", "/review/done"), ("verifier", "/draws"), ("venue", "/draws"), ("supervisor", "/draws")],
)
async def test_others_find_what_is_theirs(world: World, role: str, page: str) -> None:
    shown = await (await phone_of(world, role)).says(FIND)
    assert leads_to(shown, page)
    assert "/office" not in shown


async def test_a_stranger_learns_who_answers(world: World, stranger: Phone) -> None:
    shown = await stranger.says(FIND)
    assert "只有专家库管理员可以查" in shown
    assert world.office.deps.book("demo").pool.hotline in shown
    for sentence in (REVIEW, TODAY, SUPERVISE, FIND):
        assert ">绑定身份<" in await stranger.says(sentence), sentence


async def test_all_roles_of_one_person_fit_a_bubble(world: World) -> None:
    account = await account_of(world, "reviewer")
    for role in STAFF:
        await make_grant(account, role)
    phone = await world.phone_with(account)
    await make_panel(world)
    for sentence in (REVIEW, TODAY, SUPERVISE, FIND):
        assert await phone.says(sentence), sentence
    assert phone.screen.count("您可以查自己有权看的抽取活动") == 1, "roles with the same page share a line"
    assert phone.screen.startswith("聊天里不显示个人信息"), "what most can be found with stands first"
