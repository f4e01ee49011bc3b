"""``/h5/register``: registration with a pool. No scripts needed.

The first page asks for the mobile and sends a code; the second asks for the rest, and can send the code again without
losing what was typed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import aiohttp.web as http

from domain.parsing import NUMBER_LONGEST
from services.accounts import RegistrationForm
from services.core.base import Actor
from web.accounts.guest_pages import GuestPages, MobileForm, masked_mobile, typed_mobile
from web.accounts.login import TRIES
from web.accounts.targets import query_with_target, safe_target, target_of
from web.accounts.user_agent import device_of
from web.core.pages import Rate, Visit, page
from web.core.typed_forms import Code, Exact, Lines, Trimmed

_LONGEST = 60


@dataclass(frozen=True)
class _Registration:
    """``privacy`` is the version of the text that was read, ``honesty`` "yes" where the clause was agreed to."""

    pool: str
    mobile: Annotated[str, Trimmed(NUMBER_LONGEST)]
    next: str
    code: Annotated[str, Code(8)]
    name: Annotated[str, Lines(_LONGEST)]
    id_number: Annotated[str, Lines(_LONGEST)]
    password: Annotated[str, Exact()]
    again: Annotated[str, Exact()]
    privacy: Annotated[str, Lines(32)]
    honesty: str


class RegistrationPages(GuestPages):
    form_name = "register"

    # ---- the mobile

    @page("/h5/register", "accounts/register.html")
    async def begin(self, visit: Visit) -> Mapping[str, object] | http.StreamResponse:
        """A logged-in visitor has a verified mobile already and goes straight to the form."""
        if "name" in visit.fields:  # the second page asked for another code
            return await RegistrationPages.details.show(self, visit)
        if not visit.fields and (form := await self._form_of_visitor(visit)):
            return form
        pool = self.named_pool(visit)
        step, books = self.mobile_step(visit, pool), self.books_of(pool)
        closed = [book.registration.closed for book in books.values() if not book.registration.open]
        offered = {code: book.pool.name for code, book in books.items() if book.registration.open}
        return {**step, "pools": offered, "closed": "" if offered else " ".join(dict.fromkeys(closed))}

    async def _form_of_visitor(self, visit: Visit) -> http.Response | None:
        """The form for a person who is logged in to the pool; None for anyone else. Redirects who is registered."""
        pool, visitor = visit.request.query.get("pool", ""), await self.auth.find_visitor(visit.request)
        if visitor is None or pool not in ("", visitor.pool):
            return None
        profile = await self.services.accounts.credentials.profile(visitor)
        if profile.registered:
            raise http.HTTPSeeOther(target_of(visit) or await self.auth.home(visitor))
        values = self._form_values(visit, visitor.pool, "", profile.masked_mobile)
        return self.show(visit.actor, "accounts/register_form.html", visit.request, f=visit.form, **values)

    @begin.command(MobileForm, rate=Rate("register_code", *TRIES))
    async def send_code(self, visit: Visit, form: MobileForm) -> http.StreamResponse:
        """Also the second page's button for another code, which sends back what was typed."""
        pool = self.auth.check_pool(form.pool)
        self.services.accounts.registration.check_open(pool)
        if "name" in visit.fields:
            await self.send_code_for(visit, form, "register")
            return await RegistrationPages.details.show(self, visit, {"note": _sent_note(form.mobile)})
        with self.auth.sent_codes.sent_before(visit.request, "register", pool=pool, mobile=form.mobile):
            await self.send_code_for(visit, form, "register")
        query = query_with_target(pool, form.next)
        return self.auth.sent_codes.redirect_to_code(
            "register", "/h5/register/new", query, pool=pool, mobile=form.mobile
        )

    # ---- the form

    @page("/h5/register/new", "accounts/register_form.html")
    async def details(self, visit: Visit) -> Mapping[str, object] | http.StreamResponse:
        """The form after a code was sent; without one, the first step again."""
        if visit.fields:
            pool, mobile = self.sent_pool(visit), typed_mobile(visit)
            visitor = await self._find_visitor(visit.request, pool, mobile)
            own_mobile = (await self.services.accounts.credentials.profile(visitor)).masked_mobile if visitor else ""
            return self._form_values(visit, pool, mobile, own_mobile)
        sent_code = self.auth.sent_codes.find(visit.request, "register")
        if not sent_code:
            return await RegistrationPages.begin.show(self, visit)
        values = self._form_values(visit, sent_code["pool"], sent_code["mobile"], "")
        return {**values, "note": _sent_note(sent_code["mobile"])}

    async def _find_visitor(self, request: http.Request, pool: str, mobile: str) -> Actor | None:
        """The person logged in to the pool, who registers with the mobile of the log-in and sends none."""
        visitor = None if mobile else await self.auth.find_visitor(request)
        return visitor if visitor is not None and visitor.pool == pool else None

    def _form_values(self, visit: Visit, pool: str, mobile: str, own_mobile: str) -> dict[str, Any]:
        book = self.services.deps.book(pool)
        return {
            "pool": pool,
            "pool_name": book.pool.name,
            "mobile": mobile,
            "own_mobile": own_mobile,
            "name": visit.form.value("name")[:_LONGEST],
            "id_number": visit.form.value("id_number")[:_LONGEST],
            "code": visit.form.value("code")[:8],
            "next": target_of(visit),
            "code_length": book.login.code_length,
            "passwords": "password" in book.registration.login_ways,
            "rule": book.registration.password.rule(),
            "read": visit.form.value("privacy") == book.pool.privacy_version,
            "honest": visit.form.value("honesty") == "yes",
            "honesty": book.registration.honesty,
            "privacy": book.pool.privacy_text,
            "version": book.pool.privacy_version,
            "hotline": book.pool.hotline,
            "puzzle": None if own_mobile else self.auth.puzzle(visit.request),
        }

    @details.command(_Registration, rate=Rate("register", *TRIES), conceal=("password", "again"))
    async def register(self, visit: Visit, form: _Registration) -> http.Response:
        pool = self.auth.check_pool(form.pool)
        visitor = await self._find_visitor(visit.request, pool, form.mobile)
        accounts = self.services.accounts
        registered = await accounts.registration.register(
            visitor or Actor(pool, "guest"),
            RegistrationForm(
                name=form.name,
                id_number=form.id_number,
                privacy_version=form.privacy,
                agreed=form.honesty == "yes",
                mobile=form.mobile,
                code=form.code,
                password=form.password,
                again=form.again,
            ),
            source=self.auth.source(visit.request),
            key=_key_of(visit),
        )
        cookie = await accounts.web_sessions.log_in_authenticated(
            registered.account_id, device=device_of(visit.request)
        )
        return await self.auth.enter(visit.request, cookie, safe_target(form.next), note="registered")


def _sent_note(mobile: str) -> str:
    return f"验证码已发送到{masked_mobile(mobile)}，请查收短信。"


def _key_of(visit: Visit) -> str:
    """Idempotency key: the same for a form that is sent twice; the form's own token keeps other visitors out."""
    names = ("form", "pool", "mobile", "code", "name", "id_number")
    parts = [f"{name}={visit.form.value(name)}" for name in names]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
