"""Applications: list with filters, one application with its files, unlocking a printed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.applications.lifecycles import LOG_LABELS, ApplicationState
from domain.errors import AppError, InvalidInput, NotFound
from domain.rulebook.form import EntryType
from services.applications import AttachmentView, entry_names
from services.core.base import Actor, Page
from services.entry import ExamResult
from services.office import ApplicationLine, Filter, Sort, StateCount
from services.ports import MailAttachment
from services.reviews import Form as FileForm
from services.workflows import MESSAGE_MAX, NOTE_MAX, REASON_MAX
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, begin_of, day, last_page, uuid_of
from web.core.pages import Redirect, Visit, page, resource
from web.core.site import page_number, show_picture
from web.core.typed_forms import Lines, Moment, ReasonForm
from web.files.file_links import go_to_file, mail_attachment
from web.office.base import OfficePart

_FILTERS = ("q", "state", "step", "region", "type", "campaign", "from", "until", "only", "sort")
_TO_CONFIRM = "to_confirm"
SORTS = {"newest": "最近提交在前", "oldest": "最早提交在前", "waiting": "等待最久在前", "name": "按姓名"}
_NOTHING = Page[ApplicationLine]((), 0)
_TEXT_MAX = 20_000
"""Characters of a note or message that are looked at."""
_FORM_LONGEST = 256 * 1024
"""Bytes of a form, so that one who pastes too much reads how much is allowed."""

_KNOWN: tuple[EntryType, ...] = ("first", "renewal")
"""Types in every list, even if the pool no longer accepts them."""
_APPLICATION, _CONCLUDED, _ACT = "这份申请", "已登记，并通知了申请人。", "这项重新受理"
_REINSTATED = "已重新受理，并通知了申请人。"


@dataclass(frozen=True)
class _Masked:
    """The name of a masked field."""

    field: Annotated[str, Lines(60)]


@dataclass(frozen=True)
class _Deadline:
    """``until``: the time up to which the applicant may act; not asked for where nothing waits for him."""

    until: Annotated[datetime | None, Moment("截止时间")]
    reason: str


@dataclass(frozen=True)
class _Note:
    note: Annotated[str, Lines(_TEXT_MAX)]


@dataclass(frozen=True)
class _Message:
    message: Annotated[str, Lines(_TEXT_MAX)]


@dataclass(frozen=True)
class _Refusal:
    refusal: str


class ApplicationPages(OfficePart):
    code = "applications"
    on_page = OfficePart.on_page | {403}

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/office/applications/{id}/files/{file_id}/mail", self.mail_form)
        self.site.post("/office/applications/{id}/files/{file_id}/mail", self.mail)

    # ---- the list

    @page("/office/applications", "office/applications.html")
    async def applications(self, visit: Visit) -> Mapping[str, object]:
        """All filters are in the query; see ``_FILTERS``. A faulty one is said beside its field."""
        wanted = {name: visit.query(name, 60) for name in _FILTERS if visit.query(name, 60)}
        error, listed = None, _NOTHING
        counts: Sequence[StateCount] = ()
        try:
            listed, counts = await self._find(visit, wanted)
        except AppError as refused:
            error = self.refusal_on_page(refused)
        book = self.book(visit.actor)
        types = entry_names(book)
        return {
            "f": FormValues(wanted, error),
            "applications": listed.items,
            "total": listed.total,
            "page": page_number(visit.request),
            "last": last_page(listed.total),
            "states": {count.state: count for count in counts},
            "sorts": SORTS,
            "types": {kind: types[kind] for kind in types if kind in _KNOWN + book.campaigns.entry_types},
            "labels": {state.value: state.label for state in ApplicationState},
            "steps": [(step.code, step.name) for step in book.review.steps],
            "campaigns": await self.services.applications.campaign_queries.choices(visit.actor),
            "places": await self.services.office.dashboard.places(visit.actor),
            "narrowed": any(name not in ("q", "state", "sort", "only") for name in wanted),
            "to_confirm": wanted.get("only") == _TO_CONFIRM,
            "query": _query(wanted),
            "now": self.services.deps.now(),
        }

    async def _find(
        self, visit: Visit, wanted: Mapping[str, str]
    ) -> tuple[Page[ApplicationLine], Sequence[StateCount]]:
        """The lines of the page, and counts by state under the other filters. Raises InvalidInput."""
        applications, number = self.services.office.applications, page_number(visit.request)
        chosen, sort = application_filter_of(wanted), _sort(wanted.get("sort", "newest"))
        listed = await applications.page(visit.actor, chosen, sort=sort, page=number, size=PAGE_SIZE)
        return listed, await applications.counts(visit.actor, application_filter_of({**wanted, "state": ""}))

    # ---- one

    @page("/office/applications/{id}", "office/application.html", longest=_FORM_LONGEST)
    async def application(self, visit: Visit) -> Mapping[str, object]:
        return {
            "view": await self.services.office.applications.get(visit.actor, visit.id(_APPLICATION)),
            "opened": {},
            "formers": {},
            "events": LOG_LABELS,
            "types": entry_names(self.book(visit.actor)),
            "previewed": None,
            "longest": {"reason": REASON_MAX, "note": NOTE_MAX, "message": MESSAGE_MAX},
        }

    @application.command(_Masked, "reveal")
    async def reveal(self, visit: Visit, form: _Masked) -> Mapping[str, object]:
        """Only this response shows the value."""
        revealed = await self.services.office.applications.reveal(visit.actor, visit.id(_APPLICATION), form.field)
        return {"f": EMPTY, "opened": {form.field: revealed.value}, "formers": {form.field: revealed.former}}

    @application.command(ReasonForm, "unlock", note="已解除锁定，并通知了申请人。")
    async def unlock(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.applications.submission.unlock(visit.actor, visit.id(_APPLICATION), form.reason)

    @application.command(ReasonForm, "passed", note=_CONCLUDED)
    async def record_pass(self, visit: Visit, form: ReasonForm) -> None:
        await self._record_exam(visit, "passed", form.reason)

    @application.command(ReasonForm, "failed", note=_CONCLUDED)
    async def record_failure(self, visit: Visit, form: ReasonForm) -> None:
        await self._record_exam(visit, "failed", form.reason)

    async def _record_exam(self, visit: Visit, result: ExamResult, reason: str) -> None:
        await self.services.entry.conclusions.record_exam(
            visit.actor, visit.id(_APPLICATION), result, reason, key=visit.key
        )

    @application.command(ReasonForm, "end", note=_CONCLUDED)
    async def end(self, visit: Visit, form: ReasonForm) -> None:
        """The fee stays unpaid."""
        await self.services.entry.conclusions.end(visit.actor, visit.id(_APPLICATION), form.reason, key=visit.key)

    # ---- what the office does beside decisions

    @application.command(
        _Deadline,
        "reinstate",
        note={
            "reinstated": _REINSTATED,
            "waits": "已提出。由另一位管理员在首页“待复核的重新受理”中同意后生效，届时通知申请人。",
        },
    )
    async def reinstate(self, visit: Visit, form: _Deadline) -> Redirect:
        waits = await self.services.workflows.reinstatements.begin(
            visit.actor, visit.id(_APPLICATION), form.until, form.reason, key=visit.key
        )
        return Redirect(note="waits" if waits else "reinstated")

    @application.command(name="confirm", note=_REINSTATED)
    async def confirm(self, visit: Visit) -> None:
        await self.services.workflows.reinstatements.confirm(visit.actor, visit.row_id(_ACT), key=visit.key)

    @application.command(_Refusal, "refuse", note="已登记不予同意，申请没有变动。")
    async def refuse(self, visit: Visit, form: _Refusal) -> None:
        reinstatements = self.services.workflows.reinstatements
        await reinstatements.refuse(visit.actor, visit.row_id(_ACT), form.refusal, key=visit.key)

    @application.command(name="withdraw", note="已撤回，申请没有变动。")
    async def withdraw(self, visit: Visit) -> None:
        await self.services.workflows.reinstatements.withdraw(visit.actor, visit.row_id(_ACT), key=visit.key)

    @application.command(_Deadline, "extend", note="已延长，并通知了申请人。")
    async def extend(self, visit: Visit, form: _Deadline) -> None:
        acts = self.services.workflows.office_acts
        await acts.extend(visit.actor, visit.id(_APPLICATION), form.until, form.reason, key=visit.key)

    @application.command(_Note, "note", note="已记下，管理机构和审核人员可以看到。")
    async def write_note(self, visit: Visit, form: _Note) -> None:
        await self.services.workflows.office_acts.note(visit.actor, visit.id(_APPLICATION), form.note, key=visit.key)

    @application.command(_Message, "preview")
    async def preview_message(self, visit: Visit, form: _Message) -> Mapping[str, object]:
        """Nothing is sent yet."""
        acts = self.services.workflows.office_acts
        return {"previewed": await acts.preview(visit.actor, visit.id(_APPLICATION), form.message)}

    @application.command(_Message, "message", note="已发送。送达情况见下方“管理机构办理记录”。")
    async def send_message(self, visit: Visit, form: _Message) -> None:
        acts = self.services.workflows.office_acts
        await acts.message(visit.actor, visit.id(_APPLICATION), form.message, key=visit.key)

    # ---- its files

    @resource("/office/files/{id}")
    async def file(self, visit: Visit) -> http.Response:
        """An image that we encoded, or (``?form=original``) a redirect to the file itself."""
        form, file_id = visit.request.query.get("form", "preview"), visit.id("这个文件")
        if form not in get_args(FileForm):
            raise NotFound("没有这个文件，请返回后重试。")
        access = self.services.reviews.attachment_access
        if form == "original":
            handed_out = await access.get_for_link(visit.actor, file_id)
            raise go_to_file(self.services, visit.actor, "attachment", file_id, handed_out.filename)
        return show_picture(await access.open(visit.actor, file_id, cast(FileForm, form)))

    async def mail_form(self, request: http.Request) -> http.Response:
        actor, attachment, back = await self._file(request)
        return self.file_mail.form(request, actor, attachment.filename, back)

    async def mail(self, request: http.Request) -> http.Response:
        actor, attachment, back = await self._file(request)

        async def read() -> MailAttachment:
            return mail_attachment(await self.services.reviews.attachment_access.open(actor, attachment.id))

        return await self.file_mail.send(request, actor, attachment.filename, back, read)

    async def _file(self, request: http.Request) -> tuple[Actor, AttachmentView, tuple[str, str]]:
        """The file, and the address of its application for the way back."""
        actor, application_id = await self.actor(request), uuid_of(request.match_info["id"], "这份申请")
        file_id = uuid_of(request.match_info["file_id"], "这个文件")
        attachment = await self.services.reviews.attachment_access.get(actor, file_id)
        return actor, attachment, ("申请", f"/office/applications/{application_id}")


def application_filter_of(wanted: Mapping[str, str]) -> Filter:
    """Raises InvalidInput for invalid filters."""
    campaign = wanted.get("campaign", "")
    try:
        campaign_id = UUID(campaign) if campaign else None
    except ValueError as error:
        raise InvalidInput("没有这次征集，请从列表中选择。", field="campaign") from error
    entry_type = wanted.get("type", "")
    if entry_type and entry_type not in get_args(EntryType):
        raise InvalidInput("没有这种入库类型，请从列表中选择。", field="type")
    return Filter(
        campaign_id,
        wanted.get("state", ""),
        wanted.get("step", ""),
        wanted.get("region", ""),
        entry_type,
        wanted.get("q", "")[:50],
        begin_of(day(wanted.get("from", ""), "from", "提交起始日期")),
        begin_of(day(wanted.get("until", ""), "until", "提交截止日期"), days=1),
        wanted.get("only") == _TO_CONFIRM,
    )


def _sort(text: str) -> Sort:
    if text not in get_args(Sort):
        raise InvalidInput("没有这种排序方式，请从列表中选择。", field="sort")
    return cast(Sort, text)


def _query(wanted: Mapping[str, str]) -> Mapping[str, str]:
    """The query for links: ``all`` keeps everything, ``stateless`` leaves the state out."""
    return {
        "all": urlencode(wanted),
        "stateless": urlencode({name: value for name, value in wanted.items() if name != "state"}),
    }
