"""What the office imposes on experts (处理): suspension, warning; the second person, the end, the appeal."""

from services.sanctions.appeals import SanctionAppeals
from services.sanctions.registry import SanctionServices
from services.sanctions.sanction_queries import (
    APPEALS,
    PROPOSALS,
    Chosen,
    OwnSanction,
    SanctionLine,
    SanctionView,
)
from services.sanctions.sanction_rules import (
    REASON_MAX,
    TEXT_MAX,
    SanctionForm,
    Terms,
    check_reason,
    read_terms,
)
from services.sanctions.sanctions import ImposedSanction, Sanctions

__all__ = [
    "APPEALS",
    "PROPOSALS",
    "REASON_MAX",
    "TEXT_MAX",
    "Chosen",
    "ImposedSanction",
    "OwnSanction",
    "SanctionAppeals",
    "SanctionForm",
    "SanctionLine",
    "SanctionServices",
    "SanctionView",
    "Sanctions",
    "Terms",
    "check_reason",
    "read_terms",
]
