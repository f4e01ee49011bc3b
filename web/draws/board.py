"""``/draw/{token}``: a draw's progress for a room, live. Totals only; whoever has the signed link may look."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import aiohttp.web as http
import structlog

from domain.clock import local, print_time
from domain.draws.lifecycles import DrawState
from domain.errors import AppError
from models.draws import Draw
from services.accounts import network_of
from services.core.outages import AWAY
from services.core.streams import OpenStreams, Stream
from services.draws import Progress, PublicLinks
from web.core.site import Site
from web.draws.three_numbers import ACTS, Roll, read_rolls, short

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at a draw that is being watched."""
BEAT_EVERY = 15.0
LONGEST = timedelta(minutes=30).total_seconds()
"""A stream ends after this; the page connects again."""
Look = Callable[[], Awaitable[tuple[Draw, Progress]]]
_OVER = (DrawState.ENDED, DrawState.TERMINATED, DrawState.RELEASED)


class LiveProgress:
    """Server-sent events ``progress`` of a draw whenever something changes; ``over`` ends them with the draw.

    ``elsewhere`` tells an old stream that newer ones of this link, log-in or network took its place.
    """

    def __init__(self, site: Site, screens: PublicLinks) -> None:
        self._site = site
        self._screens = screens
        self._streams = OpenStreams()

    async def rolls(self, draw: Draw) -> list[Roll]:
        return read_rolls(await self._screens.acts(draw, ACTS))

    async def answer(self, request: http.Request, look: Look, **whose: str) -> http.StreamResponse:
        """``look`` checks each time who asks, and raises when he may see it no more. ``whose`` link or session."""
        first = await look()
        with self._streams.open(**whose, address=network_of(self._site.address_of(request))) as stream:
            response = http.StreamResponse(
                headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
            )
            self._site.protect(response)
            try:
                await response.prepare(request)
                async for event in self._events(look, first, stream):
                    await response.write(event)
            except AWAY as error:  # the screen went away, or the database did: the page connects again
                log.info("board_stream_ended", error=type(error).__name__)
            return response

    async def _events(self, look: Look, first: tuple[Draw, Progress], stream: Stream) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        began = spoke = clock()
        draw, now = first
        yield b"retry: 3000\n\n" + _event(now, await self.rolls(draw))
        while now.state not in _OVER and clock() - began < LONGEST:
            await stream.pause(LOOK_EVERY)
            if stream.replaced:
                yield b"event: elsewhere\ndata: {}\n\n"
                return
            try:
                _, latest = await look()
            except AppError:  # the link or the log-in has run out
                yield b"event: over\ndata: {}\n\n"
                return
            if latest != now:
                now, spoke = latest, clock()
                yield _event(now, await self.rolls(draw))
            elif clock() - spoke >= BEAT_EVERY:
                spoke = clock()
                yield b": beat\n\n"
        if now.state in _OVER:
            yield b"event: over\ndata: {}\n\n"


class BoardPages:
    def __init__(self, site: Site, screens: PublicLinks) -> None:
        self._site = site
        self._screens = screens
        self._live = LiveProgress(site, screens)

    def add_routes(self) -> None:
        self._site.get("/draw/{token}", self.show)
        self._site.get("/draw/{token}/events", self.events)

    async def show(self, request: http.Request) -> http.Response:
        token = request.match_info["token"]
        draw, progress = await self._screens.board(token)
        rolls = await self._live.rolls(draw)
        return self._site.render(
            "draws/board.html",
            draw=draw,
            progress=progress,
            facts=facts_of(progress, rolls),
            token=token,
            roll=rolls[-1] if rolls else None,
            over=progress.state in _OVER,
        )

    async def events(self, request: http.Request) -> http.StreamResponse:
        token = request.match_info["token"]
        return await self._live.answer(request, lambda: self._screens.board(token), link=token)


def facts_of(progress: Progress, rolls: list[Roll]) -> dict[str, str | int]:
    """What the board shows, by the name of its place on the page."""
    facts: dict[str, str | int] = {
        "state": progress.state.value,
        "label": progress.state_label,
        "planned": progress.planned,
        "accepted": progress.accepted,
        "open": progress.open,
        "called": progress.called,
        "declined": progress.declined,
        "silent": progress.silent,
        "waiting": progress.waiting,
        "started": print_time(progress.started_at) if progress.started_at else "未开始",
        "estimated": f"{local(progress.estimated_end):%H:%M}" if progress.estimated_end else "—",
        "head": progress.log_head,
    }
    facts.update({f"condition-{c.position}": f"{c.accepted}/{c.planned}" for c in progress.conditions})
    for roll in rolls[-1:]:
        facts.update({f"roll-{one.role}": one.text for one in roll.numbers})
        facts |= {"roll-seed": short(roll.seed) if roll.seed else "等待", "roll-state": roll.state}
    return facts


def _event(progress: Progress, rolls: list[Roll]) -> bytes:
    return f"event: progress\ndata: {json.dumps(facts_of(progress, rolls), ensure_ascii=False)}\n\n".encode()
