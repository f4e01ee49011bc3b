"""Queries of releases (退选): a draw's requests, who knows of the release, and open tasks of an agency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.draws.agreed_times import urging_ends
from domain.draws.lifecycles import DRAW, DrawEvent, DrawState
from domain.draws.lifecycles import VerificationState as State
from domain.errors import NotFound
from domain.masking import mask_mobile, mask_name
from domain.rulebook.types import Hours
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, rows
from services.draws.access import DrawAccess
from services.draws.calls.sms_states import SMS_LABELS, sms_state
from services.draws.release_rules import KIND, release_until
from services.draws.verification_queries import ApplicationRow, VerificationQueries
from services.draws.views import ReadDraw
from services.draws.virtual_calls import CallLine, CallWindow, VirtualCalls

VoiceState = Literal["calling", "delivered", "opened", "undelivered"]
_CALLING = (DrawState.COMMITTING, DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)
_ANY_TIME = Hours(0, 24 * 60)
_PANEL = f"""
SELECT i.id, i.expert_id, i.code, e.name, e.mobile_sealed, n.state AS notice_state,
    count(v.id) FILTER (WHERE v.sent_at IS NOT NULL AND v.state <> 'pending')::int AS calls,
    coalesce(bool_or(v.state = 'delivered'), FALSE) AS reached, n.opened_at IS NOT NULL AS opened,
    coalesce(bool_or(v.state NOT IN ('delivered', 'failed', 'answered')), FALSE) AS under_way,
    coalesce(bool_or(v.state IN ('sent', 'unknown')), FALSE) AS ringing,
    min(v.due_at) FILTER (WHERE v.state = 'pending') AS next_call,
    {sms_state("draw_release_text", "i.id")} AS sms,
    c.words, c.recorded_at, coalesce(a.real_name, '') AS recorded_by
FROM invitation i JOIN notice n ON n.invitation_id = i.id AND n.kind = 'draw_released'
JOIN expert e ON e.id = i.expert_id
LEFT JOIN attempt v ON v.notice_id = n.id AND v.channel = 'voice'
LEFT JOIN release_confirmation c ON c.invitation_id = i.id LEFT JOIN account a ON a.id = c.recorded_by_id
WHERE i.draw_id = $1
GROUP BY i.id, e.id, n.id, c.id, a.id ORDER BY i.code
"""
_TASKS = """
SELECT * FROM (SELECT d.id, d.number, d.name, d.state, d.starts_at, CASE WHEN d.state = 'released' THEN (
    SELECT count(*)::int FROM invitation i JOIN notice n ON n.invitation_id = i.id AND n.kind = 'draw_released'
     WHERE i.draw_id = d.id AND i.state = 'released' AND n.state <> 'active'
       AND n.opened_at IS NULL AND NOT EXISTS (SELECT 1 FROM attempt v
         WHERE v.notice_id = n.id AND v.channel = 'voice' AND v.state = 'delivered')
       AND NOT EXISTS (SELECT 1 FROM release_confirmation c WHERE c.invitation_id = i.id)) ELSE 0 END AS unreached
  FROM draw d WHERE {reach} AND (d.state = 'released' AND d.ended_at > {now}::timestamptz - interval '2 days'
    OR d.state IN ('completed', 'short', 'supplement_pending') AND d.starts_at > {now}::timestamptz
      AND (SELECT a.state FROM draw_application a WHERE a.draw_id = d.id AND a.kind = 'release'
        ORDER BY a.submitted_at DESC, a.id DESC LIMIT 1) = 'approved')) AS t
 WHERE state <> 'released' OR unreached > 0 ORDER BY starts_at, id LIMIT 20
