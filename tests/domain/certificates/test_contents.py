"""Numbers of certificates, and the digest of what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from stdnum.iso7064 import mod_37_36

from domain.certificates.contents import Contents, digest, make_number, next_issue

ONE = Contents(
    "XJ2026J-0000017",
    "继续教育合格证书",
    "测试员",
    "4113***6933",
    "新疆评标专家库",
    (("学时", "24"),),
    datetime(2026, 11, 21, tzinfo=UTC),
    None,
)


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


@pytest.mark.parametrize(
    "changed",
    [
        replace(ONE, holder="测试圆"),
        replace(ONE, number="XJ2026J-0000018"),
        replace(ONE, facts=(("学时", "25"),)),
        replace(ONE, facts=()),
        replace(ONE, masked_id_number="4113***6934"),
        replace(ONE, issued_at=ONE.issued_at + timedelta(seconds=1)),
        replace(ONE, valid_until=ONE.issued_at),
        replace(ONE, issuer=""),
        replace(ONE, title="证书"),
    ],
)
def test_whatever_is_changed_changes_the_digest(changed: Contents) -> None:
    assert digest(changed) != digest(ONE) == digest(replace(ONE))
