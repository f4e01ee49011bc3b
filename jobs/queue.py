"""The job queue: procrastinate on our own PostgreSQL, with retries that are capped and spread."""

from __future__ import annotations

import random
from urllib.parse import urlsplit, urlunsplit

from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from jobs.fair_queues import FairQueues, NoteFetch, ignore_fetch
from jobs.queue_connector import QueueConnector
from services.operations import MAX_ATTEMPTS


class CappedRetry(BaseRetryStrategy):
    """1 s, 2 s, 4 s … at most two minutes, each spread by ±25 %; abandoned after ``MAX_ATTEMPTS``.

    The work of a job stands in tables of ours, so the deadlines' tick finds an abandoned job's work again.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts >= MAX_ATTEMPTS:
            return None
        pause = min(2.0**job.attempts, 120.0) * random.uniform(0.75, 1.25)  # noqa: S311  (spread, not secrecy)
        return RetryDecision(retry_in={"seconds": max(1, round(pause))})


def make_queue(database_url: str, *, pool_size: int, note_fetch: NoteFetch = ignore_fetch) -> App:
    """``database_url`` as postgres://…; connections are opened by ``App.open_async``. ``note_fetch``: see NoteFetch."""
    url = urlunsplit(urlsplit(database_url)._replace(scheme="postgresql"))
    queue = App(connector=QueueConnector(url, pool_size=pool_size))
    queue.job_manager = FairQueues(queue.connector, note_fetch)
    return queue


def end_soon(queue: App) -> None:
    """See ``QueueConnector.end_soon``."""
    if isinstance(queue.connector, QueueConnector):
        queue.connector.end_soon()
