"""Fetches jobs from several queues in turn, so that ten thousand jobs of one queue delay no job of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TypeAlias

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

_FETCH = """
UPDATE procrastinate_jobs SET status = 'doing', worker_id = %(worker_id)s WHERE id = (
    SELECT found.id FROM unnest(%(queues)s::varchar[]) AS queue (name) CROSS JOIN LATERAL (
        SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = queue.name
        AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY attempts, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS found LIMIT 1)
RETURNING id, status, task_name, priority, lock, queueing_lock, args, scheduled_at, queue_name, attempts, worker_id
"""
"""The oldest job of the first queue that has one; those that failed before come last. The index ``job_waiting`` serves
this order and no other index does, so no plan walks through the jobs of other queues. No job of ours has a ``lock`` or
a priority, which procrastinate's own statement supports."""


NoteFetch: TypeAlias = Callable[[Sequence[str]], None]
"""Called with a lane's queues each time that it has looked for a job, whether it found one or not."""


def ignore_fetch(_queues: Sequence[str]) -> None:
    """In place of a watch, for queues without lanes."""


class FairQueues(JobManager):
    """Fetches from the queue that was served longest ago first."""

    def __init__(self, connector: BaseConnector, note_fetch: NoteFetch = ignore_fetch) -> None:
        super().__init__(connector)
        self._note_fetch = note_fetch
        self._served: dict[str, int] = {}
        self._turns = count(1)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        if queues is None:
            return await super().fetch_job(queues, worker_id)
        names = list(queues)
        order = sorted(names, key=lambda name: self._served.get(name, 0))
        job_rows = await self.connector.execute_query_all_async(query=_FETCH, queues=order, worker_id=worker_id)
        self._note_fetch(names)
        if not job_rows:
            return None
        self._served[job_rows[0]["queue_name"]] = next(self._turns)
        return Job.from_row(job_rows[0])
