"""Where an application stands, asked in one's own words: each state, and that nothing is done by a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from domain.applications.lifecycles import ApplicationState
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty
from models.campaigns import Campaign
from models.experts import Expert
from models.reviews import ReviewEntry, ReviewTask
from services.core.base import Actor
from tests.factories.applicants import make_applicant, make_application
from tests.factories.applications import fill_in, make_campaign, make_codes
from tests.factories.people import make_account
from tests.handlers.answers.test_applications import registered_account
from tests.handlers.conftest import NOON, Phone, World
from tests.handlers.test_progress import CASES, make_applicant_in_case

_S = ApplicationState
SENTENCES = ("提交后怎么改", "被退回怎么办", "审核没通过", "还差什么", "什么时候入库")
FORM, STATUS = "/h5/demo/apply/form", "/h5/demo/apply/status"


def set_papers(world: World, **values: bool) -> None:
    world.set_rules(form={"papers": world.office.deps.book("demo").form.papers.model_copy(update=values)})


def set_specialties(world: World, **values: Any) -> None:
    world.set_rules(form={"specialties": world.office.deps.book("demo").form.specialties.model_copy(update=values)})


async def phone_in(world: World, case: str) -> Phone:
    return (await make_applicant_in_case(world, CASES[case]))[0]


@pytest.mark.parametrize("sentence", SENTENCES)
async def test_a_guest_is_asked_to_bind(stranger: Phone, sentence: str) -> None:
    await stranger.says(sentence)
    assert "您是否同意" in await stranger.taps("绑定身份")


@pytest.mark.parametrize("name", CASES)
async def test_a_question_changes_nothing_and_is_answered_with_the_next_step(world: World, name: str) -> None:
    phone, application = await make_applicant_in_case(world, CASES[name])
    before = await Application.get(id=application.id)
    for sentence in SENTENCES:
        answer = await phone.says(sentence)
        assert "没有看懂" not in answer
        assert "<a " in answer
    after = await Application.get(id=application.id)
    assert (after.state, after.version, after.ended_at) == (before.state, before.version, before.ended_at)


# ---- sent back


async def test_what_was_sent_back_says_what_handing_in_again_leads_to(world: World) -> None:
    phone = await phone_in(world, "sent back whole")
    told = await phone.says("被退回怎么办")
    assert told.startswith("您的申请已被退回")
    assert "审核意见：证书不清晰" in told
    assert FORM in told
    assert "从退回的环节接着审核" in told
    assert "须重新打印" not in told
    world.set_rules(review={"resume": "first"})
    set_papers(world, print_before_submit=True)
    told = await phone.says("被退回怎么办")
    assert "从第一个环节开始审核" in told
    assert "须重新打印、签字盖章后上传" in told


async def test_too_late_to_correct_is_said_without_what_would_follow(world: World) -> None:
    told = await (await phone_in(world, "sent back, too late")).says("被退回怎么办")
    assert "修改提交已于11月21日(周六) 11:00截止，请拨打400-000-0000" in told
    assert "重新提交后" not in told


async def test_who_withdrew_it_himself_hears_nothing_of_a_return(world: World) -> None:
    told = await (await phone_in(world, "withdrawn")).says("被退回怎么办")
    assert told.startswith("您的申请修改中")
    assert "退回的环节" not in told


async def test_what_was_not_sent_back_is_said(world: World, phone: Phone) -> None:
    told = await (await phone_in(world, "last step")).says("被退回怎么办")
    assert told.startswith("您的申请没有被退回。\n您的申请正在省级终审")
    assert "还没有提交过申请" in await phone.says("被退回怎么办")


async def test_a_long_opinion_leaves_room_for_what_follows(world: World) -> None:
    phone, application = await make_applicant_in_case(world, CASES["sent back whole"])
    set_papers(world, print_before_submit=True)
    await ReviewEntry.filter(application_id=application.id).update(opinion="请补充材料。" * 80)
    for number in range(12):
        code = f"A0101{number:02}"
        await ApplicationSpecialty.create(
            application_id=application.id, position=number, code=code, choice="preferred", state="sent_back"
        )
    told = await phone.says("被退回怎么办")
    assert "须重新打印" in told
    assert len(told.encode()) < 2000


# ---- refused


async def test_a_refusal_is_explained_by_its_opinion_and_what_may_follow(world: World) -> None:
    phone, application = await make_applicant_in_case(world, CASES["refused"])
    await Account.filter(id=application.account_id).update(id_number_sealed=young_number(world))
    told = await phone.says("审核没通过")
    assert told.startswith("您的申请未通过")
    assert "审核意见：从业年限不足" in told
    assert "目前没有接受新增申请的征集" in told
    campaign = await make_campaign(world.office.deps)
    assert "现在可以重新申请：" in await phone.says("审核没通过")
    assert "/h5/demo/apply?entry_type=first" in await phone.taps("申报")
    world.set_rules(campaigns={"once": True})
    await Application.filter(id=application.id).update(campaign_id=campaign.id, reason="")
    told = await phone.says("审核没通过")
    assert "您在本次征集中的申请未通过，请关注下一次征集通知" in told
    assert "没有登记审核意见" in told


def young_number(world: World) -> str:
    return world.office.deps.keys.seal("110105198012310020", "id_number")


REFUSAL_HEADS = {
    "sent back whole": "您的申请已被退回",
    "first step": "您的申请没有作出“不通过”的决定。\n您的申请正在行业部门预审",
    "given up": "您的申请已放弃",
    "ended by the office": "您的申请已终止",
}


@pytest.mark.parametrize("name", REFUSAL_HEADS)
async def test_what_was_not_refused_says_where_it_stands(world: World, name: str) -> None:
    assert (await (await phone_in(world, name)).says("审核没通过")).startswith(REFUSAL_HEADS[name])


# ---- what is missing


async def test_a_form_names_its_first_gaps_and_the_page_of_all(world: World) -> None:
    phone = await phone_in(world, "draft")
    told = await phone.says("还差什么")
    assert told.startswith("您的申请还有17处要补充：\n· ")
    assert told.count("· ") == 3
    assert "另有14处" in told
    assert "请在12月20日(周日) 12:00前填写完整并提交" in told
    assert f"{FORM}#check" in told


async def test_a_complete_form_has_only_to_be_handed_in(world: World) -> None:
    deps = world.office.deps
    account = await registered_account(world)
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    await fill_in(deps, Actor("demo", "applicant", account_id=account.id))
    told = await (await world.phone_with(account)).says("还差什么")
    assert told.startswith("您的申请已填写完整，还差提交。")
    assert f"{FORM}#check" in told
    assert (await Application.get(account_id=account.id)).state == "draft"


MISSING_HEADS = {
    "draft, enrolment over": "后面还有：行业部门预审、省级终审、公示、缴费、入库。",
    "first step": "后面还有：省级终审、公示、缴费、入库。",
    "fee open": "后面还有：入库。",
    "one specialty sent back": "您的申请在行业部门预审环节有部分内容被退回",
    "refused": "您的申请未通过",
}


@pytest.mark.parametrize("name", MISSING_HEADS)
async def test_what_is_ahead_of_an_application(world: World, name: str) -> None:
    told = await (await phone_in(world, name)).says("还差什么")
    assert told.startswith(MISSING_HEADS[name])
    assert CASES[name].following in told


async def test_who_has_not_begun_or_is_done_hears_that(world: World) -> None:
    assert "去注册" in await (await world.phone_with(await make_account(world.office.deps))).says("还差什么")
    account = await registered_account(world)
    phone = await world.phone_with(account)
    assert (await phone.says("还差什么")).startswith("您还没有开始申请。")
    await make_campaign(world.office.deps)
    assert "去申请" in await phone.says("还差什么")
    expert = await world.add_expert()
    await Campaign.all().delete()
    await Expert.filter(id=expert.id).update(account_id=account.id)
    assert (await phone.says("还差什么")).startswith("手续都办完了，您已入库。")


# ---- to change what was handed in


CHANGING = {
    "draft": ("您的申请还没有提交，可以直接修改。", FORM),
    "draft, enrolment over": ("您的申请填写中。报名已于", "进度"),
    "printed": ("您的申请还没有提交，但打印后已锁定：附件可以换", FORM),
    "first step": ("您的申请还没有部门作出决定，可以先撤回再修改", STATUS),
    "sent back whole": ("您的申请已被退回。请按意见修改", FORM),
    "public notice": ("您的申请审核已通过，现在不能修改。", "放弃申请"),
    "fee open": ("您的申请审核已通过，现在不能修改。", "放弃申请"),
    "exam": ("您的申请审核已通过，现在不能修改。", "放弃申请"),
    "refused": ("您没有办理中的申请，不能修改。", "申报"),
}


@pytest.mark.parametrize("name", CHANGING)
async def test_whether_it_can_still_be_changed(world: World, name: str) -> None:
    head, way = CHANGING[name]
    told = await (await phone_in(world, name)).says("提交后怎么改")
    assert told.startswith(head)
    assert way in told


async def test_a_decision_or_the_pools_rule_ends_withdrawing(world: World) -> None:
    phone, application = await make_applicant_in_case(world, CASES["first step"])
    set_papers(world, print_locks=True)
    set_specialties(world, fixed_once_submitted=False)
    told = await phone.says("提交后怎么改")
    assert "打印时锁定的内容不能改" in told
    assert "评标专业提交后" not in told
    await ReviewTask.filter(application_id=application.id).update(state="approved", decided_at=NOON)
    told = await phone.says("提交后怎么改")
    assert told.startswith("您的申请已有部门作出决定，现在不能撤回")
    assert "请咨询400-000-0000" in told
    world.set_rules(review={"withdraw_undecided": False})
    assert (await phone.says("提交后怎么改")).startswith("您的申请提交后不能撤回")


async def test_two_live_applications_are_both_answered(world: World) -> None:
    applicant = await make_applicant(world.office.deps, entry_type="renewal")
    columns = {"entry_type": "change", "round": 1, "step": 0, "submitted_at": NOON, "state": _S.REVIEWING}
    change = await make_application(world.office.deps, applicant.account, **columns)
    told = await (await world.phone_with(applicant.account)).says("提交后怎么改")
    assert "您的续聘申请还没有提交，可以直接修改。" in told
    assert "您的异动申请还没有部门作出决定" in told
    assert f"{STATUS}?number={change.number}" in told


# ---- entry


ENTRY = {
    "first step": ("您的申请正在行业部门预审", "后面还有：省级终审、公示、缴费、入库。"),
    "public notice": ("您的申请公示中", "公示至11月24日(周二) 12:00"),
    "fee open": ("您的申请待缴费", "缴费</a>"),
    "exam": ("您的申请待考试", "考试</a>"),
    "entered": ("您的申请已办结，您已入库", "您的专家编号是ZJ0100001"),
    "refused": ("您的申请未通过", "审核意见：从业年限不足"),
}


@pytest.mark.parametrize("name", ENTRY)
async def test_when_the_entry_comes(world: World, name: str) -> None:
    head, following = ENTRY[name]
    told = await (await phone_in(world, name)).says("什么时候入库")
    assert told.startswith(head)
    assert following in told


async def test_an_expert_is_in_the_pool_and_hears_what_bars_him(phone: Phone, expert: Expert) -> None:
    told = await phone.says("我入库了吗")
    assert told.startswith(f"您已入库，编号{expert.number}（正式专家）。\n您现在正常参加抽取")
    await Expert.filter(id=expert.id).update(membership_status="temporary")
    told = await phone.says("我入库了吗")
    assert told.startswith(f"您目前是临时专家，编号{expert.number}。\n但目前的抽取不会抽到您：\n· ")


async def test_a_renewal_under_way_stands_beside_the_membership(world: World, phone: Phone, expert: Expert) -> None:
    account_id = (await Expert.get(id=expert.id)).account_id
    account = await Account.get(id=account_id)
    columns = {"entry_type": "renewal", "round": 1, "step": 0, "submitted_at": NOON, "state": _S.REVIEWING}
    await make_application(world.office.deps, account, **columns)
    told = await phone.says("什么时候入库")
    assert told.startswith("您已入库")
    assert "您的续聘申请正在行业部门预审" in told


async def test_the_way_into_the_pool_is_told_to_a_guest(stranger: Phone) -> None:
    told = await stranger.says("入库要多久")
    assert told.startswith("依次办完填写申请、行业部门预审、省级终审、公示、缴费才算入库")
