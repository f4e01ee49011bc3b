"""Consequences of a refund for the application (退费后的申请): it goes on, it ends, or the fee is due again.

Ending takes effect at once, so that the applicant can't enter the pool meanwhile. The fee is due again only after the
refund, so that the person doesn't pay twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.applications.lifecycles import ApplicationEvent, ApplicationState
from domain.applications.refunds import choices_after_refund
from domain.errors import Conflict
from domain.payments.fees import AFTER_NAMES, After, course_choices_after_refund
from domain.payments.lifecycles import FeeState
from models.applications import Application
from models.payments import Fee, PayOrder, Refund
from services.applications import log, move, notify_applicant
from services.core.base import Actor, Deps, record, system
from services.notifications import Notices
from services.payments.fees import Fees

PAY_AGAIN = "原缴费已退回，请重新缴费"


def check_choice(order: PayOrder, owner: Application | UUID, after: After) -> None:
    """Raises Conflict for a consequence that is not possible in the application's state.

    ``owner``: the application, or the id of an enrolment in a course.
    """
    if isinstance(owner, UUID):
        if after not in course_choices_after_refund(surplus=order.surplus):
            raise Conflict("课程费用退回后，可以保留学员或让其退出课程，请刷新后重新选择。", code="after_refund")
        return
    state = ApplicationState(owner.state)
    if after not in choices_after_refund(state, surplus=order.surplus):
        raise Conflict(
            f"申请现在是“{state.label}”，不能选择“{AFTER_NAMES[after]}”，请刷新后重新选择。", code="after_refund"
        )


@dataclass(frozen=True)
class RefundOutcomes:
    """Everything here runs inside the caller's transaction, the application's row locked."""

    deps: Deps
    notices: Notices
    fees: Fees

    async def end_application(self, actor: Actor, application: Application, reason: str, now: datetime) -> None:
        """End the application; the person is notified at once, with the reason."""
        application.reason = reason
        await application.save(update_fields=["reason"])
        await move(application, ApplicationEvent.TERMINATE, now)
        await self.fees.cancel(application.id, now)
        await self._log_event(application, ApplicationEvent.TERMINATE, reason, now)
        await record(actor, now, "application.terminate", "application", application.id, reason=reason)
        await notify_applicant(self.notices, application, "application_ended", now.isoformat(), reason=reason)

    async def charge_again(self, application: Application, refund: Refund, fee: Fee, now: datetime) -> None:
        """After the refund the fee is due once more, if the application still waits for the next stage."""
        if fee.state != FeeState.REFUNDED or "again" not in choices_after_refund(
            ApplicationState(application.state), surplus=False
        ):
            return
        if application.state != ApplicationState.FEE:
            await move(application, ApplicationEvent.CHARGE, now)
        await self.fees.charge(application, now, again=True)
        await self._log_event(application, ApplicationEvent.CHARGE, PAY_AGAIN, now)
        await record(system(application.pool), now, "application.charge", "application", application.id, again=True)
        refund.after_at = now

    async def _log_event(self, application: Application, event: ApplicationEvent, opinion: str, now: datetime) -> None:
        name = self.deps.book(application.pool).pool.name
        await log(application, now, event.value, name, step_name=event.label, opinion=opinion)
