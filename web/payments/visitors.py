"""Visitors of the pay page: a logged-in person, or an openid from WeChat's browser; paying needs no binding.

JSAPI needs the payer's openid. WeChat is asked silently; the response is stored encrypted in the browser.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, unquote, urlencode
from uuid import NAMESPACE_URL, UUID, uuid5

import aiohttp.web as http
import structlog

from domain.errors import GatewayError, NotFound, Rejected
from services.core.base import Actor
from services.core.crypto import SealBroken
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.targets import safe_target
from web.accounts.user_agent import in_wechat
from web.core.site import Site
from web.core.wechat import CODE, STATE_TTL

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

COOKIE = "pbt_payer"
_ASKING = "pbt_payer_asked"
_PURPOSES = {COOKIE: "payer", _ASKING: "payer-asked"}
"""Each cookie is encrypted for its own purpose, so that one can't be used as the other."""
_VISITOR_TTL = timedelta(hours=12)


@dataclass(frozen=True)
class Visitor:
    """``viewer`` identifies the person for limits of look-ups; ``openid`` is empty outside WeChat."""

    actor: Actor
    viewer: UUID
    openid: str

    @property
    def person(self) -> UUID:
        """The identity to which the page's tokens are bound."""
        return self.actor.account_id or self.viewer


class PayVisitors:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/pay-wechat/back", self.back)

    async def visitor(self, request: http.Request) -> Visitor:
        """Redirects to the log-in, or inside WeChat to WeChat. Raises NotFound for a pool that is not ours."""
        pool = request.match_info["pool"]
        if pool not in self._services.deps.rulebooks:
            raise NotFound("没有这个专家库，请使用最新一条通知中的链接。")
        openid = self._openid(request, pool)
        known = await self._auth.find_visitor(request)
        actor = Actor(pool, "applicant", known.account_id) if known is not None and known.pool == pool else None
        # The cookie outlives WeChat's answer, so that who came back without an openid is not sent around in a circle; a
        # redirect of anything but GET would lose the form.
        if not openid and in_wechat(request) and _ASKING not in request.cookies and request.method == "GET":
            raise self._ask_wechat(pool, request.path_qs)
        if actor is None and openid:
            who = await self._services.accounts.bindings.find_reader(pool, openid)
            actor = Actor(pool, "applicant" if who.account_id else "guest", who.account_id)
        if actor is None:
            query = urlencode({"pool": pool, "next": request.path_qs if request.method == "GET" else ""})
            raise http.HTTPSeeOther(f"/h5/login?{query}")
        return Visitor(actor, actor.account_id or uuid5(NAMESPACE_URL, f"wechat:{pool}:{openid}"), openid)

    def _openid(self, request: http.Request, pool: str) -> str:
        opened = self._open(request, COOKIE)
        return opened[1] if opened is not None and opened[0] == pool and in_wechat(request) else ""

    # ---- asking WeChat

    def _ask_wechat(self, pool: str, target: str) -> http.HTTPException:
        """WeChat's address, with the values for checking its response; the page itself where no account is set up."""
        state = secrets.token_hex(16)
        back = f"{self._services.deps.public_url}/h5/pay-wechat/back"
        try:
            url = self._services.accounts.wechat_web.authorize_url(pool, back, state)
        except Rejected:  # this pool has no official account
            url = target
        answer = http.HTTPSeeOther(url)
        self._keep(answer, _ASKING, [pool, safe_target(target), state], STATE_TTL)
        return answer

    async def back(self, request: http.Request) -> http.Response:
        """WeChat redirects the browser here. Any irregularity continues without an openid: payment by QR code."""
        stored = self._open(request, _ASKING)
        if stored is None:
            raise NotFound("页面已失效，请回到公众号重新打开缴费链接。")
        pool, target, state = stored[0], stored[1], stored[2]
        response = http.Response(status=303, headers={"Location": target or f"/h5/{pool}/pay"})
        if hmac.compare_digest(request.query.get("state", "").encode(), state.encode()):
            openid = await self._resolve_openid(pool, request.query.get("code", ""))
            if openid:
                self._keep(response, COOKIE, [pool, openid], _VISITOR_TTL)
        return response

    async def _resolve_openid(self, pool: str, code: str) -> str:
        if not CODE.fullmatch(code):
            return ""
        try:
            user = await self._services.accounts.wechat_web.web_user(pool, code)
        except GatewayError as error:
            log.warning("payer_unknown", error=type(error).__name__)
            return ""
        return "" if user.snapshot else user.openid

    # ---- stored in the browser

    def _open(self, request: http.Request, name: str) -> list[str] | None:
        try:
            sealed = unquote(request.cookies.get(name, ""))
            until, *values = json.loads(self._services.deps.keys.open_text(sealed, _PURPOSES[name]))
        except (SealBroken, ValueError):  # ValueError: too short for a ciphertext
            return None
        return values if until > self._services.deps.now().timestamp() else None

    def _keep(self, response: http.StreamResponse, name: str, values: list[str], lasts: timedelta) -> None:
        until = (self._services.deps.now() + lasts).timestamp()
        sealed = self._services.deps.keys.seal(json.dumps([until, *values]), _PURPOSES[name])
        response.set_cookie(
            name,
            quote(sealed, safe=""),
            max_age=int(lasts.total_seconds()),
            path="/h5",
            httponly=True,
            samesite="Lax",
            secure=self._site.secure,
        )
