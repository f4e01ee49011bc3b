"""Authentication of requests, log-in and log-out.

Log-in by SMS code, by password, or by a link from the mini-program; for WeChat's own browser see
``web.accounts.wechat_login``, for the unified identity platform ``web.accounts.identity``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from domain.rulebook.book import Rulebook
from domain.rulebook.people import LOGIN_NAMES
from services.accounts import KNOWN_BROWSER_TTL, SESSION_TTL, Puzzle, Source, WebSessions
from services.core.base import Actor
from services.core.permissions import role_name
from services.registry import Services
from web.accounts.sent_codes import SentCodes
from web.accounts.targets import asked_for, bind_first, is_for_everybody, query_with_target, safe_target, with_query
from web.accounts.user_agent import device_of, in_wechat
from web.core.forms import FORM_LIMIT
from web.core.site import ON_PAGE, POOL, Site

COOKIE = "pbt_session"
ASKED = "pbt_asked"
"""Set after a silent log-in by WeChat failed, or after a log-out: no silent log-in for a while."""
KNOWN = "pbt_known"
"""Survives the log-in: strangers' wrong codes don't count in a browser in which the person has logged in before."""
HOME = "/draws"
TRIES = (60, 60)
"""Log-ins per address and minute: many phones share one address behind a carrier's gateway."""
_HOMES = {
    "agent": "/agency",
    "organisation": "/agency",
    "reviewer": "/review",
    "pool_admin": "/office",
    "expert": "/h5/{pool}/apply",
    "applicant": "/h5/{pool}/apply",
}
_NOBODY = UUID(int=0)
_ON_PAGE = ON_PAGE | {401, 403}


