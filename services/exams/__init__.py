"""Examinations: the item bank, papers, sittings, marking and results."""

from services.exams.assembly import ExamServices, build
from services.exams.bank_queries import Cell, FrozenIn, ItemFilter, ItemLine, ItemView, Sort, VersionView
from services.exams.item_import import BYTES_MAX, ITEMS_MAX, render_template
from services.exams.item_pictures import BYTES_MAX as PICTURE_MAX

__all__ = [
    "BYTES_MAX",
    "ITEMS_MAX",
    "PICTURE_MAX",
    "Cell",
    "ExamServices",
    "FrozenIn",
    "ItemFilter",
    "ItemLine",
    "ItemView",
    "Sort",
    "VersionView",
    "build",
    "render_template",
]
