"""``/draws/{draw_id}/round``: a supervisor's number in a round of commitments (三方摇号)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import aiohttp.web as http

from domain.errors import AppError
from services.core.permissions import check
from services.draws import RoundView
from web.core.pages import Visit, resource
from web.core.typed_forms import read_typed
from web.draws.base import DrawPages

_SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class _Number:
    """The commitment to the browser's number, or later its ``value``."""

    commitment: str
    value: str


class RoundPages(DrawPages):
    form_name = "round"

    def add_routes(self) -> None:
        super().add_routes()
        self.site.post("/draws/{draw_id}/round", self.take_part)

    @resource("/draws/{draw_id}/round")
    async def round(self, visit: Visit) -> http.Response:
        """The newest round, for the script of the draw's page."""
        draw = await self.draw(visit)
        check(visit.actor, "draw.commit_supervisor")
        return round_response(await self.services.draws.rounds.view(visit.actor, draw.id, _SUPERVISOR))

    async def take_part(self, request: http.Request) -> http.Response:
        """Called by the script, so that a refusal is JSON, too."""
        actor = await self.actor(request)
        draw = await self.draw(Visit(actor, request))
        check(actor, "draw.commit_supervisor")
        rounds = self.services.draws.rounds
        try:
            form = read_typed(_Number, await self.fields(request, actor))
            if form.value:
                return round_response(await rounds.reveal(actor, draw.id, _SUPERVISOR, form.value))
            return round_response(await rounds.commit(actor, draw.id, _SUPERVISOR, form.commitment))
        except AppError as error:
            return http.json_response({"detail": error.message}, status=error.status)


def round_response(view: RoundView | None) -> http.Response:
    """A round as JSON for the page's script."""
    if view is None:
        return http.json_response({"round": None})
    facts = asdict(view)
    times = {name: facts[name].isoformat() if facts[name] else None for name in ("reveal_until", "start_by")}
    return http.json_response({"round": facts | times})
