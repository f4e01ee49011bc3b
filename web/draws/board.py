"""``/draw/{token}``: live progress of a draw for a big screen. Totals only; access needs only the signed link."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp.web as http
import structlog

from domain.clock import local, print_time
from domain.draws.lifecycles import OVER
from domain.errors import AppError
from services.accounts import network_of
from services.core.outages import AWAY
from services.core.streams import OpenStreams, Stream
from services.draws import (
    ROUND_ACTS,
    DrawTotals,
    DrawView,
    LiveDraws,
    PublicLinks,
    Snapshot,
    Watch,
    event,
    watch_events,
)
from web.core.site import Site
from web.draws.three_numbers import Roll, read_rolls, short

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[DrawView]]
_END = event("over", "{}")


class LiveProgress:
    """Server-sent events ``progress`` of a draw whenever something changes; ``over`` ends them with the draw.

    ``elsewhere`` notifies an old stream that newer ones of this link, log-in or network replaced it.
    """

    def __init__(self, site: Site, links: PublicLinks, live: LiveDraws) -> None:
        self._site = site
        self._links = links
        self._live = live
        self._streams = OpenStreams()

    async def rolls(self, draw: DrawView) -> list[Roll]:
        return read_rolls(await self._links.acts(draw, ROUND_ACTS))

    async def answer(self, request: http.Request, check: Check, **whose: str) -> http.StreamResponse:
        """``check`` is called periodically, and raises or redirects when the viewer may no longer see the draw.
        ``whose``: the link or session."""
        draw = await check()
        with self._streams.open(**whose, address=network_of(self._site.address_of(request))) as stream:
            response = http.StreamResponse(
                headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
            )
            self._site.protect(response)
            try:
                await response.prepare(request)
                async with self._live.watch(draw.id) as watch:
                    async for event_bytes in _events(watch, check, stream):
                        await response.write(event_bytes)
            except AWAY as error:  # the client disconnected, or the database failed: the page connects again
                log.info("board_stream_ended", error=type(error).__name__)
            return response


def _events(watch: Watch, check: Check, stream: Stream) -> AsyncIterator[bytes]:
    async def end_if_refused() -> bytes | None:
        try:
            await check()
        except (AppError, http.HTTPException):  # the link or the session has expired: a page would redirect
            return _END
        return None

    return watch_events(watch, stream, write=_write, check=end_if_refused, end_event=_END)


def _write(watch: Watch) -> bytes:
    return watch.snapshot.render("board", _progress)


class BoardPages:
    def __init__(self, site: Site, links: PublicLinks, live: LiveDraws) -> None:
        self._site = site
        self._links = links
        self._live = LiveProgress(site, links, live)

    def add_routes(self) -> None:
        self._site.get("/draw/{token}", self.show)
        self._site.get("/draw/{token}/events", self.events)

    async def show(self, request: http.Request) -> http.Response:
        token = request.match_info["token"]
        draw, progress = await self._links.board(token)
        rolls = await self._live.rolls(draw)
        return self._site.render(
            "draws/board.html",
            draw=draw,
            progress=progress,
            facts=board_facts(progress, rolls),
            token=token,
            roll=rolls[-1] if rolls else None,
            over=progress.state in OVER,
        )

    async def events(self, request: http.Request) -> http.StreamResponse:
        token = request.match_info["token"]
        return await self._live.answer(request, lambda: self._links.draw_of(token), link=token)


def board_facts(progress: DrawTotals, rolls: list[Roll]) -> dict[str, str | int]:
    """The board's figures, by the name of their place on the page."""
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
        "started": print_time(progress.started_at) if progress.started_at else "抽取未开始",
        "estimated": f"{local(progress.estimated_end):%H:%M}" if progress.estimated_end else "—",
        "head": progress.log_head,
    }
    facts.update({f"condition-{c.position}": f"{c.accepted}/{c.planned}" for c in progress.conditions})
    for roll in rolls[-1:]:
        facts.update({f"roll-{number.role}": number.text for number in roll.numbers})
        facts |= {"roll-seed": short(roll.seed) if roll.seed else "等待", "roll-state": roll.state}
    return facts


def _progress(snapshot: Snapshot) -> bytes:
    facts = board_facts(snapshot.progress, read_rolls(snapshot.acts))
    return event("progress", json.dumps(facts, ensure_ascii=False))
