"""What a reply names of the person's pool: its pages and its hotline."""

from __future__ import annotations

from bot.turn import Turn
from domain.chat_links import link


def page_line(turn: Turn, label: str, path: str) -> str:
    """A line that opens a page of the pool; ``path`` is what follows ``/h5/<pool>/``."""
    return f"▸ {link(label, f'{turn.services.deps.public_url}/h5/{turn.user.pool}/{path}')}"


def hotline(turn: Turn) -> str:
    return turn.services.deps.book(turn.user.pool).pool.hotline
