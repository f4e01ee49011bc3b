"""Authentication of requests, and log-in sessions in the browser.

People log in by the forms of ``web.accounts.login_pages``, in WeChat's own browser by ``web.accounts.wechat_login``, or
by the unified identity platform, ``web.accounts.identity``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import aiohttp.web as http

from domain.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from services.accounts import KNOWN_BROWSER_TTL, SESSION_TTL, Puzzle, Source, WebSessions
from services.core.base import Actor
from services.core.permissions import role_name
from services.registry import Services
from web.accounts.doors import Door, door_to, read_door, remember_door
from web.accounts.sent_codes import SentCodes
from web.accounts.targets import binding_page, fitting_target, requested_page, safe_target, with_note, with_query
from web.accounts.user_agent import in_wechat
from web.core.form_values import NOBODY
from web.core.forms import FORM_LIMIT
from web.core.site import POOL, Site

COOKIE = "pbt_session"
SKIP_WECHAT = "pbt_asked"
"""The cookie that is set after a silent log-in by WeChat failed, or after a log-out: no silent log-in for a while."""
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


class AuthPages:
    """Authenticates requests, starts log-ins and ends them."""

    def __init__(self, site: Site, services: Services, logins: WebSessions) -> None:
        self._site = site
        self._services = services
        self._logins = logins
        self.sent_codes = SentCodes(services.deps, secure=site.secure)

    def add_routes(self) -> None:
        self._site.post("/h5/logout", self.log_out)

    # ---- authentication

    async def actor(self, request: http.Request) -> Actor:
        """The logged-in person in a staff role. Redirects to the log-in, or to the choice of a role."""
        actor = await self.visitor(request)
        if actor.role in ("guest", "expert", "applicant"):
            raise http.HTTPSeeOther(with_query("/h5/role", next=requested_page(request)))
        return actor

    async def person(self, request: http.Request) -> Actor:
        """The applicant or expert of the pool in the address, even if a staff role is chosen.

        Redirects to the steps that must come first: logging in, changing an initial password, registering, consenting.
        Afterwards the person returns to the requested page.
        """
        holder = await self.holder(request)
        if holder.role not in ("expert", "applicant"):
            raise http.HTTPSeeOther(with_query("/h5/register", pool=holder.pool, next=requested_page(request)))
        return holder

    async def holder(self, request: http.Request) -> Actor:
        """The person logged in to the pool in the address, staff included; as its applicant or expert where the person
        is one.

        Redirects as ``person`` does, except for registering.
        """
        pool = self._pool_of(request)
        visitor = await self.visitor(request, pool)
        if visitor.pool != pool:
            raise http.HTTPSeeOther(with_query("/h5/login", pool=pool, next=requested_page(request)))
        person = await self._person_of(visitor)
        if person is None:
            return visitor
        if person.needs_consent:
            raise http.HTTPSeeOther(with_query(f"/h5/{pool}/consent", next=requested_page(request)))
        return person

    async def find_person(self, request: http.Request) -> Actor | None:
        """As ``person``, for a page that everyone may read: None instead of a redirect."""
        try:
            visitor = await self._logins.resume(request.cookies.get(COOKIE, ""))
        except (Unauthenticated, Forbidden):
            return None
        return await self._person_of(visitor) if visitor.pool == self._pool_of(request) else None

    async def find_holder(self, request: http.Request) -> Actor | None:
        """As ``holder``, for a page that everyone may read: None instead of a redirect."""
        visitor = await self.find_visitor(request)
        if visitor is None or visitor.pool != self._pool_of(request):
            return None
        return await self._person_of(visitor) or visitor

    async def visitor(self, request: http.Request, pool: str = "", *, initial_too: bool = False) -> Actor:
        """The logged-in person, with or without a role; ``pool`` is where to log in otherwise."""
        try:
            actor = await self._logins.resume(request.cookies.get(COOKIE, ""), initial_too=initial_too)
            request[POOL] = actor.pool
            return actor
        except Unauthenticated as error:
            silently = pool and in_wechat(request) and SKIP_WECHAT not in request.cookies and request.method == "GET"
            way = "/h5/wechat" if silently else "/h5/login"
            raise http.HTTPSeeOther(with_query(way, pool=pool, next=requested_page(request))) from error
        except Forbidden as error:
            if error.code != "password_must_change":
                raise
            way = f"/h5/{error.params['pool']}/account/password"
            raise http.HTTPSeeOther(with_query(way, next=requested_page(request))) from error

    async def visitor_of_pool(self, request: http.Request, *, initial_too: bool = False) -> Actor:
        """The person logged in to the pool in the address, in any role, also before registering and consenting."""
        pool = self.check_pool(request.match_info["pool"])
        visitor = await self.visitor(request, pool, initial_too=initial_too)
        if visitor.pool != pool:
            raise http.HTTPSeeOther(with_query("/h5/login", pool=pool))
        return visitor

    async def find_visitor(self, request: http.Request) -> Actor | None:
        """The logged-in person, or None."""
        try:
            return await self._logins.resume(request.cookies.get(COOKIE, ""))
        except (Unauthenticated, Forbidden):
            return None

    async def _person_of(self, visitor: Actor) -> Actor | None:
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

    # ---- for pages before the log-in

    def source(self, request: http.Request) -> Source:
        """Where a visitor without log-in comes from, for rate limits."""
        return Source(self._site.address_of(request), self._logins.known_browser(request.cookies.get(KNOWN, "")))

    def puzzle(self, request: http.Request) -> Puzzle | None:
        """The puzzle for the browser on pages that request codes; None for a known browser."""
        source = self.source(request)
        return None if source.is_identified else self._services.accounts.puzzles.issue(source.address)

    # ---- log-in sessions

    async def enter(
        self, request: http.Request, cookie: str, target: str = "", *, offers_binding: bool = True, note: str = ""
    ) -> http.Response:
        """Start a new session in the browser, ending its previous one, and redirect to a page of ours.

        ``offers_binding``: inside WeChat first the page that binds the account, unless the mini-program opened the
        page. ``note``: the code of a message on the first page that is shown.
        """
        await self._logins.end_browser_session(request.cookies.get(COOKIE, ""))
        actor = await self._choose_remembered_role(request, await self._logins.resume(cookie, initial_too=True), target)
        response = self._set_session_cookie(cookie, safe_target(target) or await self.home(actor))
        if offers_binding and in_wechat(request) and await self._services.accounts.linking.may_bind_chat(actor):
            response.headers["Location"] = binding_page(response.headers["Location"])
        if note:
            response.headers["Location"] = with_note(response.headers["Location"], note)
        await self._remember(request, response, actor)
        self.sent_codes.forget(response)
        return response

    async def _choose_remembered_role(self, request: http.Request, actor: Actor, target: str) -> Actor:
        """Who holds several roles goes on in the one in which this browser was used last, unless the page to continue
        with is for another."""
        door = read_door(request)
        if actor.role != "guest" or door.pool != actor.pool:
            return actor
        sessions = self._services.accounts.sessions
        option = door.choose(await sessions.roles(actor))
        if option is None or (safe_target(target) and not fitting_target(target, option.role)):
            return actor
        await sessions.choose_role(actor, option.role, scope=option.scope, organisation_id=option.organisation_id)
        return replace(
            actor,
            role=option.role,
            scope=option.scope,
            organisation_id=option.organisation_id,
            expert_id=option.expert_id,
        )

    def remember_door(self, response: http.Response, door: Door) -> None:
        """Remember in this browser where, and in which role, its person logs in."""
        remember_door(response, door, secure=self._site.secure)

    async def _remember(self, request: http.Request, response: http.Response, actor: Actor) -> None:
        """Mark this browser as known for the person, and remember where and in which role."""
        if actor.role != "guest":
            self.remember_door(response, door_to(actor.pool, actor))
        elif read_door(request).pool != actor.pool:
            self.remember_door(response, Door(actor.pool))
        if actor.account_id is None:
            return
        browser_cookie = await self._logins.remember_browser(request.cookies.get(KNOWN, ""), actor.account_id)
        response.set_cookie(
            KNOWN,
            browser_cookie,
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

    def _set_session_cookie(self, cookie: str, target: str = HOME) -> http.Response:
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

    def skip_wechat(self, response: http.Response, lasts: timedelta = SESSION_TTL) -> None:
        """Suspend silent log-in in WeChat's browser for a while; at most as long as a session lasts."""
        response.set_cookie(
            SKIP_WECHAT,
            "1",
            max_age=int(lasts.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )

    # ---- forms

    def form(self, visitor: Actor, action: str) -> str:
        """The hidden field of a form that belongs to this session of this person."""
        return self._site.form_token(action, visitor.session_id or NOBODY, visitor.account_id or NOBODY)

    async def fields(
        self, request: http.Request, visitor: Actor, action: str, *, longest: int = FORM_LIMIT
    ) -> dict[str, str]:
        """The fields of such a form; ``longest`` in bytes."""
        return await self._site.read_form(
            request, action, visitor.session_id or NOBODY, visitor.account_id or NOBODY, longest=longest
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
        self.skip_wechat(response)
        return response
