"""Background operations and concerns of all nouns: scheduler, delivery reports, personal data, invariants."""

from services.operations.delivery_reports import DeliveryReports
from services.operations.invariants import find_broken, find_broken_audit
from services.operations.privacy import KEPT, REMOVED, Deleted
from services.operations.registry import OperationServices
from services.operations.scheduler import MAX_ATTEMPTS, Scheduler

__all__ = [
    "KEPT",
    "MAX_ATTEMPTS",
    "REMOVED",
    "Deleted",
    "DeliveryReports",
    "OperationServices",
    "Scheduler",
    "find_broken",
    "find_broken_audit",
]
