"""Reads each watched draw once for all viewers of a process.

One task polls which watched draws have changed, by one small statement for all; it reads those, and every viewer gets
the same snapshot. Over the relay only one of several processes polls, and notifies the others. Edges check the viewers'
permissions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from domain.draws.record import Json
from domain.errors import NotFound
from models.draws import Draw, LogEntry
from services.core.base import rows
from services.core.outages import AWAY
from services.draws.progress import DrawProgress, DrawTotals
from services.ports import DrawRelay

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

POLL_INTERVAL = 0.4
"""Seconds between two polls of all watched draws."""
READ_INTERVAL = 15.0
"""Seconds after which a draw is read even without a message: calling hours begin, or a message was lost."""
_RETRY = 2.0
ROUND_ACTS = (
    "round_opened",
    "system_committed",
    "participant_committed",
    "participant_revealed",
    "seed_fixed",
    "round_aborted",
)
"""Acts of the record that a board shows: those that fix the order."""
_VERSIONS = "SELECT id, state, log_length, started_at FROM draw WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True)
class Snapshot:
    """A draw's state: totals, and the acts of its rounds. Equal snapshots look the same on every screen."""

    progress: DrawTotals
    acts: tuple[dict[str, Json], ...]
    _rendered: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def render(self, form: str, write: Callable[[Snapshot], bytes]) -> bytes:
        """The output of ``write``, computed once for all viewers of one form."""
        if form not in self._rendered:
            self._rendered[form] = write(self)
        return self._rendered[form]


@dataclass(eq=False)
class _WatchedDraw:
    """``seen``: result of the last poll; ``latest``: snapshot read last; ``changed`` wakes the waiting viewers."""

    id: UUID
    watchers: int = 0
    seen: tuple[object, ...] = ()
    latest: Snapshot | None = None
    read_at: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Watch:
    """The interface of one viewer."""

    def __init__(self, watched: _WatchedDraw, snapshot: Snapshot, keep_polling: Callable[[], None]) -> None:
        self._watched = watched
        self._keep_polling = keep_polling
        self.snapshot = snapshot

    async def wait_for_change(self, seconds: float) -> bool:
        """Wait for at most ``seconds``; returns whether ``snapshot`` has changed."""
        self._keep_polling()
        if self._watched.latest is self.snapshot:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._watched.changed.wait()
        before, self.snapshot = self.snapshot, self._watched.latest or self.snapshot
        return self.snapshot != before


@dataclass(eq=False)
class LiveDraws:
    progress: DrawProgress
    relay: DrawRelay
    _watched: dict[UUID, _WatchedDraw] = field(init=False, default_factory=dict)
    _relay_away: bool = field(init=False, default=False)
    _task: asyncio.Task[None] | None = field(init=False, default=None)
    _idle: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    @asynccontextmanager
    async def watch(self, draw_id: UUID) -> AsyncIterator[Watch]:
        """Register a viewer of a draw; the caller checks the permission, now and later."""
        watched = self._watched.setdefault(draw_id, _WatchedDraw(draw_id))
        watched.watchers += 1
        try:
            self._ensure_polling()
            async with watched.reading:
                snapshot = watched.latest or await self._read_snapshot(watched)
            yield Watch(watched, snapshot, self._ensure_polling)
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                self._watched.pop(draw_id, None)
                if not self._watched:
                    self._idle.set()

    async def close(self) -> None:
        """The last viewer has gone."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _ensure_polling(self) -> None:
        """Start polling, also after a fault of ours ended it while viewers remain."""
        self._idle.clear()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll_until_idle(), name="live draws")
            self._task.add_done_callback(_log_polling_failure)

    async def _poll_until_idle(self) -> None:
        """Poll until no viewer remains."""
        listener = asyncio.create_task(self._follow_relay(), name="live draws: listener")
        try:
            while self._watched:
                await self._poll_once()
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_INTERVAL):
                        await self._idle.wait()
        finally:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener

    async def _poll_once(self) -> None:
        """One poll. During an outage of the database snapshots stay unchanged."""
        try:
            changed = await self._find_changed(await self._claim_draws())
            await self._refresh_snapshots([*changed, *self._find_stale()])
            if changed and not self._relay_away:
                await self.relay.publish([watched.id for watched in changed])
        except AWAY as error:
            log.info("live_look_failed", error=type(error).__name__)

    async def _claim_draws(self) -> Collection[UUID]:
        """The draws that this process polls: all watched here, while the relay is unavailable."""
        try:
            mine = await self.relay.claim_draws(list(self._watched))
        except AWAY as error:
            self._note_relay_state(away=True, error=error)
            return list(self._watched)
        self._note_relay_state(away=False)
        return mine

    def _note_relay_state(self, *, away: bool, error: Exception | None = None) -> None:
        if away != self._relay_away:
            self._relay_away = away
            log.warning("live_relay_away" if away else "live_relay_back", error=type(error).__name__)

    async def _find_changed(self, draw_ids: Collection[UUID]) -> list[_WatchedDraw]:
        changed = []
        for row in await rows(_VERSIONS, list(draw_ids)) if draw_ids else ():
            watched, seen = self._watched.get(row["id"]), tuple(row.values())
            if watched is not None and watched.seen != seen:
                watched.seen = seen
                changed.append(watched)
        return changed

    def _find_stale(self) -> list[_WatchedDraw]:
        before = _clock() - READ_INTERVAL
        return [
            watched for watched in self._watched.values() if watched.latest is not None and watched.read_at <= before
        ]

    async def _follow_relay(self) -> None:
        """Read draws that another process reported as changed."""
        while True:
            try:
                async with aclosing(self.relay.subscribe()) as changes:
                    async for draw_id in changes:
                        if (watched := self._watched.get(draw_id)) is not None:
                            await self._refresh_snapshots([watched])
            except AWAY as error:
                log.info("live_relay_silent", error=type(error).__name__)
            await asyncio.sleep(_RETRY)

    async def _refresh_snapshots(self, changed: Collection[_WatchedDraw]) -> None:
        for watched in dict.fromkeys(changed):
            with suppress(NotFound):  # a draft that was deleted: its viewers' permission ends, too
                async with watched.reading:
                    await self._read_snapshot(watched)

    async def _read_snapshot(self, watched: _WatchedDraw) -> Snapshot:
        """Read a draw and wake its viewers if the snapshot differs. Raises NotFound."""
        draw = await Draw.get_or_none(id=watched.id)
        if draw is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        snapshot = Snapshot(await self.progress.totals_of(draw), await _acts(draw))
        watched.read_at = _clock()
        if watched.latest is not None and snapshot == watched.latest:
            return watched.latest
        watched.latest = snapshot
        # those who wait hold this event; later ones must wait for the next change
        watched.changed.set()
        watched.changed = asyncio.Event()
        return snapshot


def _log_polling_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("live_look_ended", error=repr(error))


async def _acts(draw: Draw) -> tuple[dict[str, Any], ...]:
    entries = await LogEntry.filter(draw_id=draw.id, act__in=ROUND_ACTS).order_by("seq")
    return tuple(entry.facts for entry in entries)


def _clock() -> float:
    return asyncio.get_running_loop().time()
