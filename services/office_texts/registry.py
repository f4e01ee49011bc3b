"""Use cases of the office's texts, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.office_texts.editing import OfficeTexts
from services.office_texts.venues import Venues


@dataclass(frozen=True)
class OfficeTextServices:
    texts: OfficeTexts
    venues: Venues
