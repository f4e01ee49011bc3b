"""Server-sent events of a draw, for pages and the API: permission checks, heartbeat and end.

An edge opens the response, serialises a snapshot and checks its viewer's permission; ``watch_events`` does the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from domain.draws.lifecycles import OVER
from services.core.streams import Stream
from services.draws.live import Watch

CHANGE_TIMEOUT = 1.0
"""Seconds within which a replaced stream ends."""
HEARTBEAT_INTERVAL = 15.0
"""Seconds of silence after which a comment keeps the connection open."""
CHECK_INTERVAL = 30.0
"""Seconds between checks of the viewer's permission."""
LONGEST = timedelta(minutes=30).total_seconds()
"""Seconds after which a stream ends; the client connects again."""
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
    end_event: bytes = b"",
) -> AsyncIterator[bytes]:
    """The output of ``write`` for each change, until the draw is over or ``LONGEST`` has passed.

    ``check`` returns the last event for a viewer who lost the permission, else None. A replaced stream ends with
    ``elsewhere``; ``end_event`` is sent when the draw has ended.
    """
    clock = asyncio.get_running_loop().time
    began = checked = spoke = clock()
    yield RETRY + write(watch)
    while watch.snapshot.progress.state not in OVER and clock() - began < LONGEST:
        changed = await watch.wait_for_change(CHANGE_TIMEOUT)
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
    if end_event and watch.snapshot.progress.state in OVER:
        yield end_event
