"""Use cases that go through several nouns: what one package did, and what follows from it in the next.

A method here is one transaction. The packages below know nothing of what follows: each says what happened,
and the method calls what follows, with the application's row locked from the beginning.
"""

from services.workflows.applications import ApplicationWorkflow
from services.workflows.assembly import Workflows, build
from services.workflows.campaigns import CampaignWorkflow
from services.workflows.reviews import ReviewWorkflow

__all__ = ["ApplicationWorkflow", "CampaignWorkflow", "ReviewWorkflow", "Workflows", "build"]
