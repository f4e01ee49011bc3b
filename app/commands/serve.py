"""``pbt serve``: web pages, mini-program API and callbacks."""

from __future__ import annotations

import asyncio
import signal

import click
import uvloop
from aiohttp import web

from app.boot import load_settings, resolve_servers
from app.file_limit import raise_file_limit
from app.http_edge import UNFINISHED_MAX, UnfinishedHeads, listen
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
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(_serve(settings, reuse_port=reuse_port))
    return 0


async def _serve(settings: Settings, *, reuse_port: bool) -> None:
    """Until SIGINT or SIGTERM."""
    runner = web.AppRunner(await _create(settings), access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    stop, loop, http = asyncio.Event(), asyncio.get_running_loop(), settings.http
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    # behind our own proxies each address is one of theirs, and they wait for whole heads themselves
    heads = UnfinishedHeads(None if http.trusted_proxies else UNFINISHED_MAX)
    try:
        server = await listen(runner, http.host, http.port, heads=heads, backlog=http.backlog, reuse_port=reuse_port)
        await stop.wait()
        server.close()
    finally:
        await runner.cleanup()


async def _create(settings: Settings) -> web.Application:
    app = await create_app(settings)
    app.on_shutdown.insert(0, _limit_end)
    asyncio.get_running_loop().call_later(SETTLE_AFTER, freeze_startup_objects)
    return app


async def _limit_end(_app: web.Application) -> None:
    end_within()
