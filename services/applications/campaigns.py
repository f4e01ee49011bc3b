"""Recruitment campaigns (征集): windows for applying, and announcements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.clock import print_time
from domain.errors import Conflict, RuleViolation
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.applications import Application
from models.campaigns import Campaign
from services.applications.campaign_queries import counted_view, unknown_campaign
from services.applications.campaign_rules import check_change, check_entry_type, check_form, check_overlap, entry_name
from services.applications.campaign_windows import (
    CampaignForm,
    CampaignView,
    columns_of,
    data_of,
    enrolment_end,
    submission_end,
    submission_ends,
    view_of,
)
from services.applications.deadline_notifications import notify_new_ends
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check


@dataclass(frozen=True)
class EditedCampaign:
    """``payment_moved``: its payment window was changed. The row is locked."""

    campaign: Campaign
    view: CampaignView
    payment_moved: bool


@dataclass(frozen=True)
class Campaigns:
    deps: Deps

    async def create(self, actor: Actor, form: CampaignForm, *, key: str | None = None) -> CampaignView:
        """Create a draft, invisible to applicants. Raises InvalidInput that names the field."""
        check(actor, "campaign.manage")
        clean = await check_form(self.deps.book(actor.pool), actor.pool, form)
        now = self.deps.now()

        async def run() -> CampaignView:
            campaign = Campaign(pool=actor.pool, created_at=now, **columns_of(clean))
            await campaign.save(force_create=True)
            await record(actor, now, "campaign.create", "campaign", campaign.id)
            return view_of(campaign, now, 0)

        return await once(
            owner=f"campaign.create:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=CampaignView,
            run=run,
            request=repr(form),
        )

    async def edit(self, actor: Actor, campaign_id: UUID, form: CampaignForm, now: datetime) -> EditedCampaign:
        """Replace the form; inside the transaction of ``services.workflows``.

        Once applying has begun, its start can't change, entry types can only be added, and no end can be moved into the
        past: ``close`` ends a campaign for good. Applicants who still have to submit are notified of the new end.
        Raises Conflict.
        """
        check(actor, "campaign.manage")
        book = self.deps.book(actor.pool)
        clean = await check_form(book, actor.pool, form)
        await _lock_campaigns(actor.pool)
        campaign = await _get_locked(actor, campaign_id)
        if campaign.published_at is not None:
            check_change(book, campaign, clean, now)
            if campaign.closed_at is None:
                await check_overlap(book, actor.pool, clean, campaign.id)
        pays, ends = (campaign.pay_from, campaign.pay_until), submission_ends(campaign, book)
        campaign.update_from_dict(columns_of(clean))
        await campaign.save()
        await notify_new_ends(self.deps, campaign, ends, submission_ends(campaign, book), now)
        await record(actor, now, "campaign.edit", "campaign", campaign.id)
        payment_moved = pays != (campaign.pay_from, campaign.pay_until)
        return EditedCampaign(campaign, await counted_view(campaign, now), payment_moved)

    async def publish(self, actor: Actor, campaign_id: UUID) -> CampaignView:
        """Show it to applicants; it opens by itself. A repetition is harmless.

        Raises Conflict when another published campaign accepts the same entry type at the same time, or when its time
        is over already.
        """
        check(actor, "campaign.manage")
        now = self.deps.now()
        async with transaction():
            await _lock_campaigns(actor.pool)
            campaign = await _get_locked(actor, campaign_id)
            if campaign.published_at is None:
                if campaign.enrol_until <= now:
                    raise Conflict("报名时间已经过去，请先修改报名截止时间再发布。", code="campaign_over")
                await check_overlap(self.deps.book(actor.pool), actor.pool, data_of(campaign), campaign.id)
                campaign.published_at = now
                await campaign.save(update_fields=["published_at"])
                await record(actor, now, "campaign.publish", "campaign", campaign.id)
            return await counted_view(campaign, now)

    async def close(self, actor: Actor, campaign_id: UUID) -> CampaignView:
        """End applying now; review and payment continue in their windows. Applicants with a draft are notified.

        A repetition is harmless.
        """
        check(actor, "campaign.manage")
        now, book = self.deps.now(), self.deps.book(actor.pool)
        async with transaction():
            campaign = await _get_locked(actor, campaign_id)
            if campaign.published_at is None:
                raise Conflict("这次征集尚未发布，可以直接修改或删除。", code="campaign_draft")
            if enrolment_end(campaign) > now:
                ends = submission_ends(campaign, book)
                campaign.closed_at = now
                await campaign.save(update_fields=["closed_at"])
                await notify_new_ends(self.deps, campaign, ends, submission_ends(campaign, book), now)
                await record(actor, now, "campaign.close", "campaign", campaign.id)
            return await counted_view(campaign, now)

    async def delete(self, actor: Actor, campaign_id: UUID) -> None:
        """Delete a campaign that was never published. Raises Conflict."""
        check(actor, "campaign.manage")
        now = self.deps.now()
        async with transaction():
            campaign = await _get_locked(actor, campaign_id)
            if campaign.published_at is not None:
                raise Conflict("已发布的征集不能删除，如需停止报名请关闭。", code="campaign_published")
            await campaign.delete()
            await record(actor, now, "campaign.delete", "campaign", campaign_id)

    async def check_open(self, pool: str, entry_type: str, now: datetime) -> Campaign | None:
        """The campaign in which persons may apply now, or None where the pool accepts applications all year.

        Raises RuleViolation that says when applying opens or that it has closed.
        """
        book = self.deps.book(pool)
        check_entry_type(book, entry_type)
        if not book.campaigns.window_for(cast(EntryType, entry_type)):
            return None
        campaign = await find_open(pool, entry_type, now)
        if campaign is None:
            raise await _refusal_while_closed(book, pool, entry_type, now)
        return campaign

    async def check_still_open(self, application: Application, now: datetime) -> None:
        """Whether an application may be submitted now, in the campaign in which it was begun.

        A correction of a timely submission may come until the rulebook's deadline. Raises RuleViolation: the input is
        kept, but can't be submitted any more.
        """
        book = self.deps.book(application.pool)
        campaign = await Campaign.get(id=application.campaign_id) if application.campaign_id else None
        end = submission_end(campaign, application, book)
        if end is None or now < end:
            return
        key, word = (
            ("campaigns.correct_until", "修改后重新提交") if application.round else ("campaigns.required", "报名")
        )
        raise violation(
            book,
            key,
            f"{f'“{campaign.name}”的' if campaign else ''}{word}已于{print_time(end)}截止，不能再提交；"
            "已填写的内容会为您保留，请关注下一次征集通知。",
        )


async def find_open(pool: str, entry_type: str, now: datetime) -> Campaign | None:
    """The published campaign now open for this entry type; there is at most one."""
    campaigns = await Campaign.filter(
        pool=pool, published_at__lte=now, enrol_from__lte=now, enrol_until__gt=now, entry_types__contains=[entry_type]
    ).order_by("enrol_from", "id")
    return next((campaign for campaign in campaigns if enrolment_end(campaign) > now), None)


async def _refusal_while_closed(book: Rulebook, pool: str, entry_type: str, now: datetime) -> RuleViolation:
    """Why applying is not possible now: it opens later, has closed, or nothing is announced."""
    published = await Campaign.filter(pool=pool, published_at__lte=now, entry_types__contains=[entry_type]).order_by(
        "enrol_from", "id"
    )
    coming = next((campaign for campaign in published if campaign.enrol_from > now), None)
    if coming is not None and enrolment_end(coming) > now:
        text = f"“{coming.name}”将于{print_time(coming.enrol_from)}开始报名，请届时再来申请。"
    elif published:
        last = max(published, key=enrolment_end)
        text = f"“{last.name}”的报名已于{print_time(enrolment_end(last))}截止，请关注下一次征集通知。"
    else:
        text = f"目前没有接受{entry_name(book, entry_type)}申请的征集，请关注征集通知。"
    return violation(book, "campaigns.required", text)


async def _get_locked(actor: Actor, campaign_id: UUID) -> Campaign:
    campaign = await Campaign.select_for_update().get_or_none(id=campaign_id, pool=actor.pool)
    if campaign is None:
        raise unknown_campaign()
    return campaign


async def _lock_campaigns(pool: str) -> None:
    """Serialises changes of published windows, so that two can't create an overlap."""
    await advisory_lock(f"campaigns:{pool}")
