"""The audit log's hash chain: a sealer numbers and hashes entries per pool; anyone can verify it later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from services.core.base import execute, rows, transaction

Fetch = Callable[..., Awaitable[Sequence[Any]]]

_BATCH = 500
_GENESIS = "0" * 64
_COLUMNS = "id, pool, at, actor_id, actor_role, action, subject, subject_id, details, number, hash"


@dataclass(frozen=True)
class AuditChain:
    async def seal(self, pool: str) -> int:
        """Number and chain unsealed entries; returns how many. One sealer at a time, by an advisory lock."""
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtext('audit:' || $1))", pool)
            last = await rows(
                "SELECT number, hash FROM audit_entry WHERE pool = $1 AND number IS NOT NULL "
                "ORDER BY number DESC LIMIT 1",
                pool,
            )
            number, head = (last[0]["number"], last[0]["hash"]) if last else (0, _GENESIS)
            fresh = await rows(
                f"SELECT {_COLUMNS} FROM audit_entry WHERE pool = $1 AND number IS NULL ORDER BY at, id LIMIT {_BATCH}",
                pool,
            )
            sealed = []
            for row in fresh:
                number, head = number + 1, chain(head, number + 1, row)
                sealed.append({"id": str(row["id"]), "number": number, "hash": head})
            if sealed:
                await execute(
                    "UPDATE audit_entry a SET number = s.number, hash = s.hash "
                    "FROM jsonb_to_recordset($1::jsonb) AS s(id uuid, number bigint, hash text) WHERE a.id = s.id",
                    json.dumps(sealed),
                )
        return len(sealed)


async def find_break(pool: str, fetch: Fetch = rows) -> int | None:
    """Number of the first sealed entry that doesn't match its predecessor; None: the chain is intact.

    ``fetch`` runs a statement and returns its rows.
    """
    head, expected = _GENESIS, 1
    while True:
        batch = await fetch(
            f"SELECT {_COLUMNS} FROM audit_entry WHERE pool = $1 AND number >= $2 ORDER BY number LIMIT {_BATCH}",
            pool,
            expected,
        )
        for row in batch:
            head = chain(head, expected, row)
            if row["number"] != expected or row["hash"] != head:
                return expected
            expected += 1
        if len(batch) < _BATCH:
            return None


def chain(previous: str, number: int, row: Any) -> str:
    """SHA-256 over the predecessor's hash, the number and the entry's facts as canonical JSON; hex."""
    details = row["details"] if not isinstance(row["details"], str) else json.loads(row["details"])
    facts = {
        "pool": row["pool"],
        "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": str(row["actor_id"] or ""),
        "actor_role": row["actor_role"],
        "action": row["action"],
        "subject": row["subject"],
        "subject_id": str(row["subject_id"] or ""),
        "details": details,
    }
    body = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"pbt-audit-v1\n{previous}\n{number}\n{body}".encode()).hexdigest()
