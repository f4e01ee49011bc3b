"""What must hold in the database at any moment, asserted after journeys, races and faults."""

from __future__ import annotations

from services.operations import find_broken


async def check_invariants() -> None:
    """Raises AssertionError that names every broken rule. Every draw's record is verified too."""
    broken = await find_broken()
    assert not broken, "\n".join(broken)
