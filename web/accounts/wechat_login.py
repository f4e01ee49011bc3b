"""``/h5/wechat``: inside WeChat's own browser, a person with a bound WeChat account is logged in without typing
anything.

WeChat is asked silently (snsapi_base) for the openid. The values against which the response is checked are stored
encrypted in the browser. Visitors without binding get the log-in page, and WeChat is not asked again for the duration
of a session.
"""

from __future__ import annotations

import hmac
import json
import secrets
from datetime import timedelta
from urllib.parse import quote, unquote, urlencode

import aiohttp.web as http
import structlog

from domain.errors import AppError, GatewayError, Rejected
from services.accounts import WebSessions
from services.core.crypto import SealBroken
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.targets import safe_target
from web.accounts.user_agent import device_of, is_wechat
from web.core.site import Site
from web.core.wechat import CODE, STATE_TTL

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

COOKIE = "pbt_wechat"
_PATH = "/h5/wechat"
_SKIP_WECHAT_TTL = timedelta(minutes=2)
"""How long links skip WeChat after it named an account that is not bound; the person may bind in the chat meanwhile."""
_PURPOSE = "wechat-login"


class WechatPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages, logins: WebSessions) -> None:
        self._site = site
        self._services = services
        self._auth = auth
        self._logins = logins

    def add_routes(self) -> None:
        self._site.get(_PATH, self.begin)
        self._site.get(f"{_PATH}/back", self.finish)

    async def begin(self, request: http.Request) -> http.Response:
        """``?pool=``, and ``?next=`` the page to continue with, to which a logged-in visitor goes at once.

        Other browsers can't ask WeChat and get the log-in page.
        """
        pool = self._auth.check_pool(request.query.get("pool", ""))
        target, state = safe_target(request.query.get("next", "")), secrets.token_hex(16)
        visitor = await self._auth.find_visitor(request)
        if visitor is not None and visitor.pool == pool:
            raise http.HTTPSeeOther(target or await self._auth.home(visitor))
        if not is_wechat(request):
            return self._to_log_in(pool, target)
        back = f"{self._services.deps.public_url}{_PATH}/back"
        try:
            url = self._services.accounts.wechat_web.authorize_url(pool, back, state)
        except Rejected:  # this pool has no official account
            return self._to_log_in(pool, target)
        response = http.Response(status=303, headers={"Location": url})
        until = (self._services.deps.now() + STATE_TTL).timestamp()
        sealed = self._services.deps.keys.seal(json.dumps([pool, target, state, until]), _PURPOSE)
        response.set_cookie(
            COOKIE,
            quote(sealed, safe=""),
            max_age=int(STATE_TTL.total_seconds()),
            path=_PATH,
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )
        return response

    def _to_log_in(self, pool: str, target: str) -> http.Response:
        query = urlencode({"pool": pool, "next": target})
        response = http.Response(status=303, headers={"Location": f"/h5/login?{query}"})
        response.del_cookie(COOKIE, path=_PATH)
        self._auth.skip_wechat(response, _SKIP_WECHAT_TTL)
        return response

    async def finish(self, request: http.Request) -> http.Response:
        """WeChat redirects the browser here with a code that identifies it. Any irregularity leads to the log-in
        page."""
        login_state = self._open_login_state(request)
        if login_state is None:
            raise http.HTTPSeeOther("/h5/login")
        pool, target, state = login_state
        if not hmac.compare_digest(request.query.get("state", "").encode(), state.encode()):
            return self._to_log_in(pool, target)
        try:
            cookie = await self._enter(request, pool)
        except AppError as error:  # disabled, or no role here: the log-in page reports it on a try
            log.info("wechat_login_refused", code=error.code)
            cookie = None
        if cookie is None:
            return self._to_log_in(pool, target)
        response = await self._auth.enter(request, cookie, target)
        response.del_cookie(COOKIE, path=_PATH)
        return response

    def _open_login_state(self, request: http.Request) -> tuple[str, str, str] | None:
        try:
            sealed = unquote(request.cookies.get(COOKIE, ""))
            pool, target, state, until = json.loads(self._services.deps.keys.open_text(sealed, _PURPOSE))
        except (SealBroken, ValueError):  # ValueError: too short for a ciphertext
            return None
        live = until > self._services.deps.now().timestamp() and pool in self._services.deps.rulebooks
        return (pool, target, state) if live else None

    async def _enter(self, request: http.Request, pool: str) -> str | None:
        """The session cookie of a bound visitor; None for anyone else, and while WeChat is unavailable."""
        code = request.query.get("code", "")
        if not CODE.fullmatch(code):
            return None
        try:
            user = await self._services.accounts.wechat_web.web_user(pool, code)
        except GatewayError as error:
            log.warning("wechat_login_away", error=type(error).__name__)
            return None
        if user.snapshot:
            return None
        who = await self._services.accounts.bindings.find_reader(pool, user.openid)
        if who.account_id is None:
            return None
        return await self._logins.log_in_authenticated(who.account_id, device=device_of(request))
