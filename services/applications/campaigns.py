"""Recruitment campaigns (征集): when people may apply, and what they read before it opens and after it closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import cast, get_args
from uuid import UUID

from domain.clock import print_time
from domain.errors import Conflict, InvalidInput, NotFound, RuleViolation
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.applications import Application
from models.campaigns import Campaign
from models.experts import CatalogueEntry
from services.applications.deadline_notifications import notify_new_ends
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text

ADVICE_MAX = 200
_COUNTS = (
    "SELECT campaign_id, count(*) AS n FROM application WHERE pool = $1 AND campaign_id IS NOT NULL "
    "GROUP BY campaign_id"
)
_WINDOWS = (("enrol", "报名"), ("review", "审核"), ("pay", "缴费"))


@dataclass(frozen=True)
class CampaignData:
    """The form of a campaign. Windows are half-open; a missing end means none. ``advice``: line by region code."""

    name: str
    entry_types: Sequence[str]
    enrol_from: datetime
    enrol_until: datetime
    review_from: datetime | None = None
    review_until: datetime | None = None
    pay_from: datetime | None = None
    pay_until: datetime | None = None
    announcement: str = ""
    advice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignView:
    """A campaign as of now. ``state``: draft (not published), upcoming, open or closed; that of its enrolment."""

    id: UUID
    data: CampaignData
    state: str
    created_at: datetime
    published_at: datetime | None
    closed_at: datetime | None
    applications: int


MoveFees = Callable[[Campaign], Awaitable[None]]
"""Called inside the transaction in which a campaign's window of payment changes."""


