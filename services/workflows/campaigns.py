"""Changing a recruitment campaign: unpaid fees follow its payment window."""

from __future__ import annotations

from uuid import UUID

from services.applications import CampaignForm, Campaigns, CampaignView
from services.core.base import Actor, Deps, transaction
from services.payments import Fees


class CampaignWorkflow:
    def __init__(self, deps: Deps, campaigns: Campaigns, fees: Fees) -> None:
        self._deps = deps
        self._campaigns = campaigns
        self._fees = fees

    async def edit(self, actor: Actor, campaign_id: UUID, form: CampaignForm) -> CampaignView:
        """See ``Campaigns.edit``."""
        now = self._deps.now()
        async with transaction():
            edited = await self._campaigns.edit(actor, campaign_id, form, now)
            if edited.payment_moved:
                await self._fees.move_windows(edited.campaign)
            return edited.view
