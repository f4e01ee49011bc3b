"""The rulebook or the person's age changes while an application is under way: such an application can be completed."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from domain.clock import FixedClock
from domain.errors import InvalidInput
from domain.rulebook.book import Rulebook
from models.applications import Application, ApplicationSpecialty
from services.applications.drafts import Drafts
from services.core.base import Actor, Deps
from services.workflows import ApplicationWorkflow
from tests.factories.applications import (
    OTHER_SPECIALTY,
    SPECIALTY,
    THIRD_SPECIALTY,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    values_of,
)
from tests.factories.workflows import make_submission
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    return await make_applicant(deps)


def changed(deps: Deps, **form: object) -> Deps:
    """Services after a restart with other rules for the form: ``fields={code: {…}}``, ``specialties={…}``."""
    book: Rulebook = deps.book("demo")
    updates: dict[str, object] = {}
    if isinstance(fields := form.get("fields"), dict):
        new = {code: book.form.fields[code].model_copy(update=update) for code, update in fields.items()}
        updates["fields"] = {**book.form.fields, **new}
    if isinstance(rule := form.get("specialties"), dict):
        updates["specialties"] = book.form.specialties.model_copy(update=rule)
    other = book.model_copy(update={"form": book.form.model_copy(update=updates)})
    other._provenance = dict(book._provenance)
    return Deps(deps.clock, deps.keys, {**deps.rulebooks, "demo": other}, deps.jobs, deps.public_url)


def submission_of(deps: Deps, book: NoticeBook) -> ApplicationWorkflow:
    return make_submission(deps, book)


def problems_of(error: InvalidInput) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", error.params["problems"])


def chosen(*codes: str) -> list[dict[str, str]]:
    return [{"code": code, "choice": "preferred"} for code in codes]


async def sent_back(application: Application, *fields: str, specialty: str = "") -> None:
    await Application.filter(id=application.id).update(state="sent_back", sent_back_fields=list(fields))
    rows = ApplicationSpecialty.filter(application_id=application.id)
    await rows.update(state="approved")
    await rows.filter(code=specialty).update(state="sent_back")


async def test_a_draft_is_held_to_the_rules_of_the_day_it_is_handed_in(
    deps: Deps, book: NoticeBook, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao, experience=None, specialties=chosen(SPECIALTY, OTHER_SPECIALTY))
    after = changed(
        deps, fields={"strengths": {"length_max": 3}, "address": {"required": True}}, specialties={"count_max": 1}
    )
    await Drafts(deps, make_campaigns(deps)).save_section(
        zhao, application.id, "basic", values_of(deps.book("demo"), address=None)["basic"] | {"employer": None}, 1
    )
    application = await Application.get(id=application.id)
    with pytest.raises(InvalidInput) as refused:
        await submission_of(after, book).submit(zhao, application.id, application.version)
    told = {problem["field"]: problem["message"] for problem in problems_of(refused.value)}
    assert told["address"] == "请填写通讯地址。"
    assert "最多3个字" in told["strengths"]
    assert "最多选择1个" in told["specialties"]


async def test_an_applicant_who_printed_before_a_field_was_added_sees_who_can_unlock(
    deps: Deps, book: NoticeBook, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao, address=None)
    await Application.filter(id=application.id).update(state="locked", locked_version=application.version)
    after = changed(deps, fields={"address": {"required": True}})
    with pytest.raises(InvalidInput) as refused:
        await submission_of(after, book).submit(zhao, application.id, application.version)
    [problem] = problems_of(refused.value)
    assert problem["message"] == "请填写通讯地址。表格打印后已锁定，请拨打400-000-0000解除锁定。"


async def test_a_correction_is_not_held_to_what_can_not_be_corrected(deps: Deps, book: NoticeBook, zhao: Actor) -> None:
    application = await fill_in(deps, zhao, address=None, specialties=chosen(SPECIALTY, OTHER_SPECIALTY))
    await submission_of(deps, book).submit(zhao, application.id, application.version)
    await sent_back(application, "specialties", "strengths", specialty=OTHER_SPECIALTY)
    after = changed(deps, fields={"address": {"required": True}})
    assert (await submission_of(after, book).submit(zhao, application.id, application.version)).round == 2
    await sent_back(application, "*")
    with pytest.raises(InvalidInput, match="请填写通讯地址"):
        await submission_of(after, book).submit(zhao, application.id, application.version)


async def test_who_keeps_more_specialties_than_are_allowed_by_now_may_keep_them(
    deps: Deps, book: NoticeBook, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao, specialties=chosen(SPECIALTY, OTHER_SPECIALTY))
    await submission_of(deps, book).submit(zhao, application.id, application.version)
    await sent_back(application, "specialties", specialty=OTHER_SPECIALTY)
    after = changed(deps, specialties={"count_max": 1})
    saved = await Drafts(after, make_campaigns(after)).save_section(
        zhao, application.id, "evaluation", {"specialties": chosen(SPECIALTY, THIRD_SPECIALTY)}, 1
    )
    assert (await submission_of(after, book).submit(zhao, application.id, saved.form_version)).round == 2


async def test_an_applicant_who_turned_66_during_the_review_may_still_correct(
    deps: Deps, book: NoticeBook, clock: FixedClock, zhao: Actor
) -> None:
    """湖南手册 L144: the age counts on the day of the first submission."""
    old = await make_applicant(deps, birth="19601201")
    application = await fill_in(deps, old)
    await submission_of(deps, book).submit(old, application.id, application.version)
    await sent_back(application, "*")
    clock.move(timedelta(days=12))
    assert (await submission_of(deps, book).submit(old, application.id, application.version)).round == 2
    late = await make_applicant(deps, birth="19601204")
    drafted = await fill_in(deps, late)
    clock.move(timedelta(days=3))
    with pytest.raises(InvalidInput) as refused:
        await submission_of(deps, book).submit(late, drafted.id, drafted.version)
    assert "已满66周岁" in str(refused.value.params["problems"])


# ---- the choice of specialties (湖南手册 L166-168, L232-240)


async def test_in_the_place_of_one_that_was_sent_back_comes_one_and_not_three(
    deps: Deps, book: NoticeBook, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao, specialties=chosen(SPECIALTY, OTHER_SPECIALTY))
    await submission_of(deps, book).submit(zhao, application.id, application.version)
    await sent_back(application, "specialties", specialty=OTHER_SPECIALTY)
    drafts = Drafts(deps, make_campaigns(deps))
    with pytest.raises(InvalidInput) as refused:
        await drafts.save_section(
            zhao,
            application.id,
            "evaluation",
            {"specialties": chosen(SPECIALTY, OTHER_SPECIALTY, THIRD_SPECIALTY)},
            1,
        )
    assert "最多再选1个" in str(refused.value.params["problems"])
    await drafts.save_section(zhao, application.id, "evaluation", {"specialties": chosen(SPECIALTY)}, 1)


async def test_giving_up_and_beginning_anew_frees_no_choice_in_the_same_campaign(
    deps: Deps, book: NoticeBook, clock: FixedClock, zhao: Actor
) -> None:
    submission, drafts = submission_of(deps, book), Drafts(deps, make_campaigns(deps))
    first = await fill_in(deps, zhao, specialties=chosen(SPECIALTY, OTHER_SPECIALTY))
    await submission.submit(zhao, first.id, first.version)
    await submission.withdraw(zhao, first.id)
    await submission.cancel(zhao, first.id)
    begun = await drafts.start(zhao, "first")
    assert not begun.existing
    for other in (chosen(SPECIALTY, THIRD_SPECIALTY), chosen(SPECIALTY, OTHER_SPECIALTY, THIRD_SPECIALTY)):
        with pytest.raises(InvalidInput):
            await drafts.save_section(zhao, begun.id, "evaluation", {"specialties": other}, 1)
    same = {"specialties": chosen(SPECIALTY, OTHER_SPECIALTY), "strengths": "规划。"}
    assert (await drafts.save_section(zhao, begun.id, "evaluation", same, 1)).version == 2

    clock.move(timedelta(days=365))
    await submission.cancel(zhao, begun.id)
    await make_campaign(deps, name="第三批征集")
    third = await drafts.start(zhao, "first")
    free = {"specialties": chosen(THIRD_SPECIALTY)}
    assert (await drafts.save_section(zhao, third.id, "evaluation", free, 1)).version == 2
