"""Use cases of operations, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.operations.delivery_reports import DeliveryReports
from services.operations.privacy import Privacy
from services.operations.scheduler import Scheduler


@dataclass(frozen=True)
class OperationServices:
    scheduler: Scheduler
    delivery_reports: DeliveryReports
    privacy: Privacy
