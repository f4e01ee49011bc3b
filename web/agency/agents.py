"""``/agency/agents``: the agents of a legal entity (我的经办人), their periods, and revoking them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

import aiohttp.web as http

from services.core.base import Actor
from services.core.permissions import check
from web.accounts.agent_requests import STATES
from web.agency.base import AgencyPart
from web.core.form_values import begin_of
from web.core.pages import Visit, page
from web.core.typed_forms import Day, ShortText


@dataclass(frozen=True)
class _Agent:
    mobile: str
    name: Annotated[str, ShortText("姓名", 50)]
    valid_from: Annotated[date | None, Day("有效期自")]
    valid_until: Annotated[date | None, Day("有效期至")]

    def begins_at(self, now: datetime) -> datetime | None:
        """Beginning of a future day; today and an empty field mean now."""
        begins = begin_of(self.valid_from)
        return begins if begins and begins > now else None

    @property
    def ends_at(self) -> datetime | None:
        """The last minute of the day, so that this day is shown as the last one."""
        after = begin_of(self.valid_until, days=1)
        return after - timedelta(minutes=1) if after else None


class AgentPages(AgencyPart):
    here = "agents"

    async def actor(self, request: http.Request) -> Actor:
        """The legal entity itself; its agents have no access here."""
        actor = await super().actor(request)
        check(actor, "organisation.link_agent")
        return actor

    @page("/agency/agents", "agency/agents.html")
    async def agents(self, visit: Visit) -> Mapping[str, object]:
        rules = self.book(visit.actor).login
        return {
            "agents": await self.services.organisations.agents.list_agents(visit.actor),
            "states": {**STATES, "waiting": "等待对方接受", "revoked": "已取消", "declined": "对方不担任"},
            "usual": rules.agent_link_default.days,
            "most": rules.agent_link_max.days,
        }

    @agents.command(_Agent, "link", note="已发出，对方接受后生效；已有的关联只更新有效期。")
    async def link(self, visit: Visit, form: _Agent) -> None:
        await self.services.organisations.legal_entities.link_agent(
            visit.actor,
            mobile=form.mobile.strip(),
            name=form.name,
            valid_from=form.begins_at(self.services.deps.now()),
            valid_until=form.ends_at,
            key=visit.key,
        )

    @agents.command(name="end", note="已取消，对方立即不能再代表本单位办理。")
    async def revoke(self, visit: Visit) -> None:
        await self.services.organisations.legal_entities.revoke(visit.actor, visit.row_id("这位经办人"))
