"""Times off in people's own words: read back and never guessed, listed, removed; pauses in their three directions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.experts import Expert, Unavailability
from models.sanctions import Sanction
from tests.handlers.conftest import NOON, Phone, World


async def save(phone: Phone, sentence: str) -> None:
    """Set a time off by the word 日程."""
    await phone.says("日程")
    if "添加一段时间" in phone.screen:
        await phone.taps("添加一段时间")
    await phone.says(sentence)
    assert "已" in await phone.taps("对，保存")


# ---- setting a time


@pytest.mark.parametrize(
    ("sentence", "read_back"),
    [
        ("三月份别抽我", "2027年3月1日(周一)至3月31日(周三)"),
        ("月底别抽我", "11月26日(周四)至11月30日(周一)"),
        ("下个月中旬要出国", "12月11日(周五)至12月20日(周日)（出国）"),
        ("20号到25号我要出差", "12月20日(周日)至12月25日(周五)"),
        ("每周三下午没空", "每周三下午（12:00至24:00）"),
        ("住院两周，3号到17号别抽我", "12月3日(周四)至12月17日(周四)（住院）"),
    ],
)
async def test_a_time_in_a_sentence_is_read_back(phone: Phone, sentence: str, read_back: str) -> None:
    if "20号" in sentence:
        phone.world.clock.move(timedelta(days=5))
    shown = await phone.says(sentence)
    assert f"不接受抽取：\n{read_back}" in shown
    assert not await Unavailability.exists()
    assert "已保存" in await phone.taps("对，保存")
    assert await Unavailability.exists(cancelled_at=None)


@pytest.mark.parametrize("sentence", ["这几天别抽我", "晚上别抽我"])
async def test_a_time_that_can_t_be_read_is_asked_for_and_is_no_pause(phone: Phone, sentence: str) -> None:
    shown = await phone.says(sentence)
    assert "什么时间不接受抽取" in shown
    assert "/h5/demo/periods" in shown
    assert "暂停接受抽取：" not in shown
    assert "11月22日(周日)至11月24日(周二)" in await phone.says("明天到下周二")


async def test_known_times_do_not_stand_before_the_question(phone: Phone) -> None:
    await save(phone, "12月1日到12月3日")
    assert "什么时间不接受抽取" in await phone.says("这几天别抽我")


async def test_an_open_invitation_is_named_beside_the_time(world: World, phone: Phone, expert: Expert) -> None:
    await world.call(expert)
    assert "评标邀请等待答复" in await phone.says("下个月别抽我")


async def test_who_is_not_bound_is_told_to_bind(stranger: Phone) -> None:
    assert "请先绑定身份" in await stranger.says("这几天别抽我")


# ---- seeing and removing times


async def test_without_times_there_is_nothing_to_remove(phone: Phone) -> None:
    shown = await phone.says("取消日程")
    assert "没有设置不接受抽取的时间" in shown
    assert "日程" in shown


async def test_how_to_set_one_is_answered_by_the_question_for_it(phone: Phone) -> None:
    assert "什么时间不接受抽取" in await phone.says("怎么登记日程")


async def test_the_named_time_alone_is_offered_for_removal(phone: Phone, expert: Expert) -> None:
    for time in ("每周三下午", "每周一上午", "12月5日到12月12日", "春节"):
        await save(phone, time)
    shown = await phone.says("每周三的日程取消，课结束了")
    assert "每周三下午" in shown
    assert "每周一" not in shown
    assert await Unavailability.filter(cancelled_at=None).count() == 4
    assert "恢复可以抽取" in await phone.taps("撤销一段时间")
    shown = await phone.says("12月5号到12号的日程取消")
    assert "12月5日" in shown
    assert "春节" not in shown
    await phone.taps("撤销一段时间")
    left = await Unavailability.filter(expert_id=expert.id, cancelled_at=None).order_by("starts_at")
    assert [row.weekdays or row.holiday for row in left] == [[1], "2027-spring"]


async def test_all_times_are_listed_where_none_is_named(phone: Phone) -> None:
    for time in ("每周三下午", "春节"):
        await save(phone, time)
    for sentence in ("我登记了哪几天", "日程全删了"):
        shown = await phone.says(sentence)
        assert "每周三下午" in shown
        assert "2027年春节" in shown
        await phone.taps("不用了")
    assert await Unavailability.filter(cancelled_at=None).count() == 2


async def test_who_is_back_early_is_offered_the_time_that_runs(phone: Phone) -> None:
    await save(phone, "今天到11月28日")
    await save(phone, "春节")
    shown = await phone.says("提前回来了")
    assert "11月28日" in shown
    assert "春节" not in shown


async def test_a_time_is_changed_by_setting_it_anew(phone: Phone) -> None:
    await save(phone, "12月5日到12月12日")
    assert "不能直接修改" in await phone.says("日程日期填错了怎么改")


# ---- pauses


@pytest.mark.parametrize("sentence", ["怀孕了别抽我", "单位派我常驻非洲，先别抽我", "长期不能评标", "先不要抽我了"])
async def test_a_pause_is_read_back(phone: Phone, sentence: str) -> None:
    shown = await phone.says(sentence)
    assert "暂停接受抽取：\n11月21日(周六)起，直到您恢复" in shown
    assert not await Unavailability.exists()
    assert "已暂停接受抽取" in await phone.taps("对，保存")


async def test_a_pause_with_a_length_nobody_can_read_is_asked_for(phone: Phone) -> None:
    shown = await phone.says("您好，我怀孕五个月了，医生建议多休息，请暂时不要抽我评标")
    assert "什么时间不接受抽取" in shown


@pytest.mark.parametrize("sentence", ["我设的暂停抽取现在恢复吧", "忙完了，把暂停抽取关掉吧", "取消暂停", "不暂停了"])
async def test_what_ends_a_pause_never_begins_one(phone: Phone, sentence: str) -> None:
    assert "没有暂停" in await phone.says(sentence)
    await save(phone, "生病了暂停抽取")
    shown = await phone.says(sentence)
    assert "您现在暂停接受抽取：11月21日(周六)起" in shown
    assert await Unavailability.filter(cancelled_at=None).count() == 1, "the sentence alone ends nothing"
    assert "已恢复接受抽取" in await phone.taps("恢复接受抽取")
    assert not await Unavailability.exists(cancelled_at=None)


@pytest.mark.parametrize("sentence", ["还没好，继续暂停抽取", "再暂停一段时间", "先不要恢复"])
async def test_going_on_is_a_tap(phone: Phone, sentence: str) -> None:
    assert "没有暂停" in await phone.says(sentence)
    await save(phone, "生病了暂停抽取")
    shown = await phone.says(sentence)
    assert "要继续暂停" in shown
    assert "继续暂停，2026年12月21日再问您" in await phone.taps("继续暂停")


async def test_who_has_paused_already_is_told_so(phone: Phone) -> None:
    await save(phone, "生病了暂停抽取")
    shown = await phone.says("怀孕了别抽我")
    assert "您现在暂停接受抽取" in shown
    assert "恢复接受抽取" in shown
    assert await Unavailability.all().count() == 1


async def test_a_suspension_by_the_office_is_not_the_expert_s_to_end(
    world: World, phone: Phone, expert: Expert
) -> None:
    account = (await phone.identity()).account_id
    await Sanction.create(
        pool="demo",
        expert_id=expert.id,
        kind="suspension",
        state="imposed",
        reason="未按时到场",
        starts_at=NOON - timedelta(days=1),
        ends_at=NOON + timedelta(days=90),
        proposed_by=account,
        proposed_at=NOON - timedelta(days=2),
        decided_by=account,
        decided_at=NOON - timedelta(days=1),
    )
    shown = await phone.says("我要恢复抽取")
    assert "管理机构已暂停您参加抽取" in shown or "未按时到场" in shown


async def test_only_a_time_with_an_end_is_named_to_who_resumes(phone: Phone) -> None:
    await save(phone, "春节")
    shown = await phone.says("我要恢复抽取")
    assert "没有暂停接受抽取" in shown
    assert "2027年春节" in shown


async def test_an_unclear_direction_is_asked(phone: Phone) -> None:
    shown = await phone.says("暂停抽取还是恢复抽取")
    assert all(choice in shown for choice in ("您是要暂停", "暂停接受抽取", "恢复接受抽取", "继续暂停"))
    assert "没有暂停" in await phone.taps("恢复接受抽取")
    await phone.says("暂停抽取还是恢复抽取")
    assert "直到您恢复" in await phone.taps("暂停接受抽取")
    assert not await Unavailability.exists()


async def test_a_question_about_pauses_is_answered_before_anything_begins(phone: Phone) -> None:
    shown = await phone.says("暂停抽取需要审批吗")
    assert "不用审批" in shown
    assert "每30天问您一次" in shown
    assert "直到您恢复" in await phone.taps("暂停接受抽取")
