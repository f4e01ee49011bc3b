"""Yuan for people, and capital figures for receipts."""

from __future__ import annotations

import pytest

from domain.payments.money import capital, yuan


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (35_000, "350.00"), (-120, "-1.20")])
def test_yuan_have_two_places(fen: int, text: str) -> None:
    assert yuan(fen) == text


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (105, "壹元零伍分"),
        (35_000, "叁佰伍拾元整"),
        (10_500, "壹佰零伍元整"),
        (1_000_100, "壹万零壹元整"),
        (1_005_000, "壹万零伍拾元整"),
        (100_000_000, "壹佰万元整"),
        (10_001_000_000, "壹亿零壹万元整"),
        (123_456_789, "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"),
    ],
)
def test_capital_figures_follow_the_settlement_rules(fen: int, words: str) -> None:
    assert capital(fen) == words


def test_what_no_receipt_can_say_is_refused() -> None:
    with pytest.raises(ValueError, match="no amount"):
        capital(-1)
