"""``/v/{token}``: the address in the QR code at a venue. Scanned with WeChat, it identifies the expert silently.

The code is valid for seconds, so the scan is exchanged for a pass of some minutes, bound to a cookie of this browser;
then the person sees the panel and taps once, and the browser sends its position if permitted. Outside WeChat the expert
can't be identified: the page says what to do instead.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import timedelta
from uuid import UUID

import aiohttp.web as http

from domain.errors import Conflict, Forbidden, GatewayError, InvalidInput, Rejected, RuleViolation, Unavailable
from services.draws import ScannedPanel
from services.ports import WebUser
from services.registry import Services
from web.core.site import Site
from web.core.typed_forms import read_typed
from web.core.wechat import CODE
from web.draws.positions import CheckInForm

_PASS = "venue_pass"
_IN = "venue_in"
_PASS_TTL = timedelta(minutes=3)
_COOKIE = "pbt_scan"
_DEVICE = "pbt_phone"
"""Cookie that recognises a phone, which checks in one expert per draw."""
_DEVICE_TTL = timedelta(days=365)
_DEVICE_ID = re.compile(r"[0-9a-f]{32}")


class VenueCheckInPages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._services = services

    def add_routes(self) -> None:
        self._site.get("/v/{token}", self.scan)
        self._site.get("/v/back/{token}", self.back)
        self._site.get("/v/in/{token}", self.reopen)
        self._site.post("/v/in/{token}", self.check_in)

    async def scan(self, request: http.Request) -> http.Response:
        scanned = await self._services.draws.attendance_queries.panel_of_token(request.match_info["token"])
        if "MicroMessenger" not in request.headers.get("User-Agent", ""):
            return self._stranger(scanned.pool, outside=True)
        visitor = UUID(bytes=secrets.token_bytes(16))
        token = self._sign(scanned, visitor)
        url = f"{self._services.deps.public_url}/v/back/{token}"
        try:
            target = self._services.accounts.wechat_web.authorize_url(scanned.pool, url, visitor.hex)
        except Rejected:  # this pool has no official account
            return self._stranger(scanned.pool, outside=True)
        response = http.Response(status=303, headers={"Location": target})
        self._remember(response, _COOKIE, visitor.hex, _PASS_TTL)
        self._remember(response, _DEVICE, _device(request) or secrets.token_hex(16), _DEVICE_TTL)
        return response

    def _remember(self, response: http.Response, name: str, value: str, lasts: timedelta) -> None:
        response.set_cookie(
            name, value, max_age=int(lasts.total_seconds()), httponly=True, samesite="Lax", secure=self._site.secure
        )

    def _sign(self, scanned: ScannedPanel, person_id: UUID, purpose: str = _PASS) -> str:
        return self._services.links.sign(purpose, scanned.draw_id, person_id, self._services.deps.now() + _PASS_TTL)

    def _stranger(self, pool: str, *, outside: bool = False, snapshot: bool = False) -> http.Response:
        book = self._services.deps.book(pool)
        return self._site.render(
            "draws/venue_stranger.html",
            status=403,
            outside=outside,
            snapshot=snapshot,
            account=book.pool.account_name,
            hotline=book.pool.hotline,
        )

    async def back(self, request: http.Request) -> http.Response:
        """WeChat redirects the browser here with a code that identifies it."""
        link = self._services.links.check(request.match_info["token"], _PASS)
        if not _is_same_browser(request, link.person_id):
            raise Forbidden("这个页面不是在本机打开的，请用微信重新扫描现场二维码。", code="not_this_browser")
        scanned = await self._services.draws.attendance_queries.panel_of_draw(link.subject_id)
        user = await self._ask_wechat(scanned.pool, request.query.get("code", ""))
        if user.snapshot:
            return self._stranger(scanned.pool, snapshot=True)
        who = await self._services.accounts.bindings.find_reader(scanned.pool, user.openid)
        if who.expert_id is None:
            return self._stranger(scanned.pool)
        return await self._page(scanned.draw_id, who.expert_id, self._sign(scanned, who.expert_id, _IN))

    async def _ask_wechat(self, pool: str, code: str) -> WebUser:
        if not CODE.fullmatch(code):
            raise Forbidden("微信没有告诉我们您是谁，请重新扫描现场二维码。", code="no_code")
        try:
            return await self._services.accounts.wechat_web.web_user(pool, code)
        except Rejected as error:
            raise Forbidden("页面已失效，请用微信重新扫描现场二维码。", code="code_used") from error
        except GatewayError as error:
            raise Unavailable(
                "微信暂时无法连接，请稍后重新扫码，或把验证码告诉现场工作人员。", code="wechat_away"
            ) from error

    async def _page(self, draw_id: UUID, expert_id: UUID, token: str, error: str = "") -> http.Response:
        invitation_id = await self._services.draws.attendance_queries.find_awaited(draw_id, expert_id)
        if invitation_id is None:
            words = await self._services.draws.attendance_queries.not_awaited(expert_id)
            raise Forbidden(words, code="not_awaited")
        view = await self._services.draws.invitation_queries.view(invitation_id, expert_id)
        return self._site.render(
            "draws/venue_check_in.html", status=422 if error else 200, view=view, error=error, token=token
        )

    async def reopen(self, request: http.Request) -> http.Response:
        """The form's address, opened with GET: shows the state."""
        token = request.match_info["token"]
        link = self._services.links.check(token, _IN)
        return await self._page(link.subject_id, link.person_id, token)

    async def check_in(self, request: http.Request) -> http.Response:
        """The token was issued for this expert after the scan, so it authenticates the form and proves the scan."""
        token = request.match_info["token"]
        link = self._services.links.check(token, _IN)
        form = read_typed(CheckInForm, await self._site.read_fields(request))
        device = _device(request)
        if not device:
            raise Forbidden("这个页面不是在本机打开的，请用微信重新扫描现场二维码。", code="not_this_browser")
        try:
            await self._services.draws.attendance.check_in_scanned(
                link.subject_id, link.person_id, form.position, device=f"browser:{device}"
            )
        except (Conflict, InvalidInput, RuleViolation) as error:
            return await self._page(link.subject_id, link.person_id, token, error.message)
        return await self._page(link.subject_id, link.person_id, token)


def _device(request: http.Request) -> str:
    known = request.cookies.get(_DEVICE, "")
    return known if _DEVICE_ID.fullmatch(known) else ""


def _is_same_browser(request: http.Request, visitor: UUID) -> bool:
    """The cookie, the pass and WeChat's response must name the same visitor."""
    known = request.cookies.get(_COOKIE, "").encode(errors="replace")
    state = request.query.get("state", "").encode()
    return hmac.compare_digest(known, visitor.hex.encode()) and hmac.compare_digest(known, state)
