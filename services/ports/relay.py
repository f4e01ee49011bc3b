"""Notifies other processes that a draw has changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from typing import Protocol
from uuid import UUID


class DrawRelay(Protocol):
    """During an outage methods raise one of ``services.core.outages.AWAY``, and each process polls itself."""

    async def claim_draws(self, draw_ids: Collection[UUID]) -> Collection[UUID]:
        """The draws that this process polls for all others, until it hasn't called for a few seconds."""
        ...

    async def publish(self, draw_ids: Collection[UUID]) -> None:
        """Publish that these draws have changed."""
        ...

    def subscribe(self) -> AsyncGenerator[UUID, None]:
        """Changes published by others, as long as the iterator is read."""
        ...