class Campaigns:
    def __init__(self, deps: Deps, move_fees: MoveFees) -> None:
        self._deps = deps
        self._move_fees = move_fees

    async def create(self, actor: Actor, data: CampaignData, *, key: str | None = None) -> CampaignView:
        """A draft, not seen by applicants yet. Raises InvalidInput that names the field."""
        check(actor, "campaign.manage")
        clean = await self._check(actor.pool, data)
        now = self._deps.now()

        async def run() -> CampaignView:
            campaign = Campaign(pool=actor.pool, created_at=now, **_columns(clean))
            await campaign.save(force_create=True)
            await record(actor, now, "campaign.create", "campaign", campaign.id)
            return _show(campaign, now, 0)

        return await once(
            owner=f"campaign.create:{actor.account_id}",
            key=key,
            deps=self._deps,
            answer=CampaignView,
            run=run,
            request=repr(data),
        )

    async def edit(self, actor: Actor, campaign_id: UUID, data: CampaignData) -> CampaignView:
        """Replace the form.

        Once enrolment has begun its beginning stands fast, entry types are only added, and no end is moved into the
        past: ``close`` ends a campaign, and what it closed stays closed. Fees that are still owed follow the window of
        payment, and applicants with something to hand in get the new end. Raises Conflict.
        """
        check(actor, "campaign.manage")
        clean = await self._check(actor.pool, data)
        now, book = self._deps.now(), self._deps.book(actor.pool)
        async with transaction():
            await _lock_campaigns(actor.pool)
            campaign = await _locked(actor, campaign_id)
            if campaign.published_at is not None:
                _check_change(book, campaign, clean, now)
                if campaign.closed_at is None:
                    await self._check_overlap(actor.pool, clean, campaign.id)
            pays, ends = (campaign.pay_from, campaign.pay_until), submission_ends(campaign, book)
            campaign.update_from_dict(_columns(clean))
            await campaign.save()
            if pays != (campaign.pay_from, campaign.pay_until):
                await self._move_fees(campaign)
            await notify_new_ends(self._deps, campaign, ends, submission_ends(campaign, book), now)
            await record(actor, now, "campaign.edit", "campaign", campaign.id)
            return await _view(campaign, now)

    async def publish(self, actor: Actor, campaign_id: UUID) -> CampaignView:
        """Show it to applicants; it opens by itself. Twice is harmless.

        Raises Conflict when another published campaign takes the same type of entry in the same time, or when its time
        is over already.
        """
        check(actor, "campaign.manage")
        now = self._deps.now()
        async with transaction():
            await _lock_campaigns(actor.pool)
            campaign = await _locked(actor, campaign_id)
            if campaign.published_at is None:
                if campaign.enrol_until <= now:
                    raise Conflict("报名时间已经过去，请先修改报名截止时间再发布。", code="campaign_over")
                await self._check_overlap(actor.pool, _data(campaign), campaign.id)
                campaign.published_at = now
                await campaign.save(update_fields=["published_at"])
                await record(actor, now, "campaign.publish", "campaign", campaign.id)
            return await _view(campaign, now)

    async def close(self, actor: Actor, campaign_id: UUID) -> CampaignView:
        """End enrolment now; review and payment go on by their windows. Applicants with a draft are notified.

        Twice is harmless.
        """
        check(actor, "campaign.manage")
        now, book = self._deps.now(), self._deps.book(actor.pool)
        async with transaction():
            campaign = await _locked(actor, campaign_id)
            if campaign.published_at is None:
                raise Conflict("这次征集尚未发布，可以直接修改或删除。", code="campaign_draft")
            if enrolment_end(campaign) > now:
                ends = submission_ends(campaign, book)
                campaign.closed_at = now
                await campaign.save(update_fields=["closed_at"])
                await notify_new_ends(self._deps, campaign, ends, submission_ends(campaign, book), now)
                await record(actor, now, "campaign.close", "campaign", campaign.id)
            return await _view(campaign, now)

    async def delete(self, actor: Actor, campaign_id: UUID) -> None:
        """Only what was never published. Raises Conflict."""
        check(actor, "campaign.manage")
        now = self._deps.now()
        async with transaction():
            campaign = await _locked(actor, campaign_id)
            if campaign.published_at is not None:
                raise Conflict("已发布的征集不能删除，如需停止报名请关闭。", code="campaign_published")
            await campaign.delete()
            await record(actor, now, "campaign.delete", "campaign", campaign_id)

    async def list(self, actor: Actor) -> tuple[CampaignView, ...]:
        """Every campaign of the pool, the latest first, with how many applications each has."""
        found = await self.choices(actor)
        counts = {row["campaign_id"]: row["n"] for row in await rows(_COUNTS, actor.pool)}
        return tuple(replace(one, applications=counts.get(one.id, 0)) for one in found)

    async def choices(self, actor: Actor) -> tuple[CampaignView, ...]:
        """The same without counts, to choose from."""
        check(actor, "campaign.manage")
        now = self._deps.now()
        found = await Campaign.filter(pool=actor.pool).order_by("-enrol_from", "-id")
        return tuple(_show(campaign, now, 0) for campaign in found)

    async def get(self, actor: Actor, campaign_id: UUID) -> CampaignView:
        """Raises NotFound."""
        check(actor, "campaign.manage")
        campaign = await Campaign.get_or_none(id=campaign_id, pool=actor.pool)
        if campaign is None:
            raise _unknown_campaign()
        return await _view(campaign, self._deps.now())

    async def announced(self, pool: str) -> tuple[CampaignView, ...]:
        """What applicants see: campaigns that are open or will be, the soonest first; without counts."""
        now = self._deps.now()
        published = await Campaign.filter(pool=pool, published_at__not_isnull=True).order_by("enrol_from", "id")
        return announced_of(published, now)

    async def check_open(self, pool: str, entry_type: str, now: datetime) -> Campaign | None:
        """The campaign in which persons may apply now, or None where the pool takes applications all year.

        Raises RuleViolation that says when enrolment opens or that it closed.
        """
        book = self._deps.book(pool)
        check_entry_type(book, entry_type)
        if not book.campaigns.window_for(cast(EntryType, entry_type)):
            return None
        campaign = await find_open(pool, entry_type, now)
        if campaign is None:
            raise await _closed(book, pool, entry_type, now)
        return campaign

    async def check_still_open(self, application: Application, now: datetime) -> None:
        """Whether an application may be submitted now, in the campaign in which it was begun.

        A correction of what was submitted in time may come as long as the rulebook says. Raises RuleViolation: what
        was typed is kept, but can't be submitted any more.
        """
        book = self._deps.book(application.pool)
        if application.campaign_id is None:
            return
        campaign = await Campaign.get(id=application.campaign_id)
        end = submission_end(campaign, application, book)
        if end is None or now < end:
            return
        key, word = (
            ("campaigns.correct_until", "修改后重新提交") if application.round else ("campaigns.required", "报名")
        )
        raise violation(
            book,
            key,
            f"“{campaign.name}”的{word}已于{print_time(end)}截止，不能再提交；已填写的内容会为您保留，"
            "请关注下一次征集通知。",
        )

    async def _check(self, pool: str, data: CampaignData) -> CampaignData:
        book = self._deps.book(pool)
        name = check_text(data.name, "name", "征集名称", 100, required=True)
        types = list(dict.fromkeys(data.entry_types))
        if not types:
            raise InvalidInput("请至少选择一种入库类型。", code="missing", field="entry_types")
        for entry_type in types:
            check_entry_type(book, entry_type, field="entry_types")
            if entry_type not in book.campaigns.of_campaigns:
                label = _name(book, entry_type)
                raise InvalidInput(f"{label}申请随时可以办理，不在征集中受理，请取消勾选。", field="entry_types")
        _check_windows(data)
        announcement = data.announcement.strip()
        if len(announcement) > 10_000:
            raise InvalidInput("公告最多10000个字，请缩短后再保存。", code="too_long", field="announcement")
        advice = {
            code: check_text(line, f"advice.{code}", "咨询方式", ADVICE_MAX) for code, line in data.advice.items()
        }
        known = set(
            await CatalogueEntry.filter(pool__in=["", pool], kind="region", code__in=list(advice)).values_list(
                "code", flat=True
            )
        )
        if unknown := sorted(advice.keys() - known):
            raise InvalidInput("咨询方式中的地区不在地区目录中，请重新选择。", field=f"advice.{unknown[0]}")
        return CampaignData(
            name,
            types,
            data.enrol_from,
            data.enrol_until,
            data.review_from,
            data.review_until,
            data.pay_from,
            data.pay_until,
            announcement,
            advice,
        )

    async def _check_overlap(self, pool: str, data: CampaignData, own_id: UUID) -> None:
        others = await Campaign.filter(
            pool=pool, published_at__not_isnull=True, enrol_from__lt=data.enrol_until, enrol_until__gt=data.enrol_from
        ).exclude(id=own_id)
        for other in others:
            shared = sorted(set(other.entry_types) & set(data.entry_types))
            if shared and enrolment_end(other) > data.enrol_from:
                kind = _name(self._deps.book(pool), shared[0])
                raise Conflict(
                    f"“{other.name}”在同一时间也接受{kind}申请，请调整时间或先关闭那次征集。",
                    code="campaign_overlaps",
                    params={"campaign_id": str(other.id), "entry_type": shared[0]},
                )


