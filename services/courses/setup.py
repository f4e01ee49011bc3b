"""Life cycle of a course: draft, items, check list, publishing with frozen rules, prolonging, cancelling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.courses.lifecycles import COURSE, CourseEvent, CourseState, EnrolmentState
from domain.errors import Conflict, InvalidInput
from domain.faults import Faults, check_given
from domain.rulebook.types import dump_rules
from models.courses import Course, CourseEnrolment, CourseItem
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.idempotency import once
from services.core.permissions import check
from services.courses.forms import (
    WINDOW_MAX,
    CourseData,
    CourseFault,
    CourseForm,
    CourseItemData,
    check_course,
    check_course_reason,
    check_item,
    find_faults,
)
from services.courses.notifications import recipient
from services.courses.participant_calls import ParticipantCalls
from services.courses.repository import OPEN_ENROLMENT, get_course, get_item, lock_draft
from services.files import schedule_removal
from services.notifications import Notices

ITEMS_MAX = 60
_OVER = f"""
FROM course c WHERE c.state = 'published' AND c.closes_at <= $1
  AND NOT EXISTS (SELECT 1 FROM course_enrolment n WHERE n.course_id = c.id AND {OPEN_ENROLMENT})
"""
CLOSES_DUE = f"EXISTS (SELECT 1 {_OVER} AND {not_paused('course_close', 'c.id')})"
_NEXT = f"SELECT c.id {_OVER} AND {not_paused('course_close', 'c.id')}"


@dataclass(frozen=True)
class CourseSetup:
    deps: Deps
    notices: Notices
    participant_calls: ParticipantCalls

    # ---- the draft

    async def create(self, actor: Actor, form: CourseForm, *, key: str | None = None) -> UUID:
        """Create a draft. Raises InvalidInput that names the field."""
        check(actor, "course.manage")
        clean = await check_course(self.deps.book(actor.pool), actor.pool, form)
        now = self.deps.now()

        async def run() -> UUID:
            columns = _columns(clean)
            course = await Course.create(pool=actor.pool, created_at=now, created_by=actor.account_id, **columns)
            await record(actor, now, "course.create", "course", course.id)
            return course.id

        return await once(
            owner=f"course.create:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=UUID,
            run=run,
            request=repr(form),
        )

    async def edit(self, actor: Actor, course_id: UUID, form: CourseForm) -> None:
        """Edit a draft. Raises InvalidInput, Conflict."""
        check(actor, "course.manage")
        clean = await check_course(self.deps.book(actor.pool), actor.pool, form)
        async with transaction():
            course = await lock_draft(actor, course_id)
            course.update_from_dict(_columns(clean))
            await course.save()
            await record(actor, self.deps.now(), "course.edit", "course", course.id)

    async def delete(self, actor: Actor, course_id: UUID) -> None:
        """Delete a draft. Raises Conflict."""
        check(actor, "course.manage")
        now = self.deps.now()
        async with transaction():
            course = await lock_draft(actor, course_id)
            for item in await CourseItem.filter(course_id=course.id):
                await _schedule_file_removals(item, now)
            await CourseEnrolment.filter(course_id=course.id).delete()
            await course.delete()
            await record(actor, now, "course.delete", "course", course_id)

    # ---- items

    async def add_item(self, actor: Actor, course_id: UUID, data: CourseItemData, *, key: str | None = None) -> UUID:
        """Append an item to a draft; its video or pages are added later. Raises InvalidInput, Conflict."""
        check(actor, "course.manage")
        clean = check_item(data)
        now = self.deps.now()

        async def run() -> UUID:
            course = await lock_draft(actor, course_id)
            count = await CourseItem.filter(course_id=course.id).count()
            if count >= ITEMS_MAX:
                raise Conflict(f"一门课程最多{ITEMS_MAX}项学习内容。", code="too_many_items")
            columns = _item_columns(clean)
            item = await CourseItem.create(course_id=course.id, position=count + 1, created_at=now, **columns)
            await record(actor, now, "course.add_item", "course", course.id, item=str(item.id))
            return item.id

        return await once(
            owner=f"course.item:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=UUID,
            run=run,
            request=f"{course_id} {data!r}",
        )

    async def edit_item(self, actor: Actor, course_id: UUID, item_id: UUID, data: CourseItemData) -> None:
        """Edit an item of a draft; the kind can't be changed. Raises InvalidInput, Conflict."""
        check(actor, "course.manage")
        async with transaction():
            course = await lock_draft(actor, course_id)
            item = await get_item(course.id, item_id)
            columns = _item_columns(check_item(replace(data, kind=item.kind)))
            if item.kind != "live":
                columns.pop("seconds")
            item.update_from_dict(columns)
            await item.save()
            await record(actor, self.deps.now(), "course.edit_item", "course", course.id, item=str(item.id))

    async def move_item(self, actor: Actor, course_id: UUID, item_id: UUID, by: int) -> None:
        """One place up (-1) or down (1); at either end nothing happens. Raises Conflict."""
        check(actor, "course.manage")
        async with transaction():
            course = await lock_draft(actor, course_id)
            items = await CourseItem.filter(course_id=course.id).order_by("position", "id")
            at = next((n for n, item in enumerate(items) if item.id == item_id), None)
            if at is None:
                await get_item(course.id, item_id)
                return
            to = min(max(at + (1 if by > 0 else -1), 0), len(items) - 1)
            items.insert(to, items.pop(at))
            await _renumber_items(items)

    async def delete_item(self, actor: Actor, course_id: UUID, item_id: UUID) -> None:
        """Delete an item of a draft, with its files. Raises Conflict."""
        check(actor, "course.manage")
        now = self.deps.now()
        async with transaction():
            course = await lock_draft(actor, course_id)
            item = await get_item(course.id, item_id)
            await _schedule_file_removals(item, now)
            await item.delete()
            await _renumber_items(await CourseItem.filter(course_id=course.id).order_by("position", "id"))
            await record(actor, now, "course.delete_item", "course", course.id, item=str(item_id))

    # ---- publishing and later changes

    async def check_list(self, actor: Actor, course_id: UUID) -> tuple[CourseFault, ...]:
        """Problems that prevent publishing, and hints."""
        check(actor, "course.manage")
        course = await get_course(actor, course_id)
        return await find_faults(self.deps.book(course.pool), course, self.deps.now())

    async def publish(self, actor: Actor, course_id: UUID) -> None:
        """Freeze the rules; participants are called by a due task. A repetition is harmless. Raises Conflict with the
        problems."""
        check(actor, "course.manage")
        now = self.deps.now()
        async with transaction():
            course = await get_course(actor, course_id, locked=True)
            if course.state == CourseState.PUBLISHED:
                return
            state = COURSE.next(CourseState(course.state), CourseEvent.PUBLISH)
            checked = await find_faults(self.deps.book(course.pool), course, now)
            if missing := [fault.text for fault in checked if fault.level == "bad"]:
                raise Conflict("还不能发布：" + "；".join(missing), code="not_ready")
            course.state, course.published_at = state, now
            course.rules = dump_rules(self.deps.book(course.pool).course)
            await course.save()
            await self.participant_calls.notify_listed(course, now)
            await record(actor, now, "course.publish", "course", course.id)

    async def prolong(self, actor: Actor, course_id: UUID, until: datetime | None, reason: str) -> None:
        """A later end of a published course, for all whose time ends with it; they are notified.

        Raises InvalidInput, Conflict.
        """
        check(actor, "course.manage")
        faults = Faults()
        closes_at = faults.check(check_given, until, "closes_at", "新的结束时间")
        words = faults.check(check_course_reason, reason)
        now = self.deps.now()
        async with transaction():
            course = await get_course(actor, course_id, locked=True)
            if course.state != CourseState.PUBLISHED:
                raise Conflict("只有已发布的课程可以延长，请刷新后核对。", code="course_not_open")
            if until:
                faults.check(_check_new_end, course, until, now)
            faults.raise_any()
            before, course.closes_at = course.closes_at, closes_at
            await course.save(update_fields=["closes_at"])
            # read before the update, after which the old end no longer tells who is concerned
            enrolments = await CourseEnrolment.filter(
                course_id=course.id, state__in=["called", "learned"], closes_at=before
            ).order_by("id")
            await CourseEnrolment.filter(id__in=[enrolment.id for enrolment in enrolments]).update(
                closes_at=closes_at, warnings=0
            )
            await self.notices.notify_many(
                pool=course.pool,
                kind="course_changed",
                recipients=[
                    recipient(
                        "course_changed",
                        course,
                        enrolment,
                        now,
                        until=closes_at,
                        reason=words,
                        occasion=now.isoformat(),
                    )
                    for enrolment in enrolments
                ],
            )
            await record(actor, now, "course.prolong", "course", course.id, reason=words)

    async def cancel(self, actor: Actor, course_id: UUID, reason: str) -> int:
        """Cancel: participants leave and are notified, and their unpaid fees are cancelled; the office refunds paid
        ones. Returns the number of participants. Raises Conflict once a participant has finished it."""
        check(actor, "course.manage")
        words = check_course_reason(reason)
        now = self.deps.now()
        async with transaction():
            course = await get_course(actor, course_id, locked=True)
            if course.state == CourseState.CANCELLED:
                return 0
            was, course.state = course.state, COURSE.next(CourseState(course.state), CourseEvent.CANCEL)
            if await CourseEnrolment.exists(course_id=course.id, state=EnrolmentState.FINISHED):
                raise Conflict("已有学员培训完毕，不能取消；到结束时间后课程自动结束。", code="has_finished")
            course.closed_at = now
            await course.save(update_fields=["state", "closed_at"])
            enrolments = await self.participant_calls.dismiss_all(course, now)
            if was == CourseState.PUBLISHED:
                await self.notices.notify_many(
                    pool=course.pool,
                    kind="course_cancelled",
                    recipients=[
                        recipient("course_cancelled", course, enrolment, now, reason=words) for enrolment in enrolments
                    ],
                )
            await record(actor, now, "course.cancel", "course", course.id, reason=words, participants=len(enrolments))
        return len(enrolments)

    async def close_due(self) -> int:
        """Close courses that are over and of which no participant is left whose own time has not ended."""
        now = self.deps.now()
        return await process_each(
            "course_close", await rows(_NEXT, now), lambda row: self._close_course(row["id"], now)
        )

    async def _close_course(self, course_id: UUID, now: datetime) -> None:
        async with transaction():
            course = await Course.select_for_update().get(id=course_id)
            if not await rows(f"SELECT c.id {_OVER} AND c.id = $2", now, course_id):
                return
            course.state, course.closed_at = COURSE.next(CourseState(course.state), CourseEvent.CLOSE), now
            await course.save(update_fields=["state", "closed_at"])
            await record(system(course.pool), now, "course.close", "course", course.id)


def _check_new_end(course: Course, closes_at: datetime, now: datetime) -> None:
    if not max(course.closes_at, now) < closes_at <= course.opens_at + WINDOW_MAX:
        raise InvalidInput("新的结束时间应晚于现在和原结束时间，且课程不超过一年。", code="past", field="closes_at")


def _item_columns(data: CourseItemData) -> dict[str, Any]:
    """The columns; a lecture's length follows from its time."""
    seconds = int((data.ends_at - data.starts_at).total_seconds()) if data.starts_at and data.ends_at else 0
    return {**data.__dict__, "seconds": seconds}


def _columns(data: CourseData) -> dict[str, Any]:
    return {**data.__dict__, "campaigns": list(data.campaigns)}


async def _renumber_items(items: list[CourseItem]) -> None:
    for position, item in enumerate(items, 1):
        if item.position != position:
            item.position = position
            await item.save(update_fields=["position"])


async def _schedule_file_removals(item: CourseItem, now: datetime) -> None:
    for key in (item.media_key, *item.pages):
        await schedule_removal(key, now)
