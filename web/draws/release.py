"""``/draws/{draw_id}/release``: which experts of a released panel (退选) know of the release."""

from __future__ import annotations

from collections.abc import Mapping

from web.core.pages import Visit, page
from web.core.site import ON_PAGE
from web.draws.base import DrawPages
from web.draws.facts import CALLED_SOON


class ReleaseStatusPages(DrawPages):
    form_name = "release"
    on_page = ON_PAGE | {404}

    @page("/draws/{draw_id}/release", "draws/release.html")
    async def release(self, visit: Visit) -> Mapping[str, object]:
        draw = await self.draw(visit)
        release = await self.services.draws.release_queries.view(visit.actor, draw.id)
        soon = self.services.deps.now() + CALLED_SOON
        return {"width": "middle", "draw": draw, "release": release, "soon": soon}
