"""``/agency/agents``: the agents of a legal entity (我的经办人), their periods, and revoking them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.core.permissions import check
from web.accounts.agent_requests import STATES
from web.agency.base import AgencyPart
from web.agency.wizard import text
from web.core.form_values import EMPTY, FormValues, begin_of, day, key_of, redirect, uuid_of


class AgentPages(AgencyPart):
    here = "agents"
    notes: ClassVar[Mapping[str, str]] = {
        "asked": "已发出，对方接受后生效；已有的关联只更新有效期。",
        "ended": "已取消，对方立即不能再代表本单位办理。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/agents", self.list)
        self.site.post("/agency/agents", self.submit)

    async def actor(self, request: http.Request) -> Actor:
        """The legal entity itself; its agents have no access here."""
        actor = await super().actor(request)
        check(actor, "organisation.link_agent")
        return actor

    async def list(self, request: http.Request) -> http.Response:
        return await self._page(await self.actor(request), request)

    async def _page(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        rules = self.book(actor).login
        return self.show(
            actor,
            "agency/agents.html",
            request,
            error=form.error,
            f=form,
            agents=await self.services.organisations.agents.list_agents(actor),
            states={**STATES, "waiting": "等待对方接受", "revoked": "已取消", "declined": "对方不担任"},
            usual=rules.agent_link_default.days,
            most=rules.agent_link_max.days,
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` link, or end with ``id``."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        entities = self.services.organisations.legal_entities
        try:
            match fields.get("command"):
                case "link":
                    await entities.link_agent(
                        actor,
                        mobile=fields.get("mobile", "").strip(),
                        name=text(fields, "name", "姓名", 50),
                        valid_from=_begins(fields, self.services.deps.now()),
                        valid_until=_ends(fields),
                        key=key_of(fields),
                    )
                    raise redirect("/agency/agents", note="asked")
                case "end":
                    await entities.revoke(actor, uuid_of(fields.get("id", ""), "这位经办人"))
                    raise redirect("/agency/agents", note="ended")
            raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._page(actor, request, FormValues(fields, self.shown(error)))


def _ends(fields: Mapping[str, str]) -> datetime | None:
    """The last minute of the day, so that this day is shown as the last one."""
    after = begin_of(day(fields.get("until", ""), "valid_until", "有效期至"), days=1)
    return after - timedelta(minutes=1) if after else None


def _begins(fields: Mapping[str, str], now: datetime) -> datetime | None:
    """Beginning of a future day; today and an empty field mean now."""
    begins = begin_of(day(fields.get("from", ""), "valid_from", "有效期自"))
    return begins if begins and begins > now else None
