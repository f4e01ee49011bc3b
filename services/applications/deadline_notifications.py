"""Notifies applicants who still have to submit when the deadline moves."""

from __future__ import annotations

from datetime import datetime

from domain.applications.lifecycles import IN_HAND
from domain.clock import print_time
from models.applications import Application
from models.campaigns import Campaign
from services.applications.campaign_windows import Ends, submission_end_of
from services.core.base import Deps
from services.notifications import Notices, Recipient


async def notify_new_ends(deps: Deps, campaign: Campaign, before: Ends, after: Ends, now: datetime) -> int:
    """Inside the transaction of the change; returns the number notified. Removal of a deadline is not notified, nor who
    has a later one of his own."""
    if campaign.published_at is None or before == after:
        return 0
    applications = Application.filter(campaign_id=campaign.id, state__in=IN_HAND)
    recipients = []
    for application in await applications.only("id", "pool", "number", "account_id", "round", "own_until"):
        end = submission_end_of(after, application)
        if end is None or end == submission_end_of(before, application):
            continue
        recipients.append(
            Recipient(
                dedupe_key=f"campaign_changed:{application.number}:{end:%Y%m%d%H%M%S}:{now.isoformat()}",
                params={
                    "number": application.number,
                    "campaign": campaign.name,
                    "until": print_time(end),
                    "advice": "请在此之前提交" if end > now else "已填写的内容会为您保留",
                },
                account_id=application.account_id,
            )
        )
    return await Notices(deps).notify_many(pool=campaign.pool, kind="campaign_changed", recipients=recipients)
