"""``pbt run``: everything with one command. ``make run`` ends here."""

from __future__ import annotations

import asyncio

import click

from app.all_in_one import StartPlan, run, sandbox_urls
from app.boot import load_settings
from app.command_error import CommandError
from app.commands.sandbox import DEFAULT_PORT, check_packages
from config.logging import configure_logging


@click.command()
@click.option("--web", "processes", type=int, default=1, metavar="N", help="网页与接口的进程数，默认 1")
@click.option(
    "--sandbox-port",
    "port",
    type=int,
    default=DEFAULT_PORT,
    help=f"沙箱端口，默认 {DEFAULT_PORT}；其邮件服务用下一个端口",
)
def command(processes: int, port: int) -> int:
    if not 1 <= processes <= 64:
        raise CommandError("--web 请填 1 到 64 之间的数。")
    settings = load_settings()
    configure_logging(json=settings.log_json, level=settings.log_level)
    if settings.env == "production":
        plan = StartPlan(web_processes=processes)
    else:
        check_packages()
        env = sandbox_urls(port, port + 1) if port != DEFAULT_PORT else {}
        plan = StartPlan(web_processes=processes, sandbox_port=port, settings_env=tuple(env.items()))
    asyncio.run(run(settings, plan))
    return 0
