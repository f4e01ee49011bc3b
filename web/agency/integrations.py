"""``/agency/integrations``: platforms that work for the organisation (平台对接), accepted and ended by it."""

from __future__ import annotations

from collections.abc import Mapping

from services.integrations import STATES
from web.agency.base import AgencyPart
from web.core.pages import Visit, page

_WHAT = "这个对接系统"


class AgencyIntegrationPages(AgencyPart):
    here = "integrations"

    @page("/agency/integrations", "agency/integrations.html")
    async def clients(self, visit: Visit) -> Mapping[str, object]:
        """The legal entity sees all of the organisation, an agent those that work in his responsibility."""
        return {
            "clients": await self.services.integrations.client_queries.list_own(visit.actor),
            "states": STATES,
        }

    @clients.command(name="accept", note="已确认，对接系统现在可以代为办理。")
    async def accept(self, visit: Visit) -> None:
        await self.services.integrations.clients.accept(visit.actor, visit.row_id(_WHAT))

    @clients.command(name="revoke", note="已停用，立即生效。")
    async def revoke(self, visit: Visit) -> None:
        await self.services.integrations.clients.revoke(visit.actor, visit.row_id(_WHAT))
