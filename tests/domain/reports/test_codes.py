"""The code of a report, a hundred bits that a person can copy and type, and its number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.reports.codes import make_code, make_number, names_a_number, read_code

DIGEST = "0123456789abcdef" * 4


def test_a_code_holds_a_hundred_bits_of_the_digest() -> None:
    code = make_code(DIGEST)
    assert [len(group) for group in code.split("-")] == [4] * 5
    assert make_code("f" * 64) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ"
    assert make_code("0" * 64) == "2222-2222-2222-2222-2222"
    for at in range(25):  # each of its hexadecimal digits counts
        other = DIGEST[:at] + ("0" if DIGEST[at] != "0" else "1") + DIGEST[at + 1 :]
        assert make_code(other) != code


def test_a_code_is_read_however_it_is_typed() -> None:
    code = make_code(DIGEST)
    for typed in (code, code.lower(), code.replace("-", ""), code.replace("-", " "), f"\n{code.replace('-', '—')} "):
        assert read_code(typed) == code


@pytest.mark.parametrize(
    "typed", ["", "2222", "0" * 20, "I" * 20, "2" * 19, "2" * 21, "查询码", "2222-2222-2222-2222-222O"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


@pytest.mark.parametrize("digest", [DIGEST, "0" * 64, "f" * 64])
def test_a_number_has_the_local_day_and_is_found_in_a_sentence(digest: str) -> None:
    number = make_number(datetime(2026, 11, 21, 17, tzinfo=UTC), digest)
    assert number.startswith("JB261122")
    for typed in (number, number.lower(), f"{number}处理了吗", f"我的举报 {number}"):
        assert names_a_number(typed)


@pytest.mark.parametrize("typed", ["JB261122", "JB261122K7M2QXPA", "CQSQ202611210001", "2222-2222-2222-2222-2222"])
def test_other_numbers_and_codes_are_no_number_of_a_report(typed: str) -> None:
    assert not names_a_number(typed)
