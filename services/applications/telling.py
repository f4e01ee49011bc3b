"""Pushes to the person whose application it is; every change is told once."""

from __future__ import annotations

from models.applications import Application
from services.base import Deps
from services.codes import Notifier


async def tell(
    deps: Deps,
    notices: Notifier,
    application: Application,
    kind: str,
    occasion: str,
    *,
    page: str = "apply/status",
    **params: str,
) -> None:
    """``occasion`` tells this push of the application from all others; ``page`` is what the link opens."""
    await notices.notify(
        pool=application.pool,
        kind=kind,
        dedupe_key=f"{kind}:{application.number}:{occasion}",
        params={
            "number": application.number,
            "link": f"{deps.public_url}/h5/{application.pool}/{page}",
            **params,
        },
        account_id=application.account_id,
    )
