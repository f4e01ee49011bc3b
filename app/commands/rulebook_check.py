"""``pbt rulebook check``: reports faults in the provinces' rulebooks, or that there are none."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.rulebook_files import check_rulebooks
from config.settings import Settings

_FOLDER: Path = Settings.model_fields["rulebooks"].default


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=_FOLDER, help=f"规则文件目录，默认 {_FOLDER}")
def command(folder: Path) -> int:
    files = sorted(path.name for path in folder.glob("[!_]*.toml"))
    if not files:
        print(f"{folder} 中没有规则文件（*.toml）。", file=sys.stderr)
        return 1
    problems = check_rulebooks(folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"共 {len(problems)} 处问题，请修改后重试。", file=sys.stderr)
        return 1
    print(f"{len(files)} 份规则文件全部有效：{'、'.join(files)}")
    return 0
