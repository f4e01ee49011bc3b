"""An applicant who waits for an examination, and the examination, for the tests of answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from models.accounts import Account
from models.applications import Application
from models.exams import Exam, ExamAttempt, ExamCandidate
from tests.factories.exams import make_attempt, make_items, make_office, make_published
from tests.factories.reviews import make_application, make_catalogues
from tests.handlers.conftest import Phone, World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def make_waiting_applicant(world: World, **columns: Any) -> tuple[Phone, Application]:
    """A person whose application waits for the examination, and the phone."""
    await make_catalogues()
    values = {"state": "exam", "approved_at": world.clock.now()} | columns
    application = await make_application(world.services.deps, **values)
    return await world.phone_with(await Account.get(id=application.account_id)), application


async def publish_exam(world: World, **data: Any) -> Exam:
    """An examination in five days, to which who waits is called; the demo pool examines, as other pools do."""
    world.set_rules(entry={"stages": ("fee", "exam")})
    await make_items(20)
    return await make_published(world.services, await make_office(world.services.deps), **data)


async def candidate_of(application: Application) -> ExamCandidate:
    return await ExamCandidate.get(application_id=application.id).select_related("exam")


async def hand_in(world: World, application: Application, state: str = "sealed", **columns: Any) -> ExamAttempt:
    """A paper of the applicant's that was handed in by hand, unless ``submitted_at`` is None."""
    now = world.services.deps.now()
    values = {"digest": "d" * 64, "submitted_at": now, "sealed_at": now} | columns
    return await make_attempt(world.services, await candidate_of(application), state, **values)
