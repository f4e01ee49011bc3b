"""Builds the services of workflows."""

from __future__ import annotations

from dataclasses import dataclass

from services.applications import ApplicationServices
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.entry import EntryServices
from services.payments import Fees
from services.reviews import ReviewServices
from services.workflows.applications import ApplicationWorkflow
from services.workflows.campaigns import CampaignWorkflow
from services.workflows.reconcile_tasks import TaskReconciler
from services.workflows.reviews import ReviewWorkflow


@dataclass(frozen=True)
class Workflows:
    applications: ApplicationWorkflow
    campaigns: CampaignWorkflow
    reviews: ReviewWorkflow
    due_tasks: tuple[DueTask, ...]


def build(
    deps: Deps, applications: ApplicationServices, reviews: ReviewServices, entry: EntryServices, fees: Fees
) -> Workflows:
    reviewing = ReviewWorkflow(deps, reviews.decisions, entry.stages)
    return Workflows(
        applications=ApplicationWorkflow(deps, applications.submission, reviewing),
        campaigns=CampaignWorkflow(deps, applications.campaigns, fees),
        reviews=reviewing,
        due_tasks=(DueTask("reconcile_review_tasks", "", TaskReconciler(deps, reviewing).run),),
    )
