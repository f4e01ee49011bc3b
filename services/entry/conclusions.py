"""The office's decisions on an application that waits for an examination or a fee: next stage, or end.

For external examinations; their results are entered by hand or by ``services.entry.exam_sheets``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationEvent, ApplicationState
from domain.errors import Conflict, Forbidden
from models.applications import Application
from services.applications import lock, log, move, notify_applicant, unknown_application
from services.core.base import Actor, Deps, record
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.entry.stages import EntryStages
from services.notifications import Notices
from services.payments import RefundOutcomes
from services.reviews import is_own

ExamResult = Literal["passed", "failed"]
REASON_MAX = 200
_S = ApplicationState


@dataclass(frozen=True)
class Concluded:
    """The application's state after the decision."""

    application_id: UUID
    number: Annotated[str, Field(examples=["SQ202611210000001"])]
    state: ApplicationState


@dataclass(frozen=True)
class Conclusions:
    deps: Deps
    notices: Notices
    entry: EntryStages
    outcomes: RefundOutcomes

    async def record_exam(
        self, actor: Actor, application_id: UUID, result: ExamResult, reason: str, *, key: str | None = None
    ) -> Concluded:
        """Passed: on to the next stage, finally entry. Failed: it ends, and the person is notified of the reason.

        ``reason`` is the score, or the basis of the decision. Raises NotFound, Forbidden for one's own application,
        Conflict for one that doesn't wait for an examination.
        """
        check(actor, "application.conclude")
        words = check_text(" ".join(reason.split()), "reason", "成绩或原因", REASON_MAX, required=True)
        now = self.deps.now()

        async def run() -> Concluded:
            application = await self._lock(actor, application_id)
            await self.apply_exam(actor, application, result, words, now)
            return _concluded(application)

        return await once(
            owner=f"exam:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Concluded,
            run=run,
            request=f"{application_id} {result} {words}",
        )

    async def apply_exam(
        self,
        actor: Actor,
        application: Application,
        result: ExamResult,
        reason: str,
        now: datetime,
        *,
        notify: bool = True,
    ) -> None:
        """The same inside the caller's transaction, the application's row locked.

        ``notify`` is false if the caller notifies the person of the failure itself.
        """
        if application.state != _S.EXAM:
            label = _S(application.state).label
            raise Conflict(f"申请{application.number}现在是“{label}”，不在等待考试。请刷新后核对。", code="not_in_exam")
        if actor.account_id is not None and await is_own(application.id, actor.account_id):
            raise Forbidden("不能登记自己的考试结果，请由其他管理员办理。", code="own_application")
        book = self.deps.book(application.pool)
        await log(application, now, f"exam_{result}", book.pool.name, step_name=book.entry.names.exam, opinion=reason)
        await record(actor, now, f"application.exam_{result}", "application", application.id, reason=reason)
        if result == "passed":
            await self.entry.advance(application, now)
            return
        application.reason = reason
        await application.save(update_fields=["reason"])
        await move(application, ApplicationEvent.REFUSE, now)
        if notify:
            await notify_applicant(self.notices, application, "application_refused", now.isoformat(), reason=reason)

    async def end(self, actor: Actor, application_id: UUID, reason: str, *, key: str | None = None) -> Concluded:
        """End an application whose fee is unpaid. Raises NotFound, Forbidden, Conflict for any other."""
        check(actor, "application.conclude")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        now = self.deps.now()

        async def run() -> Concluded:
            application = await self._lock(actor, application_id)
            if application.state != _S.FEE:
                label = _S(application.state).label
                raise Conflict(f"申请现在是“{label}”，不能在这里终止，请刷新后核对。", code="not_in_fee")
            await self.outcomes.end_application(actor, application, words, now)
            return _concluded(application)

        return await once(
            owner=f"end:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Concluded,
            run=run,
            request=f"{application_id} {words}",
        )

    async def _lock(self, actor: Actor, application_id: UUID) -> Application:
        application = await lock(application_id)
        if application.pool != actor.pool:
            raise unknown_application()
        return application


def _concluded(application: Application) -> Concluded:
    return Concluded(application.id, application.number, _S(application.state))
