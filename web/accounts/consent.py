"""``/h5/{pool}/consent``: consent to the current privacy text, before anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from services.core.base import Actor
from web.accounts.person_pages import PersonPages
from web.accounts.targets import safe_target, target_of
from web.core.pages import Redirect, Visit, page


@dataclass(frozen=True)
class _Consent:
    """``privacy`` is the version of the text that was read."""

    privacy: str
    next: str


class ConsentPages(PersonPages):
    """Every refusal becomes a page of its own."""

    form_name = "consent"
    on_page = frozenset()

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.visitor_of_pool(request, initial_too=True)

    @page("/h5/{pool}/consent", "accounts/consent.html")
    async def consent(self, visit: Visit) -> Mapping[str, object]:
        book = self.services.deps.book(visit.actor.pool)
        return {
            "pool_name": book.pool.name,
            "privacy": book.pool.privacy_text,
            "version": book.pool.privacy_version,
            "next": target_of(visit),
            "out": self.auth.form(visit.actor, "logout"),
        }

    @consent.command(_Consent)
    async def give(self, visit: Visit, form: _Consent) -> Redirect:
        await self.services.accounts.credentials.consent(visit.actor, form.privacy)
        return Redirect(safe_target(form.next) or await self.auth.home(visit.actor))
