"""Builds the services of experts."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.experts.availability import Availability
from services.experts.profile import ExpertProfiles
from services.experts.terms import ExpertTerms
from services.notifications import Notices


@dataclass(frozen=True)
class ExpertServices:
    profiles: ExpertProfiles
    availability: Availability
    due_tasks: tuple[DueTask, ...]


def build(deps: Deps, notices: Notices) -> ExpertServices:
    terms = ExpertTerms(deps, notices)
    return ExpertServices(ExpertProfiles(deps), Availability(deps), (DueTask("term_ending", "", terms.notify_ending),))
