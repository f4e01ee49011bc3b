"""Queries of applications for verification (核验): the verifiers' list, and those of one draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import VerificationState
from models.draws import DrawApplication
from services.core import permissions
from services.core.base import Actor, Page, rows
from services.core.pages import contains, read_page


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
    by_platform: Annotated[
        bool, Field(description="Whether a trading platform (平台对接) submitted it in the applicant's name")
    ]
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
    """Draws of the same tender that began to fix an order and ended without a panel, by a person or by time: an agency
    may have disliked the order."""
    redrawn: Annotated[int, Field(description="Other redraws of the same tender whose order was begun")]
    """Redraws, each of which replaced a panel."""
    elsewhere: Annotated[
        int, Field(description="Activities of the same tender under another project of the same number or name")
    ]
    """Draws of the same tender under another project, of any agency: two orders to choose from."""


_LIVE = "EXISTS (SELECT 1 FROM draw_lot l WHERE l.draw_id = t.id AND l.live)"
_BEGUN = "EXISTS (SELECT 1 FROM draw_round r WHERE r.draw_id = t.id)"
_WITHOUT_PANEL = """EXISTS (SELECT 1 FROM draw_log l WHERE l.draw_id = t.id AND l.seq = t.log_length
  AND l.act = 'ended' AND l.facts ->> 'panel' IN ('terminated', 'not_met'))"""
_SAME_TENDER = f"""
(SELECT ARRAY[
    count(*) FILTER (WHERE t.state IN ('terminated', 'ended') AND {_BEGUN} AND {_WITHOUT_PANEL}),
    count(*) FILTER (WHERE t.kind = 'redraw' AND t.id <> d.id AND {_BEGUN}),
    count(*) FILTER (WHERE q.id <> j.id AND t.state <> 'editing' AND {_LIVE})]
  FROM draw t JOIN project q ON q.id = t.project_id
  WHERE q.pool = d.pool AND (q.id = j.id OR q.name = j.name OR q.number <> '' AND q.number = j.number))
"""
"""``terminated``, ``redrawn``, ``elsewhere``. A column, since PostgreSQL computes joined figures for all projects first
where it doesn't know how few rows a page has."""
_BY_PLATFORM = f"""EXISTS (SELECT 1 FROM audit_entry u WHERE u.subject = 'draw' AND u.subject_id = a.draw_id
  AND u.action = 'draw.submitted' AND u.at = a.submitted_at AND u.actor_role = '{permissions.INTEGRATOR}')"""
_COLUMNS = f"""
a.id, a.draw_id, d.number AS draw_number, d.name AS draw_name, a.kind,
    coalesce((SELECT w.number FROM draw w WHERE w.id = d.original_id), '') AS original, o.name AS organisation,
    p.real_name AS applicant, {_BY_PLATFORM} AS by_platform,
    coalesce(v.real_name, '') AS decided_by, a.terminal, a.reason, a.state, a.opinion,
    a.submitted_at, a.withdrawn_at, a.decided_at,
    a.attachment, {_SAME_TENDER} AS same_tender
"""
_JOINED = """
a JOIN draw d ON d.id = a.draw_id JOIN project j ON j.id = d.project_id
JOIN organisation o ON o.id = d.organisation_id
JOIN account p ON p.id = a.submitted_by_id LEFT JOIN account v ON v.id = a.decided_by_id
"""
_OF_DRAW = "draw_application a JOIN draw d ON d.id = a.draw_id"
_AT_TERMINAL = "d.pool = $1 AND ($2 = '' OR a.terminal = $2) AND a.state = $3"
_IN_STATE = f"{_OF_DRAW} WHERE {_AT_TERMINAL}"
_MATCHING = (
    f"{_OF_DRAW} JOIN organisation o ON o.id = d.organisation_id WHERE {_AT_TERMINAL} "
    "AND (d.number ILIKE $4 OR d.name ILIKE $4 OR o.name ILIKE $4)"
)


@dataclass(frozen=True)
class VerificationQueries:
    async def search(
        self, actor: Actor, state: str, word: str = "", *, offset: int = 0, limit: int = 20
    ) -> Page[ApplicationRow]:
        """Applications at the verifier's terminal, with the total. ``actor.scope`` empty: every terminal of the pool.

        ``word``: part of a draw's number or name or of the applicant unit's name. Open ones come oldest first, decided
        ones newest first.
        """
        permissions.check(actor, "draw.verify")
        way = "" if state == VerificationState.SUBMITTED else " DESC"
        source, values, order = _IN_STATE, [actor.pool, actor.scope, state], f"a.submitted_at{way}, a.id{way}"
        if word:
            source, values = _MATCHING, [*values, contains(word)]
        applications, total = await read_page(_COLUMNS, _JOINED, source, order, values, offset=offset, limit=limit)
        return Page(tuple(_row(row) for row in applications), total)

    async def count_waiting(self, actor: Actor) -> int:
        """Number of open applications at the verifier's terminal."""
        permissions.check(actor, "draw.verify")
        [counted] = await rows(f"SELECT count(*)::int AS n FROM {_IN_STATE}", actor.pool, actor.scope, "submitted")
        return int(counted["n"])

    async def applications_of_draw(self, draw_id: UUID) -> list[ApplicationRow]:
        """Every application of a draw, newest first; the caller has checked the permission."""
        order = "ORDER BY a.submitted_at DESC, a.id DESC"
        applications = await rows(
            f"SELECT {_COLUMNS} FROM draw_application {_JOINED} WHERE a.draw_id = $1 {order}", draw_id
        )
        return [_row(row) for row in applications]

    async def has_open_application(self, draw_id: UUID) -> bool:
        """Whether an application of a draw is open, for the draw itself or for its release."""
        return await DrawApplication.exists(draw_id=draw_id, state=VerificationState.SUBMITTED)


def _row(row: Mapping[str, Any]) -> ApplicationRow:
    facts = {name: row[name] for name in ApplicationRow.__dataclass_fields__ if name in row}
    terminated, redrawn, elsewhere = row["same_tender"]
    figures = {"terminated": terminated, "redrawn": redrawn, "elsewhere": elsewhere}
    return ApplicationRow(**{**facts, **figures, "state": VerificationState(row["state"])})
