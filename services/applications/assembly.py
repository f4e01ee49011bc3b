"""Builds the services of applications."""

from __future__ import annotations

from dataclasses import dataclass

from services.applications.attachments import SWEEP_DUE, Attachments
from services.applications.campaign_queries import CampaignQueries
from services.applications.campaigns import Campaigns
from services.applications.document_delivery import DocumentDelivery
from services.applications.documents import Documents
from services.applications.drafts import Drafts
from services.applications.queries import ApplicationQueries
from services.applications.submission import Submission
from services.applications.to_do import ToDos
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.files import FileServices
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.ports import DocumentRenderer


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
    due_tasks: tuple[DueTask, ...]


@dataclass(frozen=True)
class ApplicationPorts:
    """Outside dependencies of applications."""

    checker: FileChecker
    renderer: DocumentRenderer


def build(
    deps: Deps,
    notices: Notices,
    links: Links,
    files: FileServices,
    ports: ApplicationPorts,
) -> ApplicationServices:
    campaigns, campaign_queries = Campaigns(deps), CampaignQueries(deps)
    documents = Documents(deps, files.store, files.previews, ports.renderer)
    attachments = Attachments(deps, files.store, ports.checker)
    return ApplicationServices(
        queries=ApplicationQueries(deps),
        drafts=Drafts(deps, campaigns),
        submission=Submission(deps, notices, campaigns),
        attachments=attachments,
        campaigns=campaigns,
        campaign_queries=campaign_queries,
        documents=documents,
        document_delivery=DocumentDelivery(deps, links, documents, files.delivery),
        to_dos=ToDos(deps, campaign_queries),
        due_tasks=(DueTask("uploads", SWEEP_DUE, attachments.sweep),),
    )
