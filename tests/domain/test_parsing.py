"""Typed values, and how they are read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import SHANGHAI
from domain.errors import InvalidInput
from domain.parsing import (
    credit_code,
    date_range,
    id_number,
    mobile_number,
    person_search,
    yes_or_no,
)

ASKED = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
"""A Saturday, 11:00 in Shanghai."""


@pytest.mark.parametrize(
    "text",
    ["13800138000", " 138 0013 8000 ", "138-0013-8000", "+86 13800138000", "008613800138000", "１３８００１３８０００"],
)
def test_a_mobile_is_understood_however_it_is_typed(text):
    assert mobile_number(text) == "13800138000"


@pytest.mark.parametrize("number", ["13800860086", "19900010086", "13008600861"])
def test_the_country_s_digits_inside_a_mobile_are_its_own(number):
    assert mobile_number(number) == mobile_number(f"+86 {number}") == mobile_number(f"0086{number}") == number
    assert person_search(number).mobile == number


@pytest.mark.parametrize(
    "text", ["", "1380013800", "138001380000", "12800138000", "02012345678", "一三八", "a13800138000"]
)
def test_what_is_no_mobile_is_refused_with_an_example(text):
    with pytest.raises(InvalidInput, match="11位数字"):
        mobile_number(text)


@pytest.mark.parametrize(
    "text", ["11010519491231002X", "11010519491231002x", "110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ"]
)
def test_an_id_number_is_brought_into_one_form(text):
    assert id_number(text) == "11010519491231002X"


@pytest.mark.parametrize("text", ["", "11010519491231002", "110105194912310021"])
def test_what_is_no_id_number_is_refused(text):
    with pytest.raises(InvalidInput, match="身份证号有误"):
        id_number(text)


@pytest.mark.parametrize(
    ("text", "word", "mobile", "number"),
    [
        (" +86 138-0013-8000 ", "+86 138-0013-8000", "13800138000", ""),
        ("１３８００１３８０００", "13800138000", "13800138000", ""),
        ("110105 19491231 002x", "110105 19491231 002x", "", "11010519491231002X"),
        ("110105491231002", "110105491231002", "", "110105491231002"),
        ("110105194912310029", "110105194912310029", "", "110105194912310029"),
        ("ZJ-0001", "ZJ-0001", "", ""),
        ("张　三", "张三", "", ""),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提", "", ""),
        ("John  Smith", "John Smith", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_person_is_looked_up_by_whatever_was_copied(text, word, mobile, number):
    typed = person_search(text)
    assert (typed.word, typed.mobile, typed.id_number) == (word, mobile, number)


def test_a_credit_code_is_checked_by_its_last_digit():
    assert credit_code(" 91110000600037341l ") == "91110000600037341L"
    for wrong in ("91110000600037341K", "9111000060003734", "", "91110000600O37341L"):
        with pytest.raises(InvalidInput, match="信用代码有误"):
            credit_code(wrong)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1", True),
        ("是的。", True),
        ("【确认】", True),
        ("２", False),
        ("不是", False),
        ("NO", False),
        ("对", True),
        ("好", True),
        ("嗯", True),
        ("嗯。", True),
        ("保存", True),
        ("对，保存", True),
        ("可以！", True),
        ("好的，谢谢", True),
        ("好的谢谢您", True),
        ("老师您好，是的", True),
        ("对啊", True),
        ("1，谢谢！", True),
        ("不用了，谢谢", False),
        ("不好意思，不是", False),
        ("不对，麻烦您了", False),
    ],
)
def test_a_plain_yes_or_no_is_taken(text, meant):
    assert yes_or_no(text) is meant


@pytest.mark.parametrize(
    "text", ["", "12", "是不是", "不是不是", "可以吗", "也许", "？", "谢谢", "不用谢", "好的，不用了", "好吗", "好像是"]
)
def test_anything_but_a_plain_yes_or_no_is_asked_again(text):
    with pytest.raises(InvalidInput, match="请回复"):
        yes_or_no(text)


def spoken_range(text: str, asked_at: datetime = ASKED) -> tuple[str, str]:
    """Begin and end in Shanghai time, as month, day, hour."""
    span = date_range(text, asked_at)
    assert span.starts_at.tzinfo is UTC
    begin, end = (at.astimezone(SHANGHAI) for at in (span.starts_at, span.ends_at))
    return (f"{begin:%y-%m-%d %H}", f"{end:%y-%m-%d %H}")


RANGES = [
    ("11月25日到12月3日", "26-11-25 00", "26-12-04 00"),
    ("2026-11-25~2026-12-03", "26-11-25 00", "26-12-04 00"),
    ("2026-11-25～12-03", "26-11-25 00", "26-12-04 00"),
    ("2026/11/25至2026/12/3", "26-11-25 00", "26-12-04 00"),
    ("2026年11月25日—2026年12月3日", "26-11-25 00", "26-12-04 00"),
    ("20261125-20261203", "26-11-25 00", "26-12-04 00"),
    ("明天到下周三", "26-11-22 00", "26-11-26 00"),
    ("11.25-11.28", "26-11-25 00", "26-11-29 00"),
    ("11/25-11/28", "26-11-25 00", "26-11-29 00"),
    ("11-25到11-28", "26-11-25 00", "26-11-29 00"),
    ("11月25-28日", "26-11-25 00", "26-11-29 00"),
    ("11月25日-28", "26-11-25 00", "26-11-29 00"),
    ("25号到28号", "26-11-25 00", "26-11-29 00"),
    ("25-28号", "26-11-25 00", "26-11-29 00"),
    ("28号到3号", "26-11-28 00", "26-12-04 00"),
    ("5号", "26-12-05 00", "26-12-06 00"),
    ("１１月２５日 到 １２月３日", "26-11-25 00", "26-12-04 00"),
    ("我从11月25日到12月3日出差。", "26-11-25 00", "26-12-04 00"),
    ("11月25日", "26-11-25 00", "26-11-26 00"),
    ("今天", "26-11-21 00", "26-11-22 00"),
    ("今天下午", "26-11-21 12", "26-11-22 00"),
    ("明天上午请假", "26-11-22 00", "26-11-22 12"),
    ("明天下午到后天上午", "26-11-22 12", "26-11-23 12"),
    ("明天上午到后天下午", "26-11-22 00", "26-11-24 00"),
    ("大后天", "26-11-24 00", "26-11-25 00"),
    ("周三", "26-11-25 00", "26-11-26 00"),
    ("周六", "26-11-21 00", "26-11-22 00"),
    ("下周三到周五", "26-11-25 00", "26-11-28 00"),
    ("星期一至星期五", "26-11-23 00", "26-11-28 00"),
    ("下下个礼拜天", "26-12-06 00", "26-12-07 00"),
    ("下周", "26-11-23 00", "26-11-30 00"),
    ("下周没空", "26-11-23 00", "26-11-30 00"),
    ("这个周末", "26-11-21 00", "26-11-23 00"),
    ("下周末", "26-11-28 00", "26-11-30 00"),
    ("下个月", "26-12-01 00", "27-01-01 00"),
    ("下个月5号到10号", "26-12-05 00", "26-12-11 00"),
    ("12月份", "26-12-01 00", "27-01-01 00"),
    ("12月到2月", "26-12-01 00", "27-03-01 00"),
    ("1月", "27-01-01 00", "27-02-01 00"),
    ("12月25日到1月3日", "26-12-25 00", "27-01-04 00"),
    ("1月5日到1月8日", "27-01-05 00", "27-01-09 00"),
    ("11月20日到11月25日", "26-11-20 00", "26-11-26 00"),
    ("明天起三天", "26-11-22 00", "26-11-25 00"),
    ("从明天开始请假10天", "26-11-22 00", "26-12-02 00"),
    ("11月25日起两周", "26-11-25 00", "26-12-09 00"),
    ("12月31日起两个月", "26-12-31 00", "27-02-28 00"),
    ("2028年2月29日", "28-02-29 00", "28-03-01 00"),
    ("下旬", "26-11-21 00", "26-12-01 00"),
    ("中旬", "26-12-11 00", "26-12-21 00"),
    ("下个月上旬", "26-12-01 00", "26-12-11 00"),
    ("12月下半月", "26-12-16 00", "27-01-01 00"),
    ("明年2月底", "27-02-24 00", "27-03-01 00"),
    ("2月初到3月中旬", "27-02-01 00", "27-03-21 00"),
    ("明天到月底", "26-11-22 00", "26-12-01 00"),
    ("28号到月初", "26-11-28 00", "26-12-06 00"),
    ("12月20日到年底", "26-12-20 00", "27-01-01 00"),
]


@pytest.mark.parametrize(("text", "begin", "end"), RANGES)
def test_days_are_understood_as_people_say_them(text, begin, end):
    assert spoken_range(text) == (begin, end)


UNCLEAR = [
    ("", "bad_dates"),
    ("不知道", "bad_dates"),
    ("过几天", "bad_dates"),
    ("11月25日或26日", "bad_dates"),
    ("11月25日、27日", "bad_dates"),
    ("11月25日之前", "bad_dates"),
    ("除了明天", "bad_dates"),
    ("明天不请假", "bad_dates"),
    ("明天14:00到18:00", "bad_dates"),
    ("明天2点", "bad_dates"),
    ("下午", "bad_dates"),
    ("三天", "bad_dates"),
    ("明天到后天三天", "bad_dates"),
    ("明天到后天到大后天", "bad_dates"),
    ("11-25", "bad_dates"),
    ("周一周五", "dates_not_joined"),
    ("2026-11-25 2026-12-03", "dates_not_joined"),
    ("从明天开始", "dates_open"),
    ("到12月3日", "dates_open"),
    ("明天到", "dates_open"),
    ("12月3日到2026年11月25日", "dates_reversed"),
    ("后天到明天", "dates_reversed"),
    ("明天下午到明天上午", "dates_reversed"),
    ("昨天", "dates_past"),
    ("11月20日", "dates_past"),
    ("上周三", "dates_past"),
    ("2025年11月25日", "dates_past"),
    ("11月31日", "no_such_day"),
    ("2月29日", "no_such_day"),
    ("13月1日", "no_such_day"),
    ("2026-00-10", "no_such_day"),
    ("明天到2028年11月25日", "dates_too_long"),
    ("明天起999天", "dates_too_long"),
]


@pytest.mark.parametrize(("text", "code"), UNCLEAR)
def test_what_could_mean_two_things_is_asked_again(text, code):
    with pytest.raises(InvalidInput) as refusal:
        date_range(text, ASKED)
    assert refusal.value.code == code


def test_a_day_means_the_same_however_late_it_is_read():
    just_before_midnight = datetime(2026, 11, 21, 15, 59, tzinfo=UTC)
    assert spoken_range("明天", just_before_midnight) == ("26-11-22 00", "26-11-23 00")
    assert spoken_range("明天", just_before_midnight + timedelta(minutes=1)) == ("26-11-23 00", "26-11-24 00")


ALPHABET = "今明后天下周月日号到至起从上午一二三四1234567890-~./年 不"
MOMENTS = st.integers(0, 400_000).map(lambda hours: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours / 3))


@given(st.text(alphabet=ALPHABET, max_size=24), MOMENTS)
def test_any_words_are_either_a_span_or_a_polite_refusal(text, asked_at):
    try:
        span = date_range(text, asked_at)
    except InvalidInput as refusal:
        message = refusal.message
    else:
        message = "。"
        assert span.starts_at < span.ends_at <= span.starts_at + timedelta(days=366)
    assert message.endswith("。")