def announced_of(published: Sequence[Campaign], now: datetime) -> tuple[CampaignView, ...]:
    """Those that are open or will be, in the order given; without counts."""
    return tuple(_show(campaign, now, 0) for campaign in published if enrolment_end(campaign) > now)


async def find_open(pool: str, entry_type: str, now: datetime) -> Campaign | None:
    """The published campaign whose enrolment is open for this type of entry; there is at most one."""
    found = await Campaign.filter(
        pool=pool, published_at__lte=now, enrol_from__lte=now, enrol_until__gt=now, entry_types__contains=[entry_type]
    ).order_by("enrol_from", "id")
    return next((campaign for campaign in found if enrolment_end(campaign) > now), None)


async def _closed(book: Rulebook, pool: str, entry_type: str, now: datetime) -> RuleViolation:
    """Why applying is not possible now: when it opens, or that it closed, or that nothing is announced."""
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
        text = f"目前没有接受{_name(book, entry_type)}申请的征集，请关注征集通知。"
    return violation(book, "campaigns.required", text)


def entry_names(book: Rulebook) -> dict[str, str]:
    """How the pool calls applications of each type of entry (新增, 续聘), also of one that it takes no more."""
    return {kind: book.campaigns.name_of(kind) for kind in get_args(EntryType)}


def _name(book: Rulebook, entry_type: str) -> str:
    return book.campaigns.name_of(cast(EntryType, entry_type))


def check_entry_type(book: Rulebook, entry_type: str, field: str = "entry_type") -> None:
    """Raises InvalidInput for what is no type of entry, RuleViolation for one that the pool doesn't take."""
    if entry_type not in get_args(EntryType):
        raise InvalidInput("没有这种入库类型，请重新选择。", field=field)
    if entry_type not in book.campaigns.entry_types:
        raise violation(
            book, "campaigns.entry_types", f"{book.pool.name}不接受{_name(book, entry_type)}申请。", field=field
        )


