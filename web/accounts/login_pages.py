"""``/h5/login``: log-in by SMS code, by password, or by a link from the mini-program.

``?pool=`` and ``?role=`` (a group of ``web.accounts.doors``) say where and as whom, else what the browser remembers; an
unknown pool (``?pool=all``) offers all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import aiohttp.web as http

from domain.errors import AppError, Conflict
from domain.rulebook.book import Rulebook
from domain.rulebook.people import LOGIN_NAMES
from services.core.base import Actor
from services.registry import Services
from web.accounts.doors import AGENCIES, GROUPS, PERSON, Door, group_of_page, read_door
from web.accounts.guest_pages import GUEST, GuestPages
from web.accounts.login import TRIES, AuthPages
from web.accounts.targets import is_for_everybody, query_with_target, safe_target, target_of
from web.accounts.user_agent import device_of
from web.core.form_values import EMPTY, NOBODY
from web.core.pages import Rate, Visit, page
from web.core.site import Site
from web.core.typed_forms import Code, Exact, Trimmed

_LOG_INS = Rate("login", *TRIES)
"""Common to all ways."""
_LINK_FORM = "login_link"


@dataclass(frozen=True)
class _CodeRequest:
    """``proof`` solves the puzzle."""

    pool: str
    mobile: Annotated[str, Trimmed()]
    next: str
    proof: str


@dataclass(frozen=True)
class _Code:
    pool: str
    mobile: Annotated[str, Trimmed()]
    next: str
    code: Annotated[str, Code(8)]


@dataclass(frozen=True)
class _Password:
    pool: str
    name: Annotated[str, Trimmed(60)]
    next: str
    password: Annotated[str, Exact()]


class LoginPages(GuestPages):
    form_name = "login"

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services, auth)
        self._logins = services.accounts.web_sessions

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/h5/login/{token}", self.offer_hand_over)
        self.site.post("/h5/login/{token}", self.hand_over)

    def show(
        self, actor: Actor, template: str, request: http.Request, *, error: AppError | None = None, **values: object
    ) -> http.Response:
        """The log-in as whom the address says is remembered, as the pages of a log-in lose it."""
        response = super().show(actor, template, request, error=error, **values)
        pool, group, door = request.query.get("pool", ""), request.query.get("role", ""), read_door(request)
        if group in GROUPS and pool in self.services.deps.rulebooks and (pool, group) != (door.pool, door.group):
            self.auth.remember_door(response, Door(pool, group))
        return response

    # ---- by SMS code

    @page("/h5/login", "accounts/login.html")
    async def by_code(self, visit: Visit) -> Mapping[str, object]:
        pool, target = _pool_and_target(visit)
        return self._code_values(visit.request, pool, target, visit.form.value("mobile").strip())

    def _code_values(self, request: http.Request, pool: str, target: str, mobile: str = "") -> dict[str, object]:
        values = self._login_values(request, "code", pool, target)
        return {**values, "name": mobile, "puzzle": self.auth.puzzle(request)}

    def _login_values(self, request: http.Request, way: str, pool: str, target: str) -> dict[str, object]:
        """``way`` code or password; ``target`` the page to continue with."""
        offered, group, page = self.books_of(pool), _group_of(request, target), safe_target(target)
        may_be_agency = group in ("", AGENCIES) and (not target.startswith("/h5/") or is_for_everybody(page))
        return {
            "way": way,
            "pool": pool,
            "pools": {code: book.pool.name for code, book in offered.items()},
            "others": len(offered) < len(self.services.deps.rulebooks),
            "group": group,
            "groups": GROUPS,
            "next": page,
            "names": _names_of(offered.values()),
            "by_password": any(_has_passwords(book) for book in offered.values()),
            "by_identity": may_be_agency,
            "opens": group in ("", PERSON) and any(book.registration.open for book in offered.values()),
        }

    @by_code.command(_CodeRequest, rate=Rate("login_code", *TRIES))
    async def send_code(self, visit: Visit, form: _CodeRequest) -> http.Response:
        pool = self.auth.check_pool(form.pool)
        with self.auth.sent_codes.sent_before(visit.request, "login", pool=pool, mobile=form.mobile):
            await self._logins.send_code(pool, form.mobile, self.auth.source(visit.request), form.proof)
        query = query_with_target(pool, form.next)
        return self.auth.sent_codes.redirect_to_code("login", "/h5/login/code", query, pool=pool, mobile=form.mobile)

    @page("/h5/login/code", "accounts/login_code.html")
    async def code(self, visit: Visit) -> Mapping[str, object] | http.StreamResponse:
        """The field for a code that was sent; without one, the first step again."""
        if visit.fields:
            return self._code_field(visit, self.sent_pool(visit), visit.form.value("mobile").strip())
        sent_code = self.auth.sent_codes.find(visit.request, "login")
        if not sent_code:
            return await LoginPages.by_code.show(self, visit)
        return self._code_field(visit, sent_code["pool"], sent_code["mobile"])

    def _code_field(self, visit: Visit, pool: str, mobile: str) -> dict[str, object]:
        book = self.services.deps.book(pool)
        return {
            "pool": pool,
            "mobile": mobile,
            "length": book.login.code_length,
            "hotline": book.pool.hotline,
            "next": target_of(visit),
            "puzzle": self.auth.puzzle(visit.request),
        }

    @code.command(_Code, rate=_LOG_INS)
    async def take_code(self, visit: Visit, form: _Code) -> http.Response:
        pool, source = self.auth.check_pool(form.pool), self.auth.source(visit.request)
        cookie = await self._logins.log_in(pool, form.mobile, form.code, source, device=device_of(visit.request))
        return await self.auth.enter(visit.request, cookie, form.next)

    # ---- by password

    @page("/h5/login/password", "accounts/login.html")
    async def by_password(self, visit: Visit) -> Mapping[str, object]:
        values = self._login_values(visit.request, "password", *_pool_and_target(visit))
        return {**values, "name": visit.form.value("name").strip()[:60], "puzzle": None}

    @by_password.command(_Password, rate=_LOG_INS, conceal=("password",))
    async def take_password(self, visit: Visit, form: _Password) -> http.Response:
        device = device_of(visit.request)
        cookie = await self.services.accounts.credentials.log_in(
            self.auth.check_pool(form.pool),
            form.name,
            form.password,
            lambda account: self._logins.begin(account, device=device),
            self.auth.source(visit.request),
        )
        return await self.auth.enter(visit.request, cookie, form.next)

    # ---- by a link: no declared page, since a link that was used leads to the log-in, another page with another form

    async def offer_hand_over(self, request: http.Request) -> http.Response:
        """``?to=/draws/…`` names the page to continue with. Opening the link logs no one in, since messengers open
        links too.

        A browser in which the same person is logged in, in the same role, continues without a question.
        """
        token, target = request.match_info["token"], safe_target(request.query.get("to", ""))
        try:
            person = await self._logins.check_hand_over(token)
        except Conflict as error:
            return self._refuse_link(request, error, target)
        visitor = await self.auth.find_visitor(request)
        if visitor is not None and replace(visitor, session_id=person.session_id) == person:
            raise http.HTTPSeeOther(target or await self.auth.home(visitor))
        form = self.site.form_token(_LINK_FORM, NOBODY, NOBODY)
        return self.site.render("accounts/login_link.html", token=token, next=target, form=form)

    async def hand_over(self, request: http.Request) -> http.Response:
        await self.site.check_rate(request, _LOG_INS.name, _LOG_INS.tries, _LOG_INS.period)
        fields = await self.site.read_form(request, _LINK_FORM, NOBODY, NOBODY)
        token, target = request.match_info["token"], safe_target(fields.get("next", ""))
        try:
            cookie = await self._logins.redeem_hand_over(token, device=device_of(request))
        except Conflict as error:
            return self._refuse_link(request, error, target)
        return await self.auth.enter(request, cookie, target, offers_binding=False)

    def _refuse_link(self, request: http.Request, error: AppError, target: str) -> http.Response:
        values = self._code_values(request, "", target)
        return self.show(GUEST, "accounts/login.html", request, error=error, f=EMPTY, **values)


def _pool_and_target(visit: Visit) -> tuple[str, str]:
    """Of the sent form, else of the address, and the pool at last the one that the browser remembers. The target is as
    sent: one that is not ours still tells for whom the page is."""
    query = visit.request.query
    if visit.fields:
        return visit.form.value("pool"), visit.form.value("next")
    return query.get("pool") or read_door(visit.request).pool, query.get("next", "")


def _group_of(request: http.Request, target: str) -> str:
    """As whom the person logs in: by the address, the page to continue with, or the last time; empty: unknown."""
    group = request.query.get("role", "")
    if group in GROUPS:
        return group
    page = safe_target(target)
    if is_for_everybody(page):
        return ""
    return group_of_page(page) or read_door(request).group


def _names_of(books: Iterable[Rulebook]) -> str:
    """The log-in names of all pools: 手机号、身份证号或姓名拼音."""
    taken = {name for book in books for name in book.registration.login_names}
    *before, last = [label for name, label in LOGIN_NAMES.items() if name in taken]
    return f"{'、'.join(before)}或{last}" if before else last


def _has_passwords(book: Rulebook) -> bool:
    return "password" in book.registration.login_ways
