"""``pbt catalogue import``: updates regions, specialties and the other catalogues of the pools."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from app.boot import borrowed_servers, load_settings
from app.command_error import CommandError
from app.commands.database import deps_for
from app.demo.data import pool_catalogues
from config.logging import configure_logging
from config.settings import Settings
from domain.catalogues import CatalogueError, CatalogueItem, Kind
from services.catalogues import Catalogues
from services.core.base import Deps, system

_NAMES = {
    "region": "地区",
    "specialty": "评标专业",
    "title_level": "职称",
    "qualification": "执业资格",
    "department": "行业部门",
}


@click.command()
@click.option("--pool", help="只更新一个专家库；不填则更新全部")
@click.option("--folder", type=click.Path(path_type=Path), help="目录文件夹，默认为随程序附带的 config/catalogues")
def command(pool: str | None, folder: Path | None) -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    if pool is not None and pool not in settings.pools:
        raise CommandError(f"没有专家库 {pool}，可用的有：{'、'.join(settings.pools)}。")
    source = folder or settings.rulebooks.parent / "catalogues"
    try:
        asyncio.run(_import(settings, [pool] if pool else settings.pools, source))
    except CatalogueError as error:
        raise CommandError(
            "目录文件有误，没有写入：\n" + "\n".join(f"  · {problem}" for problem in error.problems)
        ) from error
    return 0


async def _import(settings: Settings, pools: list[str], folder: Path) -> None:
    async with borrowed_servers(settings) as resolved_settings, deps_for(resolved_settings) as deps:
        loaded = {pool: pool_catalogues(deps.book(pool), folder) for pool in pools}
        for pool, catalogues in loaded.items():
            await _replace(deps, pool, catalogues)


async def _replace(deps: Deps, pool: str, catalogues: dict[Kind, list[CatalogueItem]]) -> None:
    for report in await Catalogues(deps).replace(system(pool), catalogues):
        gone = f"，移除 {report.removed} 项" if report.removed else ""
        still_used = f"，仍有专家使用而保留：{'、'.join(report.still_used)}" if report.still_used else ""
        print(f"{pool} {_NAMES[report.kind]}：{report.total} 项{gone}{still_used}")
