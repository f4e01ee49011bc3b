"""``/draws/{draw_id}/log``: the log of operations of a draw, and how many notices reached experts (操作与通知记录)."""

from __future__ import annotations

from collections.abc import Mapping

from domain.notifications.lifecycles import ContactAttemptState
from services.draws import OPERATIONS_MAX
from web.core.pages import Visit, page
from web.core.site import ON_PAGE
from web.draws.base import DrawPages

CHANNELS = {"voice": "语音", "wechat": "微信", "mini": "小程序", "sms": "短信"}
STATES = {state.value: state.label for state in ContactAttemptState}


class OperationLogPages(DrawPages):
    form_name = "log"
    on_page = ON_PAGE | {404}

    @page("/draws/{draw_id}/log", "draws/log.html")
    async def log(self, visit: Visit) -> Mapping[str, object]:
        """Log of operations, and delivery statistics for experts: counts only."""
        draw = await self.draw(visit)
        return {
            "width": "middle",
            "draw": draw,
            "operations": await self.services.draws.queries.operations(visit.actor, draw.id),
            "most": OPERATIONS_MAX,
            "delivery_stats": await self.services.draws.results.delivery_stats(visit.actor, draw.id),
            "kinds": self._titles(draw.pool),
            "channels": CHANNELS,
            "states": STATES,
        }

    def _titles(self, pool: str) -> dict[str, str]:
        """Titles of the kinds of notice."""
        texts = self.services.deps.book(pool).texts
        return {kind: text.wechat.title for kind, text in texts.items() if text.wechat is not None}
