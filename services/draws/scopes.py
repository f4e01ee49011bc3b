"""Whose a draw is: its organisation, staff of its terminal or venue, and people of its agency."""

from __future__ import annotations

from uuid import UUID

from domain.draws.lifecycles import DrawState
from domain.errors import Forbidden, NotFound
from domain.rulebook.book import Rulebook
from models.draws import AvoidedDraw, CallNotice, Draw, DrawApplication
from models.organisations import AgentLink, Organisation
from services.core.base import Actor
from services.core.permissions import BY_AGENCY, OF_AGENT
from services.draws.views import ReadDraw


def check_owner(actor: Actor, draw: ReadDraw) -> None:
    """An agent handles only own draws, and so does a platform for him; the legal entity all of its agents'.

    Raises NotFound for anyone else.
    """
    if actor.pool != draw.pool or actor.organisation_id != draw.organisation_id:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role in OF_AGENT and draw.agent_id != actor.account_id:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role not in BY_AGENCY:
        raise Forbidden("只有招标人或代理机构可以办理抽取。")


def venue_names(actor: Actor, book: Rulebook) -> list[str]:
    """The names of a venue in notices, also those from before it was renamed."""
    named = (venue for venue in book.venues if actor.scope in (venue.code, *venue.names))
    return [actor.scope, *(name for venue in named for name in venue.names)]


NOT_FOR_DRAFTS = ("verifier", "venue", "supervisor")
"""Roles that see a draw from its first submission on."""


def is_draft(draw: Draw) -> bool:
    """Whether it was never submitted."""
    return draw.state == DrawState.EDITING and not draw.terminal


async def check_scope(actor: Actor, draw: Draw, book: Rulebook) -> None:
    """Only its agency sees a draft, and staff granted for one place handle only draws there.

    Raises NotFound otherwise.
    """
    if is_draft(draw) and actor.role in NOT_FOR_DRAFTS:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if not actor.scope:
        return
    if actor.role == "verifier" and not await DrawApplication.exists(draw_id=draw.id, terminal=actor.scope):
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role == "venue" and not await CallNotice.exists(draw_id=draw.id, venue__in=venue_names(actor, book)):
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")


async def find_avoided(draw_id: UUID) -> tuple[UUID, ...]:
    """Earlier draws whose experts are recused in this one."""
    return tuple([avoided.earlier_id for avoided in await AvoidedDraw.filter(draw_id=draw_id).order_by("id")])


async def acts_for_agency(draw: Draw, account_id: UUID) -> bool:
    """Whether a person is on the agency's side, and so can't be its supervisor. Not once he has declined or given up
    to be its agent, which he can do alone, or the organisation has revoked it."""
    organisation = await Organisation.get(id=draw.organisation_id)
    if account_id in (draw.agent_id, organisation.legal_account_id):
        return True
    links = AgentLink.filter(organisation_id=organisation.id, account_id=account_id, accepted_at__isnull=False)
    return await links.filter(revoked_at=None, declined_at=None).exists()


async def check_not_of_agency(actor: Actor, draw: Draw) -> None:
    """A person who decides on an agency's request must not be of that agency, in any role. Raises Forbidden."""
    if actor.account_id is not None and await acts_for_agency(draw, actor.account_id):
        raise Forbidden("您代表本活动的招标人或代理机构办理业务，请由其他人员办理。", code="of_agency")
