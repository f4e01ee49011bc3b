"""What the office's pages share: who may, the menu, forms with each refusal beside its field, moments of Beijing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http
from markupsafe import escape

from domain.clock import SHANGHAI, local
from domain.errors import AppError, InvalidInput, NotFound
from domain.rulebook.book import Rulebook
from services.core.base import Actor
from services.core.permissions import check
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site
from web.files.file_links import FileMail

NOBODY = UUID(int=0)
PAGE_SIZE = 20
FORM = "office"
_ON_PAGE = ON_PAGE | {404, 503}
_FIRST, _LAST = 2000, 2100


class Entry:
    """One entry of the menu."""

    def __init__(self, code: str, name: str, path: str = "") -> None:
        self.code, self.name, self.path = code, name, f"/office/{path or code}"


@dataclass(frozen=True)
class Form:
    """What a form shows: what was typed or stands so far, and a refusal. ``row`` tells apart forms of one page."""

    values: Mapping[str, str] = field(default_factory=dict)
    error: AppError | None = None
    row: str = ""

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def wrong(self, name: str) -> str:
        """What is wrong with a field, or nothing."""
        return self.error.message if self.error and _field_of(self.error) == name else ""


EMPTY = Form()


class OfficePart:
    """Pages of one noun. ``code`` is its entry of the menu; ``action`` what it takes to see them."""

    code: ClassVar[str]
    action: ClassVar[str] = "application.read"
    notes: ClassVar[Mapping[str, str]] = {}
    """What a redirect says was done."""

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self.site = site
        self.services = services
        self.auth = auth
        self.file_mail = FileMail(site, services, auth)

    def add_routes(self) -> None:
        raise NotImplementedError

    async def actor(self, request: http.Request) -> Actor:
        """The administrator. Redirects to the log-in; raises Forbidden for other roles.

        Raises NotFound for what the pool has no use for.
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
        """A page. ``error`` stands above it, unless a form on it shows it beside a field."""
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
        """A refusal that the page itself tells; others become a page of their own."""
        if error.status not in _ON_PAGE:
            raise error
        return error

    def book(self, actor: Actor) -> Rulebook:
        return self.services.deps.book(actor.pool)


def menu_of(book: Rulebook) -> list[Entry]:
    """The entries that a pool of this rulebook has a use for."""
    entries = [
        Entry("applications", "申请"),
        Entry("exams", book.entry.names.exam),
        Entry("bank", "题库"),
        *([Entry("courses", "继续教育")] if book.course.offered else []),
        Entry("experts", "专家"),
        Entry("campaigns", "征集"),
        Entry("employers", "单位"),
        Entry("reviewers", "审核分工"),
        Entry("staff", "工作人员"),
        Entry("supervisors", "监督人名册"),
    ]
    if book.notice is not None:
        entries.append(Entry("objections", "公示与异议"))
    if book.fee is not None:
        entries += [Entry("orders", "缴费"), Entry("invoices", "发票"), Entry("bills", "对账")]
    if book.certificate.issued:
        entries.append(Entry("certificates", "证书"))
    entries.append(Entry("remuneration", "专家酬劳"))
    entries.append(Entry("materials", "资料下载"))
    if book.help.feedback:
        entries.append(Entry("feedback", "意见反馈"))
    if book.registration.password.initial_from_id is not None:
        entries.append(Entry("passwords", "初始密码"))
    return entries


def key_of(fields: Mapping[str, str]) -> str | None:
    """What makes pressing a button twice one command."""
    key = fields.get("key", "")
    return key if 8 <= len(key) <= 64 and key.isascii() else None


def uuid_of(text: str, what: str = "这一项") -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"找不到{what}，请返回列表后刷新。", code="unknown") from error


def version_of(text: str) -> int:
    """What a hidden field says of a row that was shown; 0, which no row has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def redirect(path: str, **query: str) -> http.HTTPSeeOther:
    """To be raised: go on to a page; ``note`` says there what was done."""
    said = {name: value for name, value in query.items() if value}
    return http.HTTPSeeOther(f"{path}?{urlencode(said)}" if said else path)


def print_moment(at: datetime | None) -> str:
    """As an input of a day and time shows it, on the clocks of Beijing."""
    return f"{local(at):%Y-%m-%dT%H:%M}" if at else ""


def moment(text: str, name: str, label: str, kept: datetime | None = None) -> datetime | None:
    """What such an input says; empty: None. ``kept`` is returned for what still stands as it was shown.

    Raises InvalidInput.
    """
    if not text or (kept is not None and text == print_moment(kept)):
        return kept if text else None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _no_moment(name, label) from error
    if at.tzinfo is not None or not _FIRST <= at.year < _LAST:
        raise _no_moment(name, label)
    return at.replace(tzinfo=SHANGHAI)


def day(text: str, name: str, label: str) -> date | None:
    """What an input of a day says; empty: None. Raises InvalidInput."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{label}请填写为日期，如2026-11-15。", field=name) from error
    if not _FIRST <= found.year < _LAST:
        raise InvalidInput(f"{label}请填写为日期，如2026-11-15。", field=name)
    return found


def begin_of(found: date | None, *, days: int = 0) -> datetime | None:
    """Midnight in Beijing, so many days later."""
    return datetime.combine(found + timedelta(days=days), time(), SHANGHAI) if found else None


def last_page(total: int, size: int = PAGE_SIZE) -> int:
    return max(1, -(-total // size))


def _no_moment(name: str, label: str) -> InvalidInput:
    return InvalidInput(f"{label}请填写日期和时间，如2026-11-15 10:30。", field=name)


def _field_of(error: AppError) -> str:
    named = error.field or error.params.get("field", "")
    return str(named).partition(".")[0]
