"""Reviewing an application; after the last approval it advances to the pool's stages before entry."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import InvalidInput
from domain.rulebook.reviews import OPINION_MAX
from models.applications import Application
from models.reviews import ReviewTask
from services.applications import cancel_open_tasks
from services.core.base import Actor, Deps
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.entry import EntryStages
from services.reviews import Decided, Decision, Mark, Reviews


@dataclass(frozen=True)
class ReviewWorkflow:
    deps: Deps
    reviews: Reviews
    entry: EntryStages

    # ---- inside the caller's transaction, with the application's row locked

    async def begin(self, application: Application, now: datetime) -> None:
        if await self.reviews.begin(application, now):
            await self.entry.advance(application, now)

    async def cancel(self, application: Application, now: datetime) -> None:
        """The person withdrew the application: cancel open tasks and unpaid fees."""
        await cancel_open_tasks(application, now)
        await self.entry.cancel(application, now)

    async def reconcile_tasks(self, application: Application, now: datetime) -> None:
        """See ``Reviews.reconcile_tasks``."""
        if await self.reviews.reconcile_tasks(application, now):
            await self.entry.advance(application, now)

    # ---- a reviewer's decision

    async def decide(
        self,
        actor: Actor,
        task_id: UUID,
        decision: Decision,
        opinion: str = "",
        *,
        admitted: Collection[str] | None = None,
        marks: Sequence[Mark] = (),
        key: str | None = None,
    ) -> Decided:
        """See ``Reviews.decide``. Every decision but an approval needs an opinion, or a mark with words."""
        check(actor, "review.decide")
        wordless = decision != "approve" and not any(mark.words.strip() for mark in marks)
        words = check_text(" ".join(opinion.split()), "opinion", "审核意见", OPINION_MAX, required=wordless)
        now = self.deps.now()

        async def run() -> Decided:
            return await self._decide(actor, task_id, decision, words, admitted, marks, now)

        return await once(
            owner=f"review:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Decided,
            run=run,
            request=f"{task_id} {decision} {words} {sorted(admitted or ())} {marks}",
        )

    async def approve_all(
        self, actor: Actor, task_ids: Collection[UUID], opinion: str = "", *, key: str | None = None
    ) -> Decided:
        """Approve several tasks of one application at the same moment, all or none; returns the last result.

        Raises as ``decide``, and InvalidInput for tasks of several applications or where an alternative specialty has
        to be decided on.
        """
        check(actor, "review.decide")
        words = check_text(" ".join(opinion.split()), "opinion", "审核意见", OPINION_MAX)
        wanted, now = sorted(set(task_ids)), self.deps.now()

        async def run() -> Decided:
            whose = await ReviewTask.filter(id__in=wanted, pool=actor.pool).values_list("application_id", flat=True)
            if len(set(whose)) != 1:
                raise InvalidInput("请选择同一位申请人的审核任务，返回列表后重新打开。", code="not_one_application")
            return [await self._decide(actor, task_id, "approve", words, None, (), now) for task_id in wanted][-1]

        return await once(
            owner=f"review-all:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Decided,
            run=run,
            request=f"{wanted} {words}",
        )

    async def _decide(
        self,
        actor: Actor,
        task_id: UUID,
        decision: Decision,
        opinion: str,
        admitted: Collection[str] | None,
        marks: Sequence[Mark],
        now: datetime,
    ) -> Decided:
        made = await self.reviews.decide(actor, task_id, decision, opinion, admitted, marks, now)
        if made.is_approved:
            await self.entry.advance(made.application, now)
        return made.result()
