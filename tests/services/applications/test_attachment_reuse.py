"""Files of an earlier application are offered in the new one, and kept until no application has them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import NotFound
from domain.forms.values import file_codes
from domain.rulebook.form import FormField
from models.applications import Application, Attachment
from models.experts import Expert
from services.applications import erase_unsent, read_values
from services.applications.attachments import REMOVED_TTL, Attachments
from services.applications.drafts import Drafts
from services.applications.problems import find_problems
from services.applications.queries import ApplicationQueries
from services.catalogue_codes import load_codes
from services.core.base import Actor, Deps, transaction
from services.files import Previews, SealedFiles
from services.files.garbage_collection import ORPHAN_TTL, FileGarbageCollector
from services.reviews.attachment_access import AttachmentAccess
from tests.factories.applications import (
    account_of,
    attach,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    values_of,
)
from tests.factories.attachments import ready_attachments, upload_file
from tests.factories.files import MemoryFiles, QuickChecker, jpeg, pdf
from tests.factories.people import file_more, make_expert
from tests.factories.rulebooks import load_rulebook
from tests.services.conftest import RULEBOOKS

pytestmark = pytest.mark.usefixtures("db")
PHOTO, CARD, DEGREE = jpeg(300, 420), jpeg(856, 540), pdf(2)


@pytest.fixture
def files(clock: FixedClock) -> MemoryFiles:
    return MemoryFiles(clock)


@pytest.fixture
def store(files: MemoryFiles, deps: Deps) -> SealedFiles:
    return SealedFiles(files, deps.keys)


@pytest.fixture
def attachments(deps: Deps, store: SealedFiles) -> Attachments:
    return Attachments(deps, store, QuickChecker())


@pytest.fixture
def reading(deps: Deps, store: SealedFiles) -> AttachmentAccess:
    return AttachmentAccess(deps, store, Previews(store, QuickChecker()))


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    return await make_applicant(deps)


async def begin(deps: Deps, actor: Actor, entry_type: str = "first") -> UUID:
    return (await Drafts(deps, make_campaigns(deps)).start(actor, entry_type)).id


async def end(application_id: UUID, deps: Deps, state: str = "refused", **columns: object) -> None:
    sent = deps.now() if state != "cancelled" else None
    await Application.filter(id=application_id).update(state=state, ended_at=deps.now(), submitted_at=sent, **columns)


async def upload_all(attachments: Attachments, actor: Actor, application_id: UUID) -> None:
    for field, content in (
        ("photo", PHOTO),
        ("id_card_front", CARD),
        ("degree_proof", DEGREE),
        ("degree_proof", jpeg()),
        ("commitment_letter", pdf()),
        ("signed_form", pdf(3)),
    ):
        await upload_file(attachments, actor, application_id, field, filename=f"{field}.x", content=content)


async def taken(application_id: UUID) -> list[str]:
    """Fields of the reused files."""
    ready = await Attachment.filter(application_id=application_id, state="ready").order_by("field", "ready_at", "id")
    return [attachment.field for attachment in ready]


async def file_attachments(deps: Deps, expert: Expert, application_id: UUID) -> None:
    """The application took effect: what stays valid after it is filed."""
    filed: dict[str, object] = {}
    for code in file_codes(deps.book("demo").form, "first"):
        attached = await Attachment.filter(application_id=application_id, field=code, state="ready").order_by("id")
        filed[code] = [{"row": attachment.row, "file": str(attachment.id)} for attachment in attached]
    await file_more(deps, expert, deps.now(), **filed)


def with_field(deps: Deps, code: str, **changes: object) -> Deps:
    """The demo pool with one field of its form changed."""
    book = deps.book("demo")
    field: FormField = book.form.fields[code].model_copy(update=changes)
    form = book.form.model_copy(update={"fields": {**book.form.fields, code: field}})
    return replace(deps, rulebooks={**deps.rulebooks, "demo": book.model_copy(update={"form": form})})


# ---- what is there again


async def test_a_renewing_expert_finds_the_files_of_the_entry(
    deps: Deps, attachments: Attachments, reading: AttachmentAccess, zhao: Actor, files: MemoryFiles
) -> None:
    first = await begin(deps, zhao)
    await upload_all(attachments, zhao, first)
    expert = await make_expert(deps, account=await account_of(zhao))
    await end(first, deps, "entered", expert_id=expert.id)
    await file_attachments(deps, expert, first)
    await file_more(deps, await Expert.get(id=expert.id), deps.now(), email="a@b.cn")
    stored_before = dict(files.contents)
    renewal = await begin(deps, zhao, "renewal")
    assert await taken(renewal) == ["degree_proof", "degree_proof", "id_card_front", "photo"]
    assert files.contents == stored_before, "nothing is copied"
    photo = await Attachment.get(application_id=renewal, field="photo")
    assert photo.taken_from == first
    assert (await reading.open(zhao, photo.id)).content == PHOTO
    assert (await reading.open(zhao, photo.id, "thumbnail")).media_type == "image/jpeg"
    view = await ApplicationQueries(deps).get(zhao, renewal)
    assert {(file.field, file.taken_over) for file in view.files if file.field == "photo"} == {("photo", True)}


async def test_what_was_signed_must_be_signed_again(deps: Deps, attachments: Attachments, zhao: Actor) -> None:
    """A commitment and a stamped print belong to one application."""
    first = await begin(deps, zhao)
    await upload_all(attachments, zhao, first)
    await end(first, deps)
    second = await begin(deps, zhao)
    assert not {"signed_form", "commitment_letter"} & set(await taken(second))


async def test_what_is_there_counts_as_uploaded(deps: Deps, zhao: Actor) -> None:
    first = await fill_in(deps, zhao)
    await Attachment.filter(application_id=first.id).update(media_type="image/jpeg")
    await end(first.id, deps)
    second = await Application.get(id=await begin(deps, zhao))
    book, values = deps.book("demo"), await read_values(deps, second.id)
    codes = await load_codes(book, values)
    assert await find_problems(deps, book, second, await account_of(zhao), values, codes) == []


async def test_attachments_of_another_person_are_not_reused(deps: Deps, attachments: Attachments, zhao: Actor) -> None:
    """An expert's file comes with the mobile; pictures of an earlier holder's identity card do not."""
    before = await make_applicant(deps)
    first = await begin(deps, before)
    await upload_all(attachments, before, first)
    account = await account_of(zhao)
    expert = await make_expert(deps, account=account)
    await Expert.filter(id=expert.id).update(mobile_hash=account.mobile_hash)
    await end(first, deps, "entered", expert_id=expert.id)
    assert await taken(await begin(deps, zhao, "renewal")) == []


async def test_only_finished_files_of_the_last_application_come_along(
    deps: Deps, attachments: Attachments, zhao: Actor, clock: FixedClock
) -> None:
    old = await begin(deps, zhao)
    await upload_all(attachments, zhao, old)
    await end(old, deps)
    clock.move(timedelta(days=1))
    last = await begin(deps, zhao)
    for ready_file in await ready_attachments(last):
        if ready_file.field == "degree_proof":
            await attachments.remove(zhao, ready_file.id)
    await attachments.begin(zhao, last, "id_card_back", filename="a.jpg", size=1000)
    await end(last, deps, "cancelled")
    clock.move(timedelta(days=1))
    assert await taken(await begin(deps, zhao)) == ["id_card_front", "photo"]


# ---- what today's rules no longer take


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"file": {"types": ("png",)}}, []),
        ({"file": {"size_max": 100}}, []),
        ({"file": {"count_max": 1}}, ["degree_proof"]),
        ({"only_for": ("renewal",)}, []),
        ({"single_use": True}, []),
        ({}, ["degree_proof", "degree_proof"]),
    ],
)
async def test_files_that_the_rules_no_longer_take_stay_behind(
    deps: Deps, attachments: Attachments, zhao: Actor, changes: dict[str, object], left: list[str]
) -> None:
    first = await begin(deps, zhao)
    for content in (DEGREE, jpeg()):
        await upload_file(attachments, zhao, first, "degree_proof", filename="a.x", content=content)
    await end(first, deps)
    if isinstance(narrower := changes.get("file"), dict):
        rule = deps.book("demo").form.fields["degree_proof"].file
        assert rule is not None
        changes = {**changes, "file": rule.model_copy(update=narrower)}
    second = await begin(with_field(deps, "degree_proof", **changes), zhao)
    assert await taken(second) == left


async def test_a_field_that_is_gone_takes_its_files_along(deps: Deps, attachments: Attachments, zhao: Actor) -> None:
    first = await begin(deps, zhao)
    await upload_all(attachments, zhao, first)
    await end(first, deps)
    book = deps.book("demo")
    sections = {
        code: section.model_copy(update={"fields": tuple(f for f in section.fields if f != "photo")})
        for code, section in book.form.sections.items()
    }
    form = book.form.model_copy(update={"sections": sections})
    changed = replace(deps, rulebooks={**deps.rulebooks, "demo": book.model_copy(update={"form": form})})
    assert await taken(await begin(changed, zhao)) == ["degree_proof", "degree_proof", "id_card_front"]


async def test_a_proof_in_a_record_comes_only_with_that_record(deps: Deps) -> None:
    """Xinjiang asks for a proof beside each qualification."""
    deps = replace(deps, rulebooks={"xinjiang": load_rulebook(RULEBOOKS / "xinjiang.toml")})
    await make_codes(deps.book("xinjiang"))
    await make_campaign(deps, pool="xinjiang")
    actor = await make_applicant(deps, pool="xinjiang")
    row = values_of(deps.book("xinjiang"))["qualification"]["qualifications"]
    assert isinstance(row, list)
    two = [row[0] | {"number": "001"}, row[0] | {"number": "002"}]
    first = await fill_in(deps, actor, qualifications=two)
    await Attachment.filter(application_id=first.id).delete()
    for at in range(3):
        await attach(deps, first.id, "qualifications.proof", row=at)
    await end(first.id, deps)
    second = await Attachment.filter(application_id=await begin(deps, actor), state="ready").order_by("row")
    assert [(attachment.field, attachment.row) for attachment in second] == [
        ("qualifications.proof", 0),
        ("qualifications.proof", 1),
    ]


# ---- how long a shared file lives


async def test_a_file_lives_until_the_last_that_has_it_lets_it_go(
    deps: Deps, attachments: Attachments, reading: AttachmentAccess, zhao: Actor, files: MemoryFiles, clock: FixedClock
) -> None:
    """A draft was given up and its account deleted; a submitted application with the same files keeps them."""
    draft = await begin(deps, zhao)
    await upload_all(attachments, zhao, draft)
    await end(draft, deps, "cancelled")
    clock.move(timedelta(minutes=1))
    sent = await begin(deps, zhao)
    await end(sent, deps)
    shared = {attachment.key for attachment in await Attachment.filter(application_id=sent)}
    async with transaction():
        await erase_unsent(zhao.account_id, deps.now())
    clock.move(REMOVED_TTL)
    await attachments.sweep()
    assert not await Attachment.exists(application_id=draft)
    assert {key for key in files.contents if "." not in key} == shared
    photo = await Attachment.get(application_id=sent, field="photo")
    assert (await reading.open(zhao, photo.id)).content == PHOTO
    clock.move(ORPHAN_TTL + timedelta(days=1))
    await FileGarbageCollector(deps, attachments.store, clock).search_store()
    assert (await reading.open(zhao, photo.id)).content == PHOTO

    await Attachment.filter(application_id=sent).update(state="removed", removed_at=deps.now())
    clock.move(REMOVED_TTL)
    await attachments.sweep()
    assert files.contents == {}


async def test_another_file_in_its_place_leaves_the_earlier_application_whole(
    deps: Deps, attachments: Attachments, reading: AttachmentAccess, zhao: Actor, clock: FixedClock
) -> None:
    first = await begin(deps, zhao)
    await upload_all(attachments, zhao, first)
    await end(first, deps)
    second = await begin(deps, zhao)
    renewed = await upload_file(attachments, zhao, second, "photo", filename="new.jpg", content=CARD)
    assert not renewed.taken_over
    [front] = [ready_file for ready_file in await ready_attachments(second) if ready_file.field == "id_card_front"]
    await attachments.remove(zhao, front.id)
    clock.move(REMOVED_TTL)
    await attachments.sweep()
    for field, content in (("photo", PHOTO), ("id_card_front", CARD)):
        old = await Attachment.get(application_id=first, field=field)
        assert (await reading.open(zhao, old.id)).content == content
    assert (await reading.open(zhao, renewed.id)).content == CARD
    with pytest.raises(NotFound):
        await reading.open(zhao, front.id)


async def test_the_last_two_of_a_file_that_go_at_once_take_it_along(
    deps: Deps, attachments: Attachments, zhao: Actor, files: MemoryFiles, clock: FixedClock
) -> None:
    first = await begin(deps, zhao)
    await upload_file(attachments, zhao, first, "photo", filename="a.jpg", content=PHOTO)
    await end(first, deps)
    second = await begin(deps, zhao)
    rows = await Attachment.filter(application_id__in=[first, second])
    assert len({row.key for row in rows}) == 1
    await Attachment.all().update(state="removed", removed_at=deps.now())
    clock.move(REMOVED_TTL)
    await asyncio.gather(*(attachments._delete(row) for row in rows))
    assert (files.contents, await Attachment.exists()) == ({}, False)