"""


@dataclass(frozen=True)
class ReleasedExpert:
    """One line of the table."""

    invitation_id: UUID
    code: str
    name: Annotated[str, Field(description="Masked")]
    mobile: Annotated[str, Field(description="Masked")]
    calls: Annotated[int, Field(description="Calls made")]
    voice: VoiceState
    voice_label: str
    next_call: Annotated[datetime | None, Field(description="When the system calls next: not by night")]
    texted: Annotated[bool, Field(description="The release SMS is out")]
    sms_label: Annotated[str, Field(description="To be shown", examples=["已发送"])]
    confirmed: Annotated[
        bool, Field(description="Knows of it: answered a call, opened the notice, or was reached by a person")
    ]
    by_hand: Annotated[bool, Field(description="To be told and recorded by staff: no call reached him or is due soon")]
    words: str
    recorded_by: str
    recorded_at: datetime | None
    calls_log: Annotated[tuple[CallLine, ...], Field(description="The virtual calls, newest first (拨打记录)")]


@dataclass(frozen=True)
class ReleaseTask:
    """An open task of an agency: begin a verified release, or reach the experts whom no call reached."""

    draw_id: UUID
    number: str
    name: str
    state: DrawState
    until: datetime
    unreached: int


@dataclass(frozen=True)
class ReleaseView:
    """``until``: the last moment for beginning the release. ``may_apply``: no request is pending. ``later``: it could
    be requested or begun if the draw were not calling now. ``hours`` of the calls, ``calls_max``: automatic calls to an
    expert who doesn't answer.

    ``virtual_calls``: the pool offers calls that hide both numbers, for experts whom no automatic call reached, from
    ``unseals_at`` on.
    """

    until: datetime
    applications: tuple[ApplicationRow, ...]
    may_apply: bool
    waiting: bool
    may_start: bool
    later: bool
    hours: Annotated[str, Field(description="Empty: at any time", examples=["08:00-21:00"])]
    calls_max: int
    virtual_calls: bool
    unseals_at: datetime
    panel: tuple[ReleasedExpert, ...]


_VOICE: Mapping[VoiceState, str] = {
    "calling": "通知中",
    "delivered": "已送达",
    "opened": "本人已打开通知",
    "undelivered": "未送达",
}


@dataclass(frozen=True)
class ReleaseQueries:
    deps: Deps
    access: DrawAccess
    verification: VerificationQueries
    calls: VirtualCalls

    def call_window(self, draw: ReadDraw, invitation: Invitation) -> CallWindow:
        """When a released expert may be telephoned by a person."""
        unseals_at = self.access.unseals_at(draw)
        return CallWindow(unseals_at, unseals_at, urging_ends(invitation, self.deps.book(draw.pool).attendance))

    def deadline_of(self, draw: ReadDraw) -> datetime:
        """The last moment for beginning a release of its panel."""
        return release_until(draw, self.deps)

    async def tasks(self, actor: Actor) -> list[ReleaseTask]:
        """Open tasks of this agency, next draw first."""
        permissions.check(actor, "draw.start")
        where, values = self.access.visibility_condition(actor, few=True)
        sql = _TASKS.replace("{reach}", where).replace("{now}", values.add(self.deps.now()))
        task_rows = await rows(sql, *values)
        lead = self.deps.book(actor.pool).draw.release.before_start
        tasks = [
            ReleaseTask(
                row["id"],
                row["number"],
                row["name"],
                DrawState(row["state"]),
                row["starts_at"] - lead,
                row["unreached"],
            )
            for row in task_rows
        ]
        return [task for task in tasks if task.unreached or self.deps.now() <= task.until]

    async def view(self, actor: Actor, draw_id: UUID) -> ReleaseView:
        """For everyone who supervises the draw. Raises NotFound."""
        draw = await self.access.get(actor, draw_id)
        applications = [
            application
            for application in await self.verification.applications_of_draw(draw_id)
            if application.kind == KIND
        ]
        state = applications[0].state if applications else None
        in_time = self.deps.now() <= release_until(draw, self.deps)
        open_ = in_time and DRAW.can(DrawState(draw.state), DrawEvent.RELEASE)
        ladder = self.deps.book(draw.pool).ladder["draw_released"]
        hours = ladder.hours.get("voice")
        calls = await self.calls.log_of(draw_id, "release")
        soon = self._retry_horizon(draw)
        return ReleaseView(
            until=release_until(draw, self.deps),
            applications=tuple(applications),
            may_apply=open_ and state not in (State.SUBMITTED, State.APPROVED),
            waiting=state == State.SUBMITTED,
            may_start=open_ and state == State.APPROVED,
            later=in_time and draw.state in _CALLING,
            hours="" if hours is None or hours == _ANY_TIME else str(hours),
            calls_max=sum(step.attempts for step in ladder.steps if step.channel == "voice"),
            virtual_calls=self.calls.is_offered(draw.pool),
            unseals_at=self.access.unseals_at(draw),
            panel=tuple(self._row(row, soon, calls.get(row["expert_id"], ())) for row in await rows(_PANEL, draw_id)),
        )

    def _retry_horizon(self, draw: ReadDraw) -> datetime:
        """The time until which the next automatic call follows without a break; a later call waits for the morning."""
        steps = self.deps.book(draw.pool).ladder["draw_released"].steps
        gaps = [step.retry_gap for step in steps if step.channel == "voice"]
        return self.deps.now() + max(gaps, default=timedelta())

    def _row(self, row: Mapping[str, Any], soon: datetime, calls: tuple[CallLine, ...] = ()) -> ReleasedExpert:
        going_on = row["under_way"] or (row["notice_state"] == "active" and row["calls"] == 0)
        open_voice: VoiceState = "calling" if going_on else "undelivered"
        voice: VoiceState = "delivered" if row["reached"] else "opened" if row["opened"] else open_voice
        confirmed = voice in ("delivered", "opened") or row["recorded_at"] is not None
        waits = not row["ringing"] and row["next_call"] is not None and row["next_call"] > soon
        return ReleasedExpert(
            invitation_id=row["id"],
            code=row["code"],
            name=mask_name(row["name"]),
            mobile=mask_mobile(self.deps.keys.open_text(row["mobile_sealed"], "mobile")),
            calls=row["calls"],
            voice=voice,
            voice_label=_VOICE[voice],
            next_call=row["next_call"] if going_on else None,
            texted=row["sms"] == "sent",
            sms_label=SMS_LABELS[row["sms"]],
            confirmed=confirmed,
            by_hand=(voice == "undelivered" or waits) and not confirmed,
            words=row["words"] or "",
            recorded_by=row["recorded_by"],
            recorded_at=row["recorded_at"],
            calls_log=calls,
        )

    async def get_expert(self, draw: ReadDraw, invitation_id: UUID) -> ReleasedExpert:
        """One row of the table. Raises NotFound."""
        for row in await rows(_PANEL, draw.id):
            if row["id"] == invitation_id:
                return self._row(row, self._retry_horizon(draw))
        raise NotFound("退选名单中没有这位专家，请刷新后重试。")
