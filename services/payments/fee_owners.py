"""Ports of payments to the owners of fees; see ``docs/decisions/0018-owners-of-fees.md``.

Everything runs inside the caller's transaction; the owner is locked before its order and its fee.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.applications import Application
from services.core.base import Actor


class ApplicationFeeOwner(Protocol):
    """Port for applications, implemented by ``services.entry``."""

    async def advance(self, application: Application, now: datetime) -> None:
        """The fee is paid: advance to the next stage. The application is locked."""
        ...


class CourseFeeOwner(Protocol):
    """Port for enrolments in courses, implemented by ``services.courses``."""

    async def lock(self, enrolment_id: UUID) -> None: ...

    async def apply_payment(self, enrolment_id: UUID, now: datetime) -> None:
        """The money has arrived: the access period begins. A repetition is harmless."""
        ...

    async def apply_refund(self, actor: Actor, enrolment_id: UUID, reason: str, now: datetime) -> None:
        """The fee is refunded, and the participant leaves."""
        ...
