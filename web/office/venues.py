"""Venues (评标场所): the list with map positions, adding, changing, ending, and the history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated

from domain.errors import InvalidInput
from domain.positions import Position, System, distance
from domain.rulebook.sections import Venue
from services.office_texts import REASON_MAX, VenueForm
from web.core.form_values import FormValues
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import OneOf, Version
from web.office.base import OfficePart
from web.office.text_edits import RestoreForm

SYSTEMS = (("wgs84", "手机定位（GPS）"), ("gcj02", "高德、腾讯等国内地图"))
_PREVIEW_FIRST = "preview_first"


@dataclass(frozen=True)
class _Venue:
    """``seen``: the newest version that the page showed; ``previewed``: mark of the venue that the preview showed."""

    name: str
    address: str
    latitude: str
    longitude: str
    system: Annotated[str, OneOf(("wgs84", "gcj02"))]
    reason: str
    seen: Annotated[int, Version()]
    previewed: str

    def data(self) -> VenueForm:
        """Raises InvalidInput for degrees that are no numbers."""
        latitude, longitude = _degrees(self.latitude, "latitude"), _degrees(self.longitude, "longitude")
        if (latitude is None) != (longitude is None):
            raise InvalidInput("纬度和经度请一起填写，或都不填。", code="half_position", field="latitude")
        system: System = "gcj02" if self.system == "gcj02" else "wgs84"
        at = None if latitude is None or longitude is None else Position(latitude, longitude, system)
        return VenueForm(self.name, self.address, at)


@dataclass(frozen=True)
class _Offer:
    reason: str
    seen: Annotated[int, Version()]


class OfficeVenuePages(OfficePart):
    code = "venues"
    action = "text.manage"

    @page("/office/venues", "office/venues.html")
    async def venues(self, visit: Visit) -> Mapping[str, object]:
        view, venues = await self.services.office_texts.venues.overview(visit.actor)
        return {"view": view, "venues": sorted(venues, key=lambda venue: not venue.offered)}

    @venues.command(RestoreForm, "restore", note="已恢复那时的场所。")
    async def restore(self, visit: Visit, form: RestoreForm) -> None:
        await self.services.office_texts.texts.restore(visit.actor, "venues", form.id, seen=form.seen, key=visit.key)

    # ---- a new venue

    @page("/office/venues/new", "office/venue.html")
    async def blank(self, visit: Visit) -> Mapping[str, object]:
        return await self._values(visit, None)

    @blank.command(_Venue, "preview")
    async def preview_new(self, visit: Visit, form: _Venue) -> Mapping[str, object]:
        return self._previewed(visit, "", form)

    @blank.command(_Venue, "save", note="已添加，代理机构现在可以选择这个场所。")
    async def add(self, visit: Visit, form: _Venue) -> Redirect:
        await self._save(visit, "", form)
        return Redirect("/office/venues", "add")

    # ---- one

    @page("/office/venues/{code}", "office/venue.html")
    async def venue(self, visit: Visit) -> Mapping[str, object]:
        return await self._values(visit, self._venue(visit))

    @venue.command(_Venue, "preview")
    async def preview(self, visit: Visit, form: _Venue) -> Mapping[str, object]:
        return self._previewed(visit, self._venue(visit).code, form)

    @venue.command(_Venue, "save", note="已保存，几秒内各处生效。")
    async def save(self, visit: Visit, form: _Venue) -> None:
        await self._save(visit, self._venue(visit).code, form)

    @venue.command(_Offer, "end", note="已停用，新的活动不能再选；已安排在这里的活动不受影响。")
    async def end(self, visit: Visit, form: _Offer) -> None:
        await self._offer(visit, form, offered=False)

    @venue.command(_Offer, "offer", note="已恢复，代理机构可以选择这个场所。")
    async def offer(self, visit: Visit, form: _Offer) -> None:
        await self._offer(visit, form, offered=True)

    # ---- between form and service

    def _venue(self, visit: Visit) -> Venue:
        return self.services.office_texts.venues.get(visit.actor, visit.request.match_info["code"])

    async def _values(self, visit: Visit, venue: Venue | None) -> Mapping[str, object]:
        view, _ = await self.services.office_texts.venues.overview(visit.actor)
        form = visit.form
        if form.value("command") not in ("preview", "save"):
            form = FormValues({**_stored(venue), **form.values}, form.error)
        code = venue.code if venue else ""
        overtaken = form.error is not None and form.error.code == "text_changed"
        shown: Mapping[str, object] = {"preview": None, "mark": "", "moved": 0}
        if form.error is not None and form.error.code == _PREVIEW_FIRST:
            shown = self._previewed(visit, code, _typed(form))
        return {
            "f": form,
            "venue": venue,
            "path": f"/office/venues/{code or 'new'}",
            "systems": SYSTEMS,
            "seen": view.version if overtaken else form.value("seen") or view.version,
            "reason_max": REASON_MAX,
            **shown,
        }

    def _previewed(self, visit: Visit, code: str, form: _Venue) -> Mapping[str, object]:
        """The venue as it would be, and how many metres it would move."""
        preview = self.services.office_texts.venues.preview(visit.actor, code, form.data())
        before = self.services.office_texts.venues.get(visit.actor, code).position if code else None
        moved = round(distance(before, preview.position)) if before and preview.position else 0
        return {"preview": preview, "mark": _mark(preview), "moved": moved}

    async def _save(self, visit: Visit, code: str, form: _Venue) -> None:
        if form.previewed != self._previewed(visit, code, form)["mark"]:
            raise InvalidInput("内容和预览的不一样，请看过新的预览再保存。", code=_PREVIEW_FIRST)
        await self.services.office_texts.venues.save(
            visit.actor, code, form.data(), reason=form.reason, seen=form.seen, key=visit.key
        )

    async def _offer(self, visit: Visit, form: _Offer, *, offered: bool) -> None:
        await self.services.office_texts.venues.offer(
            visit.actor, self._venue(visit).code, offered=offered, reason=form.reason, seen=form.seen, key=visit.key
        )


def _typed(form: FormValues) -> _Venue:
    texts = {name: form.value(name) for name in ("name", "address", "latitude", "longitude", "system", "reason")}
    return _Venue(**texts, seen=0, previewed="")


def _stored(venue: Venue | None) -> dict[str, str]:
    if venue is None:
        return {"system": "wgs84"}
    place = venue.position
    return {
        "name": venue.name,
        "address": venue.address,
        "latitude": f"{place.latitude:.6f}" if place else "",
        "longitude": f"{place.longitude:.6f}" if place else "",
        "system": "wgs84",
    }


def _degrees(text: str, name: str) -> float | None:
    """Degrees with a decimal point; None where nothing was typed. Raises InvalidInput."""
    typed = text.strip()
    if not typed:
        return None
    try:
        degrees = Decimal(typed)
    except InvalidOperation as error:
        raise InvalidInput("请填写小数形式的度数，如23.129700。", code="no_degrees", field=name) from error
    if not degrees.is_finite() or len(typed) > 20 or abs(degrees) > 180:
        raise InvalidInput("请填写小数形式的度数，如23.129700。", code="no_degrees", field=name)
    return float(degrees)


def _mark(venue: Venue) -> str:
    return hashlib.sha256(json.dumps(venue.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
