"""Menus by role (个性化菜单) below the chat: which one a follower has, set by a job once it differs.

The job is deferred where a WeChat is bound or unbound, and when its person asks for 菜单 or 我的工作. Until then who
has got another role keeps the former menu, whose buttons go on to work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from domain.errors import Rejected
from services.accounts.roles import roles_of
from services.core.base import Deps, execute, rows, transaction
from services.core.permissions import AGENCY
from services.ports import RoleMenuPlatform, RoleMenuPools

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RoleGroup = Literal["", "expert", "agency", "staff"]
"""Who has one menu; empty: the account's own menu, for applicants and strangers."""
ROLE_GROUPS: tuple[RoleGroup, ...] = ("expert", "agency", "staff")
_OWN = frozenset({"expert", "applicant"})
_FOLLOWER = """
SELECT pool, openid, account_id, menu_group FROM wechat_identity WHERE id = $1 AND app = 'oa' AND following
"""


def group_of(roles: Iterable[str]) -> RoleGroup:
    """An office's own work before an expert's; the menus of both have 答复邀请."""
    held = set(roles)
    if held & AGENCY:
        return "agency"
    if held - _OWN:
        return "staff"
    return "expert" if "expert" in held else ""


@dataclass(frozen=True)
class RoleMenus:
    deps: Deps
    platform: RoleMenuPlatform
    pools: RoleMenuPools

    async def request(self, pool: str, identity_id: UUID) -> None:
        """Have the follower's menu set in the background, inside the caller's transaction."""
        if pool in self.pools:
            await self.deps.jobs.defer("wechat.menu", identity_id=str(identity_id))

    async def request_if_other(self, pool: str, identity_id: UUID, roles: Iterable[str]) -> None:
        """The same, if the person now has ``roles`` for which the menu is another than the present one."""
        if pool not in self.pools:
            return
        followers = await rows(_FOLLOWER, identity_id)
        if followers and followers[0]["menu_group"] != group_of(roles):
            async with transaction():
                await self.request(pool, identity_id)

    async def apply(self, identity_id: UUID) -> None:
        """Set the menu by the roles of this moment. Harmless to repeat, also after OutcomeUnknown."""
        followers = await rows(_FOLLOWER, identity_id)
        if not followers:
            return
        follower = followers[0]
        bound = follower["account_id"] is not None
        roles = await roles_of(follower["account_id"], self.deps.now()) if bound else ()
        group = group_of(role.role for role in roles)
        if group == follower["menu_group"]:
            return
        try:
            await self.platform.move_follower(follower["pool"], follower["openid"], follower["menu_group"], group)
        except Rejected as error:  # he has just unfollowed, or the menus were never pushed: his menu stays as it is
            log.warning("menu_by_role_refused", pool=follower["pool"], code=error.vendor_code)
            return
        async with transaction():
            await execute("UPDATE wechat_identity SET menu_group = $2 WHERE id = $1", identity_id, group)
