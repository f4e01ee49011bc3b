"""The context of one request: actor, pool and services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from services.core.permissions import experts_only

if TYPE_CHECKING:
    from domain.rulebook.book import Rulebook
    from services.core.base import Actor
    from services.registry import Services


@dataclass(frozen=True)
class Call:
    """``pool`` is the path's, checked to be one of ours and the actor's own; ``address`` is the client's."""

    services: Services
    actor: Actor
    pool: str
    request: web.Request
    address: str

    @property
    def book(self) -> Rulebook:
        return self.services.deps.book(self.pool)

    @property
    def expert_id(self) -> UUID:
        """The requesting expert. Raises Forbidden for anyone else."""
        if self.actor.expert_id is None:
            raise experts_only()
        return self.actor.expert_id


@dataclass(frozen=True)
class Download:
    """A file sent as an attachment, never displayed in the browser."""

    content: bytes
    content_type: str
    filename: str
