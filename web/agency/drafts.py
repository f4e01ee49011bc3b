"""``/agency/drafts/{kind}/{id}``: unsaved input of a form, stored for any other device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.accounts import FormDraftView
from services.core.base import Actor
from web.agency.base import AgencyPart, DraftPlace, generation_of
from web.core.form_values import redirect, uuid_of
from web.core.typed_forms import Lines, read_typed


@dataclass(frozen=True)
class DraftForm:
    """``page`` shows the form of object ``id`` (organisation, project or draw); ``part`` is the part that it edits."""

    label: str
    page: str


FORMS: Mapping[str, DraftForm] = {
    "project": DraftForm("新建招标项目", "/agency/projects/new"),
    "lot": DraftForm("新增标段", "/agency/projects/{id}?open=lot"),
    "basic": DraftForm("新建抽取", "/agency/draws/new?project={id}"),
    "basic-edit": DraftForm("活动信息", "/agency/draws/{id}/basic"),
    "unit": DraftForm("新增回避单位", "/agency/draws/{id}/recusal?list=units"),
    "person": DraftForm("新增回避人员", "/agency/draws/{id}/recusal?list=persons"),
    "notice": DraftForm("新增语音通知", "/agency/draws/{id}/notices/new"),
    "notice-edit": DraftForm("编辑语音通知", "/agency/draws/{id}/notices/{part}"),
    "condition": DraftForm("新增抽取条件", "/agency/draws/{id}/conditions/new"),
    "condition-edit": DraftForm("编辑抽取条件", "/agency/draws/{id}/conditions/{part}"),
    "submit": DraftForm("提交审核", "/agency/draws/{id}/submit"),
    "redraw": DraftForm("重新抽取", "/agency/draws/{id}/redraw"),
    "recall": DraftForm("复评", "/agency/draws/{id}/recall"),
    "release": DraftForm("退选申请", "/agency/draws/{id}/release"),
}
_WHAT = "这个表单"
_LEFT_OUT = frozenset(
    (
        "form",
        "key",
        "command",
        "quiet",
        "back",
        "about",
        "file",
        "last",
        "id_number",
        "operator_id_number",
        "supervisor_q",
        "earlier_q",
    )
)


@dataclass(frozen=True)
class OpenForm:
    """A form with unsaved input, in the list of them. ``path`` deletes it."""

    label: str
    about: str
    saved_at: datetime
    page: str
    path: str


def open_forms(drafts: Iterable[FormDraftView]) -> list[OpenForm]:
    forms = []
    for draft in drafts:
        kind, _, subject = draft.name.partition(":")
        within, form = draft.within or subject, FORMS.get(kind)
        if form is None:
            continue
        path = f"/agency/drafts/{kind}/{within}" + (f"/{subject}" if within != subject else "")
        about, page = draft.about or draft.values.get("name", ""), form.page.format(id=within, part=subject)
        forms.append(OpenForm(form.label, about, draft.saved_at, page, path))
    return forms


@dataclass(frozen=True)
class _Sent:
    """What a form sends beside its own fields. ``command`` forget deletes the draft, anything else stores it;
    ``quiet``: the page's script sent it, which stays on the page; ``back``: from the list of open forms."""

    command: str
    about: Annotated[str, Lines(200)]
    quiet: bool
    back: bool

    @property
    def forgets(self) -> bool:
        return self.command == "forget"


class DraftPages(AgencyPart):
    here = "home"

    def add_routes(self) -> None:
        self.site.post("/agency/drafts/{kind}/{id}", self.keep)
        self.site.post("/agency/drafts/{kind}/{id}/{part}", self.keep)

    async def keep(self, request: http.Request) -> http.Response:
        actor, place = await self.actor(request), _place(request)
        fields = await self.fields(request, actor)
        sent = read_typed(_Sent, fields)
        await self._store(actor, place, sent, fields)
        if sent.quiet:
            return http.Response(status=204)
        if sent.back:
            raise redirect("/agency", note="emptied")
        page = FORMS[place.kind].page.format(id=place.subject_id, part=place.part_id)
        raise redirect(page, note="" if sent.forgets else "kept")

    async def _store(self, actor: Actor, place: DraftPlace, sent: _Sent, fields: Mapping[str, str]) -> None:
        drafts, generation = self.services.accounts.form_drafts, generation_of(fields)
        if sent.forgets:
            await drafts.forget(actor, place.name, generation=generation)
            return
        typed = {name: text for name, text in fields.items() if name not in _LEFT_OUT}
        within = str(place.subject_id)
        await drafts.keep(actor, place.name, typed, generation=generation, within=within, about=sent.about)


def _place(request: http.Request) -> DraftPlace:
    kind, part = request.match_info["kind"], request.match_info.get("part", "")
    form = FORMS.get(kind)
    if form is None or ("{part}" in form.page) != bool(part):
        raise NotFound("没有这个表单，请返回工作台。", code="unknown")
    part_id: UUID | None = uuid_of(part, _WHAT) if part else None
    return DraftPlace(kind, uuid_of(request.match_info["id"], _WHAT), part_id)
