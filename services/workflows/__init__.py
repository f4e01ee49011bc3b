"""Use cases that involve several packages: an action in one, and its consequences in others.

A method here is one transaction. The packages don't know the consequences: each returns what happened, and the method
calls the next, with the application's row locked from the beginning.
"""

from services.workflows.applications import ApplicationWorkflow
from services.workflows.campaigns import CampaignWorkflow
from services.workflows.office_acts import (
    MESSAGE_MAX,
    NOTE_MAX,
    REASON_MAX,
    MessagePreview,
    OfficeActs,
    OpenDeadline,
    find_deadline,
    message_key,
)
from services.workflows.own_cases import OwnCase
from services.workflows.registry import Workflows
from services.workflows.reinstatements import Reinstatement, Reinstatements, preview_reinstatement
from services.workflows.reviews import ReviewWorkflow

__all__ = [
    "MESSAGE_MAX",
    "NOTE_MAX",
    "REASON_MAX",
    "ApplicationWorkflow",
    "CampaignWorkflow",
    "MessagePreview",
    "OfficeActs",
    "OpenDeadline",
    "OwnCase",
    "Reinstatement",
    "Reinstatements",
    "ReviewWorkflow",
    "Workflows",
    "find_deadline",
    "message_key",
    "preview_reinstatement",
]
