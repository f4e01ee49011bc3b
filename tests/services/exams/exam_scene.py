"""Examinations of the demo pool, with a bank of twenty single-choice items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from models.applications import Application
from models.exams import ExamCandidate
from services.core.base import Actor, Deps
from services.registry import Services
from tests.factories.assembly import make_services
from tests.factories.exams import make_items, make_office
from tests.factories.reviews import make_application, make_catalogues


@dataclass
class ExamScene:
    """The services, a person of the office, and persons who wait for an examination."""

    services: Services
    office: Actor
    deps: Deps

    async def make_waiting_application(self, **columns: Any) -> Application:
        """An application that passed its review."""
        return await make_application(self.deps, **{"state": "exam", "approved_at": self.deps.now(), **columns})

    async def candidate_of(self, application: Application) -> ExamCandidate:
        return await ExamCandidate.get(application_id=application.id)


def with_exam_rules(deps: Deps, **changed: Any) -> Deps:
    """The demo pool with other rules for its examinations."""
    book = deps.book("demo")
    rules = book.exam.model_copy(update=changed)
    return replace(deps, rulebooks={**deps.rulebooks, "demo": book.model_copy(update={"exam": rules})})


async def make_exam_scene(deps: Deps, **rules: Any) -> ExamScene:
    changed = with_exam_rules(deps, **rules)
    await make_catalogues()
    await make_items(20)
    return ExamScene(make_services(changed), await make_office(changed), changed)
