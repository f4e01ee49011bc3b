"""Changing a recruitment campaign: unpaid fees follow its payment window."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.applications import CampaignForm, Campaigns, CampaignView
from services.core.base import Actor, Deps, transaction
from services.payments import Fees


@dataclass(frozen=True)
class CampaignWorkflow:
    deps: Deps
    campaigns: Campaigns
    fees: Fees

    async def edit(self, actor: Actor, campaign_id: UUID, form: CampaignForm) -> CampaignView:
        """See ``Campaigns.edit``."""
        now = self.deps.now()
        async with transaction():
            edited = await self.campaigns.edit(actor, campaign_id, form, now)
            if edited.payment_moved:
                await self.fees.move_windows(edited.campaign)
            return edited.view
