"""What a call must not tell is found however it is written."""

from __future__ import annotations

import pytest

from domain.draws.spoken_texts import find_name, find_number


@pytest.mark.parametrize(
    "text",
    [
        "请致电13800138000",
        "020-28866000",
        "138 0013 8000",
        "一三八零零一三八零零零",
        "幺三八〇〇幺三八〇〇〇",
        "QQ123456",
    ],
)
def test_a_number_is_found(text: str) -> None:
    assert find_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "请提前15分钟到达。",
        "3楼1203室",
        "9:30-11:00签到",
        "2026-11-21上午",
        "11月21日9点30分",
        "请带1张照片、2份复印件",
    ],
)
def test_rooms_hours_and_dates_are_no_numbers(text: str) -> None:
    assert not find_number(text)


def test_a_name_is_found_in_any_spelling() -> None:
    names = ["演示项目", "阿卜杜热合曼·买买提"]
    assert find_name("到“演示 项目”会场", names, shortest=3) == "演示项目"
    assert find_name("请联系阿卜杜热合曼•买买提", names, shortest=2) == "阿卜杜热合曼·买买提"
    assert not find_name("请佩戴口罩", names, shortest=2)


def test_a_name_that_is_too_short_counts_for_nothing() -> None:
    assert not find_name("请到一楼签到", ["一", "", "一楼"], shortest=3)
