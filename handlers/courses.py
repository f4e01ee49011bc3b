"""Continuing education (培训): each course with its deadline, its status, the link to study, the tap to pay."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_until
from domain.courses.lifecycles import EnrolmentState
from domain.errors import Unauthenticated
from handlers import commands, texts, wording
from services.core.base import Actor
from services.courses import EnrolmentView

_SHOWN = 3
"""Courses in one bubble."""


def register(router: Router) -> None:
    router.keyword(my_courses, commands.COURSES, "我的培训", "继续教育", "课程", "我的课程", "学习", "学时", "补学")
    router.menu("COURSES", my_courses)


async def my_courses(turn: Turn) -> str:
    """Unfinished courses first; the page has all of them."""
    account_id = turn.user.account_id
    if account_id is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    enrolments = await turn.services.courses.queries.own(_actor(turn.user.pool, account_id))
    if not enrolments.items:
        return f"{texts.NO_COURSE}\n{commands.tap_lines(commands.STATUS, commands.HELP)}"
    blocks = course_blocks(turn, enrolments.items)
    page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/courses"
    return "\n\n".join([*blocks, link(texts.ALL_COURSES.format(count=enrolments.total), page)])


def course_blocks(turn: Turn, enrolments: Sequence[EnrolmentView]) -> list[str]:
    """Name, time, state and next step of each, as many as a bubble holds, unfinished ones first."""
    unfinished_first = sorted(enrolments, key=lambda enrolment: not is_unfinished(enrolment))
    return [_block(turn, enrolment) for enrolment in unfinished_first[:_SHOWN]]


async def course_lines(turn: Turn, account_id: UUID | None) -> list[str]:
    """Unfinished courses, for the overview; empty without any."""
    now = turn.services.deps.now()
    ahead = [
        texts.COURSE_TO_DO.format(name=wording.plain_text(enrolment.name), until=print_until(enrolment.closes_at, now))
        for enrolment in await find_own_courses(turn, account_id)
        if is_unfinished(enrolment)
    ]
    return [*ahead[:_SHOWN], commands.tap_lines(commands.COURSES)] if ahead else []


async def find_own_courses(turn: Turn, account_id: UUID | None) -> tuple[EnrolmentView, ...]:
    """The newest courses of a person; looked up only for those who may have some."""
    if account_id is None or (turn.user.person is not None and not turn.user.person.studies):
        return ()
    if not turn.services.deps.book(turn.user.pool).course.offered:
        return ()
    return (await turn.services.courses.queries.own(_actor(turn.user.pool, account_id))).items


def course_page(turn: Turn, enrolment: EnrolmentView) -> str:
    return f"{turn.services.deps.public_url}/h5/{turn.user.pool}/courses/{enrolment.id}"


def is_unfinished(enrolment: EnrolmentView) -> bool:
    return enrolment.state == EnrolmentState.CALLED and not enrolment.overdue and enrolment.phase != "waiting"


def _block(turn: Turn, enrolment: EnrolmentView) -> str:
    now = turn.services.deps.now()
    lines = [
        texts.COURSE_IS.format(name=wording.plain_text(enrolment.name)),
        texts.COURSE_TIME.format(
            opens=print_until(enrolment.opens_at, now), until=print_until(enrolment.closes_at, now)
        ),
        texts.COURSE_STATE.format(state=texts.COURSE_STATES[enrolment.phase], percent=enrolment.progress // 10),
    ]
    if enrolment.missed_lecture:
        lines.append(texts.MISSED_LECTURE.format(hotline=turn.services.deps.book(turn.user.pool).pool.hotline))
    if enrolment.fee_id is not None:
        lines.append(commands.tap_lines(commands.PAY))
    if enrolment.state == EnrolmentState.LEARNED and enrolment.candidate_id is not None:
        lines.append(commands.tap_lines(commands.EXAM))
    return "\n".join([*lines, course_link(turn, enrolment)])


def course_link(turn: Turn, enrolment: EnrolmentView) -> str:
    """To the course's page, labelled with what can be done there."""
    return f"▸ {link(_next_step(enrolment), course_page(turn, enrolment))}"


def _next_step(enrolment: EnrolmentView) -> str:
    if enrolment.make_up in texts.COURSE_MAKE_UP:
        return texts.COURSE_MAKE_UP[enrolment.make_up]
    return texts.COURSE_STUDY if enrolment.access == "open" and is_unfinished(enrolment) else texts.COURSE_LOOK


def _actor(pool: str, account_id: UUID) -> Actor:
    return Actor(pool, "applicant", account_id)
