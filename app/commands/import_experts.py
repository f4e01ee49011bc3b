"""``pbt import-experts``: imports a sheet of experts into a pool, all or nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import click

from app.boot import borrowed_servers, load_settings
from app.command_error import CommandError
from app.commands.database import deps_for
from config.logging import configure_logging
from config.settings import Settings
from services.core.base import system
from services.experts import ExpertImport, ImportReport, render_template
from services.spreadsheets.formats import Format, SheetError, format_of, format_within

_STAGES = {"read": "读取", "check": "核对", "write": "写入"}
_SHOWN = 50


@click.command()
@click.argument("file", type=click.Path(path_type=Path), help="专家名单，.csv 或 .xlsx")
@click.option("--pool", help="专家库代码，例如 hunan；只有一个专家库时可不填")
@click.option("--dry-run", is_flag=True, help="只检查，不写入")
@click.option("--template", is_flag=True, help="不导入，把空白模板写到该文件")
def command(file: Path, pool: str | None, dry_run: bool, template: bool) -> int:
    try:
        if template:
            return _write_template(file)
        content = file.read_bytes()
        form = format_within(content)
        settings = load_settings()
        configure_logging(json=settings.log_json, level="warning")
        report = asyncio.run(_import(settings, pool, content, form, dry_run=dry_run))
    except SheetError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"文件 {file} 无法读写：{error.strerror}。") from error
    return _print_report(report, dry_run=dry_run)


def _write_template(path: Path) -> int:
    if path.exists():
        raise CommandError(f"文件 {path} 已存在，请换一个文件名。")
    path.write_bytes(render_template(format_of(path.name)))
    print(f"模板已写入 {path}，第2行是示例，请替换为真实数据。")
    return 0


async def _import(settings: Settings, pool: str | None, content: bytes, form: Format, *, dry_run: bool) -> ImportReport:
    chosen = _pool(settings, pool)
    async with borrowed_servers(settings) as resolved_settings, deps_for(resolved_settings) as deps:
        return await ExpertImport(deps).run(system(chosen), content, form, progress=_progress(), dry_run=dry_run)


def _pool(settings: Settings, pool: str | None) -> str:
    if pool is None and len(settings.pools) == 1:
        return settings.pools[0]
    if pool not in settings.pools:
        raise CommandError(f"请用 --pool 指明专家库，可用的有：{'、'.join(settings.pools)}。")
    return pool


def _progress() -> Callable[[str, int, int], None]:
    """One line that is overwritten on a terminal; no output into a file."""

    def show(stage: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            of = f"/{total}" if total else ""
            print(f"\r{_STAGES.get(stage, stage)} {done}{of} 人", end="", file=sys.stderr, flush=True)

    return show


def _print_report(report: ImportReport, *, dry_run: bool) -> int:
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if not report.errors:
        verb = "检查通过（未写入）" if dry_run else "导入完成"
        print(f"{verb}：共 {report.total} 人，新增 {report.created} 人，更新 {report.updated} 人。")
        return 0
    for error in report.errors[:_SHOWN]:
        print(f"第{error.line}行 {error.column}：{error.reason}")
    more = len(report.errors) - _SHOWN
    if more > 0:
        print(f"……另有 {more}{' 处以上' if report.more_errors else ' 处'}错误。")
    print("没有写入任何数据。请修改以上错误后重新导入。", file=sys.stderr)
    return 1