class AuthPages:
    """Authenticates requests, and logs people in and out."""

    def __init__(self, site: Site, services: Services, logins: WebSessions) -> None:
        self._site = site
        self._services = services
        self._logins = logins
        self.sent = SentCodes(services.deps, secure=site.secure)

    def add_routes(self) -> None:
        for address in ("/", "/h5", "/h5/"):
            self._site.get(address, self.begin)
        self._site.get("/h5/login", self.mobile_form)
        self._site.post("/h5/login", self.send_code)
        self._site.post("/h5/login/code", self.take_code)
        self._site.get("/h5/login/code", self.code_form)
        self._site.get("/h5/login/password", self.password_form)
        self._site.post("/h5/login/password", self.take_password)
        self._site.get("/h5/login/{token}", self.offer_hand_over)
        self._site.post("/h5/login/{token}", self.hand_over)
        self._site.post("/h5/logout", self.log_out)

    # ---- authentication

    async def actor(self, request: http.Request) -> Actor:
        """The logged-in person in a staff role. Redirects to the log-in, or to the choice of a role."""
        actor = await self.visitor(request)
        if actor.role in ("guest", "expert", "applicant"):
            raise http.HTTPSeeOther(with_query("/h5/role", next=asked_for(request)))
        return actor

    async def person(self, request: http.Request) -> Actor:
        """The applicant or expert of the pool in the address, even if a staff role is chosen.

        Redirects to the steps that must come first: logging in, changing an initial password, registering, consenting.
        Afterwards the person returns to the requested page.
        """
        holder = await self.holder(request)
        if holder.role not in ("expert", "applicant"):
            raise http.HTTPSeeOther(with_query("/h5/register", pool=holder.pool, next=asked_for(request)))
        return holder

    async def holder(self, request: http.Request) -> Actor:
        """The person logged in to the pool in the address, staff included; as its applicant or expert where the person
        is one.

        Redirects as ``person`` does, except for registering.
        """
        pool = self._pool_of(request)
        visitor = await self.visitor(request, pool)
        if visitor.pool != pool:
            raise http.HTTPSeeOther(with_query("/h5/login", pool=pool, next=asked_for(request)))
        person = await self._as_person(visitor)
        if person is None:
            return visitor
        if person.account_id is not None and await self._services.accounts.bindings.needs_consent(person.account_id):
            raise http.HTTPSeeOther(with_query(f"/h5/{pool}/consent", next=asked_for(request)))
        return person

    async def find_person(self, request: http.Request) -> Actor | None:
        """As ``person``, for a page that everyone may read: None instead of a redirect."""
        try:
            visitor = await self._logins.resume(request.cookies.get(COOKIE, ""))
        except (Unauthenticated, Forbidden):
            return None
        return await self._as_person(visitor) if visitor.pool == self._pool_of(request) else None

    async def find_holder(self, request: http.Request) -> Actor | None:
        """As ``holder``, for a page that everyone may read: None instead of a redirect."""
        visitor = await self.find_visitor(request)
        if visitor is None or visitor.pool != self._pool_of(request):
            return None
        return await self._as_person(visitor) or visitor

    async def visitor(self, request: http.Request, pool: str = "", *, initial_too: bool = False) -> Actor:
        """The logged-in person, with or without a role; ``pool`` is where to log in otherwise."""
        try:
            actor = await self._logins.resume(request.cookies.get(COOKIE, ""), initial_too=initial_too)
            request[POOL] = actor.pool
            return actor
        except Unauthenticated as error:
            silently = pool and in_wechat(request) and ASKED not in request.cookies and request.method == "GET"
            way = "/h5/wechat" if silently else "/h5/login"
            raise http.HTTPSeeOther(with_query(way, pool=pool, next=asked_for(request))) from error
        except Forbidden as error:
            if error.code != "password_must_change":
                raise
            way = f"/h5/{error.params['pool']}/account/password"
            raise http.HTTPSeeOther(with_query(way, next=asked_for(request))) from error

    async def find_visitor(self, request: http.Request) -> Actor | None:
        """The logged-in person, or None."""
        try:
            return await self._logins.resume(request.cookies.get(COOKIE, ""))
        except (Unauthenticated, Forbidden):
            return None

    async def _as_person(self, visitor: Actor) -> Actor | None:
        if visitor.role in ("expert", "applicant"):
            return visitor
        for option in await self._services.accounts.sessions.roles(visitor):
            if option.role in ("expert", "applicant"):
                return replace(visitor, role=option.role, expert_id=option.expert_id, organisation_id=None, scope="")
        return None

    def role_label(self, actor: Actor) -> str:
        return " · ".join(part for part in (role_name(actor.role), actor.scope) if part)

    def check_pool(self, pool: str) -> str:
        """The code of a pool of ours. Raises InvalidInput."""
        if pool not in self._services.deps.rulebooks:
            raise InvalidInput("请选择专家库后重试。", code="no_pool")
        return pool

    def _pool_of(self, request: http.Request) -> str:
        pool = request.match_info["pool"]
        if pool not in self._services.deps.rulebooks:
            raise NotFound("没有这个专家库，请使用最新一条通知中的链接。")
        return pool

    # ---- by SMS code

    async def mobile_form(self, request: http.Request) -> http.Response:
        return self._login_page(request, "code", request.query.get("pool", ""), target=request.query.get("next", ""))

    def source(self, request: http.Request) -> Source:
        """Where a visitor without log-in comes from, for rate limits."""
        return Source(self._site.address_of(request), self._logins.known_browser(request.cookies.get(KNOWN, "")))

    def puzzle(self, request: http.Request) -> Puzzle | None:
        """The puzzle for the browser on pages that request codes; None for a known browser."""
        source = self.source(request)
        return None if source.is_identified else self._services.accounts.puzzles.issue(source.address)

    def _login_page(
        self,
        request: http.Request,
        way: str,
        pool: str,
        *,
        name: str = "",
        error: AppError | None = None,
        target: str = "",
    ) -> http.Response:
        """``way`` code or password; ``target`` the page to continue with."""
        books = self._services.deps.rulebooks
        known = {pool: books[pool]} if pool in books and target else books
        return self._site.render(
            "accounts/login.html",
            status=error.status if error else 200,
            way=way,
            name=name,
            pool=pool,
            pools={code: book.pool.name for code, book in known.items()},
            next=safe_target(target),
            error=error.message if error else "",
            wrong=error.field if error else "",
            form=self._site.form_token("login", _NOBODY, _NOBODY),
            puzzle=self.puzzle(request) if way == "code" else None,
            names=_names_of(known.values()),
            by_password=any(_has_passwords(book) for book in known.values()),
            by_identity=not target.startswith("/h5/") or is_for_everybody(safe_target(target)),
            opens=any(book.registration.open for book in known.values()),
        )

    async def send_code(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "login_code", *TRIES)
        fields = await self._site.read_form(request, "login", _NOBODY, _NOBODY)
        pool, mobile, target = fields.get("pool", ""), fields.get("mobile", "").strip(), fields.get("next", "")
        try:
            source = self.source(request)
            await self._logins.send_code(self.check_pool(pool), mobile, source, fields.get("proof", ""))
        except AppError as error:
            return self._login_page(request, "code", pool, name=mobile, error=shown(error), target=target)
        return self.sent.redirect_to_code(
            "login", "/h5/login/code", query_with_target(pool, target), pool=pool, mobile=mobile
        )

    async def code_form(self, request: http.Request) -> http.Response:
        """The field for a code that was sent; without one, the first step again."""
        kept = self.sent.find(request, "login")
        if not kept:
            return await self.mobile_form(request)
        return self._code_page(request, kept["pool"], kept["mobile"], target=request.query.get("next", ""))

    def _code_page(
        self, request: http.Request, pool: str, mobile: str, error: AppError | None = None, *, target: str = ""
    ) -> http.Response:
        return self._site.render(
            "accounts/login_code.html",
            status=error.status if error else 200,
            pool=pool,
            mobile=mobile,
            length=self._services.deps.book(pool).login.code_length,
            error=error.message if error else "",
            wrong=error.field if error else "",
            hotline=self._services.deps.book(pool).pool.hotline,
            next=safe_target(target),
            puzzle=self.puzzle(request),
            form=self._site.form_token("login", _NOBODY, _NOBODY),
        )

    async def take_code(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "login", *TRIES)
        fields = await self._site.read_form(request, "login", _NOBODY, _NOBODY)
        pool, mobile = self.check_pool(fields.get("pool", "")), fields.get("mobile", "").strip()
        code, target = fields.get("code", "").strip(), fields.get("next", "")
        try:
            cookie = await self._logins.log_in(pool, mobile, code, self.source(request), device=device_of(request))
        except AppError as error:
            return self._code_page(request, pool, mobile, shown(error), target=target)
        return await self.enter(request, cookie, target)

    # ---- by password

    async def password_form(self, request: http.Request) -> http.Response:
        return self._login_page(
            request, "password", request.query.get("pool", ""), target=request.query.get("next", "")
        )

    async def take_password(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "login", *TRIES)
        fields = await self._site.read_form(request, "login", _NOBODY, _NOBODY)
        pool, name, target = fields.get("pool", ""), fields.get("name", "").strip()[:60], fields.get("next", "")
        device = device_of(request)
        try:
            cookie = await self._services.accounts.credentials.log_in(
                self.check_pool(pool),
                name,
                fields.get("password", ""),
                lambda account: self._logins.begin(account, device=device),
                self.source(request),
            )
        except AppError as error:
            return self._login_page(request, "password", pool, name=name, error=shown(error), target=target)
        return await self.enter(request, cookie, target)

    # ---- by a link

    async def offer_hand_over(self, request: http.Request) -> http.Response:
        """``?to=/draws/…`` names the page to continue with. Opening the link logs no one in, since messengers open
        links too.

        A browser in which the same person is logged in, in the same role, continues without a question.
        """
        token, target = request.match_info["token"], safe_target(request.query.get("to", ""))
        try:
            person = await self._logins.check_hand_over(token)
        except Conflict as error:
            return self._login_page(request, "code", "", error=error, target=target)
        visitor = await self.find_visitor(request)
        if visitor is not None and replace(visitor, session_id=person.session_id) == person:
            raise http.HTTPSeeOther(target or await self.home(visitor))
        return self._site.render(
            "accounts/login_link.html",
            token=token,
            next=target,
            form=self._site.form_token("login_link", _NOBODY, _NOBODY),
        )

    async def hand_over(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "login", *TRIES)
        fields = await self._site.read_form(request, "login_link", _NOBODY, _NOBODY)
        token, target = request.match_info["token"], safe_target(fields.get("next", ""))
        try:
            cookie = await self._logins.redeem_hand_over(token, device=device_of(request))
        except Conflict as error:
            return self._login_page(request, "code", "", error=error, target=target)
        return await self.enter(request, cookie, target, offers_binding=False)

    # ---- log-in sessions

    async def enter(
        self, request: http.Request, cookie: str, target: str = "", *, offers_binding: bool = True
    ) -> http.Response:
        """Start a new session in the browser, ending its previous one, and redirect to a page of ours.

        ``offers_binding``: inside WeChat first the page that binds the account, unless the mini-program opened the
        page.
        """
        await self._logins.end_browser_session(request.cookies.get(COOKIE, ""))
        actor = await self._logins.resume(cookie, initial_too=True)
        response = self._let_in(cookie, safe_target(target) or await self.home(actor))
        if offers_binding and in_wechat(request) and await self._services.accounts.linking.may_bind_chat(actor):
            response.headers["Location"] = bind_first(response.headers["Location"])
        await self._remember(request, response, actor)
        self.sent.forget(response)
        return response

    async def _remember(self, request: http.Request, response: http.Response, actor: Actor) -> None:
        """Mark this browser as known for the person."""
        if actor.account_id is None:
            return
        known = await self._logins.remember_browser(request.cookies.get(KNOWN, ""), actor.account_id)
        response.set_cookie(
            KNOWN,
            known,
            max_age=int(KNOWN_BROWSER_TTL.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )

    async def home(self, actor: Actor) -> str:
        """The first page of this role."""
        if actor.role != "guest":
            return _HOMES.get(actor.role, HOME).format(pool=actor.pool)
        if await self._services.accounts.sessions.roles(actor):
            return "/h5/role"
        if await self._services.organisations.agents.list_own_links(actor):
            return f"/h5/{actor.pool}/agent-requests"
        opens = self._services.deps.book(actor.pool).registration.open
        return with_query("/h5/register", pool=actor.pool) if opens else "/h5/role"

    def _let_in(self, cookie: str, target: str = HOME) -> http.Response:
        """Set the session's cookie and redirect, to pages of ours only."""
        response = http.Response(status=303, headers={"Location": safe_target(target) or HOME})
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(SESSION_TTL.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )
        return response

    def do_not_ask(self, response: http.Response, lasts: timedelta = SESSION_TTL) -> None:
        """Suspend silent log-in in WeChat's browser for a while; at most as long as a session lasts."""
        response.set_cookie(
            ASKED, "1", max_age=int(lasts.total_seconds()), httponly=True, samesite="Lax", secure=self._site.secure
        )

    async def begin(self, request: http.Request) -> http.Response:
        """The bare address: redirects to the own first page, or to the log-in."""
        visitor = await self.find_visitor(request)
        raise http.HTTPSeeOther("/h5/login" if visitor is None else await self.home(visitor))

    # ---- forms

    def form(self, visitor: Actor, action: str) -> str:
        """The hidden field of a form that belongs to this session of this person."""
        return self._site.form_token(action, visitor.session_id or _NOBODY, visitor.account_id or _NOBODY)

    async def fields(
        self, request: http.Request, visitor: Actor, action: str, *, longest: int = FORM_LIMIT
    ) -> dict[str, str]:
        """The fields of such a form; ``longest`` in bytes."""
        return await self._site.read_form(
            request, action, visitor.session_id or _NOBODY, visitor.account_id or _NOBODY, longest=longest
        )

    async def log_out(self, request: http.Request) -> http.Response:
        """With ``everywhere`` all sessions of the person end, else this browser's."""
        visitor = await self.visitor(request, initial_too=True)
        fields = await self.fields(request, visitor, "logout")
        if fields.get("everywhere") == "yes":
            await self._services.accounts.sessions.logout(visitor)
        else:
            await self._logins.log_out(visitor)
        response = http.Response(status=303, headers={"Location": "/h5/login"})
        response.del_cookie(COOKIE)
        self.do_not_ask(response)
        return response


def shown(error: AppError) -> AppError:
    """A refusal that the page itself can show; others are raised and become a page of their own."""
    if error.status not in _ON_PAGE:
        raise error
    return error


def _names_of(books: Iterable[Rulebook]) -> str:
    """The log-in names of all pools: 手机号、身份证号或姓名拼音."""
    taken = {name for book in books for name in book.registration.login_names}
    *before, last = [label for name, label in LOGIN_NAMES.items() if name in taken]
    return f"{'、'.join(before)}或{last}" if before else last


def _has_passwords(book: Rulebook) -> bool:
    return "password" in book.registration.login_ways
