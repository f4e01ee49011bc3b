"""Workflows over the packages that they need, without the rest of the service."""

from __future__ import annotations

from services.applications.submission import Submission
from services.core.base import Deps
from services.entry.stages import EntryStages
from services.notifications import Notices
from services.payments import Fees
from services.reviews.decisions import Reviews
from services.reviews.returns import Returns
from services.workflows import ApplicationWorkflow, ReviewWorkflow
from tests.factories.applications import make_campaigns


def make_reviews(deps: Deps, notices: Notices) -> ReviewWorkflow:
    return ReviewWorkflow(deps, Reviews(deps, notices, Returns(deps)), EntryStages(deps, notices, Fees(deps, notices)))


def make_submission(deps: Deps, notices: Notices, reviews: ReviewWorkflow | None = None) -> ApplicationWorkflow:
    submission = Submission(deps, notices, make_campaigns(deps))
    return ApplicationWorkflow(deps, submission, reviews or make_reviews(deps, notices))
