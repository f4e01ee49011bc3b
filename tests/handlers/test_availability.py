"""Times in which an expert isn't drawn: typed freely, read back, saved, listed, taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.clock import FixedClock
from models.experts import Expert, Unavailability
from tests.handlers.conftest import Phone, World


async def test_a_time_is_read_back_before_it_is_saved(world: World, phone: Phone, expert: Expert) -> None:
    assert "什么时间" in await phone.says("日程")
    shown = await phone.says("11月25日到12月3日")
    assert "11月25日(周三)至12月3日(周四)" in shown
    assert not await Unavailability.exists()
    assert "已保存" in await phone.taps("对，保存")
    row = await Unavailability.get(expert_id=expert.id)
    assert row.starts_at == datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert row.ends_at == datetime(2026, 12, 3, 16, tzinfo=UTC)


async def test_what_is_not_understood_is_asked_again_with_an_example(phone: Phone) -> None:
    await phone.says("日程")
    assert "请这样回复" in await phone.says("过阵子")
    assert "早于开始时间" in await phone.says("2026年12月3日到2026年11月25日")
    assert "11月22日(周日)至" in await phone.says("明天到下周三")


async def test_tomorrow_means_the_day_after_it_was_said(clock: FixedClock, phone: Phone) -> None:
    clock.move(timedelta(hours=11, minutes=55))
    await phone.says("日程")
    assert "11月22日(周日)" in await phone.says("明天")
    clock.move(timedelta(minutes=10))
    assert "11月22日(周日)不会" in await phone.taps("对，保存")


async def test_a_half_day_and_a_correction(world: World, phone: Phone, expert: Expert) -> None:
    await phone.says("日程")
    await phone.says("25号下午")
    assert "11月25日(周三)下午" in phone.screen
    await phone.taps("重新输入")
    await phone.says("26号上午")
    assert "11月26日(周四)上午不会" in await phone.taps("对，保存")
    row = await Unavailability.get(expert_id=expert.id)
    assert row.ends_at - row.starts_at == timedelta(hours=12)


async def test_dropped_or_cancelled_nothing_is_saved(phone: Phone) -> None:
    await phone.says("日程")
    await phone.says("明天")
    assert "没有改动" in await phone.taps("不设置了")
    await phone.says("日程")
    await phone.says("明天")
    assert "已取消" in await phone.says("取消")
    assert not await Unavailability.exists()


async def test_known_times_are_listed_and_one_can_be_cancelled(phone: Phone) -> None:
    for when in ("11月25日", "12月1日到12月3日"):
        await phone.says("不接受抽取")
        if "添加一段时间" in phone.screen:
            await phone.taps("添加一段时间")
        await phone.says(when)
        await phone.taps("对，保存")
    listed = await phone.says("日程")
    assert "11月25日(周三)" in listed
    assert "12月1日(周二)至12月3日(周四)" in listed
    await phone.taps("撤销一段时间")
    assert "恢复可以抽取" in await phone.taps("11月25日(周三)")
    assert await Unavailability.filter(cancelled_at=None).count() == 1
    await phone.says("日程")
    assert "没有改动" in await phone.taps("不用了")


async def test_the_same_unavailability_twice_is_refused(phone: Phone) -> None:
    await phone.says("日程")
    await phone.says("明天")
    await phone.taps("对，保存")
    await phone.says("日程")
    await phone.taps("添加一段时间")
    await phone.says("明天")
    assert "已设置过" in await phone.taps("对，保存")


async def test_agreed_panels_inside_are_pointed_out(world: World, phone: Phone, expert: Expert) -> None:
    await world.make_accepted_panel(expert)
    await phone.says("日程")
    await phone.says("今天到明天")
    told = await phone.taps("对，保存")
    assert "这些时间里您已同意的评标不受影响" in told
    assert "集合，" in told, "it is named"
    assert "原因" in await phone.taps("请假")


async def test_a_temporary_expert_is_refused_with_the_reason(world: World, phone: Phone, expert: Expert) -> None:
    await Expert.filter(id=expert.id).update(membership_status="temporary")
    await phone.says("日程")
    await phone.says("明天")
    assert "正式专家" in await phone.taps("对，保存")
    assert not await Unavailability.exists()


async def test_saving_is_done_once_though_a_process_dies_before_it_could_say_so(
    world: World, phone: Phone, expert: Expert
) -> None:
    await phone.says("日程")
    await phone.says("明天")
    names = [name async for name in world.redis.scan_iter("bot:*")]
    before = {name: await world.redis.dump(name) for name in names}
    await phone.taps("对，保存")
    assert await Unavailability.all().count() == 1
    for name, value in before.items():
        await world.redis.restore(name, 60_000, value, replace=True)
    world.start_process()
    assert "已保存" in await phone.says("1")
    assert await Unavailability.all().count() == 1


# ---- a pause, weekly hours, holidays


async def test_a_pause_is_said_in_one_sentence_and_ended_in_another(
    world: World, phone: Phone, expert: Expert, clock: FixedClock
) -> None:
    shown = await phone.says("生病了，暂停抽取")
    assert "11月21日(周六)起，直到您恢复（生病）" in shown
    assert "每30天问您一次是否继续" in shown
    assert "已暂停接受抽取" in await phone.taps("对，保存")
    assert "您已暂停接受抽取" in await phone.says("我的状态")
    assert "继续暂停，2026年12月21日再问您" in await phone.says("继续暂停")
    assert "已恢复接受抽取" in await phone.says("恢复接受抽取")
    assert not await Unavailability.exists(cancelled_at=None)
    assert "您没有暂停" in await phone.says("恢复接受抽取")
    assert "您没有暂停" in await phone.says("继续暂停")


async def test_weekly_hours_holidays_and_months_are_read_back(phone: Phone) -> None:
    assert "每周三下午（12:00至24:00）" in await phone.says("每周三下午不接受抽取")
    assert "已保存：每周三下午" in await phone.taps("对，保存")
    for sentence, understood in (
        ("春节", "2027年2月5日(周五)至2月12日(周五)（2027年春节）"),
        ("7月", "2027年7月1日(周四)至7月31日(周六)"),
    ):
        await phone.says("日程")
        await phone.taps("添加一段时间")
        assert understood in await phone.says(sentence)
        await phone.taps("对，保存")
    listed = await phone.says("日程")
    assert all(told in listed for told in ("每周三下午", "2027年春节", "7月31日"))
    assert await Unavailability.filter(cancelled_at=None).count() == 3


async def test_an_answer_to_an_invitation_stays_one(world: World, phone: Phone, expert: Expert) -> None:
    await world.make_accepted_panel(expert)
    await world.call_again(expert)
    assert "直到您恢复（生病）" in await phone.says("生病了，暂停抽取")
    await phone.taps("不设置了")
    assert "不接受抽取的时间" not in await phone.says("这次不接受")


async def test_what_is_not_about_times_is_answered_as_before(phone: Phone) -> None:
    assert "不接受抽取" not in await phone.says("抽取规则")
