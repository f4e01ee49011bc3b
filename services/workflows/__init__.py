"""Use cases that involve several packages: an action in one, and its consequences in others.

A method here is one transaction. The packages don't know the consequences: each returns what happened, and the method
calls the next, with the application's row locked from the beginning.
"""

from services.workflows.applications import ApplicationWorkflow
from services.workflows.campaigns import CampaignWorkflow
from services.workflows.registry import Workflows
from services.workflows.reviews import ReviewWorkflow

__all__ = ["ApplicationWorkflow", "CampaignWorkflow", "ReviewWorkflow", "Workflows", "build"]
