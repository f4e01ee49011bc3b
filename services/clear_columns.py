"""Columns that an earlier release kept in clear: a migration marks them, since the database has no data key."""

from __future__ import annotations

from services.base import Deps, execute, rows, transaction

PHONE, TEXT = "phone", "text"
"""Purposes of sealed columns: a phone of staff, and free text that a person wrote to the office."""

_CLEAR = "clear:"
_COLUMNS = (
    ("draw", "operator_phone_sealed", PHONE),
    ("draw_supervisor", "phone_sealed", "mobile"),
    ("project", "contact_phone_sealed", PHONE),
    ("call_notice", "contact_phone_sealed", PHONE),
    ("feedback", "text_sealed", TEXT),
    ("objection", "text_sealed", TEXT),
)
_BATCH = 1000


async def seal_clear_columns(deps: Deps) -> int:
    """Seal what is marked; returns how many. Harmless to repeat, and to break off."""
    sealed = 0
    for table, column, purpose in _COLUMNS:
        while count := await _seal_some(deps, table, column, purpose):
            sealed += count
    return sealed


async def _seal_some(deps: Deps, table: str, column: str, purpose: str) -> int:
    async with transaction():
        found = await rows(
            f"SELECT id, {column} AS value FROM {table} WHERE {column} LIKE 'clear:%' ORDER BY id LIMIT $1 FOR UPDATE",
            _BATCH,
        )
        for row in found:
            value = deps.keys.seal(row["value"].removeprefix(_CLEAR), purpose)
            await execute(f"UPDATE {table} SET {column} = $2 WHERE id = $1", row["id"], value)
        return len(found)
