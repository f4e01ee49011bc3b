"""Common base of the office's pages: permission, menu, layout."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import NotFound
from domain.rulebook.book import Rulebook
from services.core.base import Actor
from services.core.permissions import check
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import EMPTY, NOBODY
from web.core.pages import FIELDS_LONGEST, PageGroup
from web.core.site import ON_PAGE, Site
from web.files.file_links import FileMail

FORM = "office"


class MenuEntry:
    """One entry of the menu."""

    def __init__(self, code: str, name: str, path: str = "") -> None:
        self.code, self.name, self.path = code, name, f"/office/{path or code}"


class OfficePart(PageGroup):
    """Pages of one noun. ``code`` is its menu entry; ``action`` the permission to see them."""

    code: ClassVar[str]
    action: ClassVar[str] = "application.read"
    on_page = ON_PAGE | {404, 503}

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth
        self.file_mail = FileMail(site, services, auth)

    async def actor(self, request: http.Request) -> Actor:
        """The administrator. Redirects to the log-in; raises Forbidden for other roles.

        Raises NotFound for pages that the pool doesn't use.
        """
        actor = await self.auth.actor(request)
        check(actor, self.action)
        if self.code != "home" and self.code not in [entry.code for entry in menu_of(self.book(actor))]:
            raise NotFound("本专家库没有这项功能，请返回首页。", code="not_here")
        return actor

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FIELDS_LONGEST) -> dict[str, str]:
        return await self.site.read_form(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=longest
        )

    async def upload(self, request: http.Request, actor: Actor, *, longest: int) -> tuple[dict[str, str], bytes]:
        return await self.site.read_upload(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=longest
        )

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        book = self.book(actor)
        return {
            "pool": book.pool,
            "menu": menu_of(book),
            "here": self.code,
            "none_form": EMPTY,
            "token": self.site.form_token(FORM, actor.session_id or NOBODY, actor.account_id or NOBODY),
            "key": secrets.token_urlsafe(16),
        }

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
        entries += [MenuEntry("orders", "缴费"), MenuEntry("invoices", "发票"), MenuEntry("reconciliation", "对账")]
    if book.certificate.issued:
        entries.append(MenuEntry("certificates", "证书"))
    entries.append(MenuEntry("remuneration", "专家酬劳"))
    entries.append(MenuEntry("materials", "资料下载"))
    if book.help.feedback:
        entries.append(MenuEntry("feedback", "意见反馈"))
    if book.registration.password.initial_from_id is not None:
        entries.append(MenuEntry("passwords", "初始密码"))
    return entries
