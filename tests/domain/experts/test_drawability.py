"""Why an expert is not drawn: every bar has its sentence, and a count tells of no single draw."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.experts.drawability import (
    COUNTED,
    OwedCourse,
    Reason,
    Standing,
    counted_months,
    describe_matches,
    reasons_of,
)
from domain.experts.times_off import TimesOff
from tests.factories.forms import book_of

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FREE = Standing("formal", has_specialties=True, term_until=None)
BARRED = Reason("office", "已暂停。")
WEEKLY = TimesOff(NOW, None, weekdays=(3,), from_minute=720, to_minute=1440)
COURSE = OwedCourse(UUID(int=7), "年度培训", NOW + DAY)
BOOK = book_of("demo")


def test_nothing_bars_an_expert_for_whom_all_is_well() -> None:
    assert reasons_of(FREE, BOOK, NOW) == ()


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"membership": "temporary"}, "temporary", "临时专家"),
        ({"has_specialties": False}, "no_specialty", "没有登记评标专业"),
    ],
)
def test_what_bars_is_said_with_its_way_out(changed: dict[str, object], code: str, words: str) -> None:
    [reason] = reasons_of(replace(FREE, **changed), BOOK, NOW)
    assert (reason.code, reason.bars, words in reason.text, bool(reason.page)) == (code, True, True, True)


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"due_courses": (COURSE,)}, "course_due", "请在2026年11月22日前完成"),
        ({"term_until": NOW + DAY}, "term_ending", "聘期至2026年11月22日"),
        ({"away": (TimesOff(NOW, NOW + DAY),)}, "away", "您设置了11月21日(周六)下午至11月22日(周日)上午不接受抽取"),
        ({"away": (WEEKLY,)}, "away", "您设置了每周三下午（12:00至24:00）不接受抽取，这些时间的评标不抽取您"),
        ({"panels": 2}, "panels", "已同意2场"),
    ],
)
def test_what_leaves_some_panels_out_bars_nothing(changed: dict[str, object], code: str, words: str) -> None:
    [reason] = reasons_of(replace(FREE, **changed), BOOK, NOW)
    assert (reason.code, reason.bars, words in reason.text, bool(reason.page)) == (code, False, True, True)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"term_until": NOW + DAY, "applying": "renewal"}, "续聘申请正在办理"),
        ({"membership": "temporary", "applying": "first"}, "入库申请正在办理"),
    ],
)
def test_who_has_applied_is_led_to_the_progress(changed: dict[str, object], words: str) -> None:
    [reason] = reasons_of(replace(FREE, **changed), BOOK, NOW)
    assert (words in reason.text, reason.page) == (True, "apply/status")


def test_bars_come_first() -> None:
    standing = replace(FREE, panels=1, suspensions=(BARRED,), due_courses=(COURSE,))
    assert [reason.bars for reason in reasons_of(standing, BOOK, NOW)] == [True, False, False]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "没有"),
        (1, "少于5场"),
        (4, "少于5场"),
        (5, "5至9场"),
        (99, "50至99场"),
        (COUNTED, "100场以上"),
        (101, "100场以上"),
    ],
)
def test_a_count_is_said_in_bands(count: int, words: str) -> None:
    assert describe_matches(count) == words


def test_twelve_whole_months_count_and_never_the_present_one() -> None:
    shanghai = timezone_of(2026, 11)
    assert counted_months(NOW, datetime(2020, 1, 1, tzinfo=UTC)) == (timezone_of(2025, 11), shanghai)
    assert counted_months(datetime(2026, 10, 31, 16, 0, tzinfo=UTC), NOW)[1] == shanghai, "by the days of Shanghai"


@pytest.mark.parametrize(
    ("entered", "since"),
    [(datetime(2026, 8, 9, tzinfo=UTC), (2026, 9)), (datetime(2026, 12, 1, tzinfo=UTC), (2026, 11))],
)
def test_only_whole_months_since_the_entry_count(entered: datetime, since: tuple[int, int]) -> None:
    assert counted_months(NOW, entered)[0] == timezone_of(*since)


def timezone_of(year: int, month: int) -> datetime:
    """The first moment of a month in Shanghai."""
    return datetime(year, month, 1, tzinfo=UTC) - timedelta(hours=8)
