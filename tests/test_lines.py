"""Templates, scripts and style sheets are written in lines that a reader sees whole; Python's are ruff's business."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 160
ENDINGS = frozenset((".html", ".js", ".css", ".svg", ".wxml", ".wxss", ".wxs", ".ts", ".typ"))


@pytest.mark.parametrize("folder", ["web", "sandbox", "miniprogram", "miniapp_api", "gateways"])
def test_no_line_is_longer_than_a_reader_sees(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS and "node_modules" not in path.parts]
    assert len(files) > 1
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert long == []
