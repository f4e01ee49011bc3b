"""Courses with items, participants, and their studies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.clock import FixedClock
from models.courses import Course, CourseEnrolment, CourseItem
from models.experts import Expert
from services.core.base import Actor, Deps
from services.courses import CourseData, CourseItemData
from services.registry import Services
from tests.factories.assembly import make_services
from tests.factories.exams import make_office, work
from tests.factories.payments import GOOD, notification, platform_of
from tests.factories.people import make_account, make_expert

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NAME = "2025年第一批继续教育培训"


def with_course_rules(deps: Deps, **changed: Any) -> Deps:
    """The demo pool with other rules for its courses."""
    book = deps.book("demo")
    rules = book.course.model_copy(update=changed)
    return replace(deps, rulebooks={**deps.rulebooks, "demo": book.model_copy(update={"course": rules})})


@dataclass
class School:
    """The services, a person of the office, and experts who take courses."""

    services: Services
    office: Actor
    clock: FixedClock

    async def expert(self, **columns: Any) -> Expert:
        deps = self.services.deps
        return await make_expert(deps, account=await make_account(deps), **columns)

    async def course(
        self, *, after: timedelta = DAY, lasts: timedelta = 20 * DAY, seconds: int = 60, **data: Any
    ) -> Course:
        """A draft with one video of ``seconds``."""
        opens = self.clock.now() + after
        form = CourseData(**({"name": NAME, "opens_at": opens, "closes_at": opens + lasts} | data))
        course_id = await self.services.courses.setup.create(self.office, form)
        await self.video(course_id, seconds)
        return await Course.get(id=course_id)

    async def video(self, course_id: UUID, seconds: int = 60) -> CourseItem:
        item_id = await self.services.courses.setup.add_item(
            self.office, course_id, CourseItemData("video", "招标投标法")
        )
        await CourseItem.filter(id=item_id).update(seconds=seconds, media_key="demo/2026/11/x", media_bytes=1)
        return await CourseItem.get(id=item_id)

    async def published(self, **data: Any) -> Course:
        """A published course whose participants are called."""
        course = await self.course(**data)
        await self.services.courses.setup.publish(self.office, course.id)
        await work(self.services, "course_call")
        return await Course.get(id=course.id)

    async def enrolment(self, expert: Expert) -> CourseEnrolment:
        return await CourseEnrolment.get(expert_id=expert.id)

    async def pay(self, enrolment: CourseEnrolment) -> None:
        """Pay the fee and carry out what follows."""
        await self.report_payment(enrolment)
        await work(self.services, "pay_events")

    async def report_payment(self, enrolment: CourseEnrolment) -> None:
        """Pay the fee; what follows from the platform's report is left to the worker."""
        view, _ = await self.services.courses.queries.get(own(enrolment), enrolment.id)
        assert view.fee_id is not None
        await self.services.payments.orders.order(own(enrolment), view.fee_id, "native")
        platform = platform_of(self.services.payments)
        report = platform.pay(list(platform.orders)[-1])
        await self.services.payments.webhooks.receive("demo", GOOD, notification(trade=report))

    async def watch(self, enrolment: CourseEnrolment, item_id: UUID, until: int = 60, *, step: int = 10) -> None:
        """Play a video from its present position, ten seconds at a time."""
        study, person = self.services.courses.study, own(enrolment)
        seen = await study.open_item(person, enrolment.id, item_id)
        for start in range(seen.position, until, step):
            self.clock.move(timedelta(seconds=step))
            end = min(start + step, until)
            await study.record_beat(person, enrolment.id, item_id, player=seen.player, start=start, end=end, rate=1.0)

    async def study_all(self, enrolment: CourseEnrolment) -> None:
        for item in await CourseItem.filter(course_id=enrolment.course_id).order_by("position"):
            await self.watch(enrolment, item.id, item.seconds)


def own(enrolment: CourseEnrolment) -> Actor:
    return Actor("demo", "expert", enrolment.account_id, enrolment.expert_id)


async def make_school(deps: Deps, clock: FixedClock, **rules: Any) -> School:
    changed = with_course_rules(deps, **rules)
    return School(make_services(changed), await make_office(changed), clock)
