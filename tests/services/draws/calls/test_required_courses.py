"""Experts who have not finished a required course are not drawn until they have."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.ids import new_id
from models.courses import Course, CourseEnrolment
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Deps
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    fix_seed,
    make_draw,
    make_office,
    open_invitations,
    start_draw,
    verify,
)
from tests.factories.people import make_account


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def exclude_untrained(office: Office, expert: Expert) -> CourseEnrolment:
    now = office.deps.now()
    course = await Course.create(
        pool="demo", name="继续教育", opens_at=now - timedelta(days=9), closes_at=now, created_at=now, required=True
    )
    account = await make_account(office.deps)
    return await CourseEnrolment.create(
        id=new_id(),
        course_id=course.id,
        expert_id=expert.id,
        account_id=account.id,
        overdue_at=now,
        excluded_at=now,
        called_at=now,
    )


async def called_experts(draw_id: UUID) -> set[UUID]:
    return {invitation.expert_id for invitation in await open_invitations(draw_id)}


async def test_the_untrained_are_on_no_list(office: Office) -> None:
    first, other = await add_experts(office, 2)
    await exclude_untrained(office, first)
    draw_id = await start_draw(office, needed=1)
    assert await called_experts(draw_id) == {other.id}
    await check_record(office, draw_id)


async def test_who_becomes_untrained_after_the_freeze_is_passed_over_with_the_reason(office: Office) -> None:
    first, other = await add_experts(office, 2)
    draw_id = await make_draw(office, needed=1)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    enrolment = await exclude_untrained(office, first)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    assert await called_experts(draw_id) == {other.id}
    await check_record(office, draw_id)
    enrolment.overdue_at = enrolment.excluded_at = None
    await enrolment.save()
    assert await Invitation.filter(expert_id=first.id).count() == 0


async def test_who_has_finished_is_drawn_again(office: Office) -> None:
    (expert,) = await add_experts(office, 1)
    enrolment = await exclude_untrained(office, expert)
    enrolment.overdue_at = enrolment.excluded_at = None
    await enrolment.save()
    assert await called_experts(await start_draw(office, needed=1)) == {expert.id}
