"""Which way a sentence about a pause points: to begin one, to end it, to let it go on, or not clear."""

from __future__ import annotations

import pytest

from domain.experts.spoken_pauses import PauseDirection, asks_about_pauses, ends_times_off, find_direction, offers_both

DIRECTIONS = {
    PauseDirection.PAUSE: (
        *("暂停抽取", "先别抽我，好了再告诉你们", "单位外派，抽取先给我关掉吧", "暂停抽我，恢复时间没定", "关闭抽取"),
        *("请先暂停抽我，回来再恢复", "停止抽取直到我说恢复", "在家休养，恢复时间说不准，抽取先停了", "不接受抽取"),
        *("先不要抽我，什么时候恢复再说", "想先停止抽取，等忙完再自己恢复", "援疆去了，停抽", "长期不能评标"),
    ),
    PauseDirection.RESUME: (
        *("恢复抽取", "取消暂停", "我设的暂停抽取现在恢复吧", "忙完了，把暂停抽取关掉吧", "把抽取重新打开"),
        *("我病好了，可以抽我了", "之前因为生病暂停了抽取，现在请帮我恢复接受抽取", "暂停抽取可以解除了"),
        *("你们问我是否继续暂停抽取，我现在可以评标了，恢复吧", "请把我的暂停抽取改回正常", "现在能评标了"),
    ),
    PauseDirection.GO_ON: ("继续暂停", "还没好，继续暂停抽取", "收到短信问我还要不要继续暂停，请继续暂停"),
    None: ("还没好，不用取消暂停", "恢复还是继续暂停", "暂停抽取还是恢复抽取", "国庆的日程取消", "什么时候恢复"),
}


@pytest.mark.parametrize(
    ("direction", "sentence"),
    [(direction, each) for direction, sentences in DIRECTIONS.items() for each in sentences],
)
def test_the_direction_is_found_or_left_open(direction: PauseDirection | None, sentence: str) -> None:
    assert find_direction(sentence) is direction


def test_only_what_takes_a_time_back_or_keeps_it_ends_one() -> None:
    assert all(map(ends_times_off, (*DIRECTIONS[PauseDirection.RESUME], *DIRECTIONS[PauseDirection.GO_ON])))
    assert not any(map(ends_times_off, DIRECTIONS[PauseDirection.PAUSE]))


def test_a_question_about_pauses_is_no_wish_for_one() -> None:
    assert asks_about_pauses("暂停抽取需要审批吗")
    assert asks_about_pauses("暂停抽取和退库有什么区别")
    assert not asks_about_pauses("暂停抽取")


def test_both_ways_side_by_side_are_a_question() -> None:
    assert offers_both("暂停抽取还是恢复抽取")
    assert not offers_both("还是继续暂停")
