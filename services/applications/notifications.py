"""Notifies applicants of changes to their applications; every change is notified once."""

from __future__ import annotations

from models.applications import Application
from services.notifications import Notices


async def notify_applicant(
    notices: Notices,
    application: Application,
    kind: str,
    occasion: str,
    **params: str,
) -> None:
    """``occasion`` distinguishes this notice from others about the application."""
    await notices.notify(
        pool=application.pool,
        kind=kind,
        dedupe_key=f"{kind}:{application.number}:{occasion}",
        params={"number": application.number, **params},
        account_id=application.account_id,
    )
