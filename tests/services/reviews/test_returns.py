"""A return points at fields and files: they are listed, opened, and counted as corrected once they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import InvalidInput, RuleViolation
from domain.ids import new_id
from models.applications import Application, ApplicationSection, ApplicationSpecialty, Attachment
from models.audit import AuditEntry
from models.reviews import ReviewTask
from services.applications import Progress, ReturnedField, progress_of
from services.applications.queries import ApplicationQueries
from services.applications.repository import editable_fields, seal_values
from services.core.base import Actor, Deps
from services.reviews import Mark
from services.workflows import ReviewWorkflow
from tests.factories.applications import attach
from tests.factories.reviews import (
    CITY,
    begin,
    hand_in_again,
    make_application,
    make_change,
    make_reviewer,
    review,
    step,
    tasks_of,
    with_rules,
)
from tests.services.conftest import NoticeBook
from tests.services.reviews.conftest import reviews_of

pytestmark = pytest.mark.usefixtures("catalogues")
UNCLEAR = "扫描件不清晰，请重新上传。"


async def _reload(application: Application) -> Application:
    return await Application.get(id=application.id)


async def _under_review(deps: Deps, reviews: ReviewWorkflow) -> tuple[Actor, ReviewTask, Application, Attachment]:
    """With a certificate of the title."""
    application = await make_application(deps)
    proof = await attach(deps, application.id, "title_proof", filename="证书.pdf")
    [task] = await begin(reviews, deps, application)
    return await make_reviewer(deps, "industry", CITY), task, application, proof


async def _fields(deps: Deps, application: Application) -> dict[str, ReturnedField]:
    actor = Actor("demo", "applicant", application.account_id)
    view = await ApplicationQueries(deps).get(actor, application.id)
    return {field.place: field for field in view.returned_fields}


async def _progress(deps: Deps, application: Application) -> Progress:
    return await progress_of(deps, application.id)


async def test_the_whole_is_sent_back_and_a_file_and_a_field_are_named(
    deps: Deps, reviews: ReviewWorkflow, book: NoticeBook
) -> None:
    reviewer, task, application, proof = await _under_review(deps, reviews)
    marks = [Mark(file=proof.id, words=UNCLEAR), Mark(field="strengths")]
    await reviews.decide(reviewer, task.id, "send_back_whole", "请按标记修改", marks=marks)
    assert (await _reload(application)).sent_back_fields == ["*"]
    notice = book.told[-1].params
    assert (notice["what"], notice["page"]) == ("职称证书“证书.pdf”、业务专长", "apply/form?at=title_proof")
    assert notice["reason"] == "请按标记修改"
    fields = await _fields(deps, application)
    assert {place: (field.label, field.words, field.mended) for place, field in fields.items()} == {
        "title_proof": ("职称证书“证书.pdf”", UNCLEAR, False),
        "strengths": ("业务专长", "", False),
    }
    progress = await _progress(deps, application)
    assert [(place.label, place.route) for place in progress.corrections] == [
        (f"职称证书“证书.pdf”：{UNCLEAR}", "/h5/demo/apply/form?at=title_proof"),
        ("业务专长", "/h5/demo/apply/form?at=strengths"),
    ]
    assert progress.step is not None
    assert progress.step.route == "/h5/demo/apply/form?at=title_proof"
    assert (await AuditEntry.get(action="review.send_back_whole")).details["places"] == ["title_proof", "strengths"]


async def test_the_words_of_the_marks_are_the_opinion_where_none_is_written(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    reviewer, task, _, proof = await _under_review(deps, reviews)
    with pytest.raises(InvalidInput, match="请填写审核意见"):
        await reviews.decide(reviewer, task.id, "send_back_whole", marks=[Mark(file=proof.id, words=" ")])
    marks = [Mark(file=proof.id, words=UNCLEAR), Mark(field="strengths", words="请写具体"), Mark(field="photo")]
    await reviews.decide(reviewer, task.id, "send_back_whole", marks=marks)
    stored = await ReviewTask.get(id=task.id)
    assert stored.opinion == "职称证书“证书.pdf”：扫描件不清晰，请重新上传；业务专长：请写具体；一寸免冠照片"


async def test_a_file_counts_as_corrected_once_it_is_replaced(
    deps: Deps, reviews: ReviewWorkflow, clock: FixedClock
) -> None:
    reviewer, task, application, proof = await _under_review(deps, reviews)
    other = await attach(deps, application.id, "other_material")
    marks = [Mark(file=proof.id, words=UNCLEAR), Mark(file=other.id)]
    await reviews.decide(reviewer, task.id, "send_back_whole", "请修改", marks=marks)
    clock.move(timedelta(minutes=1))
    await attach(deps, application.id, "title_proof", filename="新.pdf")
    assert not (await _fields(deps, application))["title_proof"].mended, "the old one is still there"
    await Attachment.filter(id=proof.id).update(state="removed", removed_at=deps.now())
    await Attachment.filter(id=other.id).update(state="removed", removed_at=deps.now())
    fields = await _fields(deps, application)
    assert fields["title_proof"].mended
    assert not fields["other_material"].mended, "taken away, and nothing in its place"


async def test_a_field_counts_as_corrected_once_it_is_another(deps: Deps, reviews: ReviewWorkflow) -> None:
    reviewer, task, application, _ = await _under_review(deps, reviews)
    marks = [Mark(field="strengths"), Mark(field="title_proof"), Mark(field="work_history")]
    await reviews.decide(reviewer, task.id, "send_back_whole", "请修改", marks=marks)
    section = await ApplicationSection.get(application_id=application.id, code="evaluation")
    await ApplicationSection.filter(id=section.id).update(
        values_sealed=seal_values(deps, {"strengths": "大跨钢结构，主持三项。"}), saved_at=deps.now()
    )
    await attach(deps, application.id, "title_proof", filename="补充.pdf")
    fields = await _fields(deps, application)
    assert {place: field.mended for place, field in fields.items()} == {
        "strengths": True,
        "title_proof": True,
        "work_history": False,
    }


async def test_a_specialty_and_what_is_marked_with_it_open_together(
    deps: Deps, reviews: ReviewWorkflow, book: NoticeBook
) -> None:
    reviewer, task, application, proof = await _under_review(deps, reviews)
    await reviews.decide(reviewer, task.id, "send_back", "不符", marks=[Mark(file=proof.id, words=UNCLEAR)])
    row = await _reload(application)
    assert row.sent_back_fields == ["specialties", "strengths", "signed_form", "other_material", "title_proof"]
    assert "email" not in editable_fields(row, deps.book("demo"))
    assert book.told[-1].params["page"] == "apply/form?at=title_proof"
    assert book.told[-1].params["what"] == "设计 › 建筑设计、职称证书“证书.pdf”"


async def _at_last_step(deps: Deps, reviews: ReviewWorkflow) -> tuple[Actor, ReviewTask, Application, Attachment]:
    reviewer, task, application, proof = await _under_review(deps, reviews)
    await reviews.decide(reviewer, task.id, "approve")
    [last] = await tasks_of(application)
    return await make_reviewer(deps, "final"), last, application, proof


async def test_where_the_rulebook_returns_parts_only_these_can_be_changed(deps: Deps, reviews: ReviewWorkflow) -> None:
    reviewer, task, application, proof = await _at_last_step(deps, reviews)
    with pytest.raises(InvalidInput, match="先在申请表上标出"):
        await reviews.decide(reviewer, task.id, "send_back_fields", "请修改")
    await reviews.decide(reviewer, task.id, "send_back_fields", marks=[Mark(file=proof.id, words=UNCLEAR)])
    row = await _reload(application)
    assert (row.sent_back_fields, row.state) == (["title_proof"], "sent_back")
    assert editable_fields(row, deps.book("demo")) == {"title_proof"}
    [again] = await hand_in_again(reviews, deps, application, ("A0401",))
    assert (again.step_code, again.returned) == ("final", [])
    assert (await _progress(deps, application)).corrections == ()


async def test_what_stands_on_the_signed_form_opens_it_too(deps: Deps, reviews: ReviewWorkflow) -> None:
    reviewer, task, application, _ = await _at_last_step(deps, reviews)
    marks = [Mark(field="strengths", words="请写具体"), Mark(field="specialties")]
    await reviews.decide(reviewer, task.id, "send_back_fields", marks=marks)
    assert (await _reload(application)).sent_back_fields == ["strengths", "specialties", "signed_form"]
    assert (await ApplicationSpecialty.get(application_id=application.id)).state == "sent_back", "it can be replaced"


async def test_a_step_sends_parts_back_only_where_its_rule_says_so(deps: Deps, book: NoticeBook) -> None:
    changed = with_rules(deps, review={"steps": [step("one")]})
    reviews = reviews_of(changed, book)
    application = await make_application(changed)
    reviewer = await make_reviewer(changed, "one")
    [task] = await begin(reviews, changed, application)
    with pytest.raises(RuleViolation, match="退回整份申请"):
        await reviews.decide(reviewer, task.id, "send_back_fields", marks=[Mark(field="strengths", words="短")])
    with pytest.raises(ValueError, match="per specialty"):
        review(step("one", per_specialty=True, send_back=["fields"]))


@pytest.mark.parametrize(
    ("decision", "mark", "code"),
    [
        ("approve", {"field": "strengths"}, "marked"),
        ("send_back_whole", {"field": "name"}, "mark_unknown"),
        ("send_back_whole", {"field": "no_such"}, "mark_unknown"),
        ("send_back_whole", {"file": new_id()}, "mark_unknown"),
        ("send_back_whole", {"field": "strengths", "words": "字" * 101}, "too_long"),
    ],
)
async def test_a_mark_is_held_to_what_the_applicant_can_correct(
    deps: Deps, reviews: ReviewWorkflow, decision: Any, mark: dict[str, Any], code: str
) -> None:
    reviewer, task, _, _ = await _under_review(deps, reviews)
    with pytest.raises(InvalidInput) as refused:
        await reviews.decide(reviewer, task.id, decision, "请修改", marks=[Mark(**mark)])
    assert refused.value.code == code
    assert (await ReviewTask.get(id=task.id)).state == "open"


async def test_another_persons_file_is_no_place_of_this_application(deps: Deps, reviews: ReviewWorkflow) -> None:
    reviewer, task, _, _ = await _under_review(deps, reviews)
    *_, foreign = await _under_review(deps, reviews)
    with pytest.raises(InvalidInput, match="已有变化"):
        await reviews.decide(reviewer, task.id, "send_back_whole", "请修改", marks=[Mark(file=foreign.id)])


async def test_no_digest_tells_what_a_field_held(deps: Deps, reviews: ReviewWorkflow) -> None:
    reviewer, task, _, _ = await _under_review(deps, reviews)
    await reviews.decide(reviewer, task.id, "send_back_whole", "请修改", marks=[Mark(field="email")])
    [stored] = (await ReviewTask.get(id=task.id)).returned
    assert "suhang" not in str(stored)
    assert len(stored["digest"]) == 64


async def test_a_renewal_marks_nothing_that_it_takes_over(deps: Deps, book: NoticeBook) -> None:
    form = deps.book("demo").form
    fields = {**form.fields, "strengths": form.fields["strengths"].model_copy(update={"kept_at_renewal": True})}
    changed = with_rules(deps, form={"fields": fields})
    reviews = reviews_of(changed, book)
    renewal = await make_change(changed, entry_type="renewal")
    [task] = await begin(reviews, changed, renewal)
    reviewer = await make_reviewer(changed, "industry")
    with pytest.raises(InvalidInput, match="已有变化"):
        await reviews.decide(reviewer, task.id, "send_back_whole", "请修改", marks=[Mark(field="strengths")])
    await reviews.decide(reviewer, task.id, "send_back_whole", "请修改", marks=[Mark(field="education")])


async def test_a_task_that_stayed_open_through_a_correction_is_returned_in_the_present_round(
    deps: Deps, reviews: ReviewWorkflow, clock: FixedClock
) -> None:
    """Its own round is the earlier one."""
    application = await make_application(deps, specialties=("A0401", "A0801"))
    reviewer = await make_reviewer(deps, "industry", CITY)
    first, second = await begin(reviews, deps, application)
    clock.move(timedelta(minutes=1))
    await reviews.decide(reviewer, first.id, "send_back", "不符")
    clock.move(timedelta(minutes=1))
    await hand_in_again(reviews, deps, application, ("A0401", "A0801"))
    await Application.filter(id=application.id).update(submitted_at=deps.now())
    clock.move(timedelta(minutes=1))
    await reviews.decide(reviewer, second.id, "send_back", marks=[Mark(field="strengths", words="请写具体")])
    actor = Actor("demo", "applicant", application.account_id)
    view = await ApplicationQueries(deps).get(actor, application.id)
    assert [specialty.code for specialty in view.returned] == ["A0801"]
    assert [field.place for field in view.returned_fields] == ["strengths"]
    assert [stage.state for stage in view.progress.stages][1] == "stopped"
