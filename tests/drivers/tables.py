"""Checksums of tables, to see whether rows were changed."""

from __future__ import annotations

from collections.abc import Iterable

from services.core.base import rows

_OF_DRAWS = ("draw", "project", "lot", "notice", "attempt", "presence_claim", "release_confirmation")
_POINTING = "SELECT DISTINCT table_name::text AS name FROM information_schema.columns WHERE column_name = ANY($1)"
_POINTERS = ["draw_id", "invitation_id", "candidate_list_id", "round_id"]
_LOGS = ["audit_entry", "session", "web_session"]
"""Tables of views, tries and log-ins."""
_ALL = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL($1)"


async def sums_of_draws() -> dict[str, str]:
    """A checksum of each table that holds draws or refers to one."""
    return await _checksums({row["name"] for row in await rows(_POINTING, _POINTERS)} | set(_OF_DRAWS))


async def sums_of_all() -> dict[str, str]:
    """A checksum of every table but the logs of views and tries."""
    return await _checksums(row["name"] for row in await rows(_ALL, _LOGS))


async def _checksums(names: Iterable[str]) -> dict[str, str]:
    parts = [
        f"SELECT '{name}' AS name, md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS sum FROM {name} t"
        for name in sorted(names)
    ]
    return {row["name"]: row["sum"] for row in await rows(" UNION ALL ".join(parts))}
