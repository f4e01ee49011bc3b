"""Live streams of one process, so that no link, log-in or network holds all of them: the oldest gives way first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from domain.errors import Unavailable

MOST = 1000
CAPS: Mapping[str, int] = {"link": 600, "session": 3, "address": 40}
"""Streams at once by what they have in common. A hall's phones share one address; a link may go to many rooms. What is
watched is read once for all of them (``services.draws.live``), so a stream costs little more than its socket."""


@dataclass(eq=False)
class Stream:
    """One that is open. ``parties`` says by what it counts: its link or log-in, and the client's network."""

    parties: Mapping[str, str]
    _replaced: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def replaced(self) -> bool:
        """A newer one took its place: tell the client so, and end."""
        return self._replaced.is_set()

    def give_way(self) -> None:
        self._replaced.set()

    async def pause(self, seconds: float) -> None:
        """Sleep, but no longer than until this stream has to end."""
        try:
            async with asyncio.timeout(seconds):
                await self._replaced.wait()
        except TimeoutError:
            return


class OpenStreams:
    def __init__(self, most: int = MOST, caps: Mapping[str, int] = CAPS) -> None:
        self._most = most
        self._caps = caps
        self._open: list[Stream] = []
        """Oldest first."""

    @contextmanager
    def open(self, **parties: str) -> Iterator[Stream]:
        """Raises Unavailable where all are taken by as many networks."""
        for kind, name in parties.items():
            same = [one for one in self._open if one.parties.get(kind) == name]
            for one in same[: max(0, len(same) - self._caps[kind] + 1)]:
                self._close(one)
        if len(self._open) >= self._most:
            self._close(self._of_the_heaviest(parties.get("address", "")))
        stream = Stream(parties)
        self._open.append(stream)
        try:
            yield stream
        finally:
            self._drop(stream)

    def _of_the_heaviest(self, newcomer: str) -> Stream:
        """The oldest stream of the network that has most; a client's only stream is not closed for another's first."""
        held = Counter(one.parties.get("address", "") for one in self._open)
        heaviest = newcomer if held[newcomer] >= max(held.values()) else held.most_common(1)[0][0]
        if heaviest != newcomer and held[heaviest] < 2:
            raise Unavailable("同时查看的人太多，请稍后再打开。", code="streams_full")
        return next(one for one in self._open if one.parties.get("address", "") == heaviest)

    def _close(self, stream: Stream) -> None:
        stream.give_way()
        self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        if stream in self._open:
            self._open.remove(stream)
