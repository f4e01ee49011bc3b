"""A relay of draws for a single process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from uuid import UUID


class NoRelay:
    """Implements ``services.ports.DrawRelay`` for a process without neighbours."""

    async def claim_draws(self, draw_ids: Collection[UUID]) -> Collection[UUID]:
        return draw_ids

    async def publish(self, draw_ids: Collection[UUID]) -> None:
        return None

    async def subscribe(self) -> AsyncGenerator[UUID, None]:
        nothing: tuple[UUID, ...] = ()
        for draw_id in nothing:
            yield draw_id
