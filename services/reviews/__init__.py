"""Review of applications (审核): which tasks a step has, who sees them, and what is decided on them."""

from services.reviews.decisions import Decided, Reviews
from services.reviews.done import DoneTasks
from services.reviews.queue import ReviewQueue
from services.reviews.reconcile_tasks import TaskReconciler
from services.reviews.reminders import Reminders

__all__ = ["Decided", "DoneTasks", "Reminders", "ReviewQueue", "Reviews", "TaskReconciler"]
