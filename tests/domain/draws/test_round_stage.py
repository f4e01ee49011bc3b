"""What a round of commitments waits for is said with its party, its deadline, and what is then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.draws.round_stage import OpenRound, count_aborts, find_stage, reached_reminder

UNTIL = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
ROLES = ("agency", "supervisor")
LEADS = (timedelta(minutes=15), timedelta(minutes=5))


@pytest.mark.parametrize(
    ("committed", "revealed", "late", "words"),
    [
        ((), (), False, "等待代理机构和监督人提交随机数，10:00截止。"),
        (("agency",), (), False, "等待监督人提交随机数，10:00截止。"),
        (("agency",), (), True, "10:00已过，监督人提交随机数不再接受，待代理机构终止本轮后重新摇号。"),
        (ROLES, ("agency",), False, "等待监督人公开随机数，10:00截止。"),
        (ROLES, ("supervisor",), True, "等待代理机构公开随机数；10:00已过，代理机构可以终止本轮。"),
    ],
)
def test_a_round_names_whom_it_waits_for(
    committed: tuple[str, ...], revealed: tuple[str, ...], late: bool, words: str
) -> None:
    now = UNTIL if late else UNTIL - timedelta(seconds=1)
    assert find_stage(ROLES, committed, revealed, UNTIL, now).describe() == words


@pytest.mark.parametrize(
    ("committed", "revealed", "late", "act"),
    [
        ((), (), False, "请在10:00前打开抽取页提交随机数"),
        (("supervisor",), (), True, "10:00前未提交随机数，请终止本轮后重新摇号"),
        (("agency",), (), False, "等待监督人提交随机数（10:00截止）"),
        (("agency",), (), True, "监督人未在10:00前提交随机数，请终止本轮后重新摇号"),
        (ROLES, ("supervisor",), False, "请在10:00前打开抽取页公开随机数"),
        (ROLES, ("supervisor",), True, "公开随机数的时间（10:00）已过，请尽快打开抽取页公开，或终止本轮"),
        (ROLES, ("agency",), False, "等待监督人公开随机数（10:00截止）"),
        (ROLES, ("agency",), True, "监督人未在10:00前公开随机数，请终止本轮后重新摇号"),
    ],
)
def test_the_agency_reads_its_next_act_and_the_time_for_it(
    committed: tuple[str, ...], revealed: tuple[str, ...], late: bool, act: str
) -> None:
    now = UNTIL if late else UNTIL - timedelta(seconds=1)
    assert OpenRound(ROLES, committed, revealed, UNTIL, None).describe_agency_act(now) == act


def test_a_fixed_order_asks_for_the_start() -> None:
    words = OpenRound(ROLES, ROLES, ROLES, UNTIL, UNTIL).describe_agency_act(UNTIL - timedelta(minutes=30))
    assert words == "专家顺序已确定，请启动抽取（10:00自动启动）"


@pytest.mark.parametrize(
    ("minutes_left", "given", "lead"),
    [(16, 30, None), (15, 30, 15), (6, 30, 15), (5, 30, 5), (0, 30, None), (9, 10, None), (5, 10, 5), (4, 5, None)],
)
def test_the_last_reminder_that_is_due_counts(minutes_left: int, given: int, lead: int | None) -> None:
    """``given``: minutes for the whole act; a reminder as long as that would repeat the request."""
    begun, now = UNTIL - timedelta(minutes=given), UNTIL - timedelta(minutes=minutes_left)
    expected = None if lead is None else timedelta(minutes=lead)
    assert reached_reminder(LEADS, begun, UNTIL, now) == expected


@pytest.mark.parametrize(
    ("withheld", "is_used_up"),
    [([], False), ([False, False], False), ([False] * 3, True), ([True], False), ([True, True], True)],
)
def test_given_up_rounds_are_counted_by_their_sort(withheld: list[bool], is_used_up: bool) -> None:
    aborts = count_aborts(3, withheld)
    assert (aborts.number, aborts.is_used_up) == (len(withheld), is_used_up)
    assert aborts.after(withheld=False) == (withheld.count(False) + 1, 3)
    assert aborts.after(withheld=True) == (withheld.count(True) + 1, 2)
