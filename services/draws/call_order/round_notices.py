"""What supervisors of a draw are asked for in a round: to commit, then to publish, their number."""

from __future__ import annotations

from datetime import datetime

from domain.clock import local
from models.draws import Draw, Supervisor
from services.core.base import Deps
from services.draws.draw_notices import draw_params
from services.draws.supervisor_choice import supervisor_account
from services.notifications import Notices


async def ask_supervisors(deps: Deps, notices: Notices, draw: Draw, kind: str, until: datetime, occasion: str) -> None:
    """``kind``: commitment_wanted or reveal_wanted. Once for each ``occasion``."""
    for supervisor in await Supervisor.filter(draw_id=draw.id):
        await notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{supervisor.id.hex}:{occasion}",
            params={**draw_params(draw), "answer_by": f"{local(until):%H:%M}"},
            account_id=await supervisor_account(draw.pool, supervisor.mobile_hash),
            mobile=deps.keys.open_text(supervisor.phone_sealed, "mobile"),
        )
