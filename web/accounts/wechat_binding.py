"""``/h5/wechat/bind``: a person who logged in or registered inside WeChat binds this WeChat account by a tap; no SMS,
no second consent.

The person confirms in a form of this session, and only then WeChat is asked silently for the openid. The response is
valid once, for that session and browser. Opening an address never binds an account, so no link can be misused for it.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from urllib.parse import quote, unquote

import aiohttp.web as http
import structlog

from domain.errors import AppError, Conflict, GatewayError, Rejected
from services.core.base import Actor
from services.core.crypto import SealBroken
from services.registry import Services
from web.accounts.login import AuthPages, shown
from web.accounts.targets import BIND, safe_target
from web.accounts.user_agent import in_wechat
from web.core.site import Site
from web.core.wechat import CODE, STATE_TTL

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

COOKIE = "pbt_linking"
_BACK = f"{BIND}/back"
_PURPOSE = "wechat-link"


@dataclass(frozen=True)
class _Asked:
    """The confirmed binding: session, privacy text, and page to continue with."""

    session_id: str
    privacy: str
    target: str
    state: str


class WechatBindingPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get(BIND, self.offer)
        self._site.post(BIND, self.ask_wechat)
        self._site.get(_BACK, self.back)

    async def offer(self, request: http.Request) -> http.Response:
        visitor = await self._auth.visitor(request)
        target = await self._target(visitor, request.query.get("next", ""))
        can_ask = in_wechat(request) and self._has_account(visitor.pool)
        if not can_ask or not await self._services.accounts.linking.may_bind_chat(visitor):
            raise http.HTTPSeeOther(target)
        return await self._page(visitor, target)

    def _has_account(self, pool: str) -> bool:
        """Whether the pool has an official account."""
        try:
            return bool(self._authorize_url(pool, ""))
        except Rejected:
            return False

    def _authorize_url(self, pool: str, state: str) -> str:
        url = f"{self._services.deps.public_url}{_BACK}"
        return self._services.accounts.wechat_web.authorize_url(pool, url, state)

    async def _target(self, visitor: Actor, wanted: str) -> str:
        return safe_target(wanted) or await self._auth.home(visitor)

    async def _page(self, visitor: Actor, target: str, error: AppError | None = None) -> http.Response:
        book = self._services.deps.book(visitor.pool)
        profile = await self._services.accounts.credentials.profile(visitor)
        return self._site.render(
            "accounts/wechat_bind.html",
            status=error.status if error else 200,
            pool_name=book.pool.name,
            next=target,
            mobile=profile.masked_mobile,
            name=profile.masked_name,
            error=error.message if error else "",
            privacy="" if profile.consent else book.pool.privacy_text,
            version=book.pool.privacy_version,
            hotline=book.pool.hotline,
            form=self._auth.form(visitor, "wechat_bind"),
        )

    async def ask_wechat(self, request: http.Request) -> http.Response:
        """After confirmation: redirect to WeChat, which identifies the browser. Its response is valid for this session
        only."""
        visitor = await self._auth.visitor(request)
        fields = await self._auth.fields(request, visitor, "wechat_bind")
        target, state = await self._target(visitor, fields.get("next", "")), secrets.token_hex(16)
        if fields.get("command") != "bind":
            raise http.HTTPSeeOther(target)
        try:
            url = self._authorize_url(visitor.pool, state)
        except Rejected:  # this pool has no official account
            raise http.HTTPSeeOther(target) from None
        response = http.Response(status=303, headers={"Location": url})
        until = (self._services.deps.now() + STATE_TTL).timestamp()
        asked = [str(visitor.session_id), fields.get("privacy", "")[:32], target, state, until]
        response.set_cookie(
            COOKIE,
            quote(self._services.deps.keys.seal(json.dumps(asked), _PURPOSE), safe=""),
            max_age=int(STATE_TTL.total_seconds()),
            path=BIND,
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )
        return response

    async def back(self, request: http.Request) -> http.Response:
        visitor = await self._auth.visitor(request)
        asked = self._opened(request)
        answers = asked is not None and hmac.compare_digest(
            request.query.get("state", "").encode(), asked.state.encode()
        )
        if asked is None or not answers or asked.session_id != str(visitor.session_id):
            return await self._page(visitor, await self._target(visitor, ""), _stale())
        try:
            await self._link(request, visitor, asked)
        except AppError as error:
            return await self._page(visitor, asked.target, shown(error))
        response = http.Response(status=303, headers={"Location": asked.target})
        response.del_cookie(COOKIE, path=BIND)
        return response

    def _opened(self, request: http.Request) -> _Asked | None:
        try:
            sealed = unquote(request.cookies.get(COOKIE, ""))
            session, privacy, target, state, until = json.loads(self._services.deps.keys.open_text(sealed, _PURPOSE))
        except (SealBroken, ValueError):  # ValueError: too short for a ciphertext
            return None
        return _Asked(session, privacy, target, state) if until > self._services.deps.now().timestamp() else None

    async def _link(self, request: http.Request, visitor: Actor, asked: _Asked) -> None:
        """Raises Conflict for a WeChat account that is unknown or bound to another person, and for a repeated
        response."""
        code = request.query.get("code", "")
        if not CODE.fullmatch(code):
            raise _stale()
        try:
            user = await self._services.accounts.wechat_web.web_user(visitor.pool, code)
        except GatewayError as error:
            log.warning("wechat_link_away", error=type(error).__name__)
            raise _away() from error
        if user.snapshot:
            raise _away()
        await self._services.accounts.linking.link_visitor(
            visitor, user.appid, user.openid, asked.privacy, serves_once=asked.state
        )


def _stale() -> Conflict:
    return Conflict("这次确认已失效，没有绑定。请再点一次“绑定并继续”。", code="join_stale")


def _away() -> Conflict:
    return Conflict("暂时无法确认您的微信，没有绑定。请稍后再试，或点“暂不绑定”先办理。", code="join_away")
