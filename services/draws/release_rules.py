"""When a panel may be released (退选), and its latest request. A release ends a draw before its evaluation begins."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.clock import print_time
from domain.draws.lifecycles import DRAW, DrawEvent, VerificationState
from domain.errors import Conflict
from models.draws import Draw, DrawApplication
from services.core.base import Deps, violation
from services.draws.locks import Locked
from services.draws.views import ReadDraw

KIND = "release"
"""``DrawApplication.kind`` of a request to release the panel; it changes the draw only when the release is begun."""
_LIVE = (VerificationState.SUBMITTED, VerificationState.APPROVED)


def release_until(draw: ReadDraw, deps: Deps) -> datetime:
    """The last moment for beginning the release."""
    return draw.starts_at - deps.book(draw.pool).draw.release.before_start


def check_release_in_time(draw: Draw, deps: Deps) -> None:
    """Raises RuleViolation once the evaluation is too near."""
    until = release_until(draw, deps)
    if deps.now() > until:
        raise violation(
            deps.book(draw.pool),
            "draw.release.before_start",
            f"退选截止时间{print_time(until)}已过，不能退选；不再评标的由核验人员终止活动。",
        )


async def find_newest_application(draw_id: UUID) -> DrawApplication | None:
    """The request submitted last, which counts."""
    return await DrawApplication.filter(draw_id=draw_id, kind=KIND).order_by("-submitted_at", "-id").first()


async def check_may_apply(locked: Locked, deps: Deps) -> None:
    """Raises Conflict in another state or while a request is pending, RuleViolation too late."""
    DRAW.next(locked.state, DrawEvent.RELEASE)
    application = await find_newest_application(locked.draw.id)
    if application is not None and application.state in _LIVE:
        state_text = "正在等待核验" if application.state == VerificationState.SUBMITTED else "已通过核验，请启动退选"
        raise Conflict(f"退选申请{state_text}，不能再修改。", code="release_asked")
    check_release_in_time(locked.draw, deps)
