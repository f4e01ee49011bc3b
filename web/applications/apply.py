"""``/h5/{pool}/apply``: an applicant's to-do items, form, progress and help, in any browser.

``static/applications/form.js`` draws the form as a client of the public API.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast, get_args
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from domain.rulebook.form import EntryType
from services.accounts import issue_page_token
from services.applications import Progress
from services.core.base import Actor
from services.draws import InvitationView
from services.notifications import FEEDBACK_MAX
from services.registry import Services
from web.accounts.account import Bar
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site

_NOBODY = UUID(int=0)
_NOTES = {
    "sent": "已提交，有结果会通知您。",
    "withdrawn": "已撤回，请修改后重新提交。",
    "cancelled": "已放弃申请。",
    "thanks": "已收到，谢谢。答复会通知您。",
}


class ApplyPages:
    """``bar`` builds the header of a person's page."""

    def __init__(self, site: Site, services: Services, auth: AuthPages, bar: Callable[..., Awaitable[Bar]]) -> None:
        self._site = site
        self._services = services
        self._auth = auth
        self._bar = bar

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/apply", self.home)
        self._site.post("/h5/{pool}/apply", self.begin)
        self._site.get("/h5/{pool}/apply/form", self.form)
        self._site.get("/h5/{pool}/apply/status", self.status)
        self._site.post("/h5/{pool}/apply/status", self.submit)
        self._site.post("/h5/{pool}/token", self.token)
        self._site.get("/h5/{pool}/help", self.help)
        self._site.post("/h5/{pool}/help", self.write)

    # ---- home

    async def home(self, request: http.Request) -> http.Response:
        actor = await self._auth.person(request)
        wanted = request.query.get("entry_type", "")
        if wanted in get_args(EntryType):
            return self._begin_page(actor, cast(EntryType, wanted))
        return await self._home_page(actor, _note(request))

    async def _home_page(self, actor: Actor, note: str = "", error: AppError | None = None) -> http.Response:
        account_id = actor.account_id or _NOBODY
        book = self._services.deps.book(actor.pool)
        home = await self._services.applications.to_dos.home(actor.pool, account_id)
        return self._site.render(
            "applications/home.html",
            status=error.status if error else 200,
            pool=actor.pool,
            note=note,
            error=error.message if error else "",
            home=home,
            invitations=await self._invitations(actor),
            bar=await self._bar(actor, home.membership_status),
            has_fee=book.fee is not None,
            has_courses=book.course.offered,
            changes=book.campaigns.change_title if "change" in book.campaigns.entry_types else "",
            has_notice=book.notice is not None,
            has_certificates=self._services.deps.book(actor.pool).certificate.issued,
            has_materials=bool(await self._services.files.material_queries.shown(actor.pool)),
        )

    async def _invitations(self, actor: Actor) -> list[InvitationView]:
        """Open invitations of an expert."""
        if actor.role != "expert" or actor.expert_id is None:
            return []
        return await self._services.draws.invitation_queries.list_open(actor.expert_id)

    def _begin_page(self, actor: Actor, entry_type: EntryType, error: AppError | None = None) -> http.Response:
        book = self._services.deps.book(actor.pool)
        return self._site.render(
            "applications/begin.html",
            status=error.status if error else 200,
            pool=actor.pool,
            pool_name=book.pool.name,
            title=book.campaigns.title_of(entry_type),
            entry_type=entry_type,
            guide=book.help.guide,
            honesty=book.registration.honesty,
            error=error.message if error else "",
            form=self._token(actor, "apply"),
        )

    async def begin(self, request: http.Request) -> http.Response:
        """Begin an application, or continue the one begun earlier."""
        actor = await self._auth.person(request)
        fields = await self._site.read_form(request, "apply", _NOBODY, actor.account_id or _NOBODY)
        entry_type = fields.get("entry_type", "")
        try:
            await self._services.applications.drafts.start(actor, entry_type)
        except AppError as error:
            if error.status not in ON_PAGE or entry_type not in get_args(EntryType):
                raise
            return self._begin_page(actor, cast(EntryType, entry_type), error)
        raise http.HTTPSeeOther(f"/h5/{actor.pool}/apply/form")

    # ---- the form

    async def form(self, request: http.Request) -> http.Response:
        actor = await self._auth.person(request)
        progress = await self._progress(actor)
        book = self._services.deps.book(actor.pool)
        return self._site.render(
            "applications/form.html",
            pool=actor.pool,
            title=book.form.papers.title_of(progress.entry_type),
            number=progress.number,
            bar=await self._bar(actor),
            application_id=progress.application_id,
            province=book.pool.region,
            hotline=book.pool.hotline,
            has_courses=book.course.offered,
        )

    async def token(self, request: http.Request) -> http.Response:
        """The token with which the form's script calls the public API; for our own pages only."""
        await self._site.read_fields(request)
        person = await self._auth.person(request)
        try:
            issued = await issue_page_token(self._services.deps, person)
        except AppError as error:
            return http.json_response({"message": error.message, "code": error.code}, status=error.status)
        return http.json_response({"token": issued.token, "until": issued.until.isoformat()})

    async def _progress(self, actor: Actor) -> Progress:
        """Progress of the current or the last application. Raises NotFound when there never was one."""
        progress = await self._services.applications.to_dos.progress(actor.account_id or _NOBODY)
        if progress is None:
            raise NotFound("您还没有申请，请回到“我的申报”开始。")
        return progress

    # ---- progress

    async def status(self, request: http.Request) -> http.Response:
        actor = await self._auth.person(request)
        return await self._status_page(actor, _note(request))

    async def _status_page(self, actor: Actor, note: str = "", error: AppError | None = None) -> http.Response:
        view = await self._services.applications.queries.present(actor)
        return self._site.render(
            "applications/status.html",
            status=error.status if error else 200,
            pool=actor.pool,
            progress=view.progress,
            log=view.log,
            may=view.may,
            note=note,
            error=error.message if error else "",
            bar=await self._bar(actor),
            form=self._token(actor, "application"),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` withdraw or cancel."""
        actor = await self._auth.person(request)
        fields = await self._site.read_form(request, "application", _NOBODY, actor.account_id or _NOBODY)
        progress = await self._progress(actor)
        try:
            if fields.get("command") == "withdraw":
                await self._services.workflows.applications.withdraw(actor, progress.application_id)
                raise http.HTTPSeeOther(f"/h5/{actor.pool}/apply/status?note=withdrawn")
            if fields.get("command") == "cancel":
                await self._services.workflows.applications.cancel(actor, progress.application_id)
                raise http.HTTPSeeOther(f"/h5/{actor.pool}/apply?note=cancelled")
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return await self._status_page(actor, error=error)
        raise InvalidInput("没有收到您的选择，请返回后重新点选。", code="no_choice")

    # ---- help

    async def help(self, request: http.Request) -> http.Response:
        """Open to everyone; feedback for logged-in persons."""
        pool = self._auth.check_pool(request.match_info["pool"])
        return await self._help_page(pool, await self._auth.find_holder(request), _note(request))

    async def _help_page(
        self, pool: str, actor: Actor | None, note: str = "", error: AppError | None = None, typed: str = ""
    ) -> http.Response:
        book = self._services.deps.book(pool)
        return self._site.render(
            "applications/help.html",
            status=error.status if error else 200,
            pool=pool,
            name=book.pool.name,
            rules=book.help,
            materials=len(await self._services.files.material_queries.shown(pool)),
            note=note,
            error=error.message if error else "",
            typed=typed,
            longest=FEEDBACK_MAX,
            applies=actor is not None and actor.role in ("applicant", "expert"),
            form=self._token(actor, "feedback") if actor else "",
            written=await self._services.notifications.helpdesk_queries.mine(actor) if actor else (),
        )

    async def write(self, request: http.Request) -> http.Response:
        actor = await self._auth.holder(request)
        fields = await self._site.read_form(request, "feedback", _NOBODY, actor.account_id or _NOBODY)
        text = fields.get("text", "")
        try:
            await self._services.notifications.helpdesk.write(actor, text)
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return await self._help_page(actor.pool, actor, error=error, typed=text)
        raise http.HTTPSeeOther(f"/h5/{actor.pool}/help?note=thanks#feedback")

    def _token(self, actor: Actor, command: str) -> str:
        return self._site.form_token(command, _NOBODY, actor.account_id or _NOBODY)


def _note(request: http.Request) -> str:
    return _NOTES.get(request.query.get("note", ""), "")
