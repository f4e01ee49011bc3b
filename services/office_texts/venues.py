"""Venues (评标场所): where experts gather and check in, added, changed and ended by the office."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import Conflict, InvalidInput, NotFound
from domain.positions import Position, to_wgs84
from domain.rulebook.office_texts import TEXTS
from domain.rulebook.sections import Venue
from services.core.base import Actor, Deps
from services.core.permissions import check
from services.office_texts.editing import OfficeTexts, TextView

CODE = TEXTS["venues"].code
LATITUDES, LONGITUDES = (3.0, 54.0), (73.0, 136.0)
"""Degrees within which China lies, as ``domain.rulebook.sections.Venue`` bounds them."""
_DIGITS = 6
"""Decimals of a stored position: a tenth of a metre."""


@dataclass(frozen=True)
class VenueForm:
    """``position``: as the phone or a Chinese map gives it; None where none is known: nobody checks in by it."""

    name: str
    address: str
    position: Position | None


@dataclass(frozen=True)
class Venues:
    deps: Deps
    texts: OfficeTexts

    async def overview(self, actor: Actor) -> tuple[TextView, tuple[Venue, ...]]:
        """The list's edits, and all venues, also ended ones."""
        check(actor, "text.manage")
        return await self.texts.get(actor, CODE), self.deps.book(actor.pool).venues

    def get(self, actor: Actor, code: str) -> Venue:
        """Raises NotFound."""
        check(actor, "text.manage")
        venue = next((venue for venue in self.deps.book(actor.pool).venues if venue.code == code), None)
        if venue is None:
            raise NotFound("找不到这个场所，请返回列表。", code="venue_unknown")
        return venue

    def preview(self, actor: Actor, code: str, form: VenueForm) -> Venue:
        """The venue as it would be, with its position in WGS-84. Raises as ``save``."""
        venues = self._with_form(actor, code, form)
        book = self.texts.preview(actor, CODE, venues)
        return next(venue for venue in book.venues if venue.code == (code or venues[-1]["code"]))

    async def save(
        self, actor: Actor, code: str, form: VenueForm, *, reason: str, seen: int, key: str | None = None
    ) -> None:
        """Add a venue (empty ``code``) or change one. A renamed one stays known by its former names.

        Raises InvalidInput with all faults, NotFound, Conflict when the list was changed meanwhile.
        """
        await self.texts.publish(actor, CODE, self._with_form(actor, code, form), reason=reason, seen=seen, key=key)

    async def offer(
        self, actor: Actor, code: str, *, offered: bool, reason: str, seen: int, key: str | None = None
    ) -> None:
        """Offer a venue no longer, or again; draws that gather there go on. Raises Conflict for the last one offered,
        since without any list every place could be typed."""
        venue = self.get(actor, code)
        if not offered and [offer.code for offer in self.deps.book(actor.pool).offered_venues] == [venue.code]:
            raise Conflict("这是最后一个可选的场所，请先添加新的场所再停用它。", code="last_venue")
        venues = self._with_venue(actor, venue.model_copy(update={"offered": offered}))
        await self.texts.publish(actor, CODE, venues, reason=reason, seen=seen, key=key)

    # ---- helpers

    def _with_form(self, actor: Actor, code: str, form: VenueForm) -> list[dict[str, Any]]:
        position = _checked_position(form.position)
        values: dict[str, Any] = {
            "name": form.name.strip(),
            "address": form.address.strip(),
            "latitude": round(position.latitude, _DIGITS) if position else None,
            "longitude": round(position.longitude, _DIGITS) if position else None,
        }
        venues = self.deps.book(actor.pool).venues
        if not code:
            new = Venue.model_construct(code=_free_code(venues), offered=True, former_names=(), **values)
            return [*map(_plain, venues), _plain(new)]
        venue = self.get(actor, code)
        if values["name"] != venue.name:
            former = dict.fromkeys([*venue.former_names, venue.name])
            values["former_names"] = tuple(name for name in former if name != values["name"])
        return self._with_venue(actor, venue.model_copy(update=values))

    def _with_venue(self, actor: Actor, changed: Venue) -> list[dict[str, Any]]:
        venues = self.deps.book(actor.pool).venues
        return [_plain(changed if venue.code == changed.code else venue) for venue in venues]


def _checked_position(position: Position | None) -> Position | None:
    """In WGS-84. Raises InvalidInput for a place outside of China, which is mostly latitude and longitude exchanged."""
    if position is None:
        return None
    place = to_wgs84(position)
    if LATITUDES[0] <= place.latitude <= LATITUDES[1] and LONGITUDES[0] <= place.longitude <= LONGITUDES[1]:
        return place
    raise InvalidInput(
        "这个位置不在国内，请核对：纬度在3至54之间，经度在73至136之间。", code="far_away", field="latitude"
    )


def _free_code(venues: Sequence[Venue]) -> str:
    """Never that of an ended venue: staff may have been granted for it."""
    used = {venue.code for venue in venues}
    return next(code for code in map("v{}".format, range(1, len(used) + 2)) if code not in used)


def _plain(venue: Venue) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in venue}
