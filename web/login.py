"""Log-in of desks and agencies: by SMS code at a computer, or by a link that the mini-program hands over.

The unified identity platform is the third way in, see ``web.identity``.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, Unauthenticated
from services.base import Actor
from services.browsers import LASTS, BrowserLogins
from services.permissions import role_name
from services.registry import Services
from services.roles import RoleOption
from web.site import Site

COOKIE = "pbt_desk"
HOME = "/desk"
_NOBODY = UUID(int=0)
_ON_PAGE = {401, 403, 409, 422, 429}


class Door:
    """Knows who sends a request, and lets people in and out."""

    def __init__(self, site: Site, services: Services, logins: BrowserLogins) -> None:
        self._site = site
        self._services = services
        self._logins = logins

    def add_routes(self) -> None:
        self._site.get("/h5/login", self.ask_mobile)
        self._site.post("/h5/login", self.send_code)
        self._site.post("/h5/login/code", self.take_code)
        self._site.get("/h5/login/code", self.ask_mobile)
        self._site.get("/h5/login/{token}", self.hand_over)
        self._site.get("/h5/role", self.ask_role)
        self._site.post("/h5/role", self.take_role)
        self._site.post("/h5/logout", self.log_out)

    async def actor(self, request: http.Request) -> Actor:
        """Who is logged in, in a role. Redirects to the log-in, or to the choice of a role."""
        actor = await self._visitor(request)
        if actor.role == "guest":
            raise http.HTTPSeeOther("/h5/role")
        return actor

    async def _visitor(self, request: http.Request) -> Actor:
        try:
            return await self._logins.resume(request.cookies.get(COOKIE, ""))
        except Unauthenticated as error:
            raise http.HTTPSeeOther("/h5/login") from error

    def role_label(self, actor: Actor) -> str:
        return " · ".join(part for part in (role_name(actor.role), actor.scope) if part)

    # ---- by SMS code

    async def ask_mobile(self, request: http.Request) -> http.Response:
        return self._mobile_page()

    def _mobile_page(self, pool: str = "", mobile: str = "", error: AppError | None = None) -> http.Response:
        pools = {code: book.pool.name for code, book in self._services.deps.rulebooks.items()}
        return self._site.render(
            "login.html", status=error.status if error else 200, pools=pools, pool=pool, mobile=mobile,
            error=error.message if error else "", form=self._site.form_token("login", _NOBODY, _NOBODY),
        )  # fmt: skip

    async def send_code(self, request: http.Request) -> http.Response:
        fields = await self._site.read_form(request, "login", _NOBODY, _NOBODY)
        pool, mobile = fields.get("pool", ""), fields.get("mobile", "").strip()
        try:
            await self._logins.send_code(self.check_pool(pool), mobile)
        except AppError as error:
            return self._mobile_page(pool, mobile, _shown(error))
        return self._code_page(pool, mobile)

    def _code_page(self, pool: str, mobile: str, error: AppError | None = None) -> http.Response:
        return self._site.render(
            "login_code.html", status=error.status if error else 200, pool=pool, mobile=mobile,
            length=self._services.deps.book(pool).login.code_length, error=error.message if error else "",
            hotline=self._services.deps.book(pool).pool.hotline,
            form=self._site.form_token("login", _NOBODY, _NOBODY),
        )  # fmt: skip

    async def take_code(self, request: http.Request) -> http.Response:
        fields = await self._site.read_form(request, "login", _NOBODY, _NOBODY)
        pool, mobile = self.check_pool(fields.get("pool", "")), fields.get("mobile", "").strip()
        try:
            cookie = await self._logins.log_in(pool, mobile, fields.get("code", "").strip())
        except AppError as error:
            return self._code_page(pool, mobile, _shown(error))
        return self.let_in(cookie)

    def check_pool(self, pool: str) -> str:
        """The code of a pool of ours. Raises InvalidInput."""
        if pool not in self._services.deps.rulebooks:
            raise InvalidInput("请选择专家库后重试。", code="no_pool")
        return pool

    # ---- by a link

    async def hand_over(self, request: http.Request) -> http.Response:
        """``?to=/desk/…`` names the page to go on with."""
        target = request.query.get("to", HOME)
        return self.let_in(await self._logins.take_over(request.match_info["token"]), target)

    def let_in(self, cookie: str, target: str = HOME) -> http.Response:
        """Give the browser the cookie of its log-in and send it on, to pages of the desk only."""
        response = http.Response(status=303, headers={"Location": target if _is_ours(target) else HOME})
        response.set_cookie(
            COOKIE, cookie, max_age=int(LASTS.total_seconds()), httponly=True, samesite="Lax", secure=self._site.secure
        )
        return response

    # ---- the role

    async def ask_role(self, request: http.Request) -> http.Response:
        visitor = await self._visitor(request)
        return self._site.render(
            "login_role.html", options=await self._offices(visitor), form=self._form(visitor, "role"),
            out=self._form(visitor, "logout"), current=visitor,
        )  # fmt: skip

    async def _offices(self, visitor: Actor) -> list[RoleOption]:
        return [option for option in await self._services.sessions.roles(visitor) if option.role != "expert"]

    def _form(self, visitor: Actor, deed: str) -> str:
        return self._site.form_token(deed, visitor.session_id or _NOBODY, visitor.account_id or _NOBODY)

    async def take_role(self, request: http.Request) -> http.Response:
        visitor = await self._visitor(request)
        fields = await self._fields(request, visitor, "role")
        options = await self._offices(visitor)
        number = fields.get("option", "")
        if not number.isascii() or not number.isdigit() or int(number[:4]) >= len(options):
            raise InvalidInput("请从身份列表中选择。", code="no_role")
        option = options[int(number)]
        await self._services.sessions.choose_role(
            visitor, option.role, scope=option.scope, organisation_id=option.organisation_id
        )
        raise http.HTTPSeeOther(HOME)

    async def _fields(self, request: http.Request, visitor: Actor, deed: str) -> dict[str, str]:
        return await self._site.read_form(request, deed, visitor.session_id or _NOBODY, visitor.account_id or _NOBODY)

    async def log_out(self, request: http.Request) -> http.Response:
        visitor = await self._visitor(request)
        await self._fields(request, visitor, "logout")
        await self._logins.log_out(visitor)
        response = http.Response(status=303, headers={"Location": "/h5/login"})
        response.del_cookie(COOKIE)
        return response


def _shown(error: AppError) -> AppError:
    """A refusal that the page itself can show; others become a page of their own."""
    if error.status not in _ON_PAGE:
        raise error
    return error


def _is_ours(target: str) -> bool:
    """A path below the desk, so that a link can't lead elsewhere."""
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc and (target == HOME or target.startswith(f"{HOME}/"))
