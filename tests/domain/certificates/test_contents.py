"""The digest of a certificate's contents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.certificates.contents import Contents, digest

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
