"""Applications: list with filters, one application with its files, unlocking a printed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.applications.lifecycles import LOG_LABELS, ApplicationState
from domain.errors import AppError, InvalidInput, NotFound
from domain.rulebook.form import EntryType
from services.applications import AttachmentView, entry_names
from services.core.base import Actor, Page
from services.entry import ExamResult
from services.office import ApplicationLine, Filter, Sort
from services.ports import MailAttachment
from services.reviews import Form as FileForm
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, begin_of, day, key_of, last_page, redirect, uuid_of
from web.core.site import page_number, show_picture
from web.files.file_links import go_to_file, mail_attachment
from web.office.base import OfficePart

_FILTERS = ("q", "state", "step", "region", "type", "campaign", "from", "until", "sort")
SORTS = {"newest": "最近提交在前", "oldest": "最早提交在前", "waiting": "等待最久在前", "name": "按姓名"}
_NOTHING = Page[ApplicationLine]((), 0)

_KNOWN: tuple[EntryType, ...] = ("first", "renewal")
"""Types in every list, even if the pool no longer accepts them."""


class ApplicationPages(OfficePart):
    code = "applications"
    notes: ClassVar[Mapping[str, str]] = {
        "unlocked": "已解除锁定，并通知了申请人。",
        "concluded": "已登记，并通知了申请人。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/applications", self.list)
        self.site.get("/office/applications/{id}", self.detail)
        self.site.post("/office/applications/{id}", self.submit)
        self.site.get("/office/files/{id}", self.file)
        self.site.get("/office/applications/{id}/files/{file_id}/mail", self.mail_form)
        self.site.post("/office/applications/{id}/files/{file_id}/mail", self.mail)

    # ---- the list

    async def list(self, request: http.Request) -> http.Response:
        """All filters are in the query; see ``_FILTERS``."""
        actor = await self.actor(request)
        said = {name: request.query.get(name, "").strip()[:60] for name in _FILTERS}
        said = {name: value for name, value in said.items() if value}
        page, error, found, states = page_number(request), None, _NOTHING, {}
        try:
            wanted, sort = application_filter_of(said), _sort(said.get("sort", "newest"))
            applications = self.services.office.applications
            found = await applications.page(actor, wanted, sort=sort, page=page, size=PAGE_SIZE)
            states = {
                one.state: one for one in await applications.counts(actor, application_filter_of({**said, "state": ""}))
            }
        except AppError as refused:
            error = self.shown(refused)
        book = self.book(actor)
        return self.show(
            actor,
            "office/applications.html",
            request,
            error=error,
            f=FormValues(said, error),
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            states=states,
            sorts=SORTS,
            types={
                kind: name for kind, name in entry_names(book).items() if kind in _KNOWN + book.campaigns.entry_types
            },
            labels={state.value: state.label for state in ApplicationState},
            steps=[(one.code, one.name) for one in book.review.steps],
            campaigns=await self.services.applications.campaign_queries.choices(actor),
            places=await self.services.office.dashboard.places(actor),
            narrowed=any(name not in ("q", "state", "sort") for name in said),
            query=_query(said),
            now=self.services.deps.now(),
        )

    # ---- one

    async def detail(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        return await self._page(actor, request, uuid_of(request.match_info["id"], "这份申请"))

    async def _page(
        self,
        actor: Actor,
        request: http.Request,
        application_id: UUID,
        *,
        form: FormValues = EMPTY,
        opened: Mapping[str, str] | None = None,
    ) -> http.Response:
        view = await self.services.office.applications.get(actor, application_id)
        return self.show(
            actor,
            "office/application.html",
            request,
            error=form.error,
            f=form,
            view=view,
            opened=opened or {},
            events=LOG_LABELS,
            types=entry_names(self.book(actor)),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` reveal with a field: only this response shows the value; for others see ``_do``."""
        actor, application_id = await self.actor(request), uuid_of(request.match_info["id"], "这份申请")
        fields = await self.fields(request, actor)
        try:
            if fields.get("command") == "reveal":
                name = fields.get("field", "")[:60]
                value = await self.services.office.applications.reveal(actor, application_id, name)
                return await self._page(actor, request, application_id, opened={name: value})
            note = await self._do(actor, application_id, fields)
        except AppError as error:
            return await self._page(actor, request, application_id, form=FormValues(fields, self.shown(error)))
        raise redirect(f"/office/applications/{application_id}", note=note)

    async def _do(self, actor: Actor, application_id: UUID, fields: Mapping[str, str]) -> str:
        """``command`` unlock; passed or failed, of the examination; or end: the fee stays unpaid. With a reason."""
        command, reason, conclusions = (
            fields.get("command", ""),
            fields.get("reason", ""),
            self.services.entry.conclusions,
        )
        if command == "unlock":
            await self.services.applications.submission.unlock(actor, application_id, reason)
            return "unlocked"
        if command in get_args(ExamResult):
            result = cast(ExamResult, command)
            await conclusions.record_exam(actor, application_id, result, reason, key=key_of(fields))
        elif command == "end":
            await conclusions.end(actor, application_id, reason, key=key_of(fields))
        else:
            raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        return "concluded"

    async def file(self, request: http.Request) -> http.Response:
        """An image that we encoded, or (``?form=original``) a redirect to the file itself."""
        actor, form = await self.actor(request), request.query.get("form", "preview")
        if form not in get_args(FileForm):
            raise NotFound("没有这个文件，请返回后重试。")
        file_id, access = uuid_of(request.match_info["id"], "这个文件"), self.services.reviews.attachment_access
        if form == "original":
            raise go_to_file(
                self.services, actor, "attachment", file_id, (await access.hand_out(actor, file_id)).filename
            )
        return show_picture(await access.open(actor, file_id, cast(FileForm, form)))

    async def mail_form(self, request: http.Request) -> http.Response:
        actor, found, back = await self._file(request)
        return self.file_mail.form(request, actor, found.filename, back)

    async def mail(self, request: http.Request) -> http.Response:
        actor, found, back = await self._file(request)

        async def read() -> MailAttachment:
            return mail_attachment(await self.services.reviews.attachment_access.open(actor, found.id))

        return await self.file_mail.send(request, actor, found.filename, back, read)

    async def _file(self, request: http.Request) -> tuple[Actor, AttachmentView, tuple[str, str]]:
        """The file, and the address of its application for the way back."""
        actor, application_id = await self.actor(request), uuid_of(request.match_info["id"], "这份申请")
        file_id = uuid_of(request.match_info["file_id"], "这个文件")
        found = await self.services.reviews.attachment_access.find(actor, file_id)
        return actor, found, ("申请", f"/office/applications/{application_id}")


