"""What is open once a panel is unsealed: names, attendance, and the record of the draw."""

from __future__ import annotations

import json

from pydantic import Field

from domain.draws.lifecycles import InvitationState
from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import JSON, Api
from miniapp_api.http.schema import Listing, Moment, Output
from platform_api.draws import DrawPath

api = Api("results", "解密后的结果")


class ExpertOut(Output):
    """As the agency's page of the result shows an expert. Who does not come is masked."""

    code: str
    mark: str = Field(description="Shows that the expert came by supplementary draw")
    condition: int
    state: InvitationState
    gathering_at: Moment
    name: str
    id_number: str = Field(description="Masked")
    mobile: str = Field(description="Masked")
    employer: str
    specialties: tuple[str, ...]


class ArrivalOut(Output):
    code: str
    name: str
    state: InvitationState
    gathering_at: Moment
    entered_at: Moment | None
    claimed_at: Moment | None = Field(description="Said that he is there without scanning; no entry")
    left_at: Moment | None


@api.get("/draws/{draw_id}/result", "抽取结果", action="result.read")
async def read_result(call: Call, path: DrawPath) -> Listing[ExpertOut]:
    """The panel. Refused before `unseals_at`; each reading is logged."""
    panel = await call.services.draws.results.read_unsealed(call.actor, path.draw_id)
    return Listing(items=ExpertOut.from_sources(panel.rows))


@api.get("/draws/{draw_id}/attendance", "到场情况", action="result.read")
async def read_attendance(call: Call, path: DrawPath) -> Listing[ArrivalOut]:
    """Who entered and left when. Refused before `unseals_at`; each reading is logged."""
    panel = await call.services.draws.results.read_unsealed(call.actor, path.draw_id)
    return Listing(items=ArrivalOut.from_sources(panel.rows))


@api.get("/draws/{draw_id}/record", "抽取记录", action="result.read", media_type=JSON)
async def read_record(call: Call, path: DrawPath) -> Download:
    """The verifiable record, which `verify_draw.py` checks; no names. Refused before `unseals_at`."""
    record = await call.services.draws.public_records.read_unsealed(call.actor, path.draw_id)
    return Download(json.dumps(record, ensure_ascii=False).encode(), JSON, "record.json")
