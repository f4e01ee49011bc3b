"""Uploads over a bad line: permitted files by state, access to them, and cleaning of the store."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from domain.file_types import FileType
from domain.ids import new_id
from models.applications import Application, Attachment
from models.audit import AuditEntry
from models.reviews import ReviewAssignment, ReviewTask
from services.applications import PART_MAX, AttachmentView
from services.applications import attachments as module
from services.applications.attachments import SWEEP_DUE, UNFINISHED_MAX, Attachments
from services.applications.problems import count_attachments
from services.core.base import Actor, Deps, rows
from services.core.crypto import SealBroken
from services.files import Previews, SealedFiles, clean_name
from services.inspection.file_types import Found
from services.reviews.attachment_access import AttachmentAccess
from tests.drivers.waiting import let_others_run
from tests.factories.applicants import Applicant, make_applicant
from tests.factories.attachments import ready_attachments, upload_file
from tests.factories.files import MemoryFiles, QuickChecker, heic, jpeg, pdf, png, with_action
from tests.factories.people import make_account
from tests.services.conftest import end_pauses

PICTURE = jpeg()


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def store(files: MemoryFiles, deps: Deps) -> SealedFiles:
    return SealedFiles(files, deps.keys)


@pytest.fixture
def service(deps: Deps, store: SealedFiles) -> Attachments:
    return Attachments(deps, store, QuickChecker())


@pytest.fixture
def reading(deps: Deps, store: SealedFiles) -> AttachmentAccess:
    return AttachmentAccess(deps, store, Previews(store, QuickChecker()))


@pytest.fixture
async def applicant(db: str, deps: Deps) -> Applicant:
    return await make_applicant(deps)


class Trusting:
    """Stands in for the checker where a test is about something else."""

    async def check(self, pool: str, content: bytes, allowed: Any) -> Found:
        return Found("jpg", b"small", b"medium")


async def begin(service: Attachments, who: Applicant, field: str = "photo", **options: Any) -> AttachmentView:
    given_ = {"filename": "a.jpg", "size": len(PICTURE), "media_type": "image/jpeg"} | options
    return await service.begin(who.actor, who.id, field, **given_)


async def attach(
    service: Attachments, who: Applicant, field: str = "photo", content: bytes = PICTURE
) -> AttachmentView:
    return await upload_file(service, who.actor, who.id, field, filename="照片.JPEG", content=content)


# ---- sending


async def test_a_file_sent_in_parts_comes_out_whole(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, files: MemoryFiles
) -> None:
    begun = await begin(service, applicant)
    assert (begun.received, begun.state) == (0, "uploading")
    for at in range(0, len(PICTURE), 1000):
        sent = await service.append(applicant.actor, begun.id, at, PICTURE[at : at + 1000])
        assert sent.received == min(at + 1000, len(PICTURE))
    done = await service.finish(applicant.actor, begun.id)
    assert (done.state, done.media_type, done.has_thumbnail) == ("ready", "image/jpeg", True)
    assert (await reading.open(applicant.actor, done.id)).content == PICTURE
    assert (await Attachment.get(id=done.id)).sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert not any(".parts/" in key for key in files.contents), "parts are cleared away"


async def test_nothing_lies_in_the_store_in_clear(
    service: Attachments, applicant: Applicant, files: MemoryFiles
) -> None:
    await attach(service, applicant)
    assert len(files.contents) == 3
    for key, content in files.contents.items():
        assert b"JFIF" not in content
        assert str(applicant.id) not in key


async def test_a_file_moved_to_another_key_is_not_taken_for_it(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, files: MemoryFiles
) -> None:
    photo = await attach(service, applicant)
    id_card = await attach(service, applicant, "id_card_front", png())
    keys = [(await Attachment.get(id=each.id)).key for each in (photo, id_card)]
    files.contents[keys[0]] = files.contents[keys[1]]
    with pytest.raises(SealBroken):
        await reading.open(applicant.actor, photo.id)


async def test_a_repeated_part_is_refused_with_the_number_of_received_bytes(
    service: Attachments, applicant: Applicant
) -> None:
    begun = await begin(service, applicant)
    await service.append(applicant.actor, begun.id, 0, PICTURE[:1000])
    for offset in (0, 500, 1001, 9000):
        with pytest.raises(Conflict) as refusal:
            await service.append(applicant.actor, begun.id, offset, PICTURE[offset : offset + 1000] or b"x")
        assert (refusal.value.code, refusal.value.params) == ("upload_offset", {"received": 1000})
    assert (await service.status(applicant.actor, begun.id)).received == 1000


async def test_of_two_parts_at_once_one_counts(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, files: MemoryFiles
) -> None:
    """Both are written to the store before either is counted; the losing one is deleted again."""
    begun = await begin(service, applicant)
    files.pause = asyncio.Event()
    racing = [
        asyncio.create_task(service.append(applicant.actor, begun.id, 0, content))
        for content in (PICTURE[:1000], PICTURE[:2000], b"\0" * 1500)
    ]
    await let_others_run()
    files.pause.set()
    results = await asyncio.gather(*racing, return_exceptions=True)
    files.pause = None
    won = [result for result in results if isinstance(result, AttachmentView)]
    assert len(won) == 1
    assert all(isinstance(result, Conflict) for result in results if result not in won)
    assert len(files.contents) == 1


async def test_without_the_lock_two_parts_would_both_count(
    service: Attachments, applicant: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    barrier = asyncio.Barrier(2)

    async def unlocked(attachment_id: Any) -> Attachment:
        attachment = await Attachment.get(id=attachment_id)
        await barrier.wait()
        return attachment

    begun = await begin(service, applicant)
    monkeypatch.setattr(module, "_lock", unlocked)
    results = await asyncio.gather(
        *(service.append(applicant.actor, begun.id, 0, PICTURE[:size]) for size in (1000, 2000)),
        return_exceptions=True,
    )
    assert not any(isinstance(result, Exception) for result in results)


async def test_finishing_twice_at_once_is_one_file(service: Attachments, applicant: Applicant) -> None:
    begun = await begin(service, applicant)
    await service.append(applicant.actor, begun.id, 0, PICTURE)
    first, second = await asyncio.gather(*(service.finish(applicant.actor, begun.id) for _ in range(2)))
    assert first == second == await service.finish(applicant.actor, begun.id)
    assert await Attachment.filter(state="ready").count() == 1


async def test_finishing_too_early_says_from_where_to_go_on(service: Attachments, applicant: Applicant) -> None:
    begun = await begin(service, applicant)
    await service.append(applicant.actor, begun.id, 0, PICTURE[:500])
    with pytest.raises(Conflict) as refusal:
        await service.finish(applicant.actor, begun.id)
    assert refusal.value.params == {"received": 500}


async def test_a_part_that_the_store_lost_is_asked_for_again(
    service: Attachments, applicant: Applicant, files: MemoryFiles
) -> None:
    begun = await begin(service, applicant)
    for at in range(0, len(PICTURE), 2000):
        await service.append(applicant.actor, begun.id, at, PICTURE[at : at + 2000])
    del files.contents[sorted(files.contents)[1]]
    with pytest.raises(Conflict) as refusal:
        await service.finish(applicant.actor, begun.id)
    assert refusal.value.params == {"received": 2000}
    await service.append(applicant.actor, begun.id, 2000, PICTURE[2000:])
    assert (await service.finish(applicant.actor, begun.id)).state == "ready"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 4000), min_size=1, max_size=12), seed=st.integers(0, 9999))
async def test_whatever_is_lost_or_repeated_the_file_comes_out_whole(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, sizes: list[int], seed: int
) -> None:
    """A client that loses answers and repeats itself, but listens to ``received``, always gets there."""
    object.__setattr__(service, "checker", Trusting())
    line = random.Random(seed)
    content = line.randbytes(sum(sizes))
    begun = await begin(service, applicant, size=len(content))
    believed = 0
    for _ in range(200):
        if believed >= len(content):
            break
        size = line.choice(sizes)
        try:
            sent = await service.append(applicant.actor, begun.id, believed, content[believed : believed + size])
        except Conflict as refusal:
            believed = cast(int, refusal.params["received"])
        else:
            believed = sent.received if line.random() < 0.6 else believed
    done = await service.finish(applicant.actor, begun.id)
    assert (await reading.open(applicant.actor, done.id)).content == content


async def test_parts_and_sizes_have_limits(service: Attachments, applicant: Applicant) -> None:
    begun = await begin(service, applicant, size=2000)
    for content, code in ((b"", "part_size"), (bytes(PART_MAX + 1), "part_size"), (bytes(2001), "upload_too_long")):
        with pytest.raises(InvalidInput) as refusal:
            await service.append(applicant.actor, begun.id, 0, content)
        assert refusal.value.code == code


async def test_the_same_file_begun_again_goes_on_where_it_stopped(service: Attachments, applicant: Applicant) -> None:
    digest = hashlib.sha256(PICTURE).hexdigest()
    begun = await begin(service, applicant, sha256=digest)
    await service.append(applicant.actor, begun.id, 0, PICTURE[:700])
    again = await begin(service, applicant, sha256=digest)
    assert (again.id, again.received) == (begun.id, 700)
    assert (await begin(service, applicant)).id != begun.id, "without a digest nobody knows that it is the same"


async def test_a_file_that_changed_on_its_way_is_dropped(service: Attachments, applicant: Applicant) -> None:
    begun = await begin(service, applicant, sha256=hashlib.sha256(b"other").hexdigest())
    await service.append(applicant.actor, begun.id, 0, PICTURE)
    with pytest.raises(InvalidInput) as refusal:
        await service.finish(applicant.actor, begun.id)
    assert refusal.value.code == "file_damaged"
    with pytest.raises(Conflict):
        await service.finish(applicant.actor, begun.id)


async def test_an_outage_of_the_store_loses_nothing(
    service: Attachments, applicant: Applicant, files: MemoryFiles
) -> None:
    begun = await begin(service, applicant)
    files.away = True
    with pytest.raises(Unavailable):
        await service.append(applicant.actor, begun.id, 0, PICTURE)
    files.away = False
    await service.append(applicant.actor, begun.id, 0, PICTURE)
    files.away = True
    with pytest.raises(Unavailable):
        await service.finish(applicant.actor, begun.id)
    files.away = False
    assert (await service.finish(applicant.actor, begun.id)).state == "ready"


# ---- what may be attached


@pytest.mark.parametrize(
    ("field", "row", "options", "code"),
    [
        ("nothing", 0, {}, "no_file_field"),
        ("name", 0, {}, "no_file_field"),
        ("photo.x", 0, {}, "no_file_field"),
        ("photo", 1, {}, "bad_row"),
        ("photo", -1, {}, "bad_row"),
        ("photo", 0, {"size": 0}, "file_empty"),
        ("photo", 0, {"size": 5_000_001}, "file_too_large"),
        ("photo", 0, {"media_type": "application/pdf"}, "file_type"),
        ("photo", 0, {"media_type": "image/tiff"}, "file_type"),
        ("signed_form", 0, {"media_type": "image/heic"}, "file_type"),
        ("photo", 0, {"sha256": "xyz"}, "bad_sha256"),
    ],
)
async def test_known_errors_are_refused_before_the_first_byte(
    service: Attachments, applicant: Applicant, field: str, row: int, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await begin(service, applicant, field, row=row, **options)
    assert refusal.value.code == code


async def test_a_heic_is_kept_as_the_jpeg_that_was_made_of_it(service: Attachments, applicant: Applicant) -> None:
    content = heic()
    uploaded = await upload_file(
        service, applicant.actor, applicant.id, "photo", filename="IMG_1.HEIC", content=content
    )
    row = await Attachment.get(id=uploaded.id)
    stored = await service.store.get(row.key)
    assert (uploaded.filename, uploaded.media_type, uploaded.size) == ("IMG_1.jpg", "image/jpeg", len(stored))
    assert stored.startswith(b"\xff\xd8\xff")
    again = await upload_file(service, applicant.actor, applicant.id, "photo", filename="IMG_1.HEIC", content=content)
    assert again.id == uploaded.id


@pytest.mark.parametrize("media_type", ["", "image/jpeg", "image/jpg", "IMAGE/JPEG; x=y", "application/octet-stream"])
async def test_what_phones_call_a_jpeg_is_believed_until_it_is_here(
    service: Attachments, applicant: Applicant, media_type: str
) -> None:
    assert (await begin(service, applicant, media_type=media_type)).state == "uploading"


async def test_a_lie_about_the_type_comes_out_at_the_end(
    service: Attachments, applicant: Applicant, files: MemoryFiles, clock: FixedClock
) -> None:
    for content, code in ((pdf(), "file_type"), (PICTURE[:3000], "file_broken")):
        with pytest.raises(InvalidInput) as refusal:
            await attach(service, applicant, content=content)
        assert (refusal.value.code, refusal.value.field) == (code, "file")
    with pytest.raises(InvalidInput) as refusal:
        await attach(service, applicant, "commitment_letter", pdf(1, with_action("/Launch")))
    assert refusal.value.code == "file_active"
    assert await Attachment.filter(state="ready").count() == 0
    clock.move(timedelta(hours=1))
    await service.sweep()
    assert files.contents == {}


async def test_a_field_of_one_file_takes_the_new_one_instead(service: Attachments, applicant: Applicant) -> None:
    first = await attach(service, applicant)
    second = await attach(service, applicant, content=png())
    assert [ready_file.id for ready_file in await ready_attachments(applicant.id)] == [second.id]
    assert (await service.status(applicant.actor, first.id)).state == "removed"


async def test_the_very_same_file_again_is_the_one_that_is_there(service: Attachments, applicant: Applicant) -> None:
    first = await attach(service, applicant, "other_material")
    begun = await begin(service, applicant, "other_material")
    await service.append(applicant.actor, begun.id, 0, PICTURE)
    for _ in range(2):
        assert (await service.finish(applicant.actor, begun.id)).id == first.id
    assert (await count_attachments(applicant.id))["other_material"] == 1


async def test_a_full_field_must_be_cleared_first(service: Attachments, applicant: Applicant) -> None:
    attached = [await attach(service, applicant, "other_material", jpeg(100 + n)) for n in range(3)]
    with pytest.raises(Conflict, match="最多上传3个文件"):
        await begin(service, applicant, "other_material")
    await service.remove(applicant.actor, attached[0].id)
    assert (await begin(service, applicant, "other_material")).state == "uploading"


async def test_more_begun_than_fit_do_not_get_in(service: Attachments, applicant: Applicant) -> None:
    """Four uploads to a field for three files, finished at the same moment."""
    object.__setattr__(service, "checker", Trusting())
    begun = [await begin(service, applicant, "other_material", size=1000) for _ in range(4)]
    for number, upload in enumerate(begun):
        await service.append(applicant.actor, upload.id, 0, bytes([number]) * 1000)
    results = await asyncio.gather(
        *(service.finish(applicant.actor, upload.id) for upload in begun), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["AttachmentView"] * 3 + ["Conflict"]
    assert (await count_attachments(applicant.id))["other_material"] == 3


async def test_files_are_counted_as_the_form_counts_them(
    service: Attachments, applicant: Applicant, deps: Deps
) -> None:
    await attach(service, applicant)
    for row in (0, 0, 2):
        await Attachment.create(
            pool="demo",
            account_id=applicant.account.id,
            application_id=applicant.id,
            field="work_history.proof",
            row=row,
            filename="a.pdf",
            media_type="application/pdf",
            size=1,
            key="k",
            state="ready",
            created_at=deps.now(),
            ready_at=deps.now(),
        )
    assert await count_attachments(applicant.id) == {"photo": 1, "work_history[0].proof": 2, "work_history[2].proof": 1}


async def test_beginning_without_end_gives_up_the_oldest(service: Attachments, applicant: Applicant) -> None:
    begun = [await begin(service, applicant) for _ in range(UNFINISHED_MAX + 3)]
    assert await Attachment.filter(state="uploading").count() == UNFINISHED_MAX
    assert (await service.status(applicant.actor, begun[0].id)).state == "removed"
    assert (await service.status(applicant.actor, begun[-1].id)).state == "uploading"


# ---- when


@pytest.mark.parametrize(
    ("columns", "open_"),
    [
        ({"state": "draft"}, True),
        ({"state": "locked"}, True),
        ({"state": "reviewing"}, False),
        ({"state": "sent_back", "sent_back_fields": ["*"]}, True),
        ({"state": "sent_back", "sent_back_fields": ["photo"]}, True),
        ({"state": "sent_back", "sent_back_fields": ["specialties"]}, False),
        ({"state": "correcting", "sent_back_fields": ["photo"]}, True),
        ({"state": "notice"}, False),
        ({"state": "fee"}, False),
    ],
)
async def test_files_change_only_while_the_form_is_open_there(
    db: str, deps: Deps, service: Attachments, columns: dict[str, Any], open_: bool
) -> None:
    who = await make_applicant(deps)
    there = await attach(service, who)
    await Application.filter(id=who.id).update(**columns)
    for act in (begin(service, who), service.remove(who.actor, there.id)):
        if open_:
            await act
        else:
            with pytest.raises(Conflict) as refusal:
                await act
            assert refusal.value.code == "field_fixed"


async def test_an_application_handed_in_meanwhile_takes_no_more(service: Attachments, applicant: Applicant) -> None:
    begun = await begin(service, applicant)
    await service.append(applicant.actor, begun.id, 0, PICTURE)
    await Application.filter(id=applicant.id).update(state="reviewing")
    with pytest.raises(Conflict):
        await service.finish(applicant.actor, begun.id)
    assert await Attachment.filter(state="ready").count() == 0


# ---- whose


async def test_an_upload_of_another_applicant_is_not_found(
    service: Attachments, applicant: Applicant, deps: Deps
) -> None:
    other = await make_applicant(deps)
    begun = await begin(service, applicant)
    acts = (
        begin(service, Applicant(other.actor, other.account, applicant.application)),
        service.append(other.actor, begun.id, 0, b"x"),
        service.status(other.actor, begun.id),
        service.finish(other.actor, begun.id),
        service.remove(other.actor, begun.id),
        service.status(Actor("guangdong", "applicant", account_id=applicant.account.id), begun.id),
        service.status(applicant.actor, new_id()),
    )
    for act in acts:
        with pytest.raises(NotFound):
            await act
    with pytest.raises(Forbidden):
        await service.status(Actor("demo", "verifier", account_id=applicant.account.id), begun.id)


async def make_reviewer(deps: Deps, region: str, specialty: str = "") -> Actor:
    account = await make_account(deps)
    await ReviewAssignment.create(
        pool="demo", account_id=account.id, step="final", region=region, specialty=specialty, granted_at=deps.now()
    )
    return Actor("demo", "reviewer", account_id=account.id)


async def make_task(deps: Deps, who: Applicant, **columns: Any) -> ReviewTask:
    values: dict[str, Any] = {
        "round": 1,
        "step": 1,
        "step_code": "final",
        "region": "440100",
        "state": "open",
        "opened_at": deps.now(),
    }
    return await ReviewTask.create(application_id=who.id, pool="demo", **values | columns)


async def test_reviewers_see_the_files_of_what_they_review_and_no_others(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, deps: Deps
) -> None:
    done = await attach(service, applicant)
    here, elsewhere = await make_reviewer(deps, "440000"), await make_reviewer(deps, "440300")
    with pytest.raises(NotFound):
        await reading.open(here, done.id)
    await make_task(deps, applicant)
    assert (await reading.open(here, done.id)).content == PICTURE
    for stranger in (elsewhere, Actor("demo", "reviewer", account_id=new_id()), Actor("demo", "guest")):
        with pytest.raises(NotFound):
            await reading.open(stranger, done.id)
    await Application.filter(id=applicant.id).update(state="correcting")
    with pytest.raises(NotFound):
        await reading.open(here, done.id)


async def test_a_reviewer_may_read_decided_files_but_not_of_the_own_application(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, deps: Deps
) -> None:
    done = await attach(service, applicant)
    former = Actor("demo", "reviewer", account_id=(await make_account(deps)).id)
    await make_task(deps, applicant, state="approved", decided_at=deps.now(), decided_by=former.account_id)
    assert (await reading.open(former, done.id)).content == PICTURE
    await ReviewAssignment.create(
        pool="demo", account_id=applicant.account.id, step="final", region="440000", granted_at=deps.now()
    )
    as_reviewer = Actor("demo", "reviewer", account_id=applicant.account.id)
    with pytest.raises(NotFound):
        await reading.open(as_reviewer, done.id)


async def test_administrators_see_files_of_their_own_pool(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant
) -> None:
    done = await attach(service, applicant)
    assert (await reading.open(Actor("demo", "pool_admin", account_id=new_id()), done.id)).content == PICTURE
    with pytest.raises(NotFound):
        await reading.open(Actor("guangdong", "pool_admin", account_id=new_id()), done.id)


async def test_opening_an_identity_card_is_logged(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant
) -> None:
    card = await attach(service, applicant, "id_card_front")
    photo = await attach(service, applicant)
    admin = Actor("demo", "pool_admin", account_id=new_id())
    await reading.open(applicant.actor, card.id)
    await reading.open(admin, photo.id)
    assert await AuditEntry.filter(action="attachment.open").count() == 0
    await reading.open(admin, card.id, "preview")
    entry = await AuditEntry.get(action="attachment.open")
    assert (entry.actor_id, entry.subject_id, entry.details) == (
        admin.account_id,
        card.id,
        {"field": "id_card_front", "form": "preview"},
    )


async def test_pictures_are_drawn_by_us_and_a_pdf_has_none(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant
) -> None:
    done = await attach(service, applicant, content=jpeg(3000, 1500, orientation=6))
    for form, side in (("thumbnail", 320), ("preview", 1600)):
        opened = await reading.open(applicant.actor, done.id, cast(Any, form))
        with Image.open(io.BytesIO(opened.content)) as picture:
            assert (max(picture.size), opened.media_type, opened.filename) == (side, "image/jpeg", "照片.jpg")
    letter = await attach(service, applicant, "commitment_letter", pdf())
    assert not letter.has_thumbnail
    with pytest.raises(NotFound):
        await reading.open(applicant.actor, letter.id, "preview")


class Counting(QuickChecker):
    """Counts the pictures that it draws."""

    drawn = 0

    async def draw(self, pool: str, content: bytes, kind: FileType, side: int) -> bytes:
        self.drawn += 1
        await let_others_run(10)
        return await super().draw(pool, content, kind, side)


async def test_looking_forty_times_draws_nothing(
    deps: Deps, store: SealedFiles, service: Attachments, applicant: Applicant
) -> None:
    checker = Counting()
    reading = AttachmentAccess(deps, store, Previews(store, checker))
    done = await attach(service, applicant, content=jpeg(3000, 1500))
    await asyncio.gather(*(reading.open(applicant.actor, done.id, "preview") for _ in range(40)))
    assert checker.drawn == 0


async def test_a_file_from_before_previews_were_kept_gets_one_once(
    deps: Deps, store: SealedFiles, service: Attachments, applicant: Applicant, files: MemoryFiles
) -> None:
    checker = Counting()
    reading = AttachmentAccess(deps, store, Previews(store, checker))
    done = await attach(service, applicant, content=jpeg(3000, 1500))
    del files.contents[f"{(await Attachment.get(id=done.id)).key}.preview"]
    opened = await asyncio.gather(*(reading.open(applicant.actor, done.id, "preview") for _ in range(40)))
    assert checker.drawn == 1
    assert len({opened_file.content for opened_file in opened}) == 1


async def test_a_file_that_the_store_lost_is_reported_as_an_outage(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, files: MemoryFiles
) -> None:
    done = await attach(service, applicant)
    files.contents.clear()
    with pytest.raises(Unavailable):
        await reading.open(applicant.actor, done.id)


# ---- clearing up


async def test_what_was_removed_is_deleted_an_hour_later(
    service: Attachments, reading: AttachmentAccess, applicant: Applicant, files: MemoryFiles, clock: FixedClock
) -> None:
    remaining = await attach(service, applicant, "other_material")
    gone = await attach(service, applicant, "other_material", png())
    await service.remove(applicant.actor, gone.id)
    await service.remove(applicant.actor, gone.id)
    with pytest.raises(NotFound):
        await reading.open(applicant.actor, gone.id)
    assert await service.sweep() == 0
    assert len(files.contents) == 6
    clock.move(timedelta(hours=1))
    assert await service.sweep() == 1
    assert await service.sweep() == 0
    assert len(files.contents) == 3
    assert (await reading.open(applicant.actor, remaining.id)).content == PICTURE


async def test_an_upload_left_lying_is_given_up_after_a_day(
    service: Attachments, applicant: Applicant, files: MemoryFiles, clock: FixedClock
) -> None:
    begun = await begin(service, applicant)
    await service.append(applicant.actor, begun.id, 0, PICTURE[:1000])
    clock.move(timedelta(hours=23))
    assert await service.sweep() == 0
    clock.move(timedelta(hours=1))
    assert await service.sweep() == 1
    assert files.contents == {}
    with pytest.raises(NotFound):
        await service.append(applicant.actor, begun.id, 1000, PICTURE[1000:])


async def test_parts_of_a_crashed_process_go_with_the_rest(
    service: Attachments, applicant: Applicant, files: MemoryFiles
) -> None:
    """A part that was written but not counted."""
    begun = await begin(service, applicant)
    key = (await Attachment.get(id=begun.id)).key
    files.contents[f"{key}.parts/000000000000-dead"] = b"x"
    await service.append(applicant.actor, begun.id, 0, PICTURE)
    await service.finish(applicant.actor, begun.id)
    assert sorted(files.contents) == [key, f"{key}.preview", f"{key}.thumb"]


async def test_the_sweep_is_due_exactly_while_it_has_something_to_do(
    service: Attachments, applicant: Applicant, deps: Deps, clock: FixedClock
) -> None:
    async def due() -> bool:
        return bool((await rows(f"SELECT {SWEEP_DUE} AS due", deps.now()))[0]["due"])

    await service.remove(applicant.actor, (await attach(service, applicant)).id)
    await begin(service, applicant)
    assert not await due()
    for wait in (timedelta(hours=1), timedelta(hours=23)):
        clock.move(wait)
        assert await due()
        await service.sweep()
        assert not await due()
    assert await Attachment.all().count() == 0


async def test_a_store_that_is_away_is_swept_next_time(
    service: Attachments, applicant: Applicant, files: MemoryFiles, clock: FixedClock
) -> None:
    await service.remove(applicant.actor, (await attach(service, applicant)).id)
    clock.move(timedelta(hours=2))
    files.away = True
    await service.sweep()
    files.away = False
    await end_pauses()
    assert await service.sweep() == 1
    assert files.contents == {}


# ---- names


@pytest.mark.parametrize(
    ("typed", "kind", "shown"),
    [
        ("C:\\Users\\我\\照片.JPG", "jpg", "照片.jpg"),
        ("../../etc/passwd", None, "passwd"),
        ("a\u202egpj.exe", "png", "agpj.png"),
        ("证书.pdf.exe", "pdf", "证书.pdf.pdf"),
        ('a"b\r\nc.jpg', "jpg", "a_bc.jpg"),
        ("", "pdf", "附件.pdf"),
        ("...", None, "附件"),
        ("x" * 300 + ".jpeg", "jpg", "x" * 120 + ".jpg"),
        ("无后缀", "png", "无后缀.png"),
    ],
)
def test_names_are_safe_to_save_under(typed: str, kind: Any, shown: str) -> None:
    assert clean_name(typed, kind) == shown


@given(st.text(max_size=300))
def test_no_name_is_dangerous(typed: str) -> None:
    for kind in (None, "jpg"):
        shown = clean_name(typed, cast(Any, kind))
        assert 0 < len(shown) <= 130
        assert not set(shown) & set('/\\:*?"<>|\r\n\0')
        assert not shown.startswith(".")
