"""``pbt worker``: background jobs."""

from __future__ import annotations

import asyncio
import signal

import click
import uvloop

from app.boot import load_settings, resolve_servers
from app.file_limit import raise_file_limit
from app.memory import give_back_large_blocks
from app.shutdown_limit import end_within
from app.worker import run_worker
from config.logging import configure_logging
from config.settings import Settings


@click.command()
def command() -> int:
    give_back_large_blocks()
    raise_file_limit()
    settings = resolve_servers(load_settings())
    configure_logging(json=settings.log_json, level=settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work_until_stopped(settings))
    return 0


async def _work_until_stopped(settings: Settings) -> None:
    """Cancel the worker at the first signal; it then releases its jobs."""
    work = asyncio.ensure_future(run_worker(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _end, work)
    try:
        await work
    except asyncio.CancelledError:
        return


def _end(work: asyncio.Future[None]) -> None:
    end_within()
    work.cancel()
