"""The time line of an expert (履职记录): what happened to the file and with it, newest first, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.lifecycle import Labelled


class TimelineKind(Labelled):
    """What an entry is about."""

    FILE = "file", "资料变更"
    STANDING = "standing", "在库状态"
    APPLICATION = "application", "申请"
    PANEL = "panel", "评标"
    MISSED = "missed", "未参加"
    """Refusals, silence, leaves, absences."""
    MONEY = "money", "酬劳"
    STUDY = "study", "培训考试"
    """Courses, examinations, certificates."""
    AWAY = "away", "日程"
    """Times in which the expert is not drawn."""


@dataclass(frozen=True)
class TimelineEntry:
    """``title`` says what happened, ``lines`` the particulars. ``day_only``: the time of day is not known. ``page``: an
    address that shows more; empty: there is none."""

    at: datetime
    kind: TimelineKind
    title: str
    lines: tuple[str, ...] = ()
    day_only: bool = False
    page: str = ""
