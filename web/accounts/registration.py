"""``/h5/register`` and ``/h5/forgot``: registration with a pool, and reset of a forgotten password. No scripts needed.

Both ask for the mobile first and send a code; the second page asks for the rest, and can send the code again without
losing what was typed.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.accounts import TAIL, Purpose, RegistrationForm
from services.core.base import Actor
from services.registry import Services
from web.accounts.login import TRIES, AuthPages, shown
from web.accounts.targets import query_with_target, safe_target
from web.accounts.user_agent import device_of
from web.core.site import Site

_NOBODY = UUID(int=0)
_LONGEST = 60


class RegistrationPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/register", self.begin)
        self._site.post("/h5/register", self.send_code)
        self._site.get("/h5/register/new", self.code_form)
        self._site.post("/h5/register/new", self.register)
        self._site.get("/h5/forgot", self.begin_forgotten)
        self._site.post("/h5/forgot", self.send_code_forgotten)
        self._site.get("/h5/forgot/new", self.forgotten_code_form)
        self._site.post("/h5/forgot/new", self.reset)

    # ---- registering

    async def begin(self, request: http.Request) -> http.Response:
        """A logged-in visitor has a verified mobile already and goes straight to the form."""
        pool, target = request.query.get("pool", ""), safe_target(request.query.get("next", ""))
        visitor = await self._auth.find_visitor(request)
        if visitor is not None and pool in ("", visitor.pool):
            profile = await self._services.accounts.credentials.profile(visitor)
            if profile.registered:
                raise http.HTTPSeeOther(target or await self._auth.home(visitor))
            return self._form_page(request, visitor.pool, {"next": target}, own_mobile=profile.masked_mobile)
        return self._mobile_page(request, "register", pool, target=target)

    def _mobile_page(
        self,
        request: http.Request,
        action: str,
        pool: str,
        *,
        mobile: str = "",
        error: AppError | None = None,
        target: str = "",
    ) -> http.Response:
        books = self._services.deps.rulebooks
        known = {pool: books[pool]} if pool in books else books
        closed = {code: book.registration.closed for code, book in known.items() if not book.registration.open}
        offered = {code: book.pool.name for code, book in known.items() if action == "forgot" or book.registration.open}
        return self._site.render(
            "accounts/register.html",
            status=error.status if error else 200,
            action=action,
            pools=offered,
            pool=pool,
            mobile=mobile,
            closed="" if offered else " ".join(dict.fromkeys(closed.values())),
            next=target,
            error=error.message if error else "",
            wrong=error.field if error else "",
            form=self._site.form_token(action, _NOBODY, _NOBODY),
            puzzle=self._auth.puzzle(request),
        )

    async def send_code(self, request: http.Request) -> http.Response:
        """Also the second page's button for another code, which sends back what was typed."""
        await self._site.check_rate(request, "register_code", *TRIES)
        fields = await self._site.read_form(request, "register", _NOBODY, _NOBODY)
        pool = self._auth.check_pool(fields.get("pool", ""))
        try:
            self._services.accounts.registration.check_open(pool)
            await self._send(request, fields, "register")
        except AppError as error:
            if "name" in fields:
                return self._form_page(request, pool, fields, error=shown(error))
            target = safe_target(fields.get("next", ""))
            return self._mobile_page(
                request, "register", pool, mobile=_mobile(fields), error=shown(error), target=target
            )
        if "name" in fields:
            return self._form_page(request, pool, fields, note=_sent(_mobile(fields)))
        query = query_with_target(pool, fields.get("next", ""))
        return self._auth.sent.redirect_to_code(
            "register", "/h5/register/new", query, pool=pool, mobile=_mobile(fields)
        )

    async def code_form(self, request: http.Request) -> http.Response:
        """The form after a code was sent; without one, the first step again."""
        kept = self._auth.sent.find(request, "register")
        if not kept:
            return await self.begin(request)
        fields = {"mobile": kept["mobile"], "next": request.query.get("next", "")}
        return self._form_page(request, kept["pool"], fields, note=_sent(kept["mobile"]))

    async def _send(self, request: http.Request, fields: dict[str, str], purpose: Purpose) -> None:
        await self._services.accounts.bindings.send_code(
            fields["pool"], _mobile(fields), purpose, source=self._auth.source(request), proof=fields.get("proof", "")
        )

    def _form_page(
        self,
        request: http.Request,
        pool: str,
        fields: dict[str, str],
        *,
        own_mobile: str = "",
        note: str = "",
        error: AppError | None = None,
    ) -> http.Response:
        book = self._services.deps.book(pool)
        return self._site.render(
            "accounts/register_form.html",
            status=error.status if error else 200,
            pool=pool,
            pool_name=book.pool.name,
            mobile=_mobile(fields),
            own_mobile=own_mobile,
            name=fields.get("name", "")[:_LONGEST],
            id_number=fields.get("id_number", "")[:_LONGEST],
            code=fields.get("code", "")[:8],
            next=safe_target(fields.get("next", "")),
            note=note,
            error=error.message if error else "",
            wrong=error.field if error else "",
            code_length=book.login.code_length,
            passwords="password" in book.registration.login_ways,
            rule=book.registration.password.rule(),
            read=fields.get("privacy") == book.pool.privacy_version,
            honest=fields.get("honesty") == "yes",
            honesty=book.registration.honesty,
            privacy=book.pool.privacy_text,
            version=book.pool.privacy_version,
            form=self._site.form_token("register", _NOBODY, _NOBODY),
            hotline=book.pool.hotline,
            puzzle=None if own_mobile else self._auth.puzzle(request),
        )

    async def register(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "register", *TRIES)
        fields = await self._site.read_form(request, "register", _NOBODY, _NOBODY)
        pool = self._auth.check_pool(fields.get("pool", ""))
        visitor = await self._auth.find_visitor(request)
        own = visitor if visitor is not None and visitor.pool == pool and not _mobile(fields) else None
        try:
            cookie = await self._register(request, pool, fields, own)
        except AppError as error:
            masked = (await self._services.accounts.credentials.profile(own)).masked_mobile if own else ""
            return self._form_page(request, pool, fields, own_mobile=masked, error=shown(error))
        return await self._auth.enter(request, cookie, fields.get("next", ""))

    async def _register(self, request: http.Request, pool: str, fields: dict[str, str], own: Actor | None) -> str:
        """Returns the cookie of the new person's session."""
        _check_repeated(fields)
        if not fields.get("password") and "password" in self._services.deps.book(pool).registration.login_ways:
            raise InvalidInput("请设置登录密码。", code="no_password", field="password")
        form = RegistrationForm(
            name=fields.get("name", "")[:_LONGEST],
            id_number=fields.get("id_number", "")[:_LONGEST],
            privacy_version=fields.get("privacy", "")[:32],
            agreed=fields.get("honesty") == "yes",
            mobile=_mobile(fields),
            code=fields.get("code", "").strip()[:8],
            password=fields.get("password", ""),
        )
        done = await self._services.accounts.registration.register(
            own or Actor(pool, "guest"), form, source=self._auth.source(request), key=_key(fields)
        )
        return await self._services.accounts.web_sessions.log_in_authenticated(
            done.account_id, device=device_of(request)
        )

    # ---- a forgotten password

    async def begin_forgotten(self, request: http.Request) -> http.Response:
        target = safe_target(request.query.get("next", ""))
        return self._mobile_page(request, "forgot", request.query.get("pool", ""), target=target)

    async def send_code_forgotten(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "forgot_code", *TRIES)
        fields = await self._site.read_form(request, "forgot", _NOBODY, _NOBODY)
        pool, target = self._auth.check_pool(fields.get("pool", "")), safe_target(fields.get("next", ""))
        try:
            await self._send(request, fields, "password")
        except AppError as error:
            return self._mobile_page(request, "forgot", pool, mobile=_mobile(fields), error=shown(error), target=target)
        if "id_tail" in fields:
            return self._reset_page(request, pool, fields, note=_perhaps_sent(_mobile(fields)))
        query = query_with_target(pool, target)
        return self._auth.sent.redirect_to_code("forgot", "/h5/forgot/new", query, pool=pool, mobile=_mobile(fields))

    async def forgotten_code_form(self, request: http.Request) -> http.Response:
        kept = self._auth.sent.find(request, "forgot")
        if not kept:
            return await self.begin_forgotten(request)
        fields = {"mobile": kept["mobile"], "next": request.query.get("next", "")}
        return self._reset_page(request, kept["pool"], fields, note=_perhaps_sent(kept["mobile"]))

    def _reset_page(
        self, request: http.Request, pool: str, fields: dict[str, str], *, note: str = "", error: AppError | None = None
    ) -> http.Response:
        book = self._services.deps.book(pool)
        return self._site.render(
            "accounts/forgot_password.html",
            status=error.status if error else 200,
            pool=pool,
            mobile=_mobile(fields),
            tail=TAIL,
            id_tail=fields.get("id_tail", "")[:TAIL],
            code_length=book.login.code_length,
            note=note,
            rule=book.registration.password.rule(),
            error=error.message if error else "",
            wrong=error.field if error else "",
            next=safe_target(fields.get("next", "")),
            form=self._site.form_token("forgot", _NOBODY, _NOBODY),
            hotline=book.pool.hotline,
            puzzle=self._auth.puzzle(request),
        )

    async def reset(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "forgot", *TRIES)
        fields = await self._site.read_form(request, "forgot", _NOBODY, _NOBODY)
        pool = self._auth.check_pool(fields.get("pool", ""))
        try:
            _check_repeated(fields)
            await self._services.accounts.credentials.reset_password(
                pool,
                _mobile(fields),
                fields.get("code", "").strip()[:8],
                fields.get("id_tail", ""),
                fields.get("password", ""),
                self._auth.source(request),
            )
        except AppError as error:
            return self._reset_page(request, pool, fields, error=shown(error))
        return self._site.render(
            "accounts/forgot_password_done.html", pool=pool, next=safe_target(fields.get("next", ""))
        )


def _mobile(fields: dict[str, str]) -> str:
    return fields.get("mobile", "").strip()[:20]


def _masked(mobile: str) -> str:
    return f"{mobile[:3]}****{mobile[-4:]}"


def _sent(mobile: str) -> str:
    return f"验证码已发送到{_masked(mobile)}，请查收短信。"


def _perhaps_sent(mobile: str) -> str:
    """Sends a code; the response is the same for unknown numbers."""
    return f"如果{_masked(mobile)}已注册，验证码短信已经发出。"


def _check_repeated(fields: dict[str, str]) -> None:
    """Raises InvalidInput unless both entries of the new password are equal."""
    if fields.get("password", "") != fields.get("again", ""):
        raise InvalidInput("两次输入的密码不一致，请重新输入。", code="password_differs", field="again")


def _key(fields: dict[str, str]) -> str:
    """Idempotency key: the same for a form that is sent twice; the form's own token keeps other visitors out."""
    parts = [f"{name}={fields.get(name, '')}" for name in ("form", "pool", "mobile", "code", "name", "id_number")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
