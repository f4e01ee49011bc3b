"""Which draws a person may see, and from when results are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import NotFound
from models.accounts import RoleGrant
from models.draws import Draw
from services.core import permissions
from services.core.base import Actor, Deps, rows
from services.core.sql_values import SqlValues
from services.draws.scopes import NOT_FOR_DRAFTS, check_owner, check_scope, is_draft, venue_names
from services.draws.views import DrawView, ReadDraw, view_of

_OWN_MOBILE = "(SELECT x.mobile_hash FROM account x WHERE x.id = {account_id} AND x.pool = $1)"
_WATCHED = "d.id IN (SELECT s.draw_id FROM draw_supervisor s WHERE s.mobile_hash = {own_mobile})"
"""SQL: draws ``d`` that name the supervisor; read from all of his, however many they have become."""
_WATCHED_EACH = "(SELECT TRUE FROM draw_supervisor s WHERE s.mobile_hash = {own_mobile} AND s.draw_id = d.id)"
"""The same, looked up for each draw: PostgreSQL never turns a scalar subquery into a join, but takes every supervisor
for an average one, who has few draws, and would read all of a busy one's."""


@dataclass(frozen=True)
class DrawAccess:
    """Access checks for everything that shows or changes a draw."""

    deps: Deps

    async def view(self, actor: Actor, draw_id: UUID) -> DrawView:
        """The draw, if this actor may see it. Raises NotFound, Forbidden."""
        return view_of(DrawView, await self.get(actor, draw_id))

    async def get(self, actor: Actor, draw_id: UUID) -> Draw:
        """The same as a row, for services."""
        permissions.check(actor, "draw.read")
        draw = await Draw.get_or_none(id=draw_id, pool=actor.pool)
        if draw is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        if actor.role in permissions.BY_AGENCY:
            check_owner(actor, draw)
        elif actor.role == "supervisor":
            if is_draft(draw) or not (await self.is_watched_by(actor, draw) or await _may_watch_every_draw(actor)):
                raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        else:
            await check_scope(actor, draw, self.deps.book(draw.pool))
        return draw

    async def is_watched_by(self, actor: Actor, draw: ReadDraw) -> bool:
        """Whether the supervisor was named for this draw. Supervisors by the office's grant read every draw of the
        pool; only named ones commit and confirm."""
        named = await rows(
            "SELECT 1 FROM draw_supervisor s JOIN account a ON a.mobile_hash = s.mobile_hash AND a.pool = $3 "
            "WHERE s.draw_id = $1 AND a.id = $2",
            draw.id,
            actor.account_id,
            draw.pool,
        )
        return bool(named)

    def visibility_condition(self, actor: Actor, *, few: bool = False) -> tuple[str, SqlValues]:
        """SQL condition, with its values, for the draws (``d``) that this actor may see.

        ``few``: another condition, such as a state of work under way, leaves few draws of the pool, each of which is
        looked up.
        """
        values = SqlValues(actor.pool)
        where = "d.pool = $1"
        if actor.role in permissions.BY_AGENCY:
            where += f" AND d.organisation_id = {values.add(actor.organisation_id)}"
            if actor.role in permissions.OF_AGENT:
                where += f" AND d.agent_id = {values.add(actor.account_id)}"
        elif actor.role == "verifier" and actor.scope:
            own = f"a.terminal = {values.add(actor.scope)}"
            where += f" AND EXISTS (SELECT 1 FROM draw_application a WHERE a.draw_id = d.id AND {own})"
        elif actor.role == "venue" and actor.scope:
            own = f"n.venue = ANY({values.add(venue_names(actor, self.deps.book(actor.pool)))}::text[])"
            where += f" AND EXISTS (SELECT 1 FROM call_notice n WHERE n.draw_id = d.id AND {own})"
        elif actor.role == "supervisor":
            own_mobile = _OWN_MOBILE.format(account_id=values.add(actor.account_id))
            where += f" AND {(_WATCHED_EACH if few else _WATCHED).format(own_mobile=own_mobile)}"
        if actor.role in NOT_FOR_DRAFTS:
            where += " AND (d.state <> 'editing' OR d.terminal <> '')"
        return where, values

    def unseals_at(self, draw: ReadDraw) -> datetime:
        """When the names of a panel open, whatever its state: also of one that was given up."""
        return draw.starts_at - self.deps.book(draw.pool).draw.result_visible_before

    def is_unsealed(self, draw: ReadDraw) -> bool:
        return self.deps.now() >= self.unseals_at(draw)


async def _may_watch_every_draw(actor: Actor) -> bool:
    return await RoleGrant.exists(account_id=actor.account_id, role="supervisor", revoked_at=None)
