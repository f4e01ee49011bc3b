"""Recruitment campaigns (征集): list, form, publishing, closing, deleting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, get_args

from domain.faults import Faults
from domain.rulebook.form import EntryType
from services.applications import CampaignData, CampaignForm, CampaignView, entry_names
from services.core.base import Actor
from web.core.form_values import FormValues, moment, print_moment
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Lines
from web.office.base import OfficePart
from web.office.region_lines import print_regions, read_regions

STATES = {"draft": "草稿", "upcoming": "未开始", "open": "报名中", "closed": "已截止"}
_TIMES = {
    "enrol_from": "报名开始时间",
    "enrol_until": "报名截止时间",
    "review_from": "审核开始时间",
    "review_until": "审核截止时间",
    "pay_from": "缴费开始时间",
    "pay_until": "缴费截止时间",
}
_CAMPAIGN = "这次征集"
_LONGEST = 160 * 1024
"""Bytes: ten thousand characters of an announcement, three hundred lines of advice."""


@dataclass(frozen=True)
class _Campaign:
    """Texts as typed. Times are read beside the stored ones, which keep seconds that the inputs don't show."""

    name: str
    announcement: Annotated[str, Lines()]
    advice: str


class CampaignPages(OfficePart):
    code = "campaigns"
    action = "campaign.manage"

    @page("/office/campaigns", "office/campaigns.html")
    async def campaigns(self, visit: Visit) -> Mapping[str, object]:
        book = self.book(visit.actor)
        return {
            "campaigns": await self.services.applications.campaign_queries.list(visit.actor),
            "states": STATES,
            "types": entry_names(book),
            "required": book.campaigns.required,
        }

    # ---- a new campaign

    @page("/office/campaigns/new", "office/campaign.html", longest=_LONGEST)
    async def blank(self, visit: Visit) -> Mapping[str, object]:
        types = self._types(visit.actor)
        return {"f": visit.form if visit.fields else FormValues(dict.fromkeys(types, "on")), **_values_of(None, types)}

    @blank.command(_Campaign, note="草稿已保存，申请人在发布后才能看到。")
    async def create(self, visit: Visit, form: _Campaign) -> Redirect:
        data = await self._form(visit, form, None)
        view = await self.services.applications.campaigns.create(visit.actor, data, key=visit.key)
        return Redirect(f"/office/campaigns/{view.id}")

    # ---- one

    @page("/office/campaigns/{id}", "office/campaign.html", longest=_LONGEST)
    async def campaign(self, visit: Visit) -> Mapping[str, object]:
        """What was typed is shown again only where it was to be saved."""
        view = await self._view(visit)
        form = visit.form
        if form.value("command") != "save":
            form = FormValues(await self._stored_values(visit.actor, view), form.error)
        return {"f": form, **_values_of(view, self._types(visit.actor))}

    @campaign.command(_Campaign, "save", note="已保存。")
    async def save(self, visit: Visit, form: _Campaign) -> None:
        view = await self._view(visit)
        data = await self._form(visit, form, view.data)
        await self.services.workflows.campaigns.edit(visit.actor, view.id, data)

    @campaign.command(name="publish", note="已发布，到报名时间自动开放。")
    async def publish(self, visit: Visit) -> None:
        await self.services.applications.campaigns.publish(visit.actor, visit.id(_CAMPAIGN))

    @campaign.command(name="close", note="已关闭报名，审核和缴费按原定时间继续。")
    async def close(self, visit: Visit) -> None:
        await self.services.applications.campaigns.close(visit.actor, visit.id(_CAMPAIGN))

    @campaign.command(name="delete", note="草稿已删除。")
    async def delete(self, visit: Visit) -> Redirect:
        await self.services.applications.campaigns.delete(visit.actor, visit.id(_CAMPAIGN))
        return Redirect("/office/campaigns")

    async def _view(self, visit: Visit) -> CampaignView:
        return await self.services.applications.campaign_queries.get(visit.actor, visit.id(_CAMPAIGN))

    def _types(self, actor: Actor) -> Mapping[str, str]:
        """The entry types that a campaign of this pool may have, by code."""
        book = self.book(actor)
        return {code: name for code, name in entry_names(book).items() if code in book.campaigns.campaign_types}

    # ---- between form and service

    async def _form(self, visit: Visit, form: _Campaign, stored: CampaignData | None) -> CampaignForm:
        """Raises InvalidInput with all faults of what can't be read."""
        faults = Faults()
        times = {
            name: faults.check(moment, visit.form.value(name), name, label, getattr(stored, name, None))
            for name, label in _TIMES.items()
        }
        places = await self.services.office.dashboard.places(visit.actor)
        advice = faults.check(read_regions, places, form.advice, "advice")
        faults.raise_any()
        return CampaignForm(
            name=form.name,
            entry_types=[code for code in get_args(EntryType) if visit.form.value(code)],
            announcement=form.announcement,
            advice=advice,
            **times,
        )

    async def _stored_values(self, actor: Actor, view: CampaignView) -> dict[str, str]:
        """The campaign's present data as values of the form."""
        data = view.data
        advice = print_regions(await self.services.office.dashboard.places(actor), data.advice)
        return {
            "name": data.name,
            "announcement": data.announcement,
            "advice": advice,
            **dict.fromkeys(data.entry_types, "on"),
            **{name: print_moment(getattr(data, name)) for name in _TIMES},
        }


def _values_of(view: CampaignView | None, types: Mapping[str, str]) -> Mapping[str, object]:
    return {"view": view, "states": STATES, "types": types}
