"""``pbt restore``: restores a backup into an empty database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from app.backup import Manifest, restore, settings_in
from app.boot import borrowed_servers, load_settings
from app.command_error import CommandError
from app.embedded.owner import write_private
from app.settings_env import settings_as_env
from config.logging import configure_logging
from config.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path), help="pbt backup 写出的备份文件")
@click.option(
    "--settings",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="把备份中的设置（含密钥）写到这个新文件",
)
@click.option("--settings-only", is_flag=True, help="只取出设置，不恢复数据库")
def command(file: Path, target: Path | None, settings_only: bool) -> int:
    if settings_only and target is None:
        raise CommandError("--settings-only 需要同时用 --settings 指定文件。")
    if target is not None:
        _write_settings(file, target)
        if settings_only:
            return 0
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    if _keys(settings_in(file)) != _keys(settings_as_env(settings)):
        raise CommandError(
            "备份用的密钥与当前设置不同，直接恢复后将读不出个人信息。"
            "请先用 --settings FILE --settings-only 取出备份中的设置，把其中 PBT_KEYS__ 开头的几行放入 .env，再恢复。"
        )
    manifest = asyncio.run(_restore(settings, file))
    print(f"已恢复 {manifest.created_at} 的备份（{sum(manifest.rows.values())} 行）。")
    return 0


def _write_settings(source: Path, target: Path) -> None:
    if target.exists():
        raise CommandError(f"{target} 已存在，请换一个文件名。")
    write_private(target, settings_in(source))
    print(f"备份中的设置已写到 {target}，其中含有密钥，请妥善保管。")


def _keys(env: str) -> list[str]:
    return [line for line in env.splitlines() if line.startswith("PBT_KEYS__")]


async def _restore(settings: Settings, source: Path) -> Manifest:
    async with borrowed_servers(settings) as resolved_settings:
        return await restore(resolved_settings, source)
