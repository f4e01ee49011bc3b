"""Events for who can't receive them by webhook."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Listing, Params
from services.integrations import Event

api = Api("events", "事件")


class EventsQuery(Params):
    after: UUID | None = Field(None, description="Id of the last event that the client knows")


@api.get("/events", "事件列表", action="draw.read")
async def list_events(call: Call, query: EventsQuery) -> Listing[Event]:
    """At most 100 of the last 30 days, oldest first."""
    return Listing(items=tuple(await call.services.integrations.events.list_own(call.actor, query.after)))
