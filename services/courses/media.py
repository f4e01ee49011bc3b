"""Videos and pages of courses (课件): uploaded in parts, checked, and served to participants' browsers.

Videos are stored unencrypted, since players fetch them by ranges; slides and texts become images, page by page, and are
encrypted.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from domain.clock import local
from domain.courses.access import access
from domain.courses.lifecycles import CourseState, EnrolmentState
from domain.courses.mp4 import HEAD, MOOV_MAX, Movie, NotPlayable, read_head, read_movie
from domain.errors import Conflict, GatewayError, InvalidInput, NotFound, Rejected, Unavailable
from models.courses import Course, CourseItem
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.courses.repository import get_course, get_item, get_own_enrolment, lock_draft
from services.files import LINK_TTL, FileLost, SealedFiles, new_key, schedule_removal
from services.inspection.checker import FileChecker
from services.ports import Files

PART = 4 * 1024 * 1024
"""Bytes of one part, the last may be shorter."""
VIDEO_MAX = 2 * 1024**3
PAGES_MAX = 200
PAGE_FILE_MAX = 20 * 1024 * 1024
SIDE = 1600
_PARTS_MAX = VIDEO_MAX // PART
_BOXES_MAX = 200


@dataclass(frozen=True)
class _Film:
    key: str
    size: int
    movie: Movie


@dataclass(frozen=True)
class CourseMedia:
    deps: Deps
    files: Files
    store: SealedFiles
    checker: FileChecker

    # ---- the office

    async def put_part(
        self, actor: Actor, course_id: UUID, item_id: UUID, upload: UUID, number: int, body: bytes
    ) -> None:
        """A part of a video, from 0; a repeated part replaces the earlier one. ``upload`` is the sender's number of
        this upload.

        A sweep deletes parts that are never joined. Raises Conflict, InvalidInput, Unavailable.
        """
        check(actor, "course.manage")
        course, item = await self._draft_item(actor, course_id, item_id, "video")
        if not 0 <= number < _PARTS_MAX:
            raise InvalidInput(f"视频最大{VIDEO_MAX // 1024**3}GB，请压缩或分成几段。", code="too_large", field="file")
        if not 0 < len(body) <= PART:
            raise InvalidInput("上传的内容不完整，请重试。", code="part_size", field="file")
        async with _store_errors():
            await self.files.put(_part(_key(course, item, upload), number), body)

    async def finish_upload(self, actor: Actor, course_id: UUID, item_id: UUID, upload: UUID, parts: int) -> None:
        """Join the parts, read the length, and set it as the item's video. A repetition is harmless.

        Raises InvalidInput for a file that phones can't play, Conflict for missing parts, Unavailable.
        """
        check(actor, "course.manage")
        course, item = await self._draft_item(actor, course_id, item_id, "video")
        key = _key(course, item, upload)
        if item.media_key == key:
            return
        if not 1 <= parts <= _PARTS_MAX:
            raise InvalidInput("上传的内容不完整，请重试。", code="part_size", field="file")
        async with _store_errors():
            stream = _Parts(self.files, key, parts)
            await self.files.put_stream(key, aiter(stream))
            try:
                film = await self._probe(key, stream.size)
            except NotPlayable as error:
                await self.files.delete(key)
                raise InvalidInput(str(error), code="not_playable", field="file") from error
        await self._set_video(actor, course_id, item_id, film)
        # the parts go last, so that a call that failed on the way can be repeated
        async with _store_errors():
            await self.files.clear(f"{key}.parts")

    async def add_pages(self, actor: Actor, course_id: UUID, item_id: UUID, content: bytes) -> int:
        """Append pages: every page of a PDF, or one image; returns how many. Raises InvalidInput, Conflict."""
        check(actor, "course.manage")
        await self._draft_item(actor, course_id, item_id, "pages")
        if len(content) > PAGE_FILE_MAX:
            raise InvalidInput(f"文件最大{PAGE_FILE_MAX // 1024**2}MB，请压缩或拆分。", code="too_large", field="file")
        pages = await self._draw_pages(actor.pool, content)
        keys = []
        for picture in pages:
            key = new_key(actor.pool, self.deps.now())
            await self.store.put(key, picture)
            keys.append(key)
        async with transaction():
            course = await lock_draft(actor, course_id)
            item = await CourseItem.select_for_update().get(id=item_id)
            if len(item.pages) + len(keys) > PAGES_MAX:
                raise InvalidInput(f"一项内容最多{PAGES_MAX}页，请分成几项。", code="too_many_pages", field="file")
            item.pages = [*item.pages, *keys]
            await item.save(update_fields=["pages"])
            await record(actor, self.deps.now(), "course.add_pages", "course", course.id, pages=len(keys))
        return len(keys)

    async def remove_page(self, actor: Actor, course_id: UUID, item_id: UUID, number: int) -> None:
        """Counted from 1; 0 removes all. Raises NotFound, Conflict."""
        check(actor, "course.manage")
        now = self.deps.now()
        async with transaction():
            course = await lock_draft(actor, course_id)
            await get_item(course.id, item_id)
            item = await CourseItem.select_for_update().get(id=item_id)
            if not 0 <= number <= len(item.pages):
                raise NotFound("没有这一页，请刷新后重试。", code="no_page")
            removed_keys = item.pages if number == 0 else [item.pages[number - 1]]
            item.pages = [key for key in item.pages if key not in removed_keys]
            await item.save(update_fields=["pages"])
            for key in removed_keys:
                await schedule_removal(key, now)
            await record(actor, now, "course.remove_pages", "course", course.id, pages=len(removed_keys))

    # ---- participants

    async def video(self, actor: Actor, enrolment_id: UUID, item_id: UUID) -> Path | str:
        """The source of the film for the player: a local file, or a signed URL of ten minutes.

        Raises NotFound, Conflict for a participant who may not study now, Unavailable.
        """
        item = await self._get_open_item(actor, enrolment_id, item_id)
        if not item.media_key:
            raise NotFound("没有这段视频，请返回课程后刷新。", code="no_video")
        async with _store_errors():
            return await self.files.locate(item.media_key, LINK_TTL)

    async def page(self, actor: Actor, enrolment_id: UUID, item_id: UUID, number: int) -> bytes:
        """A page (from 1) as JPEG. Raises as ``video``."""
        item = await self._get_open_item(actor, enrolment_id, item_id)
        return await self._picture(item, number)

    async def preview_video(self, actor: Actor, course_id: UUID, item_id: UUID) -> Path | str:
        """The same for the office. Raises NotFound, Unavailable."""
        check(actor, "course.manage")
        item = await get_item((await get_course(actor, course_id)).id, item_id)
        if not item.media_key:
            raise NotFound("还没有上传视频。", code="no_video")
        async with _store_errors():
            return await self.files.locate(item.media_key, LINK_TTL)

    async def preview_page(self, actor: Actor, course_id: UUID, item_id: UUID, number: int) -> bytes:
        check(actor, "course.manage")
        return await self._picture(await get_item((await get_course(actor, course_id)).id, item_id), number)

    # ---- helpers

    async def _draft_item(self, actor: Actor, course_id: UUID, item_id: UUID, kind: str) -> tuple[Course, CourseItem]:
        course = await get_course(actor, course_id)
        if course.state != CourseState.DRAFT:
            raise Conflict("课程已发布，不能再更换课件。", code="course_published")
        item = await get_item(course.id, item_id)
        if item.kind != kind:
            raise Conflict("这项内容的形式不同，请刷新后重试。", code="wrong_kind")
        return course, item

    async def _set_video(self, actor: Actor, course_id: UUID, item_id: UUID, film: _Film) -> None:
        now = self.deps.now()
        async with transaction():
            course = await lock_draft(actor, course_id)
            item = await CourseItem.select_for_update().get(id=item_id)
            await schedule_removal(item.media_key, now)
            item.media_key, item.media_bytes, item.seconds = film.key, film.size, int(film.movie.seconds)
            await item.save(update_fields=["media_key", "media_bytes", "seconds"])
            await record(actor, now, "course.video", "course", course.id, item=str(item.id), bytes=film.size)

    async def _probe(self, key: str, size: int) -> _Film:
        """Reads the headers of all boxes, and ``moov``. Raises NotPlayable, also for a truncated file."""
        at, movie = 0, None
        for _ in range(_BOXES_MAX):
            if at + 8 > size:
                break
            box = read_head(await self.files.get_range(key, at, min(HEAD, size - at)))
            end = at + box.size if box.size else size
            if box.kind == b"moov" and end - at <= MOOV_MAX and end <= size:
                movie = read_movie(await self.files.get_range(key, at + box.head, end - at - box.head))
            at = end
        if movie is None or at != size:
            raise NotPlayable("视频文件不完整或不是MP4格式，请重新导出后再上传。")
        return _Film(key, size, movie)

    async def _draw_pages(self, pool: str, content: bytes) -> list[bytes]:
        """Raises InvalidInput that names the field."""
        try:
            if content[:5] == b"%PDF-":
                return list(await self.checker.draw_pages(pool, content, SIDE, PAGES_MAX))
            picture = await self.checker.check(pool, content, ("jpg", "png"))
            return [await self.checker.draw(pool, content, picture.kind, SIDE)]
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal

    async def _picture(self, item: CourseItem, number: int) -> bytes:
        if not 1 <= number <= len(item.pages):
            raise NotFound("没有这一页，请刷新后重试。", code="no_page")
        try:
            return await self.store.get(item.pages[number - 1])
        except FileLost as error:
            raise Unavailable("页面暂时无法读取，请稍后重试。", code="file_lost") from error

    async def _get_open_item(self, actor: Actor, enrolment_id: UUID, item_id: UUID) -> CourseItem:
        check(actor, "course.own")
        enrolment = await get_own_enrolment(actor, enrolment_id)
        state, now = EnrolmentState(enrolment.state), self.deps.now()
        if access(state, enrolment.opens_at, enrolment.closes_at, now) != "open":
            raise Conflict("现在不能学习这门课程，请返回课程页查看。", code="study_closed")
        return await get_item(enrolment.course_id, item_id)


@dataclass
class _Parts:
    """The parts of an upload as one stream; ``size`` counts the bytes read."""

    files: Files
    key: str
    count: int
    size: int = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number in range(self.count):
            part = await self.files.get(_part(self.key, number))
            self.size += len(part)
            yield part


@asynccontextmanager
async def _store_errors() -> AsyncIterator[None]:
    """Translates an outage of the store, and a missing part, into refusals."""
    try:
        yield
    except GatewayError as error:
        if isinstance(error, Rejected) and error.vendor_code == "missing":
            raise Conflict("有一部分没有上传完，请重新上传。", code="part_missing") from error
        raise Unavailable("文件服务暂时不可用，请稍后重试。", code="files_away") from error


def _key(course: Course, item: CourseItem, upload: UUID) -> str:
    """Derived from item and upload, so that every process finds the parts, and no other upload's file is reached."""
    digest = hashlib.sha256(f"course:{item.id}:{upload}".encode()).hexdigest()[:32]
    return f"{course.pool}/{local(item.created_at):%Y/%m}/{digest}"


def _part(key: str, number: int) -> str:
    return f"{key}.parts/{number:05d}"
