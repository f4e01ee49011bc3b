"""Compressed records, cached in this process by their head, which identifies the content."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from domain.draws.record import Json
from models.draws import Draw
from services.draws.results.public_record import PublicRecords

_CACHE_BYTES = 64_000_000
"""Bytes, compressed; a record of 20,000 candidates has some 1 MB."""


@dataclass(frozen=True)
class RecordFile:
    """A record as of ``head``. ``sizes``: number of candidates by list, empty before the end."""

    head: str
    compressed: bytes
    sizes: tuple[tuple[str, int], ...]
    _log: bytes

    def decompress(self) -> bytes:
        """The file as JSON, for a client that can't decompress."""
        return gzip.decompress(self.compressed)

    def entries(self) -> list[dict[str, Json]]:
        """The log, without parsing the lists, which are most of a large record."""
        entries: list[dict[str, Json]] = json.loads(gzip.decompress(self._log))
        return entries

    @property
    def size(self) -> int:
        return len(self.compressed) + len(self._log)


@dataclass(frozen=True)
class RecordFiles:
    """A second request for a record being built waits for the first."""

    records: PublicRecords
    cache_bytes: int = _CACHE_BYTES
    _cache: OrderedDict[str, RecordFile] = field(init=False, default_factory=OrderedDict)
    _builds: dict[tuple[UUID, str], asyncio.Task[RecordFile]] = field(init=False, default_factory=dict)

    async def file_of(self, draw: Draw) -> RecordFile:
        """The record at the head of ``draw``, or a later one. Raises Conflict before it has begun."""
        if (known := self._cache.get(draw.log_head)) is not None:
            self._cache.move_to_end(known.head)
            return known
        place = draw.id, draw.log_head
        if place not in self._builds:
            self._builds[place] = asyncio.create_task(self._build_file(draw))
            self._builds[place].add_done_callback(lambda _: self._builds.pop(place))
        # a client that goes away must not cancel the file for the others who wait
        return await asyncio.shield(self._builds[place])

    async def _build_file(self, draw: Draw) -> RecordFile:
        file = await asyncio.to_thread(_compress, await self.records.document_of(draw))
        self._cache[file.head] = file
        while len(self._cache) > 1 and sum(file.size for file in self._cache.values()) > self.cache_bytes:
            self._cache.popitem(last=False)
        return file


def _compress(document: dict[str, Json]) -> RecordFile:
    lists = cast("dict[str, dict[str, list[str]]]", document["lists"])
    sizes = tuple((key, len(frozen_list["leaves"])) for key, frozen_list in lists.items())
    file, log = (gzip.compress(_encode(part), 6, mtime=0) for part in (document, document["log"]))
    return RecordFile(str(document["head"]), file, sizes, log)


def _encode(part: Json) -> bytes:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()
