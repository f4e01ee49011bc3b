"""Use cases of workflows, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.workflows.applications import ApplicationWorkflow
from services.workflows.campaigns import CampaignWorkflow
from services.workflows.office_acts import OfficeActs
from services.workflows.own_cases import OwnCases
from services.workflows.reconcile_tasks import TaskReconciler
from services.workflows.reinstatements import Reinstatements
from services.workflows.reviews import ReviewWorkflow


@dataclass(frozen=True)
class Workflows:
    applications: ApplicationWorkflow
    campaigns: CampaignWorkflow
    reviews: ReviewWorkflow
    task_reconciler: TaskReconciler
    office_acts: OfficeActs
    reinstatements: Reinstatements
    own_cases: OwnCases

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("reconcile_review_tasks", "", self.task_reconciler.run),)
