"""``pbt backup``: database, keys and settings into one file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from app.backup import Manifest, back_up
from app.boot import borrowed_servers, load_settings
from config.logging import configure_logging
from config.settings import Settings


@click.command()
@click.argument(
    "file", type=click.Path(path_type=Path), help="要写出的备份文件，例如 pbt-2026-11-21.tar；不覆盖已有文件"
)
def command(file: Path) -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    manifest = asyncio.run(_back_up(settings, file))
    size = file.stat().st_size / 1_000_000
    print(f"已备份到 {file}（{sum(manifest.rows.values())} 行，{size:.1f} MB）。")
    print("文件中含有密钥，任何人拿到它都能读出个人信息：请加密存放，并与数据库分开保管。")
    return 0


async def _back_up(settings: Settings, target: Path) -> Manifest:
    async with borrowed_servers(settings) as resolved_settings:
        return await back_up(resolved_settings, target, datetime.now(UTC))
