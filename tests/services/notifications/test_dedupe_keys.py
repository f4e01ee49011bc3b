"""What happens twice is told twice, also within a second: a repetition that is dropped may be the one that counts."""

from __future__ import annotations

import re
from pathlib import Path

SERVICES = Path(__file__).parents[3] / "services"
ROUNDED = re.compile(r"now(\(\))?\.timestamp\(\):\.0f")


def test_no_message_is_told_apart_by_a_rounded_moment() -> None:
    rounded = [
        f"{path.name}:{number}"
        for path in sorted(SERVICES.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ROUNDED.search(line)
    ]
    assert rounded == []
