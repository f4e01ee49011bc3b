"""Use cases of applications, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.applications.attachments import SWEEP_DUE, Attachments
from services.applications.campaign_queries import CampaignQueries
from services.applications.campaigns import Campaigns
from services.applications.document_delivery import DocumentDelivery
from services.applications.documents import Documents
from services.applications.drafts import Drafts
from services.applications.own_changes import OwnChanges
from services.applications.queries import ApplicationQueries
from services.applications.submission import Submission
from services.applications.to_do import ToDos
from services.core.due_tasks import DueTask


@dataclass(frozen=True)
class ApplicationServices:
    queries: ApplicationQueries
    drafts: Drafts
    submission: Submission
    attachments: Attachments
    campaigns: Campaigns
    campaign_queries: CampaignQueries
    documents: Documents
    document_delivery: DocumentDelivery
    to_dos: ToDos
    own_changes: OwnChanges

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("uploads", SWEEP_DUE, self.attachments.sweep),)
