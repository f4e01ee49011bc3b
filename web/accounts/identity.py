"""Log-in of legal entities and their agents by the unified identity platform (统一身份认证).

The values against which the response is checked are stored encrypted in the browser until it returns from the platform.
"""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from urllib.parse import quote, unquote

import aiohttp.web as http
import structlog

from domain.errors import AppError, Forbidden, GatewayError, InvalidInput, Rejected
from services.accounts import WebSessions
from services.core.base import Actor
from services.core.crypto import SealBroken
from services.organisations import Registered
from services.ports import IdentityClaims, LoginStart
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.targets import fitting_target, safe_target, with_query
from web.accounts.user_agent import device_of
from web.core.site import Site

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

COOKIE = "pbt_identity"
_PATH = "/h5/identity"
_BACK = f"{_PATH}/callback"
_PURPOSE = "identity-login"
_STATE_TTL = timedelta(minutes=10)
_LONGEST_CODE = 2048
_LONGEST_NAME = 50
_LONGEST_ORGANISATION = 200
_AGAIN = "请返回登录页，重新点“统一身份认证登录”"


class PlatformAway(AppError):
    """The identity platform didn't respond. No 5xx: our service is well, and trying again later helps."""

    status = 424
    default_code = "identity_away"


class IdentityPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages, logins: WebSessions) -> None:
        self._site = site
        self._services = services
        self._auth = auth
        self._logins = logins

    def add_routes(self) -> None:
        self._site.get(_PATH, self.begin)
        self._site.get(_BACK, self.finish)

    @property
    def _redirect_uri(self) -> str:
        return f"{self._services.deps.public_url}{_BACK}"

    async def begin(self, request: http.Request) -> http.Response:
        """``?pool=`` names the pool to log in to, ``?next=`` the page to continue with."""
        pool, target = self._auth.check_pool(request.query.get("pool", "")), safe_target(request.query.get("next", ""))
        try:
            started = await self._services.accounts.identity_platform.start(self._redirect_uri)
        except GatewayError as error:
            raise _platform_unavailable(error) from error
        response = http.Response(status=303, headers={"Location": started.url})
        response.set_cookie(
            COOKIE,
            self._seal(pool, target, started),
            max_age=int(_STATE_TTL.total_seconds()),
            path=_PATH,
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )
        return response

    async def finish(self, request: http.Request) -> http.Response:
        """The platform redirects the visitor here: ``?code=&state=``, or ``?error=&state=``.

        A cookie serves one response, except while the platform is unavailable: then reloading the page helps.
        """
        pool, target, started = self._open_login_state(request)
        state = request.query.get("state", "")
        if not hmac.compare_digest(state.encode(), started.state.encode()):
            raise Forbidden(f"登录信息不一致，可能同时打开了多个登录页。{_AGAIN}。", code="identity_state")
        try:
            response = await self._enter(request, pool, await self._fetch_claims(request, started), target)
        except PlatformAway:
            raise
        except AppError as error:
            response = self._site.refusal(error)
        response.del_cookie(COOKIE, path=_PATH)
        return response

    # ---- stored in the browser

    def _seal(self, pool: str, target: str, started: LoginStart) -> str:
        until = (self._services.deps.now() + _STATE_TTL).timestamp()
        login_state = json.dumps([pool, target, started.state, started.nonce, started.verifier, until])
        return quote(self._services.deps.keys.seal(login_state, _PURPOSE), safe="")

    def _open_login_state(self, request: http.Request) -> tuple[str, str, LoginStart]:
        try:
            login_state = self._services.deps.keys.open_text(unquote(request.cookies.get(COOKIE, "")), _PURPOSE)
            pool, target, state, nonce, verifier, until = json.loads(login_state)
        except (SealBroken, ValueError) as error:  # ValueError: no ciphertext, or one of another release
            raise _login_expired() from error
        if until <= self._services.deps.now().timestamp() or pool not in self._services.deps.rulebooks:
            raise _login_expired()
        return pool, target, LoginStart("", state, nonce, verifier)

    # ---- the platform's response

    async def _fetch_claims(self, request: http.Request, started: LoginStart) -> IdentityClaims:
        if request.query.get("error") == "access_denied":
            raise Forbidden(f"您没有同意授权，所以没有登录。如需登录，{_AGAIN}并同意授权。", code="identity_denied")
        code = request.query.get("code", "")
        if not 0 < len(code) <= _LONGEST_CODE:
            raise Forbidden(f"统一身份认证平台没有完成登录。{_AGAIN}。", code="identity_no_code")
        try:
            return await self._services.accounts.identity_platform.finish(code, self._redirect_uri, started)
        except Rejected as error:
            log.warning("identity_rejected", code=error.vendor_code)
            raise Forbidden(f"这次登录已失效或已用过。{_AGAIN}。", code="identity_rejected") from error
        except GatewayError as error:
            raise _platform_unavailable(error) from error

    async def _enter(self, request: http.Request, pool: str, claims: IdentityClaims, target: str) -> http.Response:
        registered = await self._register(pool, claims)
        cookie = await self._logins.log_in_for_organisation(
            registered.account_id,
            pool,
            registered.role,
            organisation_id=registered.organisation_id,
            device=device_of(request),
        )
        if cookie is None:
            return self._site.render("accounts/identity.html", organisation=claims.organisation_name)
        if registered.organisation_id is None:
            return await self._auth.enter(request, cookie, await self._next_page(pool, registered, target))
        return await self._auth.enter(request, cookie, fitting_target(target, registered.role))

    async def _next_page(self, pool: str, registered: Registered, target: str) -> str:
        """Next page of a person who has not chosen an enterprise: its requests first, else the choice among those he
        may act for."""
        person = Actor(pool, "guest", registered.account_id)
        links = await self._services.organisations.agents.list_own_links(person)
        waits = any(link.state == "waiting" for link in links)
        return f"/h5/{pool}/agent-requests" if waits else with_query("/h5/role", next=target)

    async def _register(self, pool: str, claims: IdentityClaims) -> Registered:
        try:
            _check_names(claims)
            return await self._services.organisations.legal_entities.register(pool, claims)
        except InvalidInput as error:  # sent by the platform: the visitor typed nothing here
            raise InvalidInput(
                "统一身份认证平台登记的名称、手机号或统一社会信用代码不正确，请到该平台更正后重新登录。",
                code="identity_claims",
            ) from error


def _check_names(claims: IdentityClaims) -> None:
    texts = ((claims.name, _LONGEST_NAME), (claims.organisation_name, _LONGEST_ORGANISATION))
    if any(len(text) > longest or "\0" in text for text, longest in texts):
        raise InvalidInput("名称过长或有无法识别的字符。", code="identity_name")


def _platform_unavailable(error: GatewayError) -> PlatformAway:
    log.warning("identity_away", error=type(error).__name__)
    return PlatformAway("统一身份认证平台暂时无法连接，请稍后刷新重试，或返回登录页用手机验证码登录。")


def _login_expired() -> Forbidden:
    return Forbidden(f"登录已超过10分钟或已完成。{_AGAIN}。", code="identity_expired")
