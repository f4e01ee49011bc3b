"""What the expert's file held stands beside what an application asks for: values and files."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import NotFound
from domain.experts.file import FileChange, FileSource
from models.applications import Application, ApplicationSection, Attachment
from models.audit import AuditEntry
from models.experts import Expert
from services.applications.repository import seal_values
from services.core.base import Actor, Deps
from services.expert_files import change_file
from services.reviews import ReviewQueue
from services.reviews.application_view import FieldShown
from services.workflows import ReviewWorkflow
from tests.drivers.statements import count_statements
from tests.factories.applications import attach
from tests.factories.assembly import make_services
from tests.factories.people import file_more
from tests.factories.reviews import (
    CITY,
    OTHER_CITY,
    OTHER_DISTRICT,
    PROVINCE,
    begin,
    make_change,
    make_reviewer,
)

pytestmark = pytest.mark.usefixtures("catalogues")
MOVED = {"region_path": (OTHER_DISTRICT, OTHER_CITY, PROVINCE)}


async def _open(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, application: Application
) -> dict[str, FieldShown]:
    """The fields of the form, by code."""
    task, *_ = await begin(reviews, deps, application)
    view = await queue.get(await make_reviewer(deps, "industry"), task.id)
    return {field.code: field for section in view.sheet.sections for field in section.fields}


def _changes(fields: dict[str, FieldShown]) -> dict[str, str]:
    return {code: field.change for code, field in fields.items() if field.change}


async def test_a_change_shows_what_the_file_held_and_what_is_asked_for(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    filed = {"strengths": "隧道。", "education": None, "email": "old@example.com", "emergency": True}
    application = await make_change(deps, filed=filed, **MOVED)
    fields = await _open(deps, reviews, queue, application)
    assert _changes(fields) == {
        "region": "changed",
        "email": "changed",
        "education": "filled",
        "strengths": "changed",
    }
    pairs = {code: (field.former.text, field.text) for code, field in fields.items() if field.former}
    assert pairs["region"] == ("广州市天河区", "深圳市南山区")
    assert pairs["email"] == ("o***@example.com", "s***@example.com")
    assert pairs["education"] == ("", "硕士研究生")
    assert pairs["strengths"] == ("隧道。", "大跨结构。")


async def test_what_is_emptied_is_shown_and_what_was_not_answered_is_no_news(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    unchanged = {"remote_evaluation": None, "employer": "广州水务设计院"}
    application = await make_change(deps, filed=unchanged, values={"recusal_units": [], "remote_evaluation": None})
    fields = await _open(deps, reviews, queue, application)
    assert _changes(fields) == {"recusal_units": "emptied"}
    former = fields["recusal_units"].former
    assert former is not None
    assert former.rows[0][0] == "某某建设集团有限公司"


async def test_a_renewal_is_compared_and_a_first_application_is_not(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    renewal = await make_change(deps, entry_type="renewal", specialties=("A0801",))
    fields = await _open(deps, reviews, queue, renewal)
    former = fields["specialties"].former
    assert former is not None
    assert (former.text, fields["specialties"].text) == ("设计 › 建筑设计（首选）", "施工 › 房屋建筑（首选）")
    first = await make_change(deps, "赵一", entry_type="first", **MOVED)
    assert _changes(await _open(deps, reviews, queue, first)) == {}


async def test_the_reason_is_stated_beside_the_changes(deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue) -> None:
    application = await make_change(deps, **MOVED)
    sealed = seal_values(deps, {"change_reason": "工作调动"})
    await ApplicationSection.create(
        application_id=application.id, code="change", values_sealed=sealed, saved_at=deps.now()
    )
    fields = await _open(deps, reviews, queue, application)
    assert [(code, field.text) for code, field in fields.items() if field.stated] == [("change_reason", "工作调动")]


async def test_what_changed_in_the_file_meanwhile_is_not_asked_for(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, clock: FixedClock
) -> None:
    """The file is shown as it was at submission: what was changed since is the next reviewer's matter."""
    application = await make_change(deps, filed={"strengths": "隧道。"})
    expert = await Expert.get(id=application.expert_id)
    clock.move(timedelta(days=1))
    await file_more(deps, expert, deps.now(), email="new@example.com", strengths="桥梁。")
    clock.move(timedelta(days=1))
    await Application.filter(id=application.id).update(submitted_at=deps.now())
    clock.move(timedelta(days=1))
    await file_more(deps, expert, deps.now(), strengths="港口。")
    fields = await _open(deps, reviews, queue, await Application.get(id=application.id))
    assert _changes(fields) == {"strengths": "changed"}, "the e-mail stands as the form was begun with it"
    former = fields["strengths"].former
    assert former is not None
    assert former.text == "桥梁。"


