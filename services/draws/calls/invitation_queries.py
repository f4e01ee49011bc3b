"""Queries of invitations: those of an expert, and the one of a link or a tapped answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.draws.lifecycles import InvitationState
from domain.errors import NotFound
from domain.notifications.lifecycles import ContactAttemptState
from domain.rulebook.notice_texts import CALLS
from domain.rulebook.sections import VoiceRules
from services.core.base import Deps, rows
from services.draws.calls.invitation_views import InvitationView, find_views
from services.notifications import NO_VALID_KEY, UNCONFIRMED

Choice = Literal["accept", "decline"]
_LINK_TTL = timedelta(hours=12)
"""How long after the panel's expected end an invitation's page can be opened."""
_RECENT = timedelta(days=2)
"""How long an expert may still ask about an invitation that ended, or whose panel is over."""
_RECENT_MAX = 3


_LAST_CALL = """
SELECT a.sent_at, a.state, a.vendor_code, a.keys, n.pool FROM attempt a JOIN notice n ON n.id = a.notice_id
WHERE n.invitation_id = $1 AND n.kind = ANY($2::text[]) AND a.channel = 'voice' AND a.sent_at IS NOT NULL
ORDER BY a.sent_at DESC LIMIT 1
"""
CallOutcome = Literal["under_way", "missed", "no_key", "unconfirmed"]


class LastCall(NamedTuple):
    """The newest call about an invitation. ``missed``: not picked up; ``unconfirmed``: a key was not pressed again."""

    at: datetime
    outcome: CallOutcome


class CurrentInvitations(NamedTuple):
    """Results of ``list_open`` and ``list_panels``: open invitations, and upcoming or running panels."""

    open: list[InvitationView]
    panels: list[InvitationView]


@dataclass(frozen=True)
class InvitationQueries:
    deps: Deps

    async def view(self, invitation_id: UUID, expert_id: UUID) -> InvitationView:
        """Raises NotFound for another expert's invitation."""
        views = await find_views(self.deps, "i.id = $1 AND i.expert_id = $2", invitation_id, expert_id)
        if not views:
            raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
        return views[0]

    async def get_by_link(self, link: str) -> tuple[UUID, UUID, str]:
        """Invitation, expert and pool of a link. Raises NotFound for a wrong or an expired one."""
        invitations = await rows(
            "SELECT i.id, i.expert_id, i.ends_at, d.pool FROM invitation i JOIN draw d ON d.id = i.draw_id "
            "WHERE i.link = $1",
            link,
        )
        if not invitations or self.deps.now() > invitations[0]["ends_at"] + _LINK_TTL:
            about = {"pool": invitations[0]["pool"]} if invitations else {}
            raise NotFound("链接无效或已过期，请使用最新一条通知中的链接。", code="link_invalid", params=about)
        return invitations[0]["id"], invitations[0]["expert_id"], invitations[0]["pool"]

    async def find_by_menu_id(self, menu_id: int, expert_id: UUID) -> tuple[InvitationView, Choice] | None:
        """The invitation and choice of a tapped answer; None for another expert's or an unknown id."""
        attend = menu_id - (1 - menu_id % 2)
        views = await find_views(self.deps, "i.menu_id = $1 AND i.expert_id = $2", attend, expert_id)
        return (views[0], "accept" if menu_id == attend else "decline") if views else None

    async def find_last_call(self, invitation_id: UUID) -> LastCall | None:
        """None without a call, or where it says nothing: it was never placed, or has been answered."""
        newest = await rows(_LAST_CALL, invitation_id, list(CALLS))
        outcome = _call_outcome(newest[0], self.deps.book(newest[0]["pool"]).voice) if newest else None
        return LastCall(newest[0]["sent_at"], outcome) if outcome is not None else None

    async def list_open(self, expert_id: UUID) -> list[InvitationView]:
        """Invitations that wait for an answer, oldest first."""
        return await find_views(self.deps, "i.expert_id = $1 AND i.state = 'open' ORDER BY i.created_at", expert_id)

    async def list_panels(self, expert_id: UUID, *, past: bool = False) -> list[InvitationView]:
        """Panels that the expert has accepted; upcoming and running ones, or past ones newest first."""
        when = (
            "i.ends_at < $2 ORDER BY i.gathering_at DESC LIMIT 20"
            if past
            else "i.ends_at >= $2 ORDER BY i.gathering_at"
        )
        return await find_views(
            self.deps, f"i.expert_id = $1 AND i.state = 'accepted' AND {when}", expert_id, self.deps.now()
        )

    async def list_current(self, expert_id: UUID) -> CurrentInvitations:
        """By one statement."""
        views = await find_views(
            self.deps,
            "i.expert_id = $1 AND (i.state = 'open' OR i.state = 'accepted' AND i.ends_at >= $2) "
            "ORDER BY CASE i.state WHEN 'open' THEN i.created_at ELSE i.gathering_at END",
            expert_id,
            self.deps.now(),
        )
        return CurrentInvitations(
            [view for view in views if view.state is InvitationState.OPEN],
            [view for view in views if view.state is not InvitationState.OPEN],
        )

    async def list_recent(self, expert_id: UUID) -> list[InvitationView]:
        """Invitations by which the expert doesn't come (declined, silent, left, cancelled …), until two days after
        their end or that of the panel; the newest three, newest first."""
        return await find_views(
            self.deps,
            "i.expert_id = $1 AND i.state NOT IN ('open', 'accepted') AND greatest(i.ends_at, i.closed_at) > $2 "
            "ORDER BY i.created_at DESC, i.id LIMIT $3",
            expert_id,
            self.deps.now() - _RECENT,
            _RECENT_MAX,
        )


def _call_outcome(attempt: Mapping[str, Any], voice: VoiceRules) -> CallOutcome | None:
    code: str = attempt["vendor_code"]
    if attempt["state"] in (ContactAttemptState.SENT, ContactAttemptState.UNKNOWN):
        return "under_way"
    if code in (NO_VALID_KEY, UNCONFIRMED):
        return "unconfirmed" if attempt["keys"].replace(voice.repeat, "") else "no_key"
    failed = attempt["state"] == ContactAttemptState.FAILED
    return "missed" if failed and code.isdigit() else None  # other codes: the vendor has dialled nothing
