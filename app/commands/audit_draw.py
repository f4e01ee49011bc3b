"""``pbt audit-draw``: judges a draw's candidates, skips and calls again, by the facts stored at that time."""

from __future__ import annotations

import asyncio

import click

from app.boot import borrowed_servers, load_settings
from app.command_error import CommandError
from app.commands.database import deps_for
from config.logging import configure_logging
from config.settings import Settings
from models.draws import Draw
from services.core.base import system
from services.draws import AuditReport, DrawAccess, DrawAudits

_MARKS = {"holds": "属实", "wrong": "不符", "unknown": "无法复核"}
_EXITS = {"holds": 0, "wrong": 1, "unknown": 3}


@click.command()
@click.argument("number", help="活动编号，例如 CQSQ202611210001")
@click.option("--pool", help="专家库代码；编号在多个专家库中都有时须填写")
def command(number: str, pool: str | None) -> int:
    """Exit code: 0 all correct, 1 something is wrong, 3 something can't be judged any more. A refusal is 1, too."""
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    return print_report(asyncio.run(_audit(settings, number, pool)))


def print_report(report: AuditReport) -> int:
    for line in report.lines:
        print(f"{_MARKS[line.verdict]}　{line.text}")
    print(f"活动 {report.draw_number}：{_MARKS[report.verdict]}。")
    return _EXITS[report.verdict]


async def _audit(settings: Settings, number: str, pool: str | None) -> AuditReport:
    async with borrowed_servers(settings) as resolved_settings, deps_for(resolved_settings) as deps:
        draws = await Draw.filter(number=number, **({"pool": pool} if pool else {}))
        if not draws:
            raise CommandError(f"没有编号为 {number} 的抽取活动。")
        if len(draws) > 1:
            raise CommandError(f"编号 {number} 在多个专家库中都有，请用 --pool 指明。")
        [draw] = draws
        return await DrawAudits(deps, DrawAccess(deps)).run(system(draw.pool), draw.id)
