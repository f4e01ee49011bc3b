"""Submitting, withdrawing and cancelling an application, which begin or end its review."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.applications import Outcome, Submission, outcome_of
from services.core.base import Actor, Deps, transaction
from services.workflows.reviews import ReviewWorkflow


@dataclass(frozen=True)
class ApplicationWorkflow:
    deps: Deps
    submission: Submission
    reviews: ReviewWorkflow

    async def submit(self, actor: Actor, application_id: UUID, version: int) -> Outcome:
        """See ``Submission.submit``; the tasks of the next step are opened."""
        now = self.deps.now()
        async with transaction():
            change = await self.submission.submit(actor, application_id, version, now)
            if change.happened:
                await self.reviews.begin(change.application, now)
            return outcome_of(change.application)

    async def withdraw(self, actor: Actor, application_id: UUID) -> Outcome:
        """See ``Submission.withdraw``; open tasks and unpaid fees are cancelled."""
        now = self.deps.now()
        async with transaction():
            change = await self.submission.withdraw(actor, application_id, now)
            if change.happened:
                await self.reviews.cancel(change.application, now)
            return outcome_of(change.application)

    async def cancel(self, actor: Actor, application_id: UUID) -> Outcome:
        """See ``Submission.cancel``. A repetition is harmless, so ``key`` is not needed."""
        now = self.deps.now()
        async with transaction():
            change = await self.submission.cancel(actor, application_id, now)
            if change.happened:
                await self.reviews.cancel(change.application, now)
            return outcome_of(change.application)
