"""Everything that people do to a draw has a Chinese name in its log of operations."""

from __future__ import annotations

import re
from pathlib import Path

from services.draws import operation_log

SERVICES = Path(__file__).parents[3] / "services"
RECORDED = re.compile(r'(?:record|audit)\(\s*[^()]*?(?:\([^()]*\)[^()]*?)*?"([a-z_]+\.[a-z_]+)",\s*"draw"')
NOT_SHOWN = {"absence.looked_up", "attendance.names_read", "recall.panel_read", "draw.deleted"}
"""Look-ups and readings, which the log leaves out, and the end of a draft, which takes its log along."""


def test_each_recorded_act_is_named() -> None:
    recorded = {name for path in SERVICES.rglob("*.py") for name in RECORDED.findall(path.read_text(encoding="utf-8"))}
    assert len(recorded) > 30
    assert recorded - NOT_SHOWN - operation_log.LABELS.keys() == set()
