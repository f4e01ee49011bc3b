"""The audit of reasons at the command line: plain words, and an exit code that a script understands."""

from __future__ import annotations

import pytest

from app.cli import main
from app.commands import audit_draw
from services.draws import AuditReport
from services.draws.results.audits import AuditLine, Verdict
from tests.factories.settings import make_settings


@pytest.mark.parametrize(
    ("verdict", "word", "code"), [("holds", "属实", 0), ("wrong", "不符", 1), ("unknown", "无法复核", 3)]
)
def test_each_line_is_printed_and_the_worst_decides(
    verdict: Verdict, word: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (AuditLine("holds", 3, "第1轮：回避名单一致。"), AuditLine(verdict, 7, "第7条跳过（已停用）。"))
    assert audit_draw.print_report(AuditReport("CQSQ202611210001", lines)) == code
    printed = capsys.readouterr().out
    assert f"{word}　第7条跳过（已停用）。" in printed
    assert f"活动 CQSQ202611210001：{word}。" in printed


def test_a_number_that_no_draw_has_is_said(
    database: str, redis: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings(database_url=database, redis_url=redis)
    monkeypatch.setattr(audit_draw, "load_settings", lambda: settings)
    monkeypatch.setattr(audit_draw, "configure_logging", lambda **_: None)
    assert main(["audit-draw", "CQSQ209901010001"]) == 1
    assert "没有编号为 CQSQ209901010001 的抽取活动" in capsys.readouterr().err
