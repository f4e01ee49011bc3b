"""``/h5/{pool}/apply``: an applicant's to-do items, form and progress, in any browser.

``static/applications/form.js`` draws the form as a client of the public API.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, cast, get_args

import aiohttp.web as http

from domain.errors import AppError
from domain.rulebook.form import ApplicationForm, EntryType
from services.accounts import issue_page_token
from services.applications import Home, Progress
from services.core.base import Actor
from services.draws import venue_position
from services.registry import Services
from web.accounts.account import Bar
from web.accounts.login import AuthPages
from web.accounts.person_pages import PersonPages
from web.accounts.targets import REGISTERED
from web.core.form_values import NOBODY
from web.core.pages import Redirect, Visit, page
from web.core.site import Site
from web.core.typed_forms import OneOf

_NUMBER = "number"
"""Names an application in the query of its pages."""


def _by_application(home: Home) -> dict[str, object]:
    """Applications under way, each with its to-do item; ended ones; and the items that belong to none.

    The item of an application repeats its headline (``ToDos``).
    """
    open_cases = [progress for progress in home.progress if progress.ended_at is None]
    items = {item.title: item for item in home.to_do}
    headlines = {progress.headline for progress in open_cases}
    return {
        "open_cases": [(progress, items.get(progress.headline)) for progress in open_cases],
        "ended_cases": [progress for progress in home.progress if progress.ended_at is not None],
        "to_do": [item for item in home.to_do if item.title not in headlines],
    }


@dataclass(frozen=True)
class _Papers:
    """Labels of the files of a form: needed from the beginning, made with the filled-in form, and what may be added."""

    needed: tuple[str, ...]
    signed: tuple[str, ...]
    further: tuple[str, ...]


def _papers_of(form: ApplicationForm) -> _Papers:
    fields = form.used().values()
    files = [field for field in fields if field.kind == "file"]
    columns = [(field, part) for field in fields for part in field.parts.values()]
    of_rows = [f"{field.label}的{part.label}" for field, part in columns if part.kind == "file"]
    return _Papers(
        tuple(field.label for field in files if field.required and not field.single_use),
        tuple(field.label for field in files if field.single_use),
        (*of_rows, *(field.label for field in files if not field.required and not field.single_use)),
    )


@dataclass(frozen=True)
class _Beginning:
    entry_type: Annotated[str, OneOf(get_args(EntryType))]


class ApplyPages(PersonPages):
    """``bar`` builds the header of a person's page."""

    form_name = "apply"
    notes = REGISTERED

    def __init__(self, site: Site, services: Services, auth: AuthPages, bar: Callable[..., Awaitable[Bar]]) -> None:
        super().__init__(site, services, auth)
        self._bar = bar

    def add_routes(self) -> None:
        super().add_routes()
        self.site.post("/h5/{pool}/token", self.token)

    # ---- home

    @page("/h5/{pool}/apply", "applications/home.html")
    async def home(self, visit: Visit) -> Mapping[str, object] | http.Response:
        """With ``?entry_type=`` what an applicant of this type reads before the application begins."""
        entry_type = visit.form.value("entry_type") or visit.request.query.get("entry_type", "")
        if entry_type in get_args(EntryType):
            return await self._show_beginning(visit, cast(EntryType, entry_type))
        actor = visit.actor
        book = self.services.deps.book(actor.pool)
        home = await self.services.applications.to_dos.home(actor.pool, actor.account_id or NOBODY)
        return {
            "home": home,
            **_by_application(home),
            **await self._panels(actor),
            "bar": await self._bar(actor, home.membership_status),
            "has_fee": book.fee is not None,
            "has_courses": book.course.offered,
            "has_exams": "exam" in book.entry.stages or book.course.offered,
            "changes": book.campaigns.change_title if "change" in book.campaigns.entry_types else "",
            "has_notice": book.notice is not None,
            "has_certificates": book.certificate.issued,
            "has_materials": bool(await self.services.files.material_queries.list_shown(actor.pool)),
        }

    async def _panels(self, actor: Actor) -> dict[str, object]:
        """An expert's open invitations, and the next meeting with what can be done about it now."""
        if actor.role != "expert" or actor.expert_id is None:
            return {"invitations": (), "panel": None}
        waiting, coming = await self.services.draws.invitation_queries.list_current(actor.expert_id)
        if not coming:
            return {"invitations": waiting, "panel": None}
        panel, now = coming[0], self.services.deps.now()
        return {
            "invitations": waiting,
            "panel": panel,
            "further": len(coming) - 1,
            "may_check_in": panel.may_check_in(now),
            "may_leave": panel.may_leave(now),
            "may_announce_delay": panel.may_announce_delay(now),
            "position": venue_position(self.services.deps.book(actor.pool), panel.venue),
        }

    async def _show_beginning(self, visit: Visit, entry_type: EntryType) -> http.Response:
        """The button stands there only where it would begin or go on; else the reason does."""
        book = self.services.deps.book(visit.actor.pool)
        stages = book.entry.stages_of(entry_type)
        return self.show(
            visit.actor,
            "applications/begin.html",
            visit.request,
            error=visit.form.error,
            refusal=await self.services.applications.drafts.find_refusal(visit.actor, entry_type),
            pool_name=book.pool.name,
            title=book.campaigns.title_of(entry_type),
            papers=_papers_of(book.form.of(entry_type)),
            stages=[getattr(book.entry.names, stage) for stage in stages],
            fee=book.fee if "fee" in stages else None,
            has_materials=bool(await self.services.files.material_queries.list_shown(visit.actor.pool)),
            entry_type=entry_type,
            guide=book.help.guide,
            steps=book.review.steps,
            honesty=book.registration.honesty,
        )

    @home.command(_Beginning)
    async def begin(self, visit: Visit, form: _Beginning) -> Redirect:
        """Begin an application, or continue the one begun earlier."""
        begun = await self.services.applications.drafts.start(visit.actor, form.entry_type)
        return Redirect(begun.page)

    # ---- the form

    @page("/h5/{pool}/apply/form", "applications/form.html", keep=(_NUMBER,))
    async def form(self, visit: Visit) -> Mapping[str, object]:
        """With ``?number=`` of this application, else of the present one; the other pages below do the same."""
        progress, book = await self._progress(visit), self.services.deps.book(visit.actor.pool)
        return {
            "title": book.form.papers.title_of(progress.entry_type),
            "progress": progress,
            "bar": await self._bar(visit.actor),
            "province": book.pool.region,
            "hotline": book.pool.hotline,
            "has_courses": book.course.offered,
        }

    async def token(self, request: http.Request) -> http.Response:
        """The token with which the form's script calls the public API; for our own pages only."""
        await self.site.read_fields(request)
        person = await self.actor(request)
        try:
            issued = await issue_page_token(self.services.deps, person)
        except AppError as error:
            return http.json_response({"message": error.message, "code": error.code}, status=error.status)
        return http.json_response({"token": issued.token, "until": issued.until.isoformat()})

    async def _progress(self, visit: Visit) -> Progress:
        return await self.services.applications.queries.own_progress(visit.actor, visit.query(_NUMBER))

    # ---- progress

    @page("/h5/{pool}/apply/status", "applications/status.html", keep=(_NUMBER,))
    async def status(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.applications.queries.get_current(visit.actor, visit.query(_NUMBER))
        bar = await self._bar(visit.actor)
        return {"progress": view.progress, "log": view.log, "may": view.may, "bar": bar}

    @status.command(name="withdraw", note="已撤回，请修改后重新提交。")
    async def withdraw(self, visit: Visit) -> None:
        progress = await self._progress(visit)
        await self.services.workflows.applications.withdraw(visit.actor, progress.application_id)

    @status.command(name="cancel", note="已放弃申请。")
    async def cancel(self, visit: Visit) -> Redirect:
        progress = await self._progress(visit)
        await self.services.workflows.applications.cancel(visit.actor, progress.application_id)
        return Redirect(f"/h5/{visit.actor.pool}/apply")
