"""``pbt serve``: web pages, mini-program API and callbacks."""

from __future__ import annotations

import asyncio

import click
import uvloop
from aiohttp import web

from app.boot import load_settings, resolve_servers
from app.file_limit import raise_file_limit
from app.memory import freeze_startup_objects, give_back_large_blocks
from app.shutdown_limit import end_within
from app.web import create_app
from config.logging import configure_logging
from config.settings import Settings

SETTLE_AFTER = 1.0
"""Seconds after the start until memory is settled, which takes 80 ms that would delay the start."""
GRACE = 2.0
"""Seconds for open requests at shutdown."""


@click.command()
@click.option("--reuse-port", is_flag=True, help="与其他 serve 进程共用同一端口")
def command(reuse_port: bool) -> int:
    give_back_large_blocks()
    raise_file_limit()
    settings = resolve_servers(load_settings())
    configure_logging(json=settings.log_json, level=settings.log_level)
    web.run_app(
        _create(settings),
        host=settings.http.host,
        port=settings.http.port,
        reuse_port=True if reuse_port else None,
        backlog=settings.http.backlog,
        access_log=None,
        print=None,
        shutdown_timeout=GRACE,
        loop=uvloop.new_event_loop(),
        auto_decompress=False,  # see app.body_limits
    )
    return 0


async def _create(settings: Settings) -> web.Application:
    app = await create_app(settings)
    app.on_shutdown.insert(0, _limit_end)
    asyncio.get_running_loop().call_later(SETTLE_AFTER, freeze_startup_objects)
    return app


async def _limit_end(_app: web.Application) -> None:
    end_within()
