"""``/h5/{pool}/account/password``: one's own password, authorised by the old one or a code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.errors import InvalidInput
from services.accounts import Source
from services.core.base import Actor
from web.accounts.login import TRIES
from web.accounts.person_pages import PersonPages
from web.accounts.targets import safe_target, target_of, with_query
from web.core.pages import Rate, Redirect, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Code, Exact

_RATE = Rate("password", *TRIES)
_SECRETS = ("old", "password", "again")


@dataclass(frozen=True)
class _Target:
    next: str


@dataclass(frozen=True)
class _Password(_Target):
    old: Annotated[str, Exact()]
    code: Annotated[str, Code(8)]
    password: Annotated[str, Exact()]
    again: Annotated[str, Exact()]


class OwnPasswordPages(PersonPages):
    """The only page that is open to a person with an initial password."""

    form_name = "password"
    on_page = ON_PAGE | {401, 403}

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.visitor_of_pool(request, initial_too=True)

    @page("/h5/{pool}/account/password", "accounts/password.html")
    async def password(self, visit: Visit) -> Mapping[str, object]:
        book = self.services.deps.book(visit.actor.pool)
        profile = await self.services.accounts.credentials.profile(visit.actor)
        sent = not visit.fields and visit.request.query.get("sent") == "yes"
        return {
            "next": target_of(visit),
            "note": f"验证码已发送到{profile.masked_mobile}。" if sent else "",
            "profile": profile,
            "rule": book.registration.password.rule(),
            "code_length": book.login.code_length,
            "hotline": book.pool.hotline,
            "out": self.auth.form(visit.actor, "logout"),
        }

    @password.command(_Target, "send", rate=_RATE, conceal=_SECRETS)
    async def send_code(self, visit: Visit, form: _Target) -> Redirect:
        visitor, accounts = visit.actor, self.services.accounts
        mobile = await accounts.credentials.own_mobile(visitor)
        source = Source(account_id=visitor.account_id)
        await accounts.bindings.send_code(visitor.pool, mobile, "password", source=source)
        path = f"/h5/{visitor.pool}/account/password"
        return Redirect(with_query(path, sent="yes", next=safe_target(form.next)))

    @password.command(_Password, rate=_RATE, conceal=_SECRETS)
    async def set_password(self, visit: Visit, form: _Password) -> Redirect:
        if form.password != form.again:
            raise InvalidInput("两次输入的新密码不一致，请重新输入。", code="password_differs", field="again")
        await self.services.accounts.credentials.set_password(visit.actor, form.password, old=form.old, code=form.code)
        if target := safe_target(form.next):
            return Redirect(target)
        return Redirect(f"/h5/{visit.actor.pool}/account", note="password")
