"""Common base of the office's pages: permission, menu, layout."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
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
_MENU: Mapping[str, Mapping[str, str]] = {
    "入库管理": {
        "applications": "申请",
        "experts": "专家",
        "campaigns": "征集",
        "objections": "公示与异议",
        "employers": "单位",
        "reviewers": "审核分工",
    },
    "培训考试": {"exams": "", "bank": "题库", "courses": "继续教育", "certificates": "证书"},
    "抽取与酬劳": {
        "draws": "抽取活动",
        "supervisors": "监督人名册",
        "remuneration": "专家酬劳",
        "statistics": "统计",
        "integrations": "平台对接",
    },
    "缴费": {"orders": "缴费", "invoices": "发票", "reconciliation": "对账"},
    "服务与账号": {
        "feedback": "投诉与反馈",
        "misunderstood": "没看懂的话",
        "group-notices": "群发通知",
        "materials": "资料下载",
        "people": "更正",
        "staff": "工作人员",
        "passwords": "初始密码",
    },
    "设置": {"texts": "文字与电话", "venues": "评标场所", "catalogues": "目录", "rules": "规则一览"},
}
"""Groups of the menu: code and name of each entry; the name of the examination is the pool's own."""
_PATHS = {"draws": "/draws"}


@dataclass(frozen=True)
class MenuEntry:
    """One entry of the menu."""

    code: str
    name: str
    path: str


@dataclass(frozen=True)
class MenuGroup:
    """Entries of one part of the work."""

    name: str
    entries: tuple[MenuEntry, ...]


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
        if self.code != "home" and self.code not in [entry.code for entry in entries_of(self.book(actor))]:
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


def menu_of(book: Rulebook) -> list[MenuGroup]:
    """The menu of a pool with this rulebook: what it doesn't use is left out."""
    used = {
        "courses": book.course.offered,
        "objections": book.notice is not None,
        **dict.fromkeys(("orders", "invoices", "reconciliation"), book.fee is not None),
        "certificates": book.certificate.issued,
        "feedback": book.help.feedback,
        "passwords": book.registration.password.initial_from_id is not None,
    }
    names = {"exams": book.entry.names.exam}
    return [
        MenuGroup(
            group,
            tuple(
                MenuEntry(code, names.get(code, name), _PATHS.get(code, f"/office/{code}"))
                for code, name in entries.items()
                if used.get(code, True)
            ),
        )
        for group, entries in _MENU.items()
    ]


def entries_of(book: Rulebook) -> list[MenuEntry]:
    """The entries of all groups."""
    return [entry for group in menu_of(book) for entry in group.entries]
