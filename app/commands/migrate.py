"""``pbt migrate``: brings the database to the current schema."""

from __future__ import annotations

import asyncio

import click

from app.boot import borrowed_servers, load_settings
from app.commands.database import bring_up_to_date
from config.logging import configure_logging
from config.settings import Settings


@click.command()
def command() -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    asyncio.run(_migrate(settings))
    return 0


async def _migrate(settings: Settings) -> None:
    async with borrowed_servers(settings) as resolved_settings:
        names, begun = await bring_up_to_date(resolved_settings)
    for name in names:
        print(f"已升级：{name}")
    print(f"数据库已是最新版本（本次升级 {len(names)} 步）。")
    if begun.count:
        print(f"已为{begun.count}位专家建立档案，其中{len(begun.doubts)}位有内容需要核对。")
    for number, doubts in begun.doubts.items():
        print(f"需要核对：{number}：{'；'.join(doubts)}。")
