"""Common base of the pages before a log-in: their forms belong to no account and name their pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import aiohttp.web as http

from domain.errors import InvalidInput
from domain.parsing import NUMBER_LONGEST
from domain.rulebook.book import Rulebook
from services.accounts import Purpose
from services.core.base import Actor
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.targets import target_of
from web.core.form_values import EMPTY, NOBODY
from web.core.forms import FORM_LIMIT
from web.core.pages import PageGroup, Visit
from web.core.site import ON_PAGE, Site
from web.core.typed_forms import Trimmed

GUEST = Actor("", "guest")
"""Who asks for these pages; the pool is that of the form."""


@dataclass(frozen=True)
class MobileForm:
    """The first step of registering and of a forgotten password. ``proof`` solves the puzzle."""

    pool: str
    mobile: Annotated[str, Trimmed(NUMBER_LONGEST)]
    next: str
    proof: str


class GuestPages(PageGroup):
    """Pages of one noun for everyone. ``form_name`` tells their forms from those of other nouns."""

    form_name: ClassVar[str]
    on_page = ON_PAGE | {401, 403}

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth

    async def actor(self, request: http.Request) -> Actor:
        return GUEST

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        return await self.site.read_form(request, self.form_name, NOBODY, NOBODY, longest=longest)

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        return {"none_form": EMPTY, "form": self.site.form_token(self.form_name, NOBODY, NOBODY)}

    def sent_pool(self, visit: Visit) -> str:
        """The pool of a refused form. Raises InvalidInput, which becomes a page of its own, for an unknown one."""
        return self.auth.check_pool(visit.form.value("pool"))

    def named_pool(self, visit: Visit) -> str:
        """The pool of a refused form, else that of the address, which may be unknown."""
        return self.sent_pool(visit) if visit.fields else visit.request.query.get("pool", "")

    def mobile_step(self, visit: Visit, pool: str) -> dict[str, object]:
        """Values of accounts/register.html, which asks for the mobile."""
        return {
            "action": self.form_name,
            "pool": pool,
            "mobile": typed_mobile(visit),
            "next": target_of(visit),
            "puzzle": self.auth.puzzle(visit.request),
        }

    def books_of(self, pool: str) -> Mapping[str, Rulebook]:
        """The rulebook of a pool; of all for an unknown one."""
        books = self.services.deps.rulebooks
        return {pool: books[pool]} if pool in books else books

    async def send_code_for(self, visit: Visit, form: MobileForm, purpose: Purpose) -> None:
        await self.services.accounts.bindings.send_code(
            form.pool, form.mobile, purpose, source=self.auth.source(visit.request), proof=form.proof
        )


def typed_mobile(visit: Visit) -> str:
    return visit.form.value("mobile").strip()[:NUMBER_LONGEST]


def masked_mobile(mobile: str) -> str:
    return f"{mobile[:3]}****{mobile[-4:]}"


def check_repeated(password: str, again: str) -> None:
    """Raises InvalidInput unless both entries of the new password are equal."""
    if password != again:
        raise InvalidInput("两次输入的密码不一致，请重新输入。", code="password_differs", field="again")
