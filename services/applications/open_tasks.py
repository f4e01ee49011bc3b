"""Open review tasks of an application; inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain.applications.lifecycles import TASK, TaskEvent, TaskState
from models.applications import Application
from models.reviews import ReviewTask


class TaskKey(NamedTuple):
    """The unit of a decision: a step by its code, one ``specialty`` or the whole application, and whether the region
    that the expert leaves decides it."""

    step: str
    specialty: str
    former_region: bool = False


def key_of(task: ReviewTask) -> TaskKey:
    return TaskKey(task.step_code, task.specialty, task.former_region)


async def lock_open_tasks(application: Application) -> list[ReviewTask]:
    """Locked in the order of ids."""
    open_tasks = ReviewTask.filter(application_id=application.id, state=TaskState.OPEN).order_by("id")
    return await open_tasks.select_for_update()


async def cancel_open_tasks(application: Application, now: datetime, *, keep: frozenset[TaskKey] = frozenset()) -> None:
    """Cancel open tasks, except those in ``keep``."""
    for task in await lock_open_tasks(application):
        if key_of(task) not in keep:
            task.state = TASK.next(TaskState(task.state), TaskEvent.CANCEL)
            task.decided_at = now
            await task.save(update_fields=["state", "decided_at"])
