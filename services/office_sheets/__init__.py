"""Acts of the office on many experts by a sheet: checked and shown, confirmed, and done by a worker row by row."""

from services.office_sheets.acts import SheetAct
from services.office_sheets.expert_rows import ROWS_MAX
from services.office_sheets.registry import OfficeSheetServices
from services.office_sheets.sanctions import ACTS
from services.office_sheets.sheets import BYTES_MAX, SHEET_TTL, WAITING_SHEETS, OfficeSheets
from services.office_sheets.terms import TermForm
from services.office_sheets.views import SheetState

__all__ = [
    "ACTS",
    "BYTES_MAX",
    "ROWS_MAX",
    "SHEET_TTL",
    "WAITING_SHEETS",
    "OfficeSheetServices",
    "OfficeSheets",
    "SheetAct",
    "SheetState",
    "TermForm",
]