def _check_windows(data: CampaignData) -> None:
    for name, label in _WINDOWS:
        start, end = getattr(data, f"{name}_from"), getattr(data, f"{name}_until")
        if start is not None and end is not None and start >= end:
            raise InvalidInput(f"{label}截止时间应晚于开始时间。", code="window_turned", field=f"{name}_until")
    for name, label in _WINDOWS[1:]:
        end = getattr(data, f"{name}_until")
        if end is not None and end <= data.enrol_from:
            raise InvalidInput(f"{label}截止时间应晚于报名开始时间。", code="window_early", field=f"{name}_until")
    if data.review_until is not None and data.review_until < data.enrol_until:
        raise InvalidInput(
            "审核截止时间不能早于报名截止时间，否则最后提交的人无法审核。", code="window_early", field="review_until"
        )


def _check_change(book: Rulebook, campaign: Campaign, data: CampaignData, now: datetime) -> None:
    if campaign.closed_at is not None and data.enrol_until != campaign.enrol_until:
        raise Conflict("这次征集已关闭报名，不能再改报名截止时间。", code="campaign_closed")
    for name, label in _WINDOWS:
        end = getattr(data, f"{name}_until")
        if end != getattr(campaign, f"{name}_until") and end is not None and end <= now:
            raise Conflict(
                f"{label}截止时间不能改到过去。如需停止报名，请关闭征集。",
                code="campaign_begun",
                params={"field": f"{name}_until"},
            )
    if campaign.enrol_from > now:
        return
    if data.enrol_from != campaign.enrol_from:
        raise Conflict("报名已经开始，不能再改开始时间。", code="campaign_begun", params={"field": "enrol_from"})
    if missing := set(campaign.entry_types) - set(data.entry_types):
        label = _name(book, min(missing))
        raise Conflict(f"报名已经开始，不能取消{label}申请。", code="campaign_begun", params={"field": "entry_types"})


def enrolment_end(campaign: Campaign) -> datetime:
    """When enrolment ends or ended."""
    return min(campaign.enrol_until, campaign.closed_at or campaign.enrol_until)


def review_end(campaign: Campaign, book: Rulebook) -> datetime | None:
    """When the last decision can be taken; None: no end."""
    return campaign.review_until if book.review.own_campaign_window else None


def submission_end(campaign: Campaign, application: Application, book: Rulebook) -> datetime | None:
    """Until when an application can be handed in, or, once it was, handed in again; None: no end."""
    first, again = submission_ends(campaign, book)
    return again if application.round > 0 else first


def submission_ends(campaign: Campaign, book: Rulebook) -> tuple[datetime, datetime | None]:
    """Of a first submission, and of a correction."""
    end = enrolment_end(campaign)
    return end, review_end(campaign, book) if book.campaigns.correct_until == "review" else end


def _state(campaign: Campaign, now: datetime) -> str:
    if campaign.published_at is None:
        return "draft"
    if enrolment_end(campaign) <= now:
        return "closed"
    return "open" if campaign.enrol_from <= now else "upcoming"


def _data(campaign: Campaign) -> CampaignData:
    return CampaignData(**{f.name: getattr(campaign, f.name) for f in fields(CampaignData)})


def _columns(data: CampaignData) -> dict[str, object]:
    columns: dict[str, object] = {f.name: getattr(data, f.name) for f in fields(CampaignData)}
    return columns | {"entry_types": list(data.entry_types), "advice": dict(data.advice)}


def _show(campaign: Campaign, now: datetime, applications: int) -> CampaignView:
    return CampaignView(
        campaign.id,
        _data(campaign),
        _state(campaign, now),
        campaign.created_at,
        campaign.published_at,
        campaign.closed_at,
        applications,
    )


async def _view(campaign: Campaign, now: datetime) -> CampaignView:
    return _show(campaign, now, await Application.filter(campaign_id=campaign.id).count())


async def _locked(actor: Actor, campaign_id: UUID) -> Campaign:
    campaign = await Campaign.select_for_update().get_or_none(id=campaign_id, pool=actor.pool)
    if campaign is None:
        raise _unknown_campaign()
    return campaign


async def _lock_campaigns(pool: str) -> None:
    """One change of published windows at a time, so that two can't come to overlap."""
    await advisory_lock(f"campaigns:{pool}")


def _unknown_campaign() -> NotFound:
    return NotFound("找不到这次征集，请刷新列表后重试。")
