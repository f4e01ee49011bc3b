"""The tasks of a review: current step, pending decisions, responsible region.

Everything here runs inside the caller's transaction, with the application's row locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.applications.lifecycles import TASK, TaskState
from domain.rulebook.book import Rulebook
from domain.rulebook.reviews import ReviewStep
from models.applications import Application, ApplicationSpecialty
from models.reviews import ReviewTask
from services.applications import TaskKey, cancel_open_tasks, key_of, lock_open_tasks
from services.catalogue_codes import load_codes
from services.core.base import rows

_LATEST = """
SELECT DISTINCT ON (step_code, specialty, former_region) step_code, specialty, former_region, state FROM review_task
 WHERE application_id = $1 AND state NOT IN ('open', 'void') AND round >= $2
 ORDER BY step_code, specialty, former_region, round DESC, decided_at DESC
"""


@dataclass(frozen=True)
class StepProgress:
    """Decisions so far, and open tasks; ``codes`` as submitted. Steps are indexes in the rulebook.

    ``former_region``: where the expert leaves, if its reviewers are asked; empty: they are not.
    """

    steps: Sequence[ReviewStep]
    codes: tuple[str, ...]
    former_region: str
    approved: frozenset[TaskKey]
    open: frozenset[TaskKey]

    def needed(self, step: int) -> list[TaskKey]:
        """What is to be decided: each specialty, or the whole; at the first step by the region that the expert leaves,
        too."""
        rule = self.steps[step]
        specialties = self.codes if rule.per_specialty and self.codes else ("",)
        sides = (False, True) if step == 0 and self.former_region else (False,)
        return [TaskKey(rule.code, specialty, side) for side in sides for specialty in specialties]

    def missing(self, step: int) -> list[TaskKey]:
        return [key for key in self.needed(step) if key not in self.approved]

    def is_complete(self, step: int) -> bool:
        return not self.missing(step) and not any(key.step == self.steps[step].code for key in self.open)

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
        former_region=await former_region(application, book) if book.review.old_region == "ask" else "",
        approved=frozenset(
            TaskKey(row["step_code"], row["specialty"], row["former_region"])
            for row in latest
            if row["state"] == TaskState.APPROVED
        ),
        open=frozenset(key_of(task) for task in await lock_open_tasks(application)),
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
    if task.former_region or book.review.alternatives == "all":
        return False
    return task.step_code == book.review.steps[-1].code


async def open_step(application: Application, book: Rulebook, step: int, now: datetime, *, anew: bool = False) -> None:
    """Create the tasks that the step still lacks. ``anew``: also for specialties approved in an earlier round."""
    progress = await progress_of(application, book)
    rule = book.review.steps[step]
    needed = progress.needed(step) if anew else progress.missing(step)
    for key in needed:
        if key in progress.open:
            continue
        place: dict[str, Any] = {
            "application_id": application.id,
            "round": application.round,
            "step_code": rule.code,
            "specialty": key.specialty,
            "former_region": key.former_region,
        }
        # one that was cancelled in this round because the step changed was never decided
        await ReviewTask.filter(**place, state=TaskState.VOID).delete()
        await ReviewTask.create(
            **place,
            pool=application.pool,
            step=step,
            region=progress.former_region if key.former_region else task_region(rule, application, book),
            state=TASK.initial,
            opened_at=now,
        )
    if rule.per_specialty:
        undecided = {key.specialty for key in needed}
        still_open = ApplicationSpecialty.filter(application_id=application.id, code__in=[*undecided])
        await still_open.update(state=TaskState.OPEN)
        decided = [code for code in progress.codes if code not in undecided]
        settled = ApplicationSpecialty.filter(application_id=application.id, code__in=decided)
        await settled.update(state=TaskState.APPROVED)
    application.step = step
    await application.save(update_fields=["step"])


async def cancel_unneeded_tasks(application: Application, book: Rulebook, now: datetime) -> int | None:
    """Cancel open tasks that the current rulebook does not require; returns the step of the remaining ones, None
    without any."""
    progress = await progress_of(application, book)
    open_steps = [book.review.place_of(key.step) for key in progress.open]
    at = min((place for place in open_steps if place is not None), default=None)
    if at is None:
        await cancel_open_tasks(application, now)
        return None
    await cancel_open_tasks(application, now, keep=frozenset(progress.needed(at)))
    await ReviewTask.filter(application_id=application.id, state=TaskState.OPEN).update(step=at)
    return at


def task_region(rule: ReviewStep, application: Application, book: Rulebook) -> str:
    """The region whose reviewers get it."""
    return _acting_region(rule, book, application.region, application.region_path)


async def former_region(application: Application, book: Rulebook) -> str:
    """Where the first step would act in the region that the expert leaves; empty where that is the same office, or the
    application does not move him."""
    if not application.moves_from:
        return ""
    codes = await load_codes(book, [application.moves_from])
    rule = book.review.steps[0]
    region = _acting_region(rule, book, application.moves_from, codes.path("region", application.moves_from))
    return "" if region == task_region(rule, application, book) else region


def _acting_region(rule: ReviewStep, book: Rulebook, region: str, path: Sequence[str]) -> str:
    """A county directly below the province counts as its own city."""
    if rule.acts_in == "province":
        return book.pool.region
    if rule.acts_in == "city":
        cities = [code for code in path if code.endswith("00") and not code.endswith("0000")]
        return cities[0] if cities else region
    return region
