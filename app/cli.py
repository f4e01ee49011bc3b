"""``pbt``: the command line. Each command is a module of ``app.commands``, imported only when it is called."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import click

from app.command_error import CommandError
from domain.errors import AppError, RulebookError

Commands = Mapping[str, tuple[str, str]]

COMMANDS: Commands = {
    "run": ("run", "一条命令启动全部：数据库、网页与接口、后台任务、沙箱"),
    "demo": ("demo", "不开浏览器演示一次完整的抽取，并验算抽取记录；--exam 演示考试"),
    "serve": ("serve", "只启动网页与接口进程"),
    "worker": ("worker", "只启动后台任务进程"),
    "sandbox": ("sandbox", "只启动沙箱（手机页面与各平台的替身）"),
    "migrate": ("migrate", "把数据库升级到当前版本"),
    "doctor": ("doctor", "检查离正式上线还缺什么"),
    "backup": ("backup", "备份数据库、密钥与设置到一个文件"),
    "restore": ("restore", "从备份文件恢复到空数据库"),
    "import-experts": ("import_experts", "从 .csv 或 .xlsx 导入专家名单"),
    "admin": ("admin", "任命、取消、列出专家库管理员"),
    "menu push": ("menu_push", "更新公众号菜单"),
    "scene": ("scene", "生成公众号场景二维码，例如绑定身份用"),
    "catalogue import": ("catalogue", "更新地区、评标专业等目录"),
    "rulebook check": ("rulebook_check", "检查各省规则文件"),
    "audit-draw": ("audit_draw", "复核一次抽取的名单、跳过和通知理由"),
    "verify-receipt": ("verify_receipt", "不联网核对一份考试交卷回执"),
    "verify-draw": ("verify_draw", "重新验算一份公布的抽取记录"),
}
"""Module and help by name. A name of two words is a group and a command in it."""


class LazyGroup(click.Group):
    """Commands by name, one or two words long; a module is imported when its command is called, not for ``--help``."""

    def __init__(self, table: Commands, name: str | None = None, **attributes: Any) -> None:
        super().__init__(name, options_metavar="", subcommand_metavar="<命令> [选项]", **attributes)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(dict.fromkeys(name.split()[0] for name in self._table))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self._table:
            module, text = self._table[cmd_name]
            command: click.Command = _import(f"app.commands.{module}").command
            command.help = text
            return command
        prefix = f"{cmd_name} "
        inner = {name.removeprefix(prefix): entry for name, entry in self._table.items() if name.startswith(prefix)}
        return LazyGroup(inner, cmd_name) if inner else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            words = [*ctx.command_path.split()[1:], args[0]]
            ctx.fail(f"没有这个命令：{' '.join(words)}。运行 pbt --help 查看全部命令。")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("命令"):
            formatter.write_dl([(name, text) for name, (_module, text) in self._table.items()])


def _import(name: str) -> ModuleType:
    """Import with the garbage collector off: nearly all that modules create stays, and collecting takes a tenth of the
    time."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.enable()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. Expected failures print one sentence on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    names = {"help_option_names": ["-h", "--help"]}
    pbt = LazyGroup(COMMANDS, help="评标通。", epilog="每个命令都有 --help。", context_settings=names)
    try:
        return int(pbt.main(words, prog_name="pbt", standalone_mode=False))
    except click.UsageError as error:
        error.show()
        return error.exit_code
    except (CommandError, AppError, RulebookError) as error:
        print(error, file=sys.stderr)
        return 1
    except click.Abort:
        return 130


if __name__ == "__main__":
    sys.exit(main())
