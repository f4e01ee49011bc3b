"""``/h5/wechat/bind``: a person who logged in or registered inside WeChat binds this WeChat account by a tap; no SMS,
no second consent.

The person confirms in a form of this session, and only then WeChat is asked silently for the openid. The response is
valid once, for that session and browser. Opening an address never binds an account, so no link can be misused for it.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, unquote

import aiohttp.web as http
import structlog

from domain.errors import AppError, Conflict, GatewayError, Rejected
from services.core.base import Actor
from services.core.crypto import SealBroken
from web.accounts.person_pages import PersonPages
from web.accounts.targets import BIND, REGISTERED, safe_target
from web.accounts.user_agent import in_wechat
from web.core.pages import Redirect, Visit, page, resource
from web.core.site import ON_PAGE
from web.core.typed_forms import Lines
from web.core.wechat import CODE, STATE_TTL

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

COOKIE = "pbt_linking"
_BACK = f"{BIND}/back"
_PURPOSE = "wechat-link"


@dataclass(frozen=True)
class _Target:
    next: str


@dataclass(frozen=True)
class _Binding(_Target):
    """``privacy`` is the version of the text that was read."""

    privacy: Annotated[str, Lines(32)]


@dataclass(frozen=True)
class _Confirmation:
    """The confirmed binding: session, privacy text, and page to continue with."""

    session_id: str
    privacy: str
    target: str
    state: str


class WechatBindingPages(PersonPages):
    form_name = "wechat_bind"
    notes = REGISTERED
    on_page = ON_PAGE | {401, 403}

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.visitor(request)

    @page(BIND, "accounts/wechat_bind.html")
    async def offer(self, visit: Visit) -> Mapping[str, object]:
        target = await self._target(visit.actor, visit.request.query.get("next", ""))
        can_ask = in_wechat(visit.request) and self._has_account(visit.actor.pool)
        if not can_ask or not await self.services.accounts.linking.may_bind_chat(visit.actor):
            raise http.HTTPSeeOther(target)
        return await self._values(visit.actor, target)

    def _has_account(self, pool: str) -> bool:
        """Whether the pool has an official account."""
        try:
            return bool(self._authorize_url(pool, ""))
        except Rejected:
            return False

    def _authorize_url(self, pool: str, state: str) -> str:
        url = f"{self.services.deps.public_url}{_BACK}"
        return self.services.accounts.wechat_web.authorize_url(pool, url, state)

    async def _target(self, visitor: Actor, wanted: str) -> str:
        return safe_target(wanted) or await self.auth.home(visitor)

    async def _values(self, visitor: Actor, target: str) -> dict[str, object]:
        book = self.services.deps.book(visitor.pool)
        profile = await self.services.accounts.credentials.profile(visitor)
        return {
            "pool_name": book.pool.name,
            "next": target,
            "mobile": profile.masked_mobile,
            "name": profile.masked_name,
            "privacy": "" if profile.consent else book.pool.privacy_text,
            "version": book.pool.privacy_version,
            "hotline": book.pool.hotline,
        }

    @offer.command(_Target)
    async def skip(self, visit: Visit, form: _Target) -> Redirect:
        return Redirect(await self._target(visit.actor, form.next))

    @offer.command(_Binding, "bind")
    async def ask_wechat(self, visit: Visit, form: _Binding) -> http.Response | Redirect:
        """After confirmation: redirect to WeChat, which identifies the browser. Its response is valid for this session
        only."""
        target, state = await self._target(visit.actor, form.next), secrets.token_hex(16)
        try:
            url = self._authorize_url(visit.actor.pool, state)
        except Rejected:  # this pool has no official account
            return Redirect(target)
        response = http.Response(status=303, headers={"Location": url})
        until = (self.services.deps.now() + STATE_TTL).timestamp()
        confirmation = [str(visit.actor.session_id), form.privacy, target, state, until]
        response.set_cookie(
            COOKIE,
            quote(self.services.deps.keys.seal(json.dumps(confirmation), _PURPOSE), safe=""),
            max_age=int(STATE_TTL.total_seconds()),
            path=BIND,
            httponly=True,
            samesite="Lax",
            secure=self.site.secure,
        )
        return response

    @resource(_BACK)
    async def finish(self, visit: Visit) -> http.Response:
        """WeChat redirects the browser here."""
        visitor, confirmation = visit.actor, self._open_confirmation(visit.request)
        answers = confirmation is not None and hmac.compare_digest(
            visit.request.query.get("state", "").encode(), confirmation.state.encode()
        )
        if confirmation is None or not answers or confirmation.session_id != str(visitor.session_id):
            return await self._refuse(visit, await self._target(visitor, ""), _confirmation_expired())
        try:
            await self._link(visit.request, visitor, confirmation)
        except AppError as error:
            return await self._refuse(visit, confirmation.target, self.refusal_on_page(error))
        response = http.Response(status=303, headers={"Location": confirmation.target})
        response.del_cookie(COOKIE, path=BIND)
        return response

    async def _refuse(self, visit: Visit, target: str, error: AppError) -> http.Response:
        """The page again, with the reason."""
        values = await self._values(visit.actor, target)
        return self.show(visit.actor, "accounts/wechat_bind.html", visit.request, error=error, **values)

    def _open_confirmation(self, request: http.Request) -> _Confirmation | None:
        try:
            sealed = unquote(request.cookies.get(COOKIE, ""))
            session, privacy, target, state, until = json.loads(self.services.deps.keys.open_text(sealed, _PURPOSE))
        except (SealBroken, ValueError):  # ValueError: too short for a ciphertext
            return None
        return _Confirmation(session, privacy, target, state) if until > self.services.deps.now().timestamp() else None

    async def _link(self, request: http.Request, visitor: Actor, confirmation: _Confirmation) -> None:
        """Raises Conflict for a WeChat account that is unknown or bound to another person, and for a repeated
        response."""
        code = request.query.get("code", "")
        if not CODE.fullmatch(code):
            raise _confirmation_expired()
        try:
            user = await self.services.accounts.wechat_web.web_user(visitor.pool, code)
        except GatewayError as error:
            log.warning("wechat_link_away", error=type(error).__name__)
            raise _wechat_unavailable() from error
        if user.snapshot:
            raise _wechat_unavailable()
        await self.services.accounts.linking.link_visitor(
            visitor, user.appid, user.openid, confirmation.privacy, serves_once=confirmation.state
        )


def _confirmation_expired() -> Conflict:
    return Conflict("这次确认已失效，没有绑定。请再点一次“绑定并继续”。", code="join_stale")


def _wechat_unavailable() -> Conflict:
    return Conflict("暂时无法确认您的微信，没有绑定。请稍后再试，或点“暂不绑定”先办理。", code="join_away")
