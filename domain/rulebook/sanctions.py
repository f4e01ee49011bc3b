"""Section of a rulebook on what the office imposes on experts (处理): second person, appeal."""

from __future__ import annotations

from typing import Literal

from domain.rulebook.types import Duration, Items, Section

SanctionCode = Literal["suspension", "warning", "removal"]


class SanctionRules(Section):
    """Suspension (暂停抽取), warning (警告), removal (退库)."""

    second_person: Items[SanctionCode]
    """What takes effect only when another member of the office has confirmed it."""
    appeal_within: Duration
    """How long after it took effect the expert may appeal (申诉)."""
