"""Texts of the rulebook that the office words itself, with their history."""

from services.office_texts.editing import REASON_MAX, OfficeTexts, PublishedEdit, TextView
from services.office_texts.registry import OfficeTextServices
from services.office_texts.venues import VenueForm, Venues

__all__ = ["REASON_MAX", "OfficeTextServices", "OfficeTexts", "PublishedEdit", "TextView", "VenueForm", "Venues"]
