"""投诉, 申诉 and 我的反馈 in the chat: from the first word to the end of a thread."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.experts import Expert
from models.helpdesk import Feedback, FeedbackMessage
from models.notices import Notice
from models.sanctions import Sanction
from services.core.base import Actor
from tests.factories.applicants import make_applicant
from tests.factories.people import make_account, make_agent_link, make_grant, make_organisation, make_sanction
from tests.handlers.conftest import NOON, Phone, World
from tests.handlers.test_remuneration import make_remuneration

DAY = timedelta(days=1)
TEXT = "昨天上午九点，签到台的工作人员不让我进场，说名单上没有我。"
HOTLINE = "400-000-0000"


async def make_admin(world: World) -> Actor:
    account = await make_account(world.services.deps, real_name="王管理")
    await make_grant(account, "pool_admin")
    return Actor("demo", "pool_admin", account.id)


async def file_complaint(phone: Phone, subject: str = "工作人员或现场", text: str = TEXT) -> Feedback:
    assert "您要投诉或申诉哪方面的事" in await phone.says("我要投诉")
    assert "500字以内" in await phone.taps(subject)
    shown = await phone.says(text)
    assert (f"关于：{subject}" in shown, text in shown) == (True, True)
    shown = await phone.taps("提交")
    thread = await Feedback.get()
    assert f"编号{thread.number}，管理机构5个工作日内答复" in shown
    return thread


async def test_a_complaint_is_answered_written_back_to_and_closed(world: World, phone: Phone) -> None:
    thread = await file_complaint(phone)
    assert (thread.subject, thread.state) == ("staff", "open")
    admin = await make_admin(world)
    await world.services.notifications.helpdesk_office.answer(admin, thread.id, "已核实，向您致歉。", 1)
    notice = await Notice.get(kind="feedback_answered")
    assert (notice.account_id, notice.params["thread"]) == (thread.account_id, str(thread.id))

    shown = await phone.says("我的反馈")
    for words in (f"编号{thread.number}，工作人员或现场", TEXT, "管理机构答复：已核实，向您致歉", "到期自动办结"):
        assert words in shown
    assert "还要说明的" in await phone.taps("继续写")
    assert f"编号{thread.number}" in await phone.says("请问会怎么处理？")
    assert (await Feedback.get()).state == "open"
    await world.services.notifications.helpdesk_office.answer(admin, thread.id, "已批评教育。", 3)
    await phone.says("我的反馈")
    assert f"编号{thread.number}已办结" in await phone.taps("没有问题了，办结")
    assert (await Feedback.get()).state == "closed"
    shown = await phone.says("我的反馈")
    assert ("这件事已办结" in shown, "继续写" in shown) == (True, False)
    assert "您要投诉或申诉哪方面的事" in await phone.taps("投诉")
    assert await FeedbackMessage.all().count() == 4
    await world.check()


async def test_a_complaint_may_be_written_anew_or_dropped(phone: Phone) -> None:
    await phone.says("投诉")
    await phone.taps("其他")
    await phone.says(TEXT)
    assert "请写下要反映的事" in await phone.taps("重新写")
    assert "5至500个字" in await phone.says("差")
    assert "关于：其他" in await phone.says("抽取电话半夜打来，影响休息。")
    assert "没有提交" in await phone.taps("不提交了")
    assert await Feedback.all().count() == 0


async def test_what_is_added_to_a_complaint_is_read_back_with_it(phone: Phone) -> None:
    await phone.says("投诉")
    await phone.taps("其他")
    await phone.says(TEXT)
    shown = await phone.says("代理公司的周某在评标室大声催我们快点，还说不快点就不给钱")
    assert TEXT in shown
    assert "不快点就不给钱" in shown
    await phone.taps("提交")
    assert await Feedback.all().count() == 1
    told = await phone.says("我的反馈")
    assert (TEXT in told, "不快点就不给钱" in told) == (True, True)


async def test_what_does_not_fit_into_a_complaint_is_refused_and_the_rest_kept(phone: Phone) -> None:
    """Cut off silently, the end of what somebody wrote would be lost."""
    await phone.says("投诉")
    await phone.taps("其他")
    await phone.says(TEXT)
    shown = await phone.says("催我们快点签字，" * 70)
    assert "加上这一段超过500字，没有加进去" in shown
    await phone.taps("提交")
    told = await phone.says("我的反馈")
    assert (TEXT in told, "催我们快点签字" in told) == (True, False)


async def test_the_same_tap_twice_files_one_complaint(phone: Phone) -> None:
    await phone.says("投诉")
    await phone.taps("其他")
    shown = await phone.says(TEXT)
    await phone.taps("提交")
    phone.screen = shown
    await phone.taps("提交")
    assert await Feedback.all().count() == 1


async def test_a_sentence_that_says_what_happened_is_read_back(phone: Phone) -> None:
    sentence = "我要投诉，签到台工作人员昨天对我大喊大叫"
    assert "您要投诉或申诉哪方面的事" in await phone.says(sentence)
    assert f"“{sentence}”" in await phone.taps("工作人员或现场")
    await phone.taps("提交")
    assert (await Feedback.get()).subject == "staff"


async def test_a_sanction_is_appealed_to_its_end_in_the_chat(phone: Phone, expert: Expert) -> None:
    sanction = await make_sanction(expert, decided_at=NOON - DAY)
    await phone.says("投诉")
    assert "2026年11月20日的处理（暂停抽取）：提出申诉" in await phone.taps("处理或扣分")
    shown = await phone.taps("2026年11月20日的处理（暂停抽取）：提出申诉")
    assert "对2026年11月20日的处理（暂停抽取）提出申诉？每项处理可以申诉一次，2027年1月19日前有效" in shown
    await phone.taps("写申诉理由")
    assert "10到" in await phone.says("冤枉")
    assert "每项处理只能申诉一次" in await phone.says("当天我在医院急诊，有病历和缴费单可以证明。")
    shown = await phone.says("我妻子那天也给联系人打过电话说明了情况。")
    assert ("有病历和缴费单" in shown, "也给联系人打过电话" in shown) == (True, True), "one thing in several messages"
    assert "申诉已提交" in await phone.taps("提交")
    await sanction.refresh_from_db()
    assert sanction.appealed_at is not None
    assert await Feedback.all().count() == 0
    # the case is no longer open: the same subject leads to the office
    await phone.says("投诉")
    assert "请写下要反映的事" in await phone.taps("处理或扣分")


async def test_the_word_of_appeal_begins_the_own_appeal_and_may_be_left(phone: Phone, expert: Expert) -> None:
    await make_sanction(expert, decided_at=NOON - DAY)
    assert "您可以对“暂停抽取”申诉一次" in await phone.says("申诉")
    assert "没有提交" in await phone.taps("先不申诉")
    assert (await Sanction.get()).appealed_at is None


async def test_who_has_a_case_may_write_to_the_office_instead(phone: Phone, expert: Expert) -> None:
    await make_sanction(expert, decided_at=NOON - DAY)
    await phone.says("投诉")
    await phone.taps("处理或扣分")
    assert "请写下要反映的事" in await phone.taps("都不是，写给管理机构")
    await phone.says("取消")
    await phone.says("投诉")
    await phone.taps("处理或扣分")
    assert "没有提交" in await phone.taps("先不办了")


async def test_a_refused_application_leads_to_its_page(world: World) -> None:
    columns = {"submitted_at": NOON - 3 * DAY, "round": 1, "ended_at": NOON - DAY, "reason": "从业年限不足。"}
    applicant = await make_applicant(world.services.deps, state="refused", **columns)
    phone = await world.phone_with(applicant.account)
    await phone.says("我要投诉")
    await phone.taps("审核或考试结果")
    shown = await phone.taps(f"申请{applicant.application.number}未通过：查看原因和办法")
    assert "/h5/demo/apply/status" in shown


async def test_an_amount_leads_to_the_dispute(world: World, phone: Phone, expert: Expert) -> None:
    remuneration = await make_remuneration(world, expert)
    await phone.says("投诉")
    shown = await phone.taps("酬劳")
    [label] = [line.split(">")[1].split("<")[0] for line in shown.splitlines() if "核对或提出异议" in line]
    assert "500.00元" in await phone.taps(label)
    await phone.taps("有异议")
    assert "已转给场地" in await phone.says("实际八点才离场")
    await remuneration.refresh_from_db()
    assert remuneration.state == "disputed"


async def test_who_has_no_case_about_a_result_is_shown_the_public_notice(phone: Phone) -> None:
    await phone.says("投诉")
    shown = await phone.taps("审核或考试结果")
    assert ("/h5/demo/notice" in shown, "请写下要反映的事" in shown) == (True, True)


@pytest.mark.parametrize("word", ["我要投诉", "我的反馈"])
async def test_a_stranger_is_told_what_to_do(stranger: Phone, word: str) -> None:
    shown = await stranger.says(word)
    for words in ("请先绑定身份", "注册", HOTLINE, "现场工作人员"):
        assert words in shown


async def test_an_agency_complains_too(world: World) -> None:
    account = await make_account(world.services.deps)
    await make_agent_link(await make_organisation(name="别家代理", credit_code="91440101MA59ABCD0X"), account)
    phone = await world.phone_with(account)
    thread = await file_complaint(phone, "其他", "核验人员三天没有核验我们的申请。")
    assert thread.account_id == account.id


async def test_a_pool_without_feedback_leads_to_cases_and_else_names_its_number(
    world: World, phone: Phone, expert: Expert
) -> None:
    world.set_rules(help={"feedback": False})
    await phone.says("投诉")
    assert "暂未开通意见反馈，请拨打" in await phone.taps("其他")
    await make_sanction(expert, decided_at=NOON - DAY)
    await phone.says("投诉")
    assert "提出申诉" in await phone.taps("处理或扣分")


async def test_who_asks_what_became_of_it_reads_that(world: World, phone: Phone) -> None:
    assert "写了以后，5个工作日内答复" in await phone.says("投诉多久有结果")
    thread = await file_complaint(phone)
    shown = await phone.says("我的投诉处理得怎么样了")
    assert (f"编号{thread.number}" in shown, "管理机构应在" in shown) == (True, True)
    await phone.taps("先这样")
    due_at = (await Feedback.get()).due_at
    assert due_at is not None
    world.clock.set(due_at)
    assert "已经超期" in await phone.says("我的反馈")


async def test_the_word_of_feedback_leads_to_complaints_and_to_what_was_written(phone: Phone) -> None:
    await phone.says("意见反馈")
    assert "您要投诉或申诉哪方面的事" in await phone.taps("投诉")
    await phone.says("取消")
    await phone.says("意见反馈")
    assert "您还没有写" in await phone.taps("我的反馈")


async def test_who_wrote_nothing_is_told_so(phone: Phone) -> None:
    assert "您还没有写给管理机构的投诉或反馈" in await phone.says("我的反馈")
