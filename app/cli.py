"""``pbt``: the command line. Each command is a module of ``app.commands``, imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from app.command_error import CommandError
from app.embedded import EmbeddedError
from domain.errors import AppError
from domain.rulebook.book import RulebookError

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "一条命令启动全部：数据库、网页与接口、后台任务、沙箱"),
    "demo": ("demo", "不开浏览器演示一次完整的抽取，并验算抽取记录"),
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
    "verify-draw": ("verify_draw", "重新验算一份公布的抽取记录"),
}
"""Name to module and help. A name of two words is a group and a command in it."""


class Command(Protocol):
    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, options: argparse.Namespace) -> int: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit status. Expected failures are one sentence on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = _find(words)
    if name is None:
        overview = _overview()
        if not words or words[0] in ("-h", "--help"):
            overview.print_help()
            return 0
        overview.error(f"没有这个命令：{' '.join(words[:2])}。运行 pbt --help 查看全部命令。")
    command = cast("Command", importlib.import_module(f"app.commands.{COMMANDS[name][0]}"))
    parser = argparse.ArgumentParser(prog=f"pbt {name}", description=COMMANDS[name][1])
    command.configure(parser)
    options = parser.parse_args(words[len(name.split()) :])
    try:
        return command.run(options)
    except (CommandError, EmbeddedError, AppError, RulebookError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _find(words: Sequence[str]) -> str | None:
    for count in (2, 1):
        name = " ".join(words[:count])
        if name in COMMANDS:
            return name
    return None


def _overview() -> argparse.ArgumentParser:
    lines = "\n".join(f"  {name:<18}{text}" for name, (_module, text) in COMMANDS.items())
    return argparse.ArgumentParser(
        prog="pbt",
        usage="pbt <命令> [选项]",
        description=f"评标通。命令：\n{lines}\n\n每个命令都有 --help。",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


if __name__ == "__main__":
    sys.exit(main())
