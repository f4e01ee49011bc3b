"""Times off as people say them: weekly hours, holidays, months, a pause; nothing is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.intent_files import SHIPPED_INTENTS
from domain.errors import InvalidInput
from domain.experts.holidays import holidays_ahead
from domain.experts.spoken_times import advise, read_times_off, says_times_off
from tests.factories.forms import book_of

NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
HOLIDAYS = holidays_ahead(book_of("demo"), NOW)


@pytest.mark.parametrize(
    ("sentence", "understood", "reason"),
    [
        ("每周三下午", "每周三下午（12:00至24:00）", ""),
        ("我每周三下午都不接受抽取", "每周三下午（12:00至24:00）", ""),
        ("每周一、三上午有课", "每周一、三上午（00:00至12:00）", ""),
        ("每周二四", "每周二、四全天", ""),
        ("每星期一到星期五晚上", "每周一至五晚上（18:00至24:00）", ""),
        ("每个周末", "每周六、日全天", ""),
        ("每个工作日上午", "每周一至五上午（00:00至12:00）", ""),
        ("每周三 14:00到17:30", "每周三14:00至17:30", ""),
        ("每周三下午2点到5点半", "每周三14:00至17:30", ""),
        ("每周三下午到2027年2月28日", "每周三下午（12:00至24:00），到2027年2月28日为止", ""),
        ("春节", "2027年2月5日(周五)至2月12日(周五)", "2027年春节"),
        ("明年国庆节不接受抽取", "2027年10月1日(周五)至10月7日(周四)", "2027年国庆"),
        ("五一假期", "2027年5月1日(周六)至5月5日(周三)", "2027年五一"),
        ("7月", "2027年7月1日(周四)至7月31日(周六)", ""),
        ("12月份不接受抽取", "12月1日(周二)至12月31日(周四)", ""),
        ("明年3月", "2027年3月1日(周一)至3月31日(周三)", ""),
        ("生病了，暂停抽取", "11月26日(周四)起，直到您恢复", "生病"),
        ("住院了先别抽我", "11月26日(周四)起，直到您恢复", "住院"),
        ("暂停接受抽取，直到我恢复", "11月26日(周四)起，直到您恢复", ""),
        ("暂停到12月3日", "11月26日(周四)至12月3日(周四)", ""),
        ("生病，12月1日到12月5日", "12月1日(周二)至12月5日(周六)", "生病"),
        ("11月28日到12月3日", "11月28日(周六)至12月3日(周四)", ""),
        ("我下周一到周五要去北京开会，这几天请不要抽我", "11月30日(周一)至12月4日(周五)", ""),
        ("三月份别抽我", "2027年3月1日(周一)至3月31日(周三)", ""),
        ("下个月中旬要出国", "12月11日(周五)至12月20日(周日)", "出国"),
        ("七月中旬到八月底不能评标", "2027年7月11日(周日)至8月31日(周二)", ""),
        ("月底别抽我", "11月26日(周四)至11月30日(周一)", ""),
        ("上半月没空", "12月1日(周二)至12月15日(周二)", ""),
        ("住院了，到12月8号", "11月26日(周四)至12月8日(周二)", "住院"),
        ("从明天到年底别抽我", "11月27日(周五)至12月31日(周四)", ""),
        ("党校学习一个月，从3月1号到3月31号", "2027年3月1日(周一)至3月31日(周三)", ""),
        ("期末改卷，6月20号到7月5号走不开", "2027年6月20日(周日)至7月5日(周一)", ""),
        ("三个月", "11月26日(周四)至2月25日(周四)", ""),
        ("接下来两周别抽我", "11月26日(周四)至12月9日(周三)", ""),
        ("明后两天要陪老伴去医院，这两天请不要抽我", "11月27日(周五)至11月28日(周六)", ""),
        ("元旦三天不在", "2027年1月1日(周五)至1月3日(周日)", "2027年元旦"),
        ("国庆节要回老家，那几天别抽我", "2027年10月1日(周五)至10月7日(周四)", "2027年国庆"),
        ("我是老师，这学期每周三下午都有课", "每周三下午（12:00至24:00）", ""),
        ("工作日上午不能评标", "每周一至五上午（00:00至12:00）", ""),
        ("每晚都别抽我", "每天晚上（18:00至24:00）", ""),
        ("从今天起暂停抽取", "11月26日(周四)起，直到您恢复", ""),
        ("归期不定，别抽我", "11月26日(周四)起，直到您恢复", ""),
        ("长期别抽我", "11月26日(周四)起，直到您恢复", ""),
        ("最近单位忙，什么时候结束不知道，先别抽我", "11月26日(周四)起，直到您恢复", ""),
    ],
)
def test_what_people_say_is_understood(sentence: str, understood: str, reason: str) -> None:
    times = read_times_off(sentence, NOW, HOLIDAYS)
    assert (times.text(NOW), times.reason) == (understood, reason)


@pytest.mark.parametrize(
    ("sentence", "refusal"),
    [
        ("每周", "星期几"),
        ("每周三下午和国庆", "没看懂每周的哪些时间"),
        ("每周三17:00到14:00", "结束时间应晚于开始时间"),
        ("国庆和中秋", "一次只说一个节日"),
        ("今年国庆", "没有今年国庆的日期"),
        ("过阵子", "12月3日到12月10日，每周三下午，元旦，12月，或 生病了暂停抽取"),
        ("出国三个月", "从哪一天开始"),
        ("2026年12月3日到2026年12月1日", "早于开始时间"),
        ("周末我一般不能评标", "每周哪天"),
        ("每天没空", "每天的什么时间"),
        ("国庆前后", "一次只说一个节日"),
        ("圣诞到元旦", "一次只说一个节日"),
        ("端午三天", "不是3天"),
        ("7月和9月", "一次只说一段时间"),
        ("封闭20天，从5月18号到6月18号", "天数和日期不一致"),
        ("下周二三没空", "没看懂日期"),
        ("8号以前不要抽我", "没看懂日期"),
        ("怀孕5个月了，暂时别抽我", "从哪一天开始"),
        (f"{'我很忙，' * 30}下周没空", "请只写不接受抽取的时间"),
    ],
)
def test_what_is_not_understood_is_refused_with_examples(sentence: str, refusal: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_times_off(sentence, NOW, HOLIDAYS)
    assert refusal in refused.value.message


@pytest.mark.parametrize(
    "sentence",
    [
        *("这几天别抽我", "晚上别抽我", "上午别抽我", "年底先别抽我", "寒假别抽我", "暑假暂时别抽我", "春节前后别抽我"),
        *("腊月二十到正月十五先不要抽我", "年前这段别抽我", "这段时间先别抽我", "高考那几天我要监考，别抽我", "别抽我"),
        *("月底最后三天先别抽", "隔天要做理疗，先别抽我三个礼拜左右", "生病", "出国"),
    ],
)
def test_a_sentence_without_a_readable_day_is_no_pause(sentence: str) -> None:
    with pytest.raises(InvalidInput):
        read_times_off(sentence, NOW, HOLIDAYS)


@pytest.mark.parametrize(
    "sentence",
    [
        *("取消暂停", "我设的暂停抽取现在恢复吧", "忙完了，把暂停抽取关掉吧", "可以抽我了，12月1日起", "继续暂停抽取"),
        *("20号到25号的登记取消", "提前回来了，国庆的日程删掉", "每周三下午的不要了", "产假休完了，恢复抽取"),
    ],
)
def test_what_ends_a_time_off_names_no_new_one(sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_times_off(sentence, NOW, HOLIDAYS)
    assert refused.value.code == "ends_times"
    assert not says_times_off(sentence)


@pytest.mark.parametrize("intent", ["time_off", "time_off_manage"])
def test_no_sentence_about_dated_times_becomes_a_pause(intent: str) -> None:
    """All that people wrote, so that a word added here or there shows at once."""
    sentences = SHIPPED_INTENTS.read_sentences().by_intent[intent].paraphrases
    assert len(sentences) > 100
    assert [sentence for sentence in sentences if is_read_as_pause(sentence)] == []


def is_read_as_pause(sentence: str) -> bool:
    try:
        return read_times_off(sentence, NOW, HOLIDAYS).is_pause
    except InvalidInput:
        return False


def test_the_holiday_of_an_unannounced_year_says_that_it_may_change() -> None:
    assert str(HOLIDAYS[1]) == "2027年春节（2月5日至2月12日，暂定，以国务院通知为准）"
    [national] = [each for each in holidays_ahead(book_of("demo"), NOW.replace(month=9)) if each.key == "2026-national"]
    assert str(national) == "2026年国庆（10月1日至10月7日）"


@pytest.mark.parametrize("sentence", ["每周三下午不接受抽取", "最近生病，别抽我了", "暂停抽取", "不想被抽"])
def test_a_message_may_begin_with_it(sentence: str) -> None:
    assert says_times_off(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        *("抽取进度", "为什么抽不到我", "每周三下午", "抽取规则"),
        *("为什么暂停抽取我", "暂停抽取了吗", "取消暂停抽取", "怎么暂停抽取？", "我没有暂停抽取"),
    ],
)
def test_other_questions_about_draws_do_not(sentence: str) -> None:
    assert not says_times_off(sentence)


@pytest.mark.parametrize("pool", ["demo", "guangdong"])
def test_every_example_that_is_given_is_understood_on_that_day(pool: str) -> None:
    """Also at the turn of a year, before a leap day, and when a holiday is over."""
    for day in range(800):
        at = NOW + timedelta(days=day)
        holidays = holidays_ahead(book_of(pool), at)
        examples = re.sub("^请这样回复：|。$", "", advise(at, holidays)).replace("，或 ", "，").split("，")
        assert examples[-1] == "生病了暂停抽取"
        for example in examples:
            times = read_times_off(example, at, holidays)
            assert times.ends_at is None or times.ends_at > at, f"{example} on {at:%Y-%m-%d}"


def test_what_is_not_understood_names_days_ahead() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_times_off("大概那几天吧", NOW, HOLIDAYS)
    assert "12月3日到12月10日" in refused.value.message


def test_a_holiday_without_days_is_answered_with_days_ahead() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_times_off("春节", NOW, ())
    assert "例如：12月3日到12月10日" in refused.value.message
