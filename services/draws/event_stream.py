"""Server-sent events of a draw that is watched, the same for pages and the API: when to check, beat and end.

An edge opens the response, says how a snapshot is written and checks its watcher; ``watch_events`` does the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from domain.draws.lifecycles import OVER
from services.core.streams import Stream
from services.draws.live import Watch

CHANGE_TIMEOUT = 1.0
"""Seconds; a stream that newer ones have replaced ends within them."""
HEARTBEAT_INTERVAL = 15.0
"""Seconds of silence after which a comment keeps the connection open."""
CHECK_INTERVAL = 30.0
"""Seconds after which it is checked again whether a watcher may look."""
LONGEST = timedelta(minutes=30).total_seconds()
"""A stream ends after this; the client connects again."""
RETRY = b"retry: 3000\n\n"
BEAT = b": beat\n\n"


def event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


async def watch_events(
    watch: Watch,
    stream: Stream,
    *,
    write: Callable[[Watch], bytes],
    check: Callable[[], Awaitable[bytes | None]],
    over: bytes = b"",
) -> AsyncIterator[bytes]:
    """What ``write`` makes of each change, until the draw is over or ``LONGEST`` has passed.

    ``check`` answers the last event of a watcher who may look no more, else None. A replaced stream ends with
    ``elsewhere``; ``over`` is sent when the draw has ended.
    """
    clock = asyncio.get_running_loop().time
    began = checked = spoke = clock()
    yield RETRY + write(watch)
    while watch.snapshot.progress.state not in OVER and clock() - began < LONGEST:
        changed = await watch.changes(CHANGE_TIMEOUT)
        if stream.replaced:
            yield event("elsewhere", "{}")
            return
        if clock() - checked >= CHECK_INTERVAL:
            checked = clock()
            if (last := await check()) is not None:
                yield last
                return
        if changed:
            spoke = clock()
            yield write(watch)
        elif clock() - spoke >= HEARTBEAT_INTERVAL:
            spoke = clock()
            yield BEAT
    if over and watch.snapshot.progress.state in OVER:
        yield over
