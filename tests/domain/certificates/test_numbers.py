"""Numbers of certificates."""

from __future__ import annotations

from stdnum.iso7064 import mod_37_36

from domain.certificates.numbers import make_number, next_issue


def test_a_number_names_pool_year_kind_and_serial_and_ends_in_a_check_character() -> None:
    number = make_number("XJ", 2026, "J", 17)
    assert number.startswith("XJ2026J-000017")
    assert mod_37_36.is_valid(number.replace("-", ""))


def test_two_digits_exchanged_are_found() -> None:
    number = make_number("XJ", 2026, "J", 12).replace("-", "")
    assert not mod_37_36.is_valid(number.replace("2026", "2062"))


def test_a_certificate_issued_anew_counts_up() -> None:
    assert next_issue("XJ2026J-0000017") == "XJ2026J-0000017-2"
    assert next_issue("XJ2026J-0000017-2") == "XJ2026J-0000017-3"
    assert next_issue("XJ2026J-0000017-9") == "XJ2026J-0000017-10"
