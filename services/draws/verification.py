"""The trading centre's look at an application before a draw may run (核验)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import DRAW, VERIFICATION, DrawEvent, DrawState, VerificationEvent, VerificationState
from domain.errors import Conflict, InvalidInput, NotFound
from models.draws import Draw, DrawApplication
from services.core import permissions
from services.core.base import Actor, Deps, Page, record, rows, system, transaction
from services.core.due_rows import process_each
from services.core.pages import contains, read_page
from services.draws.lot_holding import take_over
from services.draws.news import DrawNews, Event
from services.draws.release_rules import KIND, check_in_time
from services.draws.repository import check_not_of_agency, lock, move, notify_agency
from services.notifications import Notices


@dataclass(frozen=True)
class ApplicationRow:
    """A request for verification."""

    id: UUID
    draw_id: UUID
    draw_number: str
    draw_name: str
    kind: Annotated[str, Field(description="normal, redraw or recall", examples=["redraw"])]
    original: Annotated[str, Field(description="Number of the activity that a redraw or recall follows; else empty")]
    organisation: str
    applicant: str
    terminal: str
    reason: str
    state: VerificationState
    opinion: str
    submitted_at: datetime
    withdrawn_at: datetime | None
    decided_at: datetime | None
    decided_by: Annotated[str, Field(description="Name of the verifier; empty: nobody, or the system")]
    attachment: Annotated[str, Field(description="Name of the attached file; empty: none")]
    terminated: Annotated[
        int, Field(description="Activities of the same tender whose order was begun and whose panel never met")
    ]
    """Activities of the same tender that began to fix an order and ended without their panel, by a person or by time:
    each may be an order that displeased."""
    redrawn: Annotated[int, Field(description="Other redraws of the same tender whose order was begun")]
    """Each is a panel that was replaced."""
    elsewhere: Annotated[
        int, Field(description="Activities of the same tender under another project of the same number or name")
    ]
    """Activities of the same tender under another project, of whichever agency: two orders to choose from."""


_SAME_TENDER = """
SELECT count(*)::int FROM draw t JOIN project q ON q.id = t.project_id
 WHERE q.pool = d.pool AND (q.id = j.id OR q.name = j.name OR q.number <> '' AND q.number = j.number)
"""
_LIVE = "EXISTS (SELECT 1 FROM draw_lot l WHERE l.draw_id = t.id AND l.live)"
_REPLACED = """EXISTS (SELECT 1 FROM draw r WHERE r.original_id = t.id AND r.kind = 'redraw'
  AND r.state NOT IN ('editing', 'submitted', 'refused'))"""
_COLUMNS = f"""
a.id, a.draw_id, d.number AS draw_number, d.name AS draw_name, a.kind,
    coalesce((SELECT w.number FROM draw w WHERE w.id = d.original_id), '') AS original, o.name AS organisation,
    p.real_name AS applicant, coalesce(v.real_name, '') AS decided_by, a.terminal, a.reason, a.state, a.opinion,
    a.submitted_at, a.withdrawn_at, a.decided_at,
    a.attachment,
    ({_SAME_TENDER} AND t.kind <> 'recall' AND t.log_length > 0 AND t.state IN ('terminated', 'ended')
      AND NOT {_LIVE} AND NOT {_REPLACED}) AS terminated,
    ({_SAME_TENDER} AND t.kind = 'redraw' AND t.id <> d.id AND t.log_length > 0) AS redrawn,
    ({_SAME_TENDER} AND q.id <> j.id AND t.state <> 'editing' AND {_LIVE}) AS elsewhere
