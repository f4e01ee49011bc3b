"""``/h5/{pool}/reminders``: which notices the official account may send as 订阅通知, and the tag that permits more."""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp.web as http
import structlog

from domain.errors import GatewayError
from services.ports import PageSignature
from web.accounts.user_agent import in_wechat
from web.core.pages import Visit, resource
from web.notifications.history import LoggedInPages

log = structlog.get_logger(__name__)


class ReminderPages(LoggedInPages):
    form_name = "reminders"

    @resource("/h5/{pool}/reminders")
    async def reminders(self, visit: Visit) -> http.Response:
        """The page's CSP permits WeChat's script where there is something to permit."""
        consents = await self.services.notifications.consents.list_of_account(visit.actor)
        signature = await self._signature(visit) if consents and in_wechat(visit.request) else None
        page = self.show(
            visit.actor, "notifications/reminders.html", visit.request, consents=consents, signature=signature
        )
        if signature is not None:
            script = urlsplit(signature.script)
            self.site.allow_script(page, f"{script.scheme}://{script.netloc}")
        return page

    async def _signature(self, visit: Visit) -> PageSignature | None:
        """None where WeChat gives none: the page then says so."""
        url = f"{self.services.deps.public_url}{visit.request.path_qs}"
        try:
            return await self.services.notifications.page_signer.sign(visit.actor.pool, url)
        except GatewayError as error:
            log.warning("page_not_signed", pool=visit.actor.pool, reason=type(error).__name__)
            return None
