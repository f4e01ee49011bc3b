"""Questions for a person, feedback, appeals and small talk, as people write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.accounts import Account
from models.exams import ExamCandidate
from models.experts import Expert
from models.helpdesk import Feedback
from models.sanctions import Sanction
from services.core.base import Actor
from tests.factories.applicants import make_applicant
from tests.factories.applications import make_campaign
from tests.factories.exams import make_attempt, make_items, make_office, make_published, own
from tests.factories.people import make_account, make_grant, make_sanction
from tests.factories.reviews import make_application, make_catalogues
from tests.handlers.conftest import NOON, Phone, World

HOTLINE, URL = "400-000-0000", "http://127.0.0.1:8080"
DAY = timedelta(days=1)
FONT = "希望你们把字体调大一点"


# ---- people to talk to


@pytest.mark.parametrize("sentence", ["怎么转人工客服", "客服电话是多少啊", "你们办公地点在哪里", "周末有人工客服吗"])
async def test_who_wants_a_person_reads_the_hotline_first(phone: Phone, sentence: str) -> None:
    shown = await phone.says(sentence)
    assert shown.startswith(f"请拨打{HOTLINE}，由工作人员接听")
    assert ("服务时间" in shown, "其他电话" in shown, "先打电话问地址" in shown) == (False, False, True)
    assert "请写下您的意见" in await phone.taps("意见反馈")


async def test_hours_other_numbers_and_regions_are_named_where_the_pool_has_them(world: World, phone: Phone) -> None:
    world.set_rules(help={"hours": "工作日9:00至17:00", "hotlines": (f"热线 {HOTLINE}", "缴费咨询 010-1234")})
    await make_campaign(world.services.deps, advice={"440100": "演示市住建局 020-1111"})
    shown = await phone.says("请问客服电话多少")
    assert ("服务时间：工作日9:00至17:00" in shown, "其他电话：缴费咨询 010-1234\n" in shown) == (True, True)
    assert "020-1111" in shown


async def test_writing_is_offered_only_where_the_pool_takes_feedback(world: World, phone: Phone) -> None:
    world.set_rules(help={"feedback": False})
    shown = await phone.says("怎么转人工客服")
    assert ("意见反馈" in shown, "办理指南" in shown) == (False, True)


async def test_staff_get_to_their_work_too(world: World, phone: Phone) -> None:
    account = await make_account(world.services.deps)
    await make_grant(account, "verifier")
    assert "我的工作" in await (await world.phone_with(account)).says("怎么转人工客服")
    assert "我的工作" not in await phone.says("怎么转人工客服")


# ---- small talk


@pytest.mark.parametrize("sentence", ["谢谢老师您辛苦了", "好的知道了", "晚安", "没什么事了老师您忙吧", "老师再见"])
async def test_thanks_and_farewells_get_one_line(phone: Phone, sentence: str) -> None:
    assert await phone.says(sentence) == "不客气，有需要随时发消息。"


@pytest.mark.parametrize("sentence", ["祝您生活愉快", "老师新年好给您拜年了"])
async def test_wishes_are_thanked_for(phone: Phone, sentence: str) -> None:
    assert await phone.says(sentence) == "谢谢您的祝福，也祝您一切顺利。"


@pytest.mark.parametrize("sentence", ["老师您好有人在吗", "你好啊吃了没", "不好意思打扰您一下，请问老师在不在，谢谢"])
async def test_a_greeting_gets_the_menu(phone: Phone, sentence: str) -> None:
    assert "您可以点选" in await phone.says(sentence)


# ---- feedback


async def test_a_suggestion_is_passed_on_once_its_writer_agrees(phone: Phone) -> None:
    shown = await phone.says(FONT)
    assert f"把这句话转给专家库管理机构？\n“{FONT}”" in shown
    assert await Feedback.all().count() == 0
    assert "答复会发到这里" in await phone.taps("发送")
    [filed] = await phone.world.services.notifications.helpdesk_queries.list_own(
        Actor("demo", "guest", (await phone.identity()).account_id)
    )
    assert filed.text == FONT


async def test_a_suggestion_may_be_written_anew_or_dropped(phone: Phone) -> None:
    await phone.says(FONT)
    assert "没有转交" in await phone.taps("不用了")
    assert await Feedback.all().count() == 0
    await phone.says(FONT)
    assert "请写下您的意见" in await phone.taps("重新写")
    assert "“字体再大两号，行距也宽一点”" in await phone.says("字体再大两号，行距也宽一点")
    assert "已收到" in await phone.taps("发送")
    assert await Feedback.all().count() == 1


@pytest.mark.parametrize("sentence", ["请问在哪里提意见建议", "我想给你们提个建议", "有没有意见箱可以写", "给个好评"])
async def test_who_says_nothing_yet_is_asked_for_it(phone: Phone, sentence: str) -> None:
    assert "请写下您的意见" in await phone.says(sentence)
    assert "把这句话转给" in await phone.says("字体再大两号，行距也宽一点"), "nothing is sent by what was only guessed"
    assert await Feedback.all().count() == 0


async def test_what_became_of_the_own_suggestion(world: World, phone: Phone) -> None:
    assert "您还没有提过意见" in await phone.says("我提的建议你们采纳了吗")
    await phone.says(FONT)
    await phone.taps("发送")
    shown = await phone.says("上次提的建议有回音没")
    assert ("还没有答复" in shown, FONT in shown, f"{URL}/h5/demo/feedback/" in shown) == (True, True, True)
    office = Actor("demo", "pool_admin", (await make_account(world.services.deps)).id)
    feedback = await Feedback.get()
    await world.services.notifications.helpdesk_office.answer(office, feedback.id, "下个版本改大", 1)
    assert "答复：下个版本改大" in await phone.says("我提的建议你们采纳了吗")


async def test_a_stranger_binds_before_writing(stranger: Phone) -> None:
    shown = await stranger.says(FONT)
    assert ("请先绑定身份" in shown, "转给专家库管理机构" in shown) == (True, True)


async def test_a_pool_without_feedback_names_its_number(world: World, phone: Phone) -> None:
    world.set_rules(help={"feedback": False})
    assert "暂未开通意见反馈，请拨打演示热线" in await phone.says(FONT)


# ---- appeals


async def test_a_sanction_can_be_appealed_on_its_page(phone: Phone, expert: Expert) -> None:
    sanction = await make_sanction(expert, decided_at=NOON - DAY)
    shown = await phone.says("凭什么暂停我的资格")
    assert "您可以对“暂停抽取”申诉一次，2027年1月19日前有效" in shown
    assert ("处理原因：未按规定参加评标" in shown, f"{URL}/h5/demo/sanctions" in shown) == (True, True)
    assert (await Sanction.get(id=sanction.id)).appealed_at is None


@pytest.mark.parametrize(
    ("columns", "answer"),
    [
        ({"appealed_at": NOON - DAY}, "您对“暂停抽取”的申诉正在办理"),
        (
            {"appealed_at": NOON - DAY, "answered_at": NOON, "answer": "情况属实，维持"},
            "申诉已有答复：情况属实，维持。\n每项处理只能申诉一次",
        ),
        ({"decided_at": NOON - 61 * DAY}, f"申诉期限已过，有疑问请拨打{HOTLINE}"),
    ],
)
async def test_a_sanction_beyond_appeal_says_what_became_of_it(
    world: World, phone: Phone, expert: Expert, columns: dict[str, Any], answer: str
) -> None:
    if "appealed_at" in columns:
        columns = {**columns, "appeal_sealed": world.services.deps.keys.seal("冤枉", "text")}
    if "answered_at" in columns:
        columns = {**columns, "answered_by": (await make_account(world.services.deps)).id}
    await make_sanction(expert, **{"decided_at": NOON - 2 * DAY} | columns)
    assert answer in await phone.says("我的申诉进展如何")


async def test_who_was_removed_appeals_too(phone: Phone, expert: Expert) -> None:
    await make_sanction(expert, "removal", decided_at=NOON - DAY)
    await Expert.filter(id=expert.id).update(left_at=NOON - DAY)
    assert "您可以对“退库”申诉一次" in await phone.says("把我清出专家库我不服")


async def test_a_refused_application_is_taken_to_the_office(world: World) -> None:
    columns = {"submitted_at": NOON - 3 * DAY, "round": 1, "ended_at": NOON - DAY, "reason": "从业年限不足。"}
    applicant = await make_applicant(world.services.deps, state="refused", **columns)
    phone = await world.phone_with(applicant.account)
    shown = await phone.says("审核不通过我不服")
    assert f"您的申请{applicant.application.number}未通过。\n审核意见：从业年限不足。\n认为审核有误的" in shown
    assert (f"请拨打{HOTLINE}，由管理机构核实" in shown, "/h5/demo/apply/status" in shown) == (True, True)


async def test_what_was_sent_back_is_not_refused(world: World) -> None:
    columns = {"submitted_at": NOON - 3 * DAY, "round": 1, "sent_back_fields": ["*"]}
    applicant = await make_applicant(world.services.deps, state="sent_back", **columns)
    phone = await world.phone_with(applicant.account)
    assert "是退回修改，没有拒绝" in await phone.says("审核不通过我不服")


async def test_points_do_not_exist(phone: Phone) -> None:
    shown = await phone.says("凭什么扣我五分我不认")
    assert ("专家库不记分" in shown, f"{URL}/h5/demo/file" in shown, HOTLINE in shown) == (True, True, True)


async def test_nothing_to_appeal_is_said(world: World, phone: Phone, stranger: Phone) -> None:
    assert "目前没有对您的处理，也没有未通过的申请" in await phone.says("我要申诉怎么弄")
    nobody = await world.phone_with(await make_account(world.services.deps))
    assert "专家库不记分" not in await nobody.says("凭什么扣我五分我不认")


async def test_a_lifted_sanction_needs_no_appeal(world: World, phone: Phone, expert: Expert) -> None:
    office = (await make_account(world.services.deps)).id
    lifted = {"state": "lifted", "lifted_at": NOON - DAY, "lifted_by": office, "lift_reason": "情况改变"}
    await make_sanction(expert, **lifted)
    assert "目前没有对您的处理" in await phone.says("我要申诉怎么弄")


class TestScores:
    """An examination that was not passed."""

    @pytest.fixture
    async def candidate(self, world: World) -> ExamCandidate:
        await make_catalogues()
        await make_items(20)
        values = {"state": "exam", "approved_at": world.clock.now()}
        application = await make_application(world.services.deps, **values)
        exam = await make_published(world.services, await make_office(world.services.deps))
        world.clock.set(exam.opens_at + timedelta(hours=2))
        candidate = await ExamCandidate.get(application_id=application.id)
        await make_attempt(world.services, candidate, "released", released_at=world.clock.now())
        return candidate

    async def test_a_result_may_be_reviewed_for_some_days(self, world: World, candidate: ExamCandidate) -> None:
        phone = await world.phone_with(await Account.get(id=candidate.account_id))
        shown = await phone.says("考试作弊的认定我不服")
        assert "成绩可以申请复核，2026年12月1日前有效" in shown
        assert f"{URL}/x/" in shown
        world.clock.move(6 * DAY)
        assert f"成绩已过申请复核的时间，有疑问请拨打{HOTLINE}" in await phone.says("考试作弊的认定我不服")

    async def test_a_review_that_runs_or_is_over(self, world: World, candidate: ExamCandidate) -> None:
        phone = await world.phone_with(await Account.get(id=candidate.account_id))
        [result] = await world.services.exams.scores.own(own(candidate), candidate.id)
        await world.services.exams.appeals.appeal(own(candidate), candidate.id, result.attempt_id, "第三题有误")
        assert "成绩复核正在办理" in await phone.says("考试作弊的认定我不服")
        office = await make_office(world.services.deps)
        [appeal] = await world.services.exams.appeals.list(office, candidate.exam_id)
        await world.services.exams.appeals.answer(office, appeal.id, "rejected", "第三题无误")
        assert "成绩复核已有答复：第三题无误。" in await phone.says("考试作弊的认定我不服")
