"""Everything that crossed the wire, and the live stream of what happens."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import asdict, dataclass

from sandbox.clock import SandboxClock
from sandbox.jsons import Json


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One exchange. ``direction``: ``in`` = the service called a vendor, ``out`` = a vendor called the service."""

    id: int
    at: float
    vendor: str
    direction: str
    name: str
    phone: str
    request: object
    answer: object
    note: str

    def as_json(self) -> Json:
        return asdict(self)


class Hub:
    """Passes events to the open streams."""

    def __init__(self) -> None:
        self._streams: set[asyncio.Queue[Json]] = set()

    def open(self) -> asyncio.Queue[Json]:
        queue: asyncio.Queue[Json] = asyncio.Queue(maxsize=2000)
        self._streams.add(queue)
        return queue

    def close(self, queue: asyncio.Queue[Json]) -> None:
        self._streams.discard(queue)

    def close_all(self) -> None:
        """Ends every stream, so that the server can stop."""
        for queue in self._streams:
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait({"type": "end"})

    @property
    def watched(self) -> bool:
        return bool(self._streams)

    def publish(self, kind: str, data: Json) -> None:
        """A stream that is too slow gets a request to reload the state instead of every event."""
        for queue in self._streams:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait({"type": "reload"})
            else:
                queue.put_nowait({"type": kind, **data})


class Ledger:
    def __init__(self, clock: SandboxClock, hub: Hub, keep: int) -> None:
        self._clock = clock
        self._hub = hub
        self._ids = itertools.count(1)
        self.entries: deque[LedgerEntry] = deque(maxlen=keep)
        self.counts: dict[str, int] = {}
        """Exchanges since the start by ``vendor direction name``; never shortened."""

    def add(
        self,
        vendor: str,
        direction: str,
        name: str,
        request: object,
        answer: object,
        *,
        phone: str = "",
        note: str = "",
    ) -> None:
        key = f"{vendor} {direction} {name}"
        self.counts[key] = self.counts.get(key, 0) + 1
        entry = LedgerEntry(next(self._ids), self._clock.now(), vendor, direction, name, phone, request, answer, note)
        self.entries.append(entry)
        if self._hub.watched:
            self._hub.publish("ledger", {"entry": entry.as_json()})

    def entries_since(self, after: int, limit: int, vendor: str = "", phone: str = "") -> list[LedgerEntry]:
        entries = [
            entry
            for entry in self.entries
            if entry.id > after and vendor in ("", entry.vendor) and phone in ("", entry.phone)
        ]
        return entries[-limit:]
