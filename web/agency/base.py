"""Common base of an agency's pages: access, the menu, forms with each refusal beside its field."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.rulebook.book import Rulebook
from services.core.base import Actor
from services.core.permissions import check
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import NOBODY, FormValues, key_of
from web.core.pages import FIELDS_LONGEST, PageGroup, Visit
from web.core.site import ON_PAGE, Site
from web.draws import frame_values, note_supplements

FORM = "agency"
KEPT: Mapping[str, str] = {"kept": "已暂存，可以在其他手机或电脑上接着填。"}
"""The note of a page after its unsaved input was stored, see ``web.agency.drafts``."""


@dataclass(frozen=True)
class DraftPlace:
    """Identifies a form: its kind (``web.agency.drafts``), the object it belongs to, and the part of it that it
    edits."""

    kind: str
    subject_id: UUID | None
    part_id: UUID | None = None

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.part_id or self.subject_id}"

    @property
    def path(self) -> str:
        part = f"/{self.part_id}" if self.part_id else ""
        return f"/agency/drafts/{self.kind}/{self.subject_id}{part}"


@dataclass(frozen=True)
class Draft:
    """Unsaved input of a form, and its place. ``outdated``: the object has changed meanwhile, so the input is not
    shown."""

    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    outdated: bool = False


class AgencyPart(PageGroup):
    """Pages of one noun. ``here`` is its menu entry."""

    here: ClassVar[str]
    on_page = ON_PAGE | {403, 404, 503}

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth

    async def actor(self, request: http.Request) -> Actor:
        """The agent or legal entity. Redirects to the log-in; raises Forbidden for other roles."""
        actor = await self.auth.actor(request)
        check(actor, "draw.create")
        await note_supplements(self.services, actor, request)
        return actor

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FIELDS_LONGEST) -> dict[str, str]:
        return await self.site.read_form(request, FORM, _log_in(actor), actor.account_id or NOBODY, longest=longest)

    async def upload(self, request: http.Request, actor: Actor, *, longest: int) -> tuple[dict[str, str], bytes]:
        return await self.site.read_upload(request, FORM, _log_in(actor), actor.account_id or NOBODY, longest=longest)

    async def form_and_draft(
        self, visit: Visit, place: DraftPlace, stored: Mapping[str, str] = MappingProxyType({}), *, version: str = ""
    ) -> tuple[FormValues, Draft]:
        """The form as sent, else its unsaved input, else the ``stored`` values, which a refused deletion shows, too."""
        if visit.form.value("command") == "delete":
            return FormValues(stored, visit.form.error), Draft(place.path)
        if visit.fields:
            return visit.form, Draft(place.path)
        draft = await self.draft(visit.actor, place, version=version)
        return FormValues(draft.values or stored), draft

    async def draft(self, actor: Actor, place: DraftPlace, *, version: str = "") -> Draft:
        """Unsaved input of a form. Input based on an older ``version`` is discarded rather than shown over the present
        values."""
        drafts = self.services.accounts.form_drafts
        values = await drafts.find(actor, place.name)
        if values.get("version", "") == version:
            return Draft(place.path, values)
        if values:
            await drafts.forget(actor, place.name)
        return Draft(place.path, outdated=bool(values))

    async def saved(self, actor: Actor, place: DraftPlace, fields: Mapping[str, str]) -> None:
        """Delete the draft after saving, and refuse what this page still sends of it."""
        await self.services.accounts.form_drafts.forget(actor, place.name, generation=generation_of(fields))

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        return {
            **frame_values(self.book(actor), actor, request, self.here),
            "token": self.site.form_token(FORM, _log_in(actor), actor.account_id or NOBODY),
            "key": secrets.token_urlsafe(16),
        }

    def book(self, actor: Actor) -> Rulebook:
        return self.services.deps.book(actor.pool)


def generation_of(fields: Mapping[str, str]) -> str:
    """Identifies a rendering of a form: its idempotency key, new with each."""
    return key_of(fields) or ""


def _log_in(actor: Actor) -> UUID:
    return actor.session_id or NOBODY
