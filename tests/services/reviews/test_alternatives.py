"""Alternative specialties (备选) don't enter by themselves: the reviewer of the last step decides on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.errors import InvalidInput
from domain.rulebook.book import Rulebook
from models.applications import Application, ApplicationSpecialty
from models.experts import Expert
from models.reviews import ReviewEntry, ReviewTask
from services.applications import progress_of
from services.core.base import Actor, Deps
from services.reviews import ReviewQueue
from services.workflows import ReviewWorkflow
from tests.factories.reviews import begin, make_application, make_catalogues, make_reviewer, review, step, with_rules
from tests.factories.workflows import make_reviews
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
STEPS = (step("first"), step("last"))


async def hand_in_application(deps: Deps, alternatives: Sequence[str]) -> Application:
    await make_catalogues()
    application = await make_application(deps, specialties=["A0401", *alternatives])
    await ApplicationSpecialty.filter(code__in=list(alternatives)).update(choice="alternative")
    return application


def rules(deps: Deps, **values: object) -> Deps:
    changed = with_rules(deps, entry={"stages": ()})
    books: dict[str, Rulebook] = dict(changed.rulebooks)
    books["demo"] = books["demo"].model_copy(update={"review": review(*STEPS, **values), "notice": None})
    return replace(changed, rulebooks=books)


def reviews_of(deps: Deps, book: NoticeBook) -> ReviewWorkflow:
    return make_reviews(deps, book)


async def last_task(reviews: ReviewWorkflow, deps: Deps, application: Application) -> tuple[Actor, ReviewTask]:
    (task,) = await begin(reviews, deps, application)
    first, last = await make_reviewer(deps, "first"), await make_reviewer(deps, "last")
    assert (await ReviewQueue(deps).get(first, task.id)).alternatives == (), "the first step decides on none"
    await reviews.decide(first, task.id, "approve")
    return last, await ReviewTask.get(application_id=application.id, state="open")


@pytest.mark.parametrize(("admitted", "entered"), [([], ["A0401"]), (["A0801"], ["A0401", "A0801"])])
async def test_only_what_the_reviewer_chose_enters(
    deps: Deps, book: NoticeBook, admitted: list[str], entered: list[str]
) -> None:
    deps = rules(deps)
    application, reviews = await hand_in_application(deps, ["A0801", "B"]), reviews_of(deps, book)
    last, task = await last_task(reviews, deps, application)
    assert (await ReviewQueue(deps).get(last, task.id)).alternatives == ("A0801", "B")
    await reviews.decide(last, task.id, "approve", admitted=admitted)
    expert = await Expert.get()
    assert sorted(expert.specialties) == entered
    assert "B" not in expert.specialty_path
    progress = await progress_of(deps, application.id)
    labels = {specialty.code: specialty.state_label for specialty in progress.specialties}
    assert labels == {"A0401": "通过", "A0801": "备选入库" if admitted else "备选不入库", "B": "备选不入库"}
    entry = await ReviewEntry.get(application_id=application.id, event="admit")
    assert entry.opinion == ("入库：施工 › 房屋建筑；不入库：货物类" if admitted else "不入库：施工 › 房屋建筑、货物类")


@pytest.mark.parametrize("admitted", [None, ["A0401"], ["A0801", "C"]])
async def test_an_approval_that_leaves_it_open_or_names_others_is_refused(
    deps: Deps, book: NoticeBook, admitted: list[str] | None
) -> None:
    deps = rules(deps)
    application, reviews = await hand_in_application(deps, ["A0801"]), reviews_of(deps, book)
    last, task = await last_task(reviews, deps, application)
    with pytest.raises(InvalidInput, match="逐项决定备选专业"):
        await reviews.decide(last, task.id, "approve", admitted=admitted)
    assert (await Application.get(id=application.id)).state == "reviewing"


async def test_where_all_specialties_enter_no_decision_is_required(deps: Deps, book: NoticeBook) -> None:
    deps = rules(deps, alternatives="all")
    application, reviews = await hand_in_application(deps, ["A0801"]), reviews_of(deps, book)
    last, task = await last_task(reviews, deps, application)
    await reviews.decide(last, task.id, "approve")
    assert sorted((await Expert.get()).specialties) == ["A0401", "A0801"]
