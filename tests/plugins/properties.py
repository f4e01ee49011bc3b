"""Property tests: few examples, the same in each run, in ``make test``; many new ones in ``make faults``.

Hypothesis limits the time of an example by default, which refuses innocent code on a busy machine; here nothing does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

FEW = 40
TIMES = 5
"""How many times as many examples ``make faults`` tries."""
SETTINGS = "_hypothesis_internal_use_settings"
"""Where ``@given`` and ``@settings`` keep the settings of a test."""


def pytest_configure() -> None:
    """Before the modules of tests, whose own settings are based on this."""
    settings.register_profile(
        "few",
        max_examples=FEW,
        derandomize=True,
        deadline=None,
        database=None,
        print_blob=True,
    )
    settings.load_profile("few")


def is_property(item: pytest.Item) -> bool:
    return getattr(_function(item), "is_hypothesis_test", False) is True


def set_examples(properties: Iterable[pytest.Item], *, many: bool) -> None:
    """New and many examples, or few that are the same each time; whatever a test says itself, no limit of time."""
    for function in dict.fromkeys(map(_function, properties)):  # one for all parameters of a test
        known = getattr(function, SETTINGS, settings.default)
        timeless = settings(
            known, deadline=None, suppress_health_check=[*known.suppress_health_check, HealthCheck.too_slow]
        )
        number = TIMES * known.max_examples if many else known.max_examples
        setattr(function, SETTINGS, settings(timeless, max_examples=number, derandomize=not many))


def _function(item: pytest.Item) -> Any:
    return getattr(item, "obj", None)
