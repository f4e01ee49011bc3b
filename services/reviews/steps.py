"""The tasks of a review: current step, pending decisions, responsible region.

Everything here runs inside the caller's transaction, with the application's row locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.applications.lifecycles import TASK, TaskState
from domain.rulebook.book import Rulebook
from domain.rulebook.reviews import ReviewStep
from models.applications import Application, ApplicationSpecialty
from models.reviews import ReviewTask
from services.applications import TaskKey, cancel_open_tasks, lock_open_tasks
from services.core.base import rows

_LATEST = """
SELECT DISTINCT ON (step_code, specialty) step_code, specialty, state FROM review_task
 WHERE application_id = $1 AND state NOT IN ('open', 'void') AND round >= $2
 ORDER BY step_code, specialty, round DESC, decided_at DESC
"""


@dataclass(frozen=True)
class StepProgress:
    """Decisions so far, and open tasks; ``codes`` as submitted. Steps are indexes in the rulebook."""

    steps: Sequence[ReviewStep]
    codes: tuple[str, ...]
    approved: frozenset[TaskKey]
    open: frozenset[TaskKey]

    def needed_specialties(self, step: int) -> tuple[str, ...]:
        """The specialties to be decided one by one; for a step that reviews the whole, a single empty name."""
        return self.codes if self.steps[step].per_specialty and self.codes else ("",)

    def missing_specialties(self, step: int) -> list[str]:
        return [code for code in self.needed_specialties(step) if (self.steps[step].code, code) not in self.approved]

    def is_complete(self, step: int) -> bool:
        return not self.missing_specialties(step) and not any(at == self.steps[step].code for at, _ in self.open)

    def next_step(self) -> int | None:
        """The first incomplete step, including newly added ones; None: all are complete."""
        return next((step for step in range(len(self.steps)) if not self.is_complete(step)), None)


async def progress_of(application: Application, book: Rulebook) -> StepProgress:
    """If corrections resume at the first step, only this round's approvals count; else the latest of any round."""
    since = application.round if book.review.resume == "first" else 0
    latest = await rows(_LATEST, application.id, since)
    return StepProgress(
        steps=book.review.steps,
        codes=tuple(row.code for row in await specialties_of(application)),
        approved=frozenset(
            (row["step_code"], row["specialty"]) for row in latest if row["state"] == TaskState.APPROVED
        ),
        open=frozenset((task.step_code, task.specialty) for task in await lock_open_tasks(application)),
    )


async def specialties_of(application: Application) -> list[ApplicationSpecialty]:
    return await ApplicationSpecialty.filter(application_id=application.id).order_by("position", "code")


async def alternatives_of(task: ReviewTask, book: Rulebook) -> list[ApplicationSpecialty]:
    """The alternative specialties whose entry into the pool an approval of the task decides. Last step only."""
    if not decides_alternatives(task, book):
        return []
    alternatives = ApplicationSpecialty.filter(application_id=task.application_id, choice="alternative")
    return await (alternatives.filter(code=task.specialty) if task.specialty else alternatives).order_by(
        "position", "code"
    )


def alternatives_among(
    task: ReviewTask, book: Rulebook, specialties: Sequence[ApplicationSpecialty]
) -> list[ApplicationSpecialty]:
    """The same among all specialties of the application."""
    if not decides_alternatives(task, book):
        return []
    return [
        specialty
        for specialty in specialties
        if specialty.choice == "alternative" and task.specialty in ("", specialty.code)
    ]


def decides_alternatives(task: ReviewTask, book: Rulebook) -> bool:
    return book.review.alternatives != "all" and task.step_code == book.review.steps[-1].code


async def open_step(application: Application, book: Rulebook, step: int, now: datetime, *, anew: bool = False) -> None:
    """Create the tasks that the step still lacks. ``anew``: also for specialties approved in an earlier round."""
    progress = await progress_of(application, book)
    rule = book.review.steps[step]
    needed = progress.needed_specialties(step) if anew else progress.missing_specialties(step)
    missing = [code for code in needed if (rule.code, code) not in progress.open]
    # tasks cancelled in this round because the step changed were never decided
    cancelled = ReviewTask.filter(application_id=application.id, round=application.round, step_code=rule.code)
    await cancelled.filter(specialty__in=missing, state=TaskState.VOID).delete()
    for code in missing:
        await ReviewTask.create(
            application_id=application.id,
            pool=application.pool,
            round=application.round,
            step=step,
            step_code=rule.code,
            region=task_region(rule, application, book),
            specialty=code,
            state=TASK.initial,
            opened_at=now,
        )
    if rule.per_specialty:
        still_open = ApplicationSpecialty.filter(application_id=application.id, code__in=[*needed])
        await still_open.update(state=TaskState.OPEN)
        decided = [code for code in progress.codes if code not in needed]
        settled = ApplicationSpecialty.filter(application_id=application.id, code__in=decided)
        await settled.update(state=TaskState.APPROVED)
    application.step = step
    await application.save(update_fields=["step"])


async def cancel_unneeded_tasks(application: Application, book: Rulebook, now: datetime) -> int | None:
    """Cancel open tasks that the current rulebook does not require; returns the step of the remaining ones, None
    without any."""
    progress = await progress_of(application, book)
    open_steps = [book.review.place_of(code) for code, _ in progress.open]
    at = min((place for place in open_steps if place is not None), default=None)
    if at is None:
        await cancel_open_tasks(application, now)
        return None
    code = book.review.steps[at].code
    await cancel_open_tasks(
        application, now, keep=frozenset((code, specialty) for specialty in progress.needed_specialties(at))
    )
    await ReviewTask.filter(application_id=application.id, state=TaskState.OPEN).update(step=at)
    return at


def task_region(rule: ReviewStep, application: Application, book: Rulebook) -> str:
    """The region whose reviewers get it. A county directly below the province counts as its own city."""
    if rule.acts_in == "province":
        return book.pool.region
    if rule.acts_in == "city":
        cities = [code for code in application.region_path if code.endswith("00") and not code.endswith("0000")]
        return cities[0] if cities else application.region
    return application.region
