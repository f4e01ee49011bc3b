"""Two reviewers decide at once: one succeeds, the other gets a conflict; without the locks both would succeed."""

from __future__ import annotations

import asyncio

import pytest
from tortoise.queryset import QuerySet

from domain.errors import Conflict
from models.applications import Application
from models.reviews import ReviewEntry
from services.core.base import Deps
from services.reviews import Decided
from services.reviews import decisions as module
from services.reviews.decisions import Reviews
from services.workflows import ReviewWorkflow
from tests.factories.reviews import CITY, begin, make_application, make_reviewer, tasks_of
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("catalogues")


async def _decide_at_once(deps: Deps, reviews: ReviewWorkflow) -> tuple[Application, list[Decided | BaseException]]:
    application = await make_application(deps)
    pair = [await make_reviewer(deps, "industry", CITY) for _ in range(2)]
    [task] = await begin(reviews, deps, application)
    answers = await asyncio.gather(
        reviews.decide(pair[0], task.id, "approve"),
        reviews.decide(pair[1], task.id, "send_back_whole", "照片不清晰"),
        return_exceptions=True,
    )
    return application, list(answers)


async def test_of_two_reviewers_at_once_one_decides_and_the_other_is_refused(
    deps: Deps, reviews: ReviewWorkflow, book: NoticeBook
) -> None:
    for _ in range(5):
        application, answers = await _decide_at_once(deps, reviews)
        [decided] = [answer for answer in answers if isinstance(answer, Decided)]
        [refused] = [answer for answer in answers if isinstance(answer, Conflict)]
        assert "市州行业主管部门" in refused.message
        assert await ReviewEntry.filter(application_id=application.id).count() == 1
        row = await Application.get(id=application.id)
        expected = ("reviewing", 1) if decided.state == "approved" else ("sent_back", 0)
        assert (row.state, row.step) == expected
        assert len(book.told) == 1
        book.told.clear()


async def test_without_the_locks_both_would_decide(
    deps: Deps, reviews: ReviewWorkflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same two, meeting between look and action, with nothing that keeps them apart."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)
    meeting, looked = asyncio.Barrier(2), module.Reviews._check_open

    async def check_together(self: Reviews, *args: object) -> None:
        await looked(self, *args)  # type: ignore[arg-type]  # handed through
        await meeting.wait()

    monkeypatch.setattr(module.Reviews, "_check_open", check_together)
    application, answers = await asyncio.wait_for(_decide_at_once(deps, reviews), 20)
    assert all(isinstance(answer, Decided) for answer in answers)
    assert await ReviewEntry.filter(application_id=application.id).count() == 2


async def test_the_last_two_specialties_approved_at_once_lead_to_the_next_step_once(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    for _ in range(5):
        application = await make_application(deps, specialties=("A0401", "A0801"))
        pair = [await make_reviewer(deps, "industry", CITY, code) for code in ("A04", "A08")]
        tasks = await begin(reviews, deps, application)
        await asyncio.gather(
            *(reviews.decide(reviewer, t.id, "approve") for reviewer, t in zip(pair, tasks, strict=True))
        )
        assert [t.step_code for t in await tasks_of(application)] == ["final"]
