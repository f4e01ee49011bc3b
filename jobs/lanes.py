"""How many jobs of which queues a worker runs at once, so that background jobs cannot occupy the whole worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.core.queues import (
    CALLS,
    CHAT,
    DEADLINES,
    DELIVERY_REPORTS,
    DRAWS,
    EVENTS,
    EXPORTS,
    MENUS,
    QR_IMAGES,
    REFILLS,
)


@dataclass(frozen=True)
class Lane:
    """Queues that share worker slots, served in turn. ``share`` is the lane's fraction of a worker's slots."""

    name: str
    queues: Sequence[str]
    share: float

    @property
    def loop(self) -> str:
        """The lane's name among the loops of a worker."""
        return f"jobs-{self.name}"

    def places(self, concurrency: int) -> int:
        return max(1, round(self.share * concurrency))


LANES = (
    Lane("chat", (CHAT,), 0.2),
    Lane("calls", (DRAWS, CALLS, REFILLS, DELIVERY_REPORTS), 0.4),
    Lane("deadlines", (DEADLINES,), 0.2),
    Lane("qr_images", (QR_IMAGES, MENUS), 0.05),
    Lane("exports", (EXPORTS,), 0.05),
    Lane("events", (EVENTS,), 0.1),
)
