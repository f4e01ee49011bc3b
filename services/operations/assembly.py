"""Builds the services of operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.core.audit_chain import AuditChain
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.draws import DrawServices
from services.notifications import NotificationServices
from services.operations.delivery_reports import DeliveryReports
from services.operations.privacy import Privacy
from services.operations.scheduler import Scheduler
from services.ports import SmsSender, VoiceCaller


@dataclass(frozen=True)
class OperationServices:
    scheduler: Scheduler
    delivery_reports: DeliveryReports
    privacy: Privacy


def build(
    deps: Deps,
    notifications: NotificationServices,
    draws: DrawServices,
    sms: SmsSender,
    voice: VoiceCaller,
    due_tasks: Sequence[DueTask],
) -> OperationServices:
    reports = DeliveryReports(deps, notifications.notices, draws.invitations, draws.virtual_calls, sms, voice)
    scheduler = Scheduler(
        deps,
        notifications.notices,
        notifications.delivery,
        reports,
        draws.invitations,
        draws.calling,
        draws.access,
        AuditChain(deps),
        further=due_tasks,
    )
    return OperationServices(scheduler, reports, Privacy(deps, notifications.notices))
