"""Use cases of office sheets, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.office_sheets.sheets import OfficeSheets


@dataclass(frozen=True)
class OfficeSheetServices:
    sheets: OfficeSheets