"""
_JOINED = """
a JOIN draw d ON d.id = a.draw_id JOIN project j ON j.id = d.project_id
JOIN organisation o ON o.id = d.organisation_id
JOIN account p ON p.id = a.submitted_by_id LEFT JOIN account v ON v.id = a.decided_by_id
"""
_SELECT = f"SELECT {_COLUMNS} FROM draw_application {_JOINED}"
_FOUND = (
    "draw_application a JOIN draw d ON d.id = a.draw_id JOIN organisation o ON o.id = d.organisation_id "
    "WHERE d.pool = $1 AND ($2 = '' OR a.terminal = $2) AND a.state = $3 "
    "AND (d.number ILIKE $4 OR d.name ILIKE $4 OR o.name ILIKE $4)"
)


UNVERIFIED = "EXISTS (SELECT 1 FROM draw WHERE state = 'submitted' AND starts_at <= $1)"
_OVERDUE = "预计评标开始时间已过，未能核验，请修改时间后重新提交"


class Verification:
    def __init__(self, deps: Deps, notices: Notices) -> None:
        self._deps = deps
        self._notices = notices
        self._news = DrawNews(deps, notices)

    async def queue(
        self, actor: Actor, *, state: str = "submitted", offset: int = 0, limit: int = 20
    ) -> list[ApplicationRow]:
        """Applications at the verifier's terminal, oldest first. ``actor.scope`` empty: every terminal of the pool."""
        permissions.check(actor, "draw.verify")
        found = await rows(
            _SELECT + "WHERE d.pool = $1 AND ($2 = '' OR a.terminal = $2) AND a.state = $3 "
            "ORDER BY a.submitted_at, a.id OFFSET $4 LIMIT $5",
            actor.pool,
            actor.scope,
            state,
            offset,
            limit,
        )
        return [_row(row) for row in found]

    async def search(
        self, actor: Actor, state: str, word: str = "", *, offset: int = 0, limit: int = 20
    ) -> Page[ApplicationRow]:
        """The same with how many there are, by part of a draw's number or name or of the applicant unit's name.

        What waits comes oldest first, what was decided newest first.
        """
        permissions.check(actor, "draw.verify")
        order = "a.submitted_at" if state == VerificationState.SUBMITTED else "a.submitted_at DESC"
        values = [actor.pool, actor.scope, state, contains(word)]
        found, total = await read_page(_COLUMNS, _JOINED, _FOUND, f"{order}, a.id", values, offset=offset, limit=limit)
        return Page(tuple(_row(row) for row in found), total)

    async def waiting(self, actor: Actor) -> int:
        """How many wait at the verifier's terminal."""
        permissions.check(actor, "draw.verify")
        [found] = await rows(f"SELECT count(*)::int AS n FROM {_FOUND}", actor.pool, actor.scope, "submitted", "%")
        return int(found["n"])

    async def of_draw(self, draw_id: UUID) -> list[ApplicationRow]:
        """Every application of a draw, newest first; the caller has checked who asks."""
        found = await rows(_SELECT + "WHERE a.draw_id = $1 ORDER BY a.submitted_at DESC, a.id DESC", draw_id)
        return [_row(row) for row in found]

    async def is_asked(self, draw_id: UUID) -> bool:
        """Whether an application of a draw waits, for the draw itself or for its release."""
        return await DrawApplication.exists(draw_id=draw_id, state=VerificationState.SUBMITTED)

    async def approve(self, actor: Actor, application_id: UUID, opinion: str = "") -> None:
        await self._decide(actor, application_id, VerificationEvent.APPROVE, opinion.strip())

    async def refuse(self, actor: Actor, application_id: UUID, opinion: str) -> None:
        """Raises InvalidInput without an opinion: the agency must know what to mend."""
        if not opinion.strip():
            raise InvalidInput("请填写退回原因。", field="opinion")
        await self._decide(actor, application_id, VerificationEvent.REFUSE, opinion.strip())

    async def _decide(self, actor: Actor, application_id: UUID, event: VerificationEvent, opinion: str) -> None:
        permissions.check(actor, "draw.verify")
        async with transaction():
            known = await DrawApplication.get_or_none(id=application_id)
            if known is None:
                raise NotFound("找不到这份申请，请返回列表后刷新。")
            draw = (await lock(known.draw_id)).draw
            application = await DrawApplication.select_for_update().get(id=application_id)
            self._check_reach(actor, draw, application)
            await check_not_of_agency(actor, draw)
            now = self._deps.now()
            if application.kind == KIND:
                await self._decide_release(actor, draw, application, event, opinion)
                return
            if event == VerificationEvent.APPROVE and now >= draw.starts_at:
                raise Conflict("预计评标开始时间已过，不能通过；请退回，由代理机构修改时间。", code="start_passed")
            application.state = VERIFICATION.next(VerificationState(application.state), event)
            application.opinion, application.decided_at = opinion, now
            application.decided_by_id = actor.account_id
            await application.save()
            approved = event == VerificationEvent.APPROVE
            if approved and draw.kind == "redraw":
                await take_over(draw)
            await move(draw, DrawEvent.VERIFY if approved else DrawEvent.REFUSE)
            await record(actor, now, "draw.verified" if approved else "draw.refused", "draw", draw.id, opinion=opinion)
            if approved:
                await notify_agency(self._notices, draw, "agency_verified", str(application.id))
            else:
                await notify_agency(self._notices, draw, "agency_refused", str(application.id), reason=opinion)

    async def _decide_release(
        self, actor: Actor, draw: Draw, application: DrawApplication, event: VerificationEvent, opinion: str
    ) -> None:
        """The draw stays where it is until the agency begins the release."""
        now, approved = self._deps.now(), event == VerificationEvent.APPROVE
        if approved:
            DRAW.next(DrawState(draw.state), DrawEvent.RELEASE)
            check_in_time(draw, self._deps)
        application.state = VERIFICATION.next(VerificationState(application.state), event)
        application.opinion, application.decided_at, application.decided_by_id = opinion, now, actor.account_id
        await application.save(update_fields=["state", "opinion", "decided_at", "decided_by_id"])
        what: Event = "release_approved" if approved else "release_refused"
        await record(actor, now, what.replace("_", "."), "draw", draw.id, opinion=opinion)
        await self._news.notify(draw, what, by=actor.account_id, occasion=str(application.id))
        if approved:
            await self._news.notify(draw, "release_verified", by=actor.account_id, occasion=str(application.id))

    async def refuse_overdue(self) -> int:
        """Send back what was not verified before its expected start: the agency may mend the times, or terminate."""
        due = await rows("SELECT id FROM draw WHERE state = 'submitted' AND starts_at <= $1", self._deps.now())
        return await process_each("unverified", due, lambda row: self._refuse_overdue(row["id"]))

    async def _refuse_overdue(self, draw_id: UUID) -> None:
        async with transaction():
            draw, now = (await lock(draw_id)).draw, self._deps.now()
            if draw.state != DrawState.SUBMITTED or now < draw.starts_at:
                return
            application = await DrawApplication.select_for_update().get(draw_id=draw_id, state="submitted")
            application.state = VERIFICATION.next(VerificationState(application.state), VerificationEvent.REFUSE)
            application.opinion, application.decided_at = _OVERDUE, now
            await application.save()
            await move(draw, DrawEvent.REFUSE)
            await record(system(draw.pool), now, "draw.refused", "draw", draw_id, opinion=_OVERDUE)
            await notify_agency(self._notices, draw, "agency_refused", str(application.id), reason=_OVERDUE)

    def _check_reach(self, actor: Actor, draw: Draw, application: DrawApplication) -> None:
        if draw.pool != actor.pool or (actor.scope and actor.scope != application.terminal):
            raise NotFound("找不到这份申请，请返回列表后刷新。")
        if actor.account_id == application.submitted_by_id:
            raise Conflict("不能核验自己提交的申请，请由其他人员办理。", code="own_application")


def _row(row: Mapping[str, Any]) -> ApplicationRow:
    facts = {name: row[name] for name in ApplicationRow.__dataclass_fields__}
    return ApplicationRow(**{**facts, "state": VerificationState(row["state"])})
