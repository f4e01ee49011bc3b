"""The frame of an agency's pages: its menu, and the way back from pages of draws that it shares with staff."""

from __future__ import annotations

from uuid import UUID

import aiohttp.web as http

from domain.rulebook.book import Rulebook
from services.core.base import Actor
from services.core.permissions import may
from services.registry import Services
from web.core.form_values import EMPTY

_TO_SUPPLEMENT = http.RequestKey("to_supplement", int)
"""Key of a request: number of draws that wait for a supplementary draw, for the badge of the menu."""
_MENU = (
    ("home", "工作台", "/agency"),
    ("draws", "抽取活动列表", "/agency/draws"),
    ("projects", "招标项目", "/agency/projects"),
    ("pending", "专家补抽", "/agency/pending"),
    ("remuneration", "专家酬劳", "/agency/remuneration"),
    ("agents", "我的经办人", "/agency/agents"),
    ("integrations", "平台对接", "/agency/integrations"),
)
"""Code, name and path of each entry."""
FROM = "from"
"""Name in the query: the agency's page from which a page of draws was opened."""
ORIGINS = frozenset(
    {
        *("project", "basic", "recusal", "conditions", "submit", "run", "notify", "result", "attendance"),
        *("remuneration", "release", "log", "redraw", "recall"),
    }
)
"""Steps and tabs of a draw that lead to such pages."""
_PENDING = "pending"


async def note_supplements(services: Services, actor: Actor, request: http.Request) -> None:
    """Count for the badge, once for a request."""
    if _TO_SUPPLEMENT not in request:
        request[_TO_SUPPLEMENT] = await services.draws.queries.count_to_supplement(actor)


def frame_values(book: Rulebook, actor: Actor, request: http.Request, here: str) -> dict[str, object]:
    """What ``agency/base.html`` gets on all pages. ``here`` is the entry of the menu."""
    return {
        "pool": book.pool,
        "menu": [entry for entry in _MENU if entry[0] != "agents" or may(actor, "organisation.link_agent")],
        "supplements": request.get(_TO_SUPPLEMENT, 0),
        "here": here,
        "none_form": EMPTY,
    }


def path_back(request: http.Request, draw_id: UUID | None) -> str:
    """The agency's page from which this one was opened; else the one that fits the draw's state."""
    origin = request.query.get(FROM, "")
    if origin == _PENDING or draw_id is None:
        return "/agency/pending" if origin == _PENDING else "/agency/draws"
    return f"/agency/draws/{draw_id}/{origin}" if origin in ORIGINS else f"/agency/draws/{draw_id}"
