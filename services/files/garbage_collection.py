"""Deletes unneeded files from the store: released ones, and orphans, to which no row refers."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from domain.clock import Clock, SystemClock
from domain.errors import Unavailable
from models.files import FileRemoval, StoreSearch
from services.core.base import Deps, rows, transaction
from services.core.due_rows import process_each
from services.core.limits import advisory_lock
from services.files.sealed_files import SealedFiles

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REMOVALS_DUE = "EXISTS (SELECT 1 FROM file_removal WHERE due_at <= $1)"
SEARCH_DUE = "NOT EXISTS (SELECT 1 FROM store_search WHERE next_at > $1)"
SEARCH_INTERVAL = timedelta(days=1)
SEARCH_RETRY_AFTER = timedelta(hours=1)
"""Until the next try when the store was unavailable."""
ORPHAN_TTL = timedelta(days=1)
"""A younger file may belong to a row that is still being written."""
FEW, MANY = 20, 10_000
"""Number of orphans always deleted, and number never deleted, since then the store probably belongs to another
database."""
NAMED_IN: Mapping[str, str] = {
    "attachment": "key",
    "invoice": "key",
    "material": "key",
    "printed_form": "key",
    "course_item": "media_key",
    "expert_sheet": "key",
    "correction": "evidence_key",
    "report_file": "key",
}
"""Tables whose rows refer to files, and the column."""
_CHUNK = 500
_SEARCH_TTL = timedelta(days=30)
_OURS = re.compile(
    r"(?P<base>(?P<pool>[a-z0-9_]+)/\d{4}/\d{2}/[0-9a-f]{32})(?:\.thumb|\.preview|(?P<part>\.parts/.+))?"
)
_PROBE = re.compile(r"doctor/[0-9a-f]{32}")
_PICTURES = (
    " OR k IN (SELECT picture ->> 'key' FROM exam_item_version, jsonb_array_elements(pictures) AS picture "
    "WHERE pictures <> '[]'::jsonb)"
)
"""Pictures of an item of the bank, in one column."""
_PAGES = " OR k IN (SELECT jsonb_array_elements_text(pages) FROM course_item WHERE pages <> '[]'::jsonb)"
"""Pages of a course's item, likewise."""
_EVIDENCE = (
    " OR k IN (SELECT file ->> 'key' FROM sanction, jsonb_array_elements(files) AS file WHERE files <> '[]'::jsonb)"
)
"""Evidence of acts against experts, likewise."""
_NAMED = (
    "SELECT k FROM unnest($1::text[]) AS k WHERE "
    + " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {table}.{column} = k)"
        for table, column in ({**NAMED_IN, "file_removal": "key"}).items()
    )
    + _PICTURES
    + _PAGES
    + _EVIDENCE
)
_UPLOADING = "SELECT DISTINCT key AS k FROM attachment WHERE key = ANY($1::text[]) AND state <> 'ready'"


@dataclass(frozen=True)
class Search:
    """``files``: number of our files in the store, ``orphans`` among them. ``withheld``: implausibly many, so none was
    deleted."""

    files: int
    orphans: int
    withheld: bool


async def schedule_removal(key: str, now: datetime) -> None:
    """Schedule a file's deletion in the running transaction, which removes the reference to it."""
    if key:
        await FileRemoval.create(key=key, due_at=now)


@dataclass(frozen=True)
class FileGarbageCollector:
    """``wall`` is a clock comparable with the store's own: the sandbox does not move it."""

    deps: Deps
    store: SealedFiles
    wall: Clock = field(default_factory=SystemClock)

    async def remove_due(self) -> int:
        """Delete released files; returns how many. Failed deletions are tried again."""
        due = await FileRemoval.filter(due_at__lte=self.deps.now()).order_by("due_at").limit(200)
        await process_each("file_removals", due, self._remove_file)
        return len(due)

    async def search_store(self) -> Search | None:
        """Search the whole store, once a day, and delete orphans; None: it is not due.

        Ignores files of other pools and foreign files. Raises Unavailable, and is due again an hour later.
        """
        search = await self._start_search()
        if search is None:
            return None
        try:
            search.files, orphans = await self._find_orphans()
            search.orphans = len(orphans)
            search.withheld = len(orphans) > FEW and (len(orphans) >= MANY or len(orphans) * 2 > search.files)
            if search.withheld:
                log.error("orphans_withheld", orphans=len(orphans), files=search.files)
            else:
                await self._delete_orphans(orphans)
        except Unavailable:
            await StoreSearch.filter(id=search.id).update(next_at=self.deps.now() + SEARCH_RETRY_AFTER)
            raise
        search.finished_at = self.deps.now()
        await search.save()
        return Search(search.files, search.orphans, search.withheld)

    async def _start_search(self) -> StoreSearch | None:
        now = self.deps.now()
        async with transaction():
            await advisory_lock("store.search")
            if await StoreSearch.exists(next_at__gt=now):
                return None
            await StoreSearch.filter(started_at__lt=now - _SEARCH_TTL).delete()
            return await StoreSearch.create(started_at=now, next_at=now + SEARCH_INTERVAL)

    async def _find_orphans(self) -> tuple[int, list[str]]:
        """Number of our files, and the orphans among them, at most ``MANY``."""
        count, orphans = 0, []
        async with aclosing(self._list_old_keys()) as batches:
            async for batch in batches:
                count += len(batch)
                orphans += await _unreferenced_keys(batch)
                if len(orphans) >= MANY:
                    break
        return count, orphans[:MANY]

    async def _list_old_keys(self) -> AsyncGenerator[list[str], None]:
        """Keys of our files that are old enough, batch by batch."""
        written_before = self.wall.now() - ORPHAN_TTL
        async with aclosing(self.store.walk()) as batches:
            async for batch in batches:
                yield [entry.key for entry in batch if entry.written_at < written_before and self._is_ours(entry.key)]

    def _is_ours(self, key: str) -> bool:
        match = _OURS.fullmatch(key)
        return match["pool"] in self.deps.rulebooks if match else bool(_PROBE.fullmatch(key))

    async def _delete_orphans(self, orphans: Sequence[str]) -> None:
        """Checks each once more, since the search may have taken a while."""
        for at in range(0, len(orphans), _CHUNK):
            for key in await _unreferenced_keys(orphans[at : at + _CHUNK]):
                await self.store.delete(key)
                log.info("orphan_deleted", key=key)

    async def _remove_file(self, removal: FileRemoval) -> None:
        await self.store.delete(removal.key)
        await removal.delete()


async def _unreferenced_keys(keys: Collection[str]) -> list[str]:
    """Keys without a row: previews are checked by their file, parts by a running upload."""
    matches = {key: _OURS.fullmatch(key) for key in keys}
    bases = {key: match["base"] for key, match in matches.items() if match}
    referenced = {row["k"] for row in await rows(_NAMED, list(set(bases.values())))}
    in_parts = [match["base"] for match in matches.values() if match and match["part"]]
    uploading = {row["k"] for row in await rows(_UPLOADING, in_parts)}
    return [
        key
        for key, match in matches.items()
        if match is None or match["base"] not in (uploading if match["part"] else referenced)
    ]
