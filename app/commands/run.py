"""``pbt run``: everything with one command. ``make run`` ends here."""

from __future__ import annotations

import argparse
import asyncio

from app.boot import load_settings
from app.command_error import CommandError
from app.commands.sandbox import DEFAULT_PORT
from app.run import Plan, sandbox_urls
from app.run import run as run_all
from config.logging import configure_logging


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--web", type=int, default=1, metavar="N", help="网页与接口的进程数，默认 1")
    parser.add_argument(
        "--sandbox-port", type=int, default=DEFAULT_PORT, help=f"沙箱端口，默认 {DEFAULT_PORT}；其邮件服务用下一个端口"
    )


def run(options: argparse.Namespace) -> int:
    if not 1 <= options.web <= 64:
        raise CommandError("--web 请填 1 到 64 之间的数。")
    settings = load_settings()
    configure_logging(json=settings.log_json, level=settings.log_level)
    if settings.env == "production":
        plan = Plan(web_processes=options.web)
    else:
        port: int = options.sandbox_port
        env = sandbox_urls(port, port + 1) if port != DEFAULT_PORT else {}
        plan = Plan(web_processes=options.web, sandbox_port=port, settings_env=tuple(env.items()))
    asyncio.run(run_all(settings, plan))
    return 0
