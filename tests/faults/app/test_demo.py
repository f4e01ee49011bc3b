"""``pbt demo`` plays a draw, or an examination, to its end; its transcript contains no names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.players.people import EXPERTS

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_demonstration_fills_the_panel_and_verifies_its_record() -> None:
    command = [sys.executable, "-m", "app.cli", "demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    before, _, after = done.stdout.partition("── 八、")
    assert not any(person.name in before or person.mobile in before for person in EXPERTS)
    assert sum(person.name in after for person in EXPERTS) == 5
    for words in (
        "不参加",
        "◀ 来电",
        "▶ 按键  1 1",
        "请假",
        "补抽",
        "催促",
        "记录核对通过",
        "数据检查通过",
        "参评5/5人",
    ):
        assert words in done.stdout


@pytest.mark.slow
def test_the_demonstration_of_an_examination_ends_with_a_certificate() -> None:
    command = [sys.executable, "-m", "app.cli", "demo", "--exam"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for words in ("进入考试", "未达到合格线", "第2台设备，已答的3题都在", "摘要与登记的一致", "合格证书", "演示通过"):
        assert words in done.stdout
    assert not any(person.name in done.stdout or person.mobile in done.stdout for person in EXPERTS)
