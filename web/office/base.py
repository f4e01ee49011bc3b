"""Common base of the office's pages: permission, menu, layout."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http
from markupsafe import escape

from domain.errors import AppError, NotFound
from domain.rulebook.book import Rulebook
from services.core.base import Actor
from services.core.permissions import check
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import EMPTY, NOBODY
from web.core.site import ON_PAGE, Site
from web.files.file_links import FileMail

FORM = "office"
_ON_PAGE = ON_PAGE | {404, 503}


class MenuEntry:
    """One entry of the menu."""

    def __init__(self, code: str, name: str, path: str = "") -> None:
        self.code, self.name, self.path = code, name, f"/office/{path or code}"


class OfficePart:
    """Pages of one noun. ``code`` is its menu entry; ``action`` the permission to see them."""

    code: ClassVar[str]
    action: ClassVar[str] = "application.read"
    notes: ClassVar[Mapping[str, str]] = {}
    """Messages that a redirect shows after an action."""

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self.site = site
        self.services = services
        self.auth = auth
        self.file_mail = FileMail(site, services, auth)

    def add_routes(self) -> None:
        raise NotImplementedError

    async def actor(self, request: http.Request) -> Actor:
        """The administrator. Redirects to the log-in; raises Forbidden for other roles.

        Raises NotFound for pages that the pool doesn't use.
        """
        actor = await self.auth.actor(request)
        check(actor, self.action)
        if self.code != "home" and self.code not in [entry.code for entry in menu_of(self.book(actor))]:
            raise NotFound("本专家库没有这项功能，请返回首页。", code="not_here")
        return actor

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = 32 * 1024) -> dict[str, str]:
        return await self.site.read_form(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=longest
        )

    def show(
        self, actor: Actor, template: str, request: http.Request, *, error: AppError | None = None, **values: object
    ) -> http.Response:
        """Render a page. ``error`` stands at the top, unless a form on it shows it beside a field."""
        book = self.services.deps.book(actor.pool)
        common: dict[str, object] = {
            "pool": book.pool,
            "menu": menu_of(book),
            "here": self.code,
            "none_form": EMPTY,
            "token": self.site.form_token(FORM, actor.session_id or NOBODY, actor.account_id or NOBODY),
            "key": secrets.token_urlsafe(16),
            "note": "" if error else self.notes.get(request.query.get("note", ""), ""),
        }
        status = error.status if error else 200
        page = self.site.render(template, status=status, error="", **common, **values)
        if error is None or escape(error.message) in (page.text or ""):
            return page
        return self.site.render(template, status=status, error=error.message, **common, **values)

    def shown(self, error: AppError) -> AppError:
        """A refusal that the page itself shows; others become a page of their own."""
        if error.status not in _ON_PAGE:
            raise error
        return error

    def book(self, actor: Actor) -> Rulebook:
        return self.services.deps.book(actor.pool)


def menu_of(book: Rulebook) -> list[MenuEntry]:
    """The menu entries that a pool with this rulebook uses."""
    entries = [
        MenuEntry("applications", "申请"),
        MenuEntry("exams", book.entry.names.exam),
        MenuEntry("bank", "题库"),
        *([MenuEntry("courses", "继续教育")] if book.course.offered else []),
        MenuEntry("experts", "专家"),
        MenuEntry("campaigns", "征集"),
        MenuEntry("employers", "单位"),
        MenuEntry("reviewers", "审核分工"),
        MenuEntry("staff", "工作人员"),
        MenuEntry("supervisors", "监督人名册"),
    ]
    if book.notice is not None:
        entries.append(MenuEntry("objections", "公示与异议"))
    if book.fee is not None:
        entries += [MenuEntry("orders", "缴费"), MenuEntry("invoices", "发票"), MenuEntry("bills", "对账")]
    if book.certificate.issued:
        entries.append(MenuEntry("certificates", "证书"))
    entries.append(MenuEntry("remuneration", "专家酬劳"))
    entries.append(MenuEntry("materials", "资料下载"))
    if book.help.feedback:
        entries.append(MenuEntry("feedback", "意见反馈"))
    if book.registration.password.initial_from_id is not None:
        entries.append(MenuEntry("passwords", "初始密码"))
    return entries
