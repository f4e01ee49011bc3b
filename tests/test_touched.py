"""``make quick`` runs the tests that a change touches."""

from __future__ import annotations

import pytest

from tests.touched import touched


@pytest.mark.parametrize(
    ("changed", "test"),
    [
        ("services/payments/orders.py", "tests/services/payments"),
        ("services/draws/calls/calling.py", "tests/services/draws"),
        ("domain/rulebook/layers.py", "tests/domain/rulebook"),
        ("web/payments/pay.py", "tests/web/payments"),
        ("web/templates/payments/pay.html", "tests/web/payments"),
        ("web/templates/payments/pay.html", "tests/test_words.py"),
        ("web/static/draws/board.js", "tests/web/draws"),
        ("web/templates/core/base.html", "tests/web"),
        ("config/rulebooks/hunan.toml", "tests/config/test_rulebooks.py"),
        ("tests/web/conftest.py", "tests/web"),
        ("tests/web/payments/test_pay.py", "tests/web/payments/test_pay.py"),
        ("tests/factories/payments.py", "tests/handlers/test_payment.py"),
        ("pyproject.toml", "tests"),
        ("tests/plugins/servers.py", "tests"),
    ],
)
def test_a_file_leads_to_the_tests_of_its_area_and_to_those_that_import_it(changed: str, test: str) -> None:
    assert test in touched([changed])


def test_a_file_of_a_folder_that_runs_anyway_is_not_named_again() -> None:
    assert touched(["tests/web/conftest.py", "tests/web/payments/test_pay.py"]) == ["tests/web"]


def test_what_no_test_reads_touches_none() -> None:
    assert touched(["CHANGELOG.md", "tests/web/test_that_is_gone.py"]) == []