async def test_a_new_file_stands_beside_the_filed_one_and_a_copy_is_unchanged(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    application = await make_change(deps, **MOVED)
    photo, proof = await _file_two(deps, application)
    await attach(deps, application.id, "photo", key=photo.key, taken_from=photo.application_id)
    new = await attach(deps, application.id, "title_proof", filename="新证书.pdf")
    fields = await _open(deps, reviews, queue, application)
    assert fields["photo"].former is None
    former = fields["title_proof"].former
    assert former is not None
    assert [(file.id, file.taken_over) for file in former.files] == [(proof.id, False)]
    assert [file.id for file in fields["title_proof"].files] == [new.id]


async def _file_two(deps: Deps, application: Application) -> tuple[Attachment, Attachment]:
    """A photo and a proof of the title that the file of the application's expert holds."""
    facts = {"expert_id": application.expert_id, "state": "entered", "ended_at": deps.now(), "entry_type": "first"}
    entered = await Application.create(
        pool="demo",
        number="SQ1",
        account_id=application.account_id,
        state_since=deps.now(),
        created_at=deps.now(),
        **facts,
    )
    photo = await attach(deps, entered.id, "photo")
    proof = await attach(deps, entered.id, "title_proof", filename="旧证书.pdf")
    expert = await Expert.get(id=application.expert_id)
    values = {file.field: [{"row": 0, "file": str(file.id)}] for file in (photo, proof)}
    await change_file(deps, expert, FileChange(expert.created_at, FileSource.APPLICATION, values, entered.id))
    return photo, proof


async def test_the_filed_file_is_opened_by_reviewers_of_this_application_alone(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    application = await make_change(deps, **MOVED)
    _, proof = await _file_two(deps, application)
    other = await attach(deps, proof.application_id, "other_material")
    access = make_services(deps).reviews.attachment_access
    reviewer = await make_reviewer(deps, "industry", OTHER_CITY)
    with pytest.raises(NotFound):
        await access.get(reviewer, proof.id)
    await begin(reviews, deps, application)
    assert (await access.get(reviewer, proof.id)).filename == "旧证书.pdf"
    for actor, attachment in (
        (await make_reviewer(deps, "industry", CITY), proof),
        (await make_reviewer(deps, "final"), proof),
        (Actor("demo", "applicant", reviewer.account_id), proof),
        (reviewer, other),
    ):
        with pytest.raises(NotFound):
            await access.get(actor, attachment.id)
    await Application.filter(id=application.id).update(state="correcting")
    with pytest.raises(NotFound):
        await access.get(reviewer, proof.id)


async def test_both_values_of_a_hidden_field_are_shown_at_once_and_logged_once(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    application = await make_change(deps, filed={"email": "old@example.com"})
    task, *_ = await begin(reviews, deps, application)
    reviewer = await make_reviewer(deps, "industry")
    revealed = await queue.reveal(reviewer, task.id, "email")
    assert (revealed.value, revealed.former) == ("suhang@example.com", "old@example.com")
    assert (await queue.reveal(reviewer, task.id, "address")).former == "", "it does not change"
    assert await AuditEntry.filter(action="review.reveal").count() == 2


async def test_the_file_costs_two_statements(deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue) -> None:
    application = await make_change(deps, **MOVED)
    await _file_two(deps, application)
    reviewer = await make_reviewer(deps, "industry")
    task, *_ = await begin(reviews, deps, application)
    with count_statements() as compared:
        await queue.get(reviewer, task.id)
    await Application.filter(id=application.id).update(entry_type="first")
    with count_statements() as alone:
        await queue.get(reviewer, task.id)
    assert len(compared) == len(alone) + 2, compared