def application_filter_of(said: Mapping[str, str]) -> Filter:
    """Raises InvalidInput for invalid filters."""
    campaign = said.get("campaign", "")
    try:
        campaign_id = UUID(campaign) if campaign else None
    except ValueError as error:
        raise InvalidInput("没有这次征集，请从列表中选择。", field="campaign") from error
    entry_type = said.get("type", "")
    if entry_type and entry_type not in get_args(EntryType):
        raise InvalidInput("没有这种入库类型，请从列表中选择。", field="type")
    return Filter(
        campaign_id,
        said.get("state", ""),
        said.get("step", ""),
        said.get("region", ""),
        entry_type,
        said.get("q", "")[:50],
        begin_of(day(said.get("from", ""), "from", "提交起始日期")),
        begin_of(day(said.get("until", ""), "until", "提交截止日期"), days=1),
    )


def _sort(text: str) -> Sort:
    if text not in get_args(Sort):
        raise InvalidInput("没有这种排序方式，请从列表中选择。", field="sort")
    return cast(Sort, text)


def _query(said: Mapping[str, str]) -> Mapping[str, str]:
    """The query for links: ``all`` keeps everything, ``stateless`` leaves the state out."""
    return {
        "all": urlencode(said),
        "stateless": urlencode({name: value for name, value in said.items() if name != "state"}),
    }
