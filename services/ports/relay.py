"""How processes tell each other that a draw has changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from typing import Protocol
from uuid import UUID


class DrawRelay(Protocol):
    """Where it is away, methods raise one of ``services.core.outages.AWAY``, and each process looks itself."""

    async def lead(self, draw_ids: Collection[UUID]) -> Collection[UUID]:
        """Which of these draws this process looks at for all others, until it hasn't asked for a few seconds."""
        ...

    async def publish(self, draw_ids: Collection[UUID]) -> None:
        """These have changed."""
        ...

    def subscribe(self) -> AsyncGenerator[UUID, None]:
        """What others tell, as long as it is read."""
        ...
