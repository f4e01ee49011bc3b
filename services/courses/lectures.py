"""Sign-in at lectures (签到): a code of six digits that changes while it is shown, as the code at a venue does.

It is computed from the lecture and the time by the service's key, so that nothing is stored and none holds for long.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.courses.lectures import SignInTime, sign_in_time
from domain.courses.lifecycles import CourseState
from domain.errors import Conflict, InvalidInput
from domain.typed_text import half_width
from models.courses import CourseItem
from services.core.base import Actor, Deps, rows
from services.core.crypto import Keyring
from services.core.permissions import check
from services.courses.repository import get_course, get_item, rules_of

_DIGITS = 6
_CODES_PER_VALIDITY = 3
"""A code is shown for a third of the time that it is accepted: who begins to type has most of it left."""
_PRESENT = """
SELECT count(*) FILTER (WHERE s.done_at IS NOT NULL)::int AS present, count(*)::int AS people
  FROM course_enrolment n LEFT JOIN course_study s ON s.enrolment_id = n.id AND s.item_id = $2
 WHERE n.course_id = $1 AND n.state <> 'left'
"""


@dataclass(frozen=True)
class LectureScreen:
    """What is shown to a room or in a stream. ``code`` is accepted until ``until``; it is empty outside ``opens_at`` to
    ``closes_at``."""

    title: str
    code: str
    until: datetime
    opens_at: datetime
    closes_at: datetime
    present: int
    people: int


@dataclass(frozen=True)
class Lectures:
    deps: Deps

    async def screen(self, actor: Actor, course_id: UUID, item_id: UUID) -> LectureScreen:
        """The code of this moment, and how many signed in. Raises NotFound, InvalidInput for an item without sign-in,
        Conflict for a course that is not held."""
        check(actor, "course.manage")
        course = await get_course(actor, course_id)
        item = await get_item(course.id, item_id)
        if course.state != CourseState.PUBLISHED:
            raise Conflict("课程发布后、结束前才能出示签到码。", code="course_not_open")
        time = time_of(item)
        now, valid = self.deps.now(), rules_of(course).lecture_code_valid
        code = code_at(self.deps.keys, item.id, now, valid) if time.opens <= now <= time.closes else ""
        (counted,) = await rows(_PRESENT, course.id, item.id)
        until = _step_start(now, valid) + valid
        return LectureScreen(item.title, code, until, time.opens, time.closes, counted["present"], counted["people"])


def time_of(item: CourseItem) -> SignInTime:
    """When participants sign in. Raises InvalidInput for another kind of item."""
    if item.kind != "live" or item.starts_at is None or item.ends_at is None:
        raise InvalidInput("这项内容不需要签到。", code="no_lecture")
    return sign_in_time(item.starts_at, item.ends_at)


def code_at(keys: Keyring, item_id: UUID, at: datetime, valid: timedelta) -> str:
    """The code that is shown at this time."""
    begun = int(_step_start(at, valid).timestamp())
    digest = keys.lookup_hash("lecture_code", f"{item_id}:{begun}")
    return f"{int(digest, 16) % 10**_DIGITS:0{_DIGITS}d}"


def is_code_valid(keys: Keyring, item_id: UUID, code: str, now: datetime, valid: timedelta) -> bool:
    """Whether the code was shown within the time for which codes are accepted."""
    step = valid / _CODES_PER_VALIDITY
    shown = [code_at(keys, item_id, now - earlier * step, valid) for earlier in range(_CODES_PER_VALIDITY)]
    # as bytes, since compare_digest raises for texts beyond ASCII
    return any(hmac.compare_digest(half_width(code).encode(), right.encode()) for right in shown)


def _step_start(at: datetime, valid: timedelta) -> datetime:
    step = valid.total_seconds() / _CODES_PER_VALIDITY
    return datetime.fromtimestamp(at.timestamp() // step * step, UTC)
