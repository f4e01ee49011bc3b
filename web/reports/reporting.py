"""``/h5/{pool}/reports``: anyone reports (举报), named or anonymous, and follows the report by its code.

No log-in, and none is looked at: the pages are the same for everybody, and nothing says who opened them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.errors import NotFound
from domain.parsing import NUMBER_LONGEST
from domain.reports.lifecycles import ReportOccasion
from services.core.base import Actor
from services.files import EVIDENCE_MAX
from services.reports import (
    DRAW_MAX,
    FILES_MAX,
    HAPPENED_MAX,
    MESSAGE_MAX,
    NAME_MAX,
    TEXT_MAX,
    TEXT_MIN,
    ReportForm,
    ReportUpload,
)
from web.core.form_values import EMPTY, NOBODY
from web.core.forms import FORM_LIMIT
from web.core.pages import PageGroup, Rate, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Lines, Trimmed, YesNo

_HAND_IN = Rate("report", 20, 3600)
_FOLLOW = Rate("report_code", 10, 60)
"""Tries with a code of a hundred bits."""
_ADDED = "已补充，监督人会看到。"


@dataclass(frozen=True)
class _Report:
    occasion: str
    text: Annotated[str, Lines(TEXT_MAX + 1)]
    draw: Annotated[str, Trimmed(DRAW_MAX + 1)]
    happened: Annotated[str, Trimmed(HAPPENED_MAX + 1)]
    named: Annotated[bool, YesNo()]
    name: Annotated[str, Trimmed(NAME_MAX + 1)]
    mobile: Annotated[str, Trimmed(NUMBER_LONGEST)]
    proof: str
    filename: Annotated[str, Trimmed(200)]


@dataclass(frozen=True)
class _Code:
    code: Annotated[str, Trimmed(60)]


@dataclass(frozen=True)
class _Addition:
    code: Annotated[str, Trimmed(60)]
    text: Annotated[str, Lines(MESSAGE_MAX + 1)]
    filename: Annotated[str, Trimmed(200)]


class ReportPages(PageGroup):
    on_page = ON_PAGE | {503}

    async def actor(self, request: http.Request) -> Actor:
        """A guest, also who is logged in."""
        pool = request.match_info["pool"]
        if pool not in self.services.deps.rulebooks:
            raise NotFound("没有这个专家库，请使用最新一条通知中的链接。")
        return Actor(pool, "guest")

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        return await self.site.read_form(request, "report", NOBODY, NOBODY, longest=longest)

    async def upload(self, request: http.Request, actor: Actor, *, longest: int) -> tuple[dict[str, str], bytes]:
        return await self.site.read_upload(request, "report", NOBODY, NOBODY, longest=longest)

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        book = self.services.deps.book(actor.pool)
        return {
            "pool": actor.pool,
            "pool_name": book.pool.name,
            "elsewhere": book.reports.elsewhere,
            "none_form": EMPTY,
            "form": self.site.form_token("report", NOBODY, NOBODY),
            "key": secrets.token_urlsafe(24),
            "longest": MESSAGE_MAX,
            "files_max": FILES_MAX,
        }

    @page("/h5/{pool}/reports/new", "reports/new.html")
    async def new(self, visit: Visit) -> Mapping[str, object]:
        return {
            "open": await self.services.reports.reporting.is_open(visit.actor.pool),
            "occasions": [(occasion.value, occasion.label) for occasion in ReportOccasion],
            "limits": {"text": TEXT_MAX, "least": TEXT_MIN, "draw": DRAW_MAX, "happened": HAPPENED_MAX},
            "puzzle": self.services.accounts.puzzles.issue(self.site.address_of(visit.request)),
        }

    @new.command(_Report, upload=EVIDENCE_MAX, conceal=("proof",), rate=_HAND_IN)
    async def hand_in(self, visit: Visit, form: _Report) -> http.Response:
        handed = await self.services.reports.reporting.hand_in(
            visit.actor.pool,
            ReportForm(form.occasion, form.text, form.draw, form.happened, form.named, form.name, form.mobile),
            key=visit.key,
            address=self.site.address_of(visit.request),
            proof=form.proof,
            upload=ReportUpload(visit.file, form.filename),
        )
        return self.show(visit.actor, "reports/handed_in.html", visit.request, handed=handed, named=form.named)

    @page("/h5/{pool}/reports", "reports/follow.html")
    async def follow(self, visit: Visit) -> Mapping[str, object]:
        """What the code of the form shows; again after an addition that was refused."""
        code, reporting = visit.form.value("code"), self.services.reports.reporting
        refused = visit.form.error is not None and visit.form.wrong("code")
        shows = bool(code) and not refused
        return {"followed": await reporting.follow(visit.actor.pool, code) if shows else None, "code": code}

    @follow.command(_Code, "follow", rate=_FOLLOW)
    async def open_report(self, visit: Visit, form: _Code) -> Mapping[str, object]:
        return {"followed": await self.services.reports.reporting.follow(visit.actor.pool, form.code)}

    @follow.command(_Addition, "add", upload=EVIDENCE_MAX)
    async def add(self, visit: Visit, form: _Addition) -> Mapping[str, object]:
        reporting, pool = self.services.reports.reporting, visit.actor.pool
        await reporting.add(pool, form.code, form.text, key=visit.key, upload=ReportUpload(visit.file, form.filename))
        return {"followed": await reporting.follow(pool, form.code), "note": _ADDED, "f": EMPTY}
