"""The published log of a draw: entries, each chained to the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.draws.record import Act, Head, Party, RecordEntry, empty_head, write_entries
from domain.ids import new_id
from models.draws import Draw, LogEntry
from services.core.base import execute, rows
from services.draws.lot_histories import history_entry

_PARTIES: Mapping[str, Party] = {
    "agent": "agency",
    "organisation": "agency",
    "venue": "venue",
    "verifier": "verifier",
    "supervisor": "supervisor",
    "expert": "expert",
}
_LAST = (
    "SELECT l.draw_id, l.at FROM unnest($1::uuid[], $2::int[]) AS head (draw_id, seq) "
    "JOIN draw_log l ON l.draw_id = head.draw_id AND l.seq = head.seq"
)
_MOVE_HEADS = (
    "UPDATE draw d SET log_head = head.hash, log_length = head.length "
    "FROM unnest($1::uuid[], $2::text[], $3::int[]) AS head (id, hash, length) WHERE d.id = head.id"
)


def party_of(role: str) -> Party:
    """The published record's name of the actor."""
    return _PARTIES.get(role, "system")


_APPEND = """
WITH written AS (INSERT INTO draw_log (id, draw_id, seq, at, act, facts, hash)
  SELECT e.id, $1, e.seq, e.at, e.act, e.facts::jsonb, e.hash
  FROM unnest($4::uuid[], $5::int[], $6::timestamptz[], $7::text[], $8::text[], $9::text[])
    AS e (id, seq, at, act, facts, hash))
UPDATE draw SET log_head = $2, log_length = $3 WHERE id = $1
"""


async def append_to_log(draw: Draw, now: datetime, *acts: Act) -> None:
    """Add entries to the draw's published log, each chained to the one before. The first is its lots' history.

    Machines' clocks differ slightly: an entry's time is never before its predecessor's, even across processes.
    """
    if not draw.log_length:
        acts = (await history_entry(draw), *acts)
    else:
        if draw.logged_at is None:
            [last] = await rows("SELECT at FROM draw_log WHERE draw_id = $1 AND seq = $2", draw.id, draw.log_length)
            draw.logged_at = last["at"]
        now = max(now, draw.logged_at)
    entries = write_entries(_head(draw), now, acts)
    last_entry = entries[-1]
    draw.log_length, draw.log_head, draw.logged_at = last_entry.seq, last_entry.hash.hex(), last_entry.at
    await execute(
        _APPEND,
        draw.id,
        draw.log_head,
        draw.log_length,
        [new_id() for _ in entries],
        [entry.seq for entry in entries],
        [entry.at for entry in entries],
        [entry.act for entry in entries],
        [json.dumps(entry.facts, ensure_ascii=False) for entry in entries],
        [entry.hash.hex() for entry in entries],
    )


async def append_to_logs(now: datetime, acts: Sequence[tuple[Draw, Sequence[Act]]]) -> None:
    """The same for several draws that have a log, in three statements."""
    draws = [draw for draw, _ in acts]
    last = await rows(_LAST, [draw.id for draw in draws], [draw.log_length for draw in draws])
    before = {row["draw_id"]: row["at"] for row in last}
    written: list[LogEntry] = []
    for draw, done in acts:
        entries = write_entries(_head(draw), max(now, before.get(draw.id, now)), done)
        written += [_entry(draw, entry) for entry in entries]
        draw.log_length, draw.log_head, draw.logged_at = entries[-1].seq, entries[-1].hash.hex(), entries[-1].at
    await LogEntry.bulk_create(written, batch_size=1000)
    await execute(
        _MOVE_HEADS,
        [draw.id for draw in draws],
        [draw.log_head for draw in draws],
        [draw.log_length for draw in draws],
    )


def _head(draw: Draw) -> Head:
    return (
        Head(draw.log_length, bytes.fromhex(draw.log_head)) if draw.log_length else empty_head(draw.pool, draw.number)
    )


def _entry(draw: Draw, entry: RecordEntry) -> LogEntry:
    return LogEntry(
        draw_id=draw.id, seq=entry.seq, at=entry.at, act=entry.act, facts=entry.facts, hash=entry.hash.hex()
    )
