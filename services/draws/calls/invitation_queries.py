"""Queries of invitations: those of an expert, and the one of a link or a tapped answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from domain.draws.lifecycles import InvitationState
from domain.errors import NotFound
from services.core.base import Deps, rows
from services.draws.calls.invitation_views import InvitationView, find_views

Choice = Literal["accept", "decline"]
_LINK_TTL = timedelta(hours=12)
"""How long after the panel's expected end an invitation's page can be opened."""
_RECENT = timedelta(days=2)
"""How long an expert may still ask about an invitation that ended, or whose panel is over."""
_RECENT_MAX = 3


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
