"""Limits live streams of one process, so that no link, log-in or network can occupy all.

At a limit the party with most streams loses its oldest: a network that takes all streams of a link loses its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from domain.errors import Unavailable

MOST = 1000
CAPS: Mapping[str, int] = {"link": 600, "session": 3, "address": 600}
"""Maximum of streams by common property. The phones of a whole hall, all at one link, may share one address. One reader
serves all streams of a draw (``services.draws.live``), so a stream costs little more than its socket."""


@dataclass(eq=False)
class Stream:
    """An open stream. ``parties``: its link or log-in, and the client's network, under which it counts."""

    parties: Mapping[str, str]
    _replaced: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def replaced(self) -> bool:
        """A newer one replaced it: notify the client, and end."""
        return self._replaced.is_set()

    def end_for_newer(self) -> None:
        self._replaced.set()


class OpenStreams:
    def __init__(self, most: int = MOST, caps: Mapping[str, int] = CAPS) -> None:
        self._most = most
        self._caps = caps
        self._open: list[Stream] = []
        """Oldest first."""

    @contextmanager
    def open(self, **parties: str) -> Iterator[Stream]:
        """Raises Unavailable if all are taken by as many networks."""
        for kind, name in parties.items():
            same = [opened for opened in self._open if opened.parties.get(kind) == name]
            if len(same) >= self._caps[kind]:
                self._close(_oldest_of_heaviest(same, _address(parties)))
        if len(self._open) >= self._most:
            self._close(self._find_displaced(_address(parties)))
        stream = Stream(parties)
        self._open.append(stream)
        try:
            yield stream
        finally:
            self._drop(stream)

    def _find_displaced(self, newcomer: str) -> Stream:
        """The stream to close for a new one; a client's only stream is not closed for another client's first."""
        displaced = _oldest_of_heaviest(self._open, newcomer)
        heaviest = _address(displaced.parties)
        if heaviest != newcomer and sum(_address(stream.parties) == heaviest for stream in self._open) < 2:
            raise Unavailable("同时查看的人太多，请稍后再打开。", code="streams_full")
        return displaced

    def _close(self, stream: Stream) -> None:
        stream.end_for_newer()
        self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        if stream in self._open:
            self._open.remove(stream)


def _address(parties: Mapping[str, str]) -> str:
    return parties.get("address", "")


def _oldest_of_heaviest(streams: Sequence[Stream], newcomer: str) -> Stream:
    """The oldest stream of the network with most of ``streams``: of the newcomer's own if it has as many."""
    held = Counter(_address(stream.parties) for stream in streams)
    heaviest = newcomer if held[newcomer] >= max(held.values()) else held.most_common(1)[0][0]
    return next(stream for stream in streams if _address(stream.parties) == heaviest)
