"""What examinations are made of, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask


@dataclass(frozen=True)
class ExamServices:
    due_tasks: tuple[DueTask, ...]


def build() -> ExamServices:
    return ExamServices(due_tasks=())
