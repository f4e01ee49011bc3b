"""Videos in parts, pages from PDF and pictures: what is kept, what is refused, who may see it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from models.courses import Course, CourseItem
from services.core.base import Deps
from services.courses import CourseItemData
from services.files.garbage_collection import FileGarbageCollector
from tests.factories.courses import DAY, School, make_school, own
from tests.factories.files import MemoryFiles, pdf, png

CLIP = (Path(__file__).parent / "clip.mp4").read_bytes()


@pytest.fixture
async def school(db: str, deps: Deps, clock: FixedClock) -> School:
    return await make_school(deps, clock)


async def empty_item(school: School, kind: str = "video") -> tuple[Course, UUID]:
    course = await school.course()
    await CourseItem.filter(course_id=course.id).delete()
    return course, await school.services.courses.setup.add_item(
        school.office, course.id, CourseItemData(kind, "第一讲")
    )


def store(school: School) -> MemoryFiles:
    return cast(MemoryFiles, school.services.courses.media.files)


async def send(school: School, course: Course, item: UUID, *parts: bytes, upload: UUID | None = None) -> UUID:
    number = upload or uuid4()
    for at, part in enumerate(parts):
        await school.services.courses.media.put_part(school.office, course.id, item, number, at, part)
    await school.services.courses.media.finish_upload(school.office, course.id, item, number, len(parts))
    return number


async def test_a_video_comes_in_parts_and_tells_its_length(school: School) -> None:
    course, item_id = await empty_item(school)
    upload = await send(school, course, item_id, CLIP[:10_000], CLIP[10_000:30_000], CLIP[30_000:])
    item = await CourseItem.get(id=item_id)
    assert (item.seconds, item.media_bytes) == (4, len(CLIP))
    assert await store(school).get(item.media_key) == CLIP
    assert not [key for key in store(school).contents if ".parts/" in key], "parts go once they are put together"
    await school.services.courses.media.finish_upload(school.office, course.id, item_id, upload, 3)
    assert (await CourseItem.get(id=item_id)).media_key == item.media_key, "asked twice"


async def test_another_video_takes_the_place_of_the_first(school: School, clock: FixedClock) -> None:
    course, item_id = await empty_item(school)
    await send(school, course, item_id, CLIP)
    first = (await CourseItem.get(id=item_id)).media_key
    await send(school, course, item_id, CLIP)
    second = (await CourseItem.get(id=item_id)).media_key
    assert first != second
    clock.move(timedelta(minutes=1))
    await school.services.operations.scheduler.process("file_removals")
    assert (first in store(school).contents, second in store(school).contents) == (False, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [(CLIP[:5000], "不完整"), (b"\0" * 100, "不完整"), (pdf(), "不完整"), (CLIP.replace(b"avc1", b"hvc1"), "H.264")],
    ids=["cut off", "zeros", "a PDF", "HEVC"],
)
async def test_what_phones_cannot_play_is_refused_and_not_kept(school: School, content: bytes, message: str) -> None:
    course, item_id = await empty_item(school)
    with pytest.raises(InvalidInput, match=message) as refusal:
        await send(school, course, item_id, content)
    assert refusal.value.field == "file"
    assert (await CourseItem.get(id=item_id)).media_key == ""
    assert [key for key in store(school).contents if ".parts/" not in key] == []


async def test_a_part_that_never_came_is_named(school: School) -> None:
    course, item_id = await empty_item(school)
    upload, media = uuid4(), school.services.courses.media
    await media.put_part(school.office, course.id, item_id, upload, 0, CLIP[:10_000])
    with pytest.raises(Conflict, match="没有上传完"):
        await media.finish_upload(school.office, course.id, item_id, upload, 2)
    with pytest.raises(InvalidInput):
        await media.put_part(school.office, course.id, item_id, upload, 10**6, b"x")
    with pytest.raises(InvalidInput):
        await media.put_part(school.office, course.id, item_id, upload, 0, b"")
    store(school).away = True
    with pytest.raises(Unavailable):
        await media.put_part(school.office, course.id, item_id, upload, 0, b"x")


async def test_a_pdf_becomes_pages_and_pictures_follow(school: School) -> None:
    course, item_id = await empty_item(school, "pages")
    media = school.services.courses.media
    assert await media.add_pages(school.office, course.id, item_id, pdf(3)) == 3
    assert await media.add_pages(school.office, course.id, item_id, png()) == 1
    pages = (await CourseItem.get(id=item_id)).pages
    assert len(pages) == 4
    await media.remove_page(school.office, course.id, item_id, 2)
    assert (await CourseItem.get(id=item_id)).pages == [pages[0], *pages[2:]]
    assert (await media.preview_page(school.office, course.id, item_id, 1))[:2] == b"\xff\xd8"
    with pytest.raises(NotFound):
        await media.preview_page(school.office, course.id, item_id, 4)
    with pytest.raises(InvalidInput) as refusal:
        await media.add_pages(school.office, course.id, item_id, b"no picture")
    assert refusal.value.field == "file"


async def test_a_published_course_keeps_its_media(school: School) -> None:
    course = await school.published()
    (item,) = await CourseItem.filter(course_id=course.id)
    with pytest.raises(Conflict):
        await send(school, course, item.id, CLIP)


async def test_only_an_expert_who_may_study_now_gets_the_video(school: School, clock: FixedClock) -> None:
    expert, other = await school.expert(), await school.expert()
    course = await school.published()
    (item,) = await CourseItem.filter(course_id=course.id)
    enrolment, stranger = await school.enrolment(expert), own(await school.enrolment(other))
    media = school.services.courses.media
    with pytest.raises(Conflict):
        await media.video(own(enrolment), enrolment.id, item.id)
    clock.move(2 * DAY)
    assert str(await media.video(own(enrolment), enrolment.id, item.id)).startswith("https://files.test/")
    with pytest.raises(NotFound):
        await media.video(stranger, enrolment.id, item.id)


async def test_the_search_for_orphans_knows_films_and_pages(school: School, clock: FixedClock) -> None:
    store(school).clock = clock
    course, item_id = await empty_item(school)
    await send(school, course, item_id, CLIP)
    pages = await school.services.courses.setup.add_item(school.office, course.id, CourseItemData("pages", "讲义"))
    await school.services.courses.media.add_pages(school.office, course.id, pages, pdf(2))
    files = store(school)
    await files.put("demo/2026/11/" + "0" * 32, b"nobody names it")
    collector = FileGarbageCollector(school.services.deps, school.services.files.store, clock)
    clock.move(3 * DAY)
    report = await collector.search_store()
    assert report is not None
    assert (report.files, report.orphans) == (4, 1)
    assert len(files.contents) == 3
