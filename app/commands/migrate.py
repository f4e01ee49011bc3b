"""``pbt migrate``: brings the database to the current schema."""

from __future__ import annotations

import asyncio

import click

from app.boot import borrowed_servers, load_settings
from config.logging import configure_logging
from config.settings import Settings
from models.migrate import migrate


@click.command()
def command() -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    asyncio.run(_migrate(settings))
    return 0


async def _migrate(settings: Settings) -> None:
    async with borrowed_servers(settings) as resolved_settings:
        names = await migrate(resolved_settings.database_url)
    for name in names:
        print(f"已升级：{name}")
    print(f"数据库已是最新版本（本次升级 {len(names)} 步）。")
