"""``pbt doctor``: reports in plain words what is missing for production."""

from __future__ import annotations

import asyncio

import click

from app.boot import borrowed_servers, read_settings
from app.doctor.examination import examine, render
from app.doctor.findings import CheckFinding
from config.logging import configure_logging
from config.settings import Settings


@click.command()
def command() -> int:
    settings = read_settings()
    configure_logging(json=settings.log_json, level="error")
    findings = asyncio.run(_examine(settings))
    print(render(findings))
    return 1 if any(finding.state == "problem" for finding in findings) else 0


async def _examine(settings: Settings) -> list[CheckFinding]:
    async with borrowed_servers(settings) as resolved_settings:
        return await examine(resolved_settings)
