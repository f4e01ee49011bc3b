"""What payments ask of the nouns above whose fees they take; see ``docs/decisions/0018-owners-of-fees.md``.

Everything runs inside the caller's transaction; the owner is locked before its order and its fee.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.applications import Application
from services.core.base import Actor


class ApplicationFeeOwner(Protocol):
    """Of an application; ``services.entry`` implements it."""

    async def advance(self, application: Application, now: datetime) -> None:
        """The fee is paid: on to the next stage. The application is locked."""
        ...


class CourseFeeOwner(Protocol):
    """Of an enrolment in a course; ``services.courses`` implements it."""

    async def lock(self, enrolment_id: UUID) -> None: ...

    async def paid(self, enrolment_id: UUID, now: datetime) -> None:
        """The money is here: the time to study opens. Twice is harmless."""
        ...

    async def sent_back(self, actor: Actor, enrolment_id: UUID, reason: str, now: datetime) -> None:
        """The money goes back and the participant with it."""
        ...
