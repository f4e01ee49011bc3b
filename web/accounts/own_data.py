"""``/h5/{pool}/account/data``: export one's own data, or close the account; both authorised by an SMS code."""

from __future__ import annotations

import json

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.accounts import Source
from services.core.base import Actor
from services.files import check_address
from services.operations import KEPT, REMOVED
from services.ports import MailAttachment
from services.registry import Services
from web.accounts.login import COOKIE, TRIES, AuthPages
from web.accounts.user_agent import is_wechat
from web.core.site import ON_PAGE, Site

_FORM = "own_data"
_FILE, _TITLE = "我的数据.json", "我的数据"
_ON_PAGE = ON_PAGE | {403, 503}


class OwnDataPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/account/data", self.show)
        self._site.post("/h5/{pool}/account/data", self.submit)
        self._site.get("/h5/{pool}/account/data/code", self.show)
        self._site.post("/h5/{pool}/account/data/code", self.send_code)

    async def show(self, request: http.Request) -> http.Response:
        """After ``sent`` with the field of the code; after ``mailed`` with a confirmation."""
        return await self._page(request, await self._visitor(request))

    async def _visitor(self, request: http.Request) -> Actor:
        """The logged-in person, staff included, once the pool is checked."""
        pool = self._auth.check_pool(request.match_info["pool"])
        visitor = await self._auth.visitor(request, pool)
        if visitor.pool != pool:
            raise http.HTTPSeeOther(f"/h5/login?pool={pool}")
        return visitor

    async def _page(
        self, request: http.Request, visitor: Actor, error: AppError | None = None, email: str = ""
    ) -> http.Response:
        book = self._services.deps.book(visitor.pool)
        return self._site.render(
            "accounts/own_data.html",
            status=error.status if error else 200,
            pool=visitor.pool,
            profile=await self._services.accounts.credentials.profile(visitor),
            sent=request.method == "POST" or request.query.get("sent") == "yes",
            note="已发送，请查收邮件；没有收到请看垃圾邮件。" if request.query.get("note") == "mailed" else "",
            error=error.message if error else "",
            wrong=error.field if error else "",
            email=email,
            code_length=book.login.code_length,
            saves=not is_wechat(request),
            removed=REMOVED,
            kept=KEPT,
            hotline=book.pool.hotline,
            form=self._auth.form(visitor, _FORM),
        )

    async def send_code(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "own_data_code", *TRIES)
        visitor = await self._visitor(request)
        await self._auth.fields(request, visitor, _FORM)
        accounts = self._services.accounts
        try:
            mobile = await accounts.credentials.own_mobile(visitor)
            source = Source(account_id=visitor.account_id)
            await accounts.bindings.send_code(visitor.pool, mobile, "privacy", source=source)
        except AppError as error:
            return await self._page(request, visitor, self._shown(error))
        raise http.HTTPSeeOther(f"/h5/{visitor.pool}/account/data?sent=yes")

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, mail (to ``email``) or close, with the ``code``."""
        await self._site.check_rate(request, "own_data", *TRIES)
        visitor = await self._visitor(request)
        fields = await self._auth.fields(request, visitor, _FORM)
        code, email = fields.get("code", "").strip()[:8], fields.get("email", "").strip()[:200]
        try:
            match fields.get("command"):
                case "save":
                    return _download(await self._collect(visitor, code))
                case "mail":
                    return await self._mail(visitor, code, email)
                case "close":
                    return await self._close(visitor, code)
            raise InvalidInput("请点选要办理的事项。", code="no_choice")
        except AppError as error:
            return await self._page(request, visitor, self._shown(error), email)

    async def _collect(self, visitor: Actor, code: str) -> bytes:
        data = await self._services.operations.privacy.export(visitor, code)
        return json.dumps(data, ensure_ascii=False, indent=2, default=str).encode()

    async def _mail(self, visitor: Actor, code: str, email: str) -> http.Response:
        check_address(email)
        file = MailAttachment(_FILE, "application/json", await self._collect(visitor, code))
        await self._services.files.delivery.mail(visitor, email, _TITLE, file)
        raise http.HTTPSeeOther(f"/h5/{visitor.pool}/account/data?note=mailed")

    async def _close(self, visitor: Actor, code: str) -> http.Response:
        deleted = await self._services.operations.privacy.delete(visitor, code)
        page = self._site.render("accounts/closed.html", pool=visitor.pool, removed=deleted.removed, kept=deleted.kept)
        page.del_cookie(COOKIE)
        self._auth.do_not_ask(page)
        return page

    def _shown(self, error: AppError) -> AppError:
        """A refusal that the page itself shows; others become a page of their own."""
        if error.status not in _ON_PAGE:
            raise error
        return error


def _download(content: bytes) -> http.Response:
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}
    return http.Response(body=content, content_type="application/json", charset="utf-8", headers=headers)
