"""What is done to the database between the migrations and the start of the parts."""

from __future__ import annotations

import structlog

from app.commands.database import deps_for
from app.demo_data import POOL, load_demo
from config.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def bring_demo_people(settings: Settings) -> None:
    """In the sandbox, load catalogues and the demonstration's people; what is there already stays as it is."""
    if settings.env != "sandbox" or POOL not in settings.pools:
        return
    async with deps_for(settings) as deps:
        report = await load_demo(deps, settings.rulebooks.parent / "catalogues")
    log.info("demo_loaded", experts=report.experts, staff=report.staff)
