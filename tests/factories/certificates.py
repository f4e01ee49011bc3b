"""Certificates as rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.ids import new_id
from models.accounts import Account
from models.certificates import Certificate
from models.courses import Course, CourseEnrolment
from models.experts import Expert
from services.core.base import Deps


async def make_trained(
    deps: Deps, account: Account, expert: Expert, exam_state: str = "passed", **columns: Any
) -> CourseEnrolment:
    """An expert who completed a course, with its certificate; ``exam_state`` empty: without an examination."""
    now = deps.now()
    times = {"opens_at": now, "closes_at": now + timedelta(days=1), "created_at": now}
    course = await Course.create(pool=expert.pool, name="继续教育", **times)
    enrolment = await CourseEnrolment.create(
        course=course,
        expert=expert,
        account=account,
        state="finished",
        exam_state=exam_state,
        called_at=now,
        finished_at=now,
    )
    await make_certificate(deps, account, kind="course", source_id=enrolment.id, **columns)
    return enrolment


async def make_certificate(deps: Deps, account: Account, *, kind: str = "exam", **columns: Any) -> Certificate:
    """A valid one, unless ``columns`` say otherwise."""
    values: dict[str, Any] = dict.fromkeys(("title", "text", "holder", "masked_id_number", "issuer"), "示范")
    values |= {"source_id": new_id(), "number": f"C{new_id().hex[-12:]}", "token": new_id().hex, "digest": "0" * 64}
    if columns.get("state", "valid") != "valid":
        values |= {"ended_at": deps.now(), "reason": "示范"}
    return await Certificate.create(
        pool=account.pool,
        kind=kind,
        account_id=account.id,
        issued_at=deps.now(),
        **values | columns,
    )
