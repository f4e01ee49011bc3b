"""Examinations: the item bank, papers, sittings, marking and results."""

from services.exams.assembly import ExamServices, build

__all__ = ["ExamServices", "build"]
