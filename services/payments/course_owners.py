"""What payments ask of courses, whose fees they take; ``services.courses`` stands above and implements it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.core.base import Actor


class CourseOwners(Protocol):
    """Everything runs inside the caller's transaction. The enrolment is locked before its order and its fee."""

    async def lock(self, enrolment_id: UUID) -> None: ...

    async def paid(self, enrolment_id: UUID, now: datetime) -> None:
        """The money is here: the time to study opens. Twice is harmless."""
        ...

    async def sent_back(self, actor: Actor, enrolment_id: UUID, reason: str, now: datetime) -> None:
        """The money goes back and the participant with it."""
        ...
