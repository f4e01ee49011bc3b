"""By when a moved time has to be answered, and when its expert is reminded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from domain.draws.agreed_times import decisive_moment, reminder_moments

NINE = datetime(2026, 1, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEADS = (12 * HOUR, 3 * HOUR, HOUR)


@dataclass(frozen=True)
class Agreed:
    gathering_at: datetime = NINE
    proposed_gathering_at: datetime | None = None
    proposed_start_at: datetime | None = None


@pytest.mark.parametrize(
    ("agreed", "asked_at", "decisive"),
    [
        (Agreed(proposed_gathering_at=NINE + HOUR), NINE - 5 * HOUR, NINE),
        (Agreed(proposed_gathering_at=NINE - HOUR), NINE - 5 * HOUR, NINE - HOUR),
        (Agreed(proposed_start_at=NINE + 2 * HOUR), NINE + HOUR, NINE + 2 * HOUR),
        (Agreed(proposed_gathering_at=NINE + HOUR, proposed_start_at=NINE + 2 * HOUR), NINE, NINE + HOUR),
        (Agreed(), NINE, NINE),
    ],
)
def test_the_first_time_that_was_ahead_decides(agreed: Agreed, asked_at: datetime, decisive: datetime) -> None:
    assert decisive_moment(agreed, asked_at) == decisive


def test_reminders_that_reach_back_to_the_question_are_left_out() -> None:
    moved = Agreed(proposed_gathering_at=NINE + HOUR)
    assert reminder_moments(moved, NINE - 24 * HOUR, LEADS) == [NINE - 12 * HOUR, NINE - 3 * HOUR, NINE - HOUR]
    assert reminder_moments(moved, NINE - 3 * HOUR, LEADS) == [NINE - HOUR]
    assert reminder_moments(moved, NINE - HOUR / 2, LEADS) == []
