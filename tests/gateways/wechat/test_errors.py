from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.errors import NeedsOperator, Rejected, Transient
from gateways.wechat.errors import MEANINGS, ErrorAction, failure, meaning

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""Beijing time."""


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_bad_token_is_fetched_again(code: int) -> None:
    assert meaning(code).act is ErrorAction.REFRESH


@pytest.mark.parametrize(
    ("code", "seconds"), [(-1, 2), (43108, 2), (45011, 60), (44991, 60), (45009, 43200), (44993, 43200)]
)
def test_limits_say_when_to_come_back(code: int, seconds: float) -> None:
    error = failure(code, NOON)
    assert isinstance(error, Transient)
    assert error.retry_after == seconds


@pytest.mark.parametrize("code", [43004, 43101, 45015, 45047, 47003, 99999])
def test_refusals_carry_the_platform_code(code: int) -> None:
    error = failure(code, NOON)
    assert isinstance(error, Rejected)
    assert error.vendor_code == str(code)


@pytest.mark.parametrize("code", [40164, 89503, 48001, 40125])
def test_an_error_that_only_an_operator_can_mend_raises_an_alarm(code: int) -> None:
    assert meaning(code).act is ErrorAction.ALARM
    assert isinstance(failure(code, NOON), NeedsOperator)


def test_success_is_no_error() -> None:
    assert 0 not in MEANINGS
