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
from services.sanctions.sanction_rules import REASON_MAX, TEXT_MAX, SanctionForm
from services.sanctions.sanction_sheets import ACTS, BYTES_MAX, SHEET_TTL, WAITING_SHEETS, SanctionSheetView
from services.sanctions.sanctions import ImposedSanction, Sanctions
from services.sanctions.sheet_rows import ROWS_MAX, render_template

__all__ = [
    "ACTS",
    "APPEALS",
    "BYTES_MAX",
    "PROPOSALS",
    "REASON_MAX",
    "ROWS_MAX",
    "SHEET_TTL",
    "TEXT_MAX",
    "WAITING_SHEETS",
    "Chosen",
    "ImposedSanction",
    "OwnSanction",
    "SanctionAppeals",
    "SanctionForm",
    "SanctionLine",
    "SanctionServices",
    "SanctionSheetView",
    "SanctionView",
    "Sanctions",
    "render_template",
]
