"""A campaign's window of payment, applied to the fees that are still owed."""

from __future__ import annotations

from domain.payments.lifecycles import FeeState
from models.campaigns import Campaign
from models.payments import Fee
from services.core.base import Deps


async def move_windows(deps: Deps, campaign: Campaign) -> None:
    """The campaign takes payment at other times: whoever still owes may pay then; inside the caller's transaction.

    Nobody loses time that he was told of: an open fee closes no earlier than it said, and stays open.
    """
    rules = deps.book(campaign.pool).fee
    if rules is None:
        return
    owed = Fee.filter(application__campaign_id=campaign.id, state=FeeState.DUE).order_by("id")
    for fee in await owed.select_for_update(of=("fee",)).prefetch_related("application"):
        window = rules.window(fee.application.approved_at or fee.created_at, campaign.pay_from, campaign.pay_until)
        told = fee.told_at is not None
        fee.opens_at = min(fee.opens_at, window.opens) if told else window.opens
        if told and window.closes is not None and fee.closes_at is not None:
            fee.closes_at = max(fee.closes_at, window.closes)
        elif not told or window.closes is None:
            fee.closes_at = window.closes
        await fee.save(update_fields=["opens_at", "closes_at"])
