"""``…/submit``: the request for verification with its attachment, and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.draws import RULE, Detail
from web.agency.base import Draft, DraftPlace
from web.agency.wizard import DrawPart, path_of, text
from web.core.form_values import EMPTY, FormValues, key_of, redirect
from web.core.site import show_pdf
from web.draws import APPLICATION_KINDS

_DRAFT = "submit"
"""Name of the form under which unsubmitted input is stored."""


class SubmissionPages(DrawPart):
    step = "submit"
    notes: ClassVar[Mapping[str, str]] = {
        "sent": "已提交，等待交易中心核验。",
        "withdrawn": "已撤回，修改后可以重新提交。",
        "attached": "附件已上传。",
        "removed": "附件已删除。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/submit", self.form)
        self.site.post("/agency/draws/{id}/submit", self.submit)
        self.site.post("/agency/draws/{id}/attachment", self.attach)
        self.site.get("/agency/draws/{id}/application.pdf", self.document)

    async def form(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        draft = await self.draft(actor, DraftPlace(_DRAFT, detail.draw.id))
        return await self._page(actor, request, detail, FormValues(draft.values))

    async def _page(
        self, actor: Actor, request: http.Request, detail: Detail, form: FormValues = EMPTY
    ) -> http.Response:
        draws, draw = self.services.draws, detail.draw
        return self.draw_page(
            actor,
            "agency/submit.html",
            request,
            detail,
            error=form.error,
            f=form,
            terminals=[(one, one) for one in self.book(actor).draw.terminals],
            attached=await draws.attachments.find(actor, draw.id),
            applications=await draws.verification_queries.of_draw(draw.id),
            application_kinds=APPLICATION_KINDS,
            missing=_missing(detail),
            operator=draws.operators.show(draw),
            draft=Draft(DraftPlace(_DRAFT, draw.id).path),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` submit, withdraw or remove (the attachment)."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, detail, fields)
        except AppError as error:
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error)))
        raise redirect(path_of(detail.draw.id, "submit"), note=note)

    async def _do(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> str:
        setup, draw_id = self.services.draws.setup, detail.draw.id
        match fields.get("command"):
            case "submit":
                if fields.get("file"):
                    raise InvalidInput(
                        "选好的附件还没有上传，请先点“上传”，再提交审核。", code="not_uploaded", field="file"
                    )
                terminal, reason = fields.get("terminal", ""), text(fields, "reason", "提交审核原因", 500)
                await setup.submit(actor, draw_id, terminal, reason, key=key_of(fields))
                await self.saved(actor, DraftPlace(_DRAFT, draw_id), fields)
                return "sent"
            case "withdraw":
                await setup.withdraw(actor, draw_id)
                return "withdrawn"
            case "remove":
                await self._keep(actor, detail, fields)
                await self.services.draws.attachments.remove(actor, draw_id)
                return "removed"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _keep(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> None:
        """Keep the text typed beside the attachment, on this device and others."""
        typed = {name: fields.get(name, "") for name in ("terminal", "reason")}
        name = DraftPlace(_DRAFT, detail.draw.id).name
        await self.services.accounts.form_drafts.keep(actor, name, typed, about=detail.draw.name)

    async def attach(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        fields: dict[str, str] = {}
        try:
            await self.services.draws.attachments.check_open(actor, detail.draw.id)
            fields, content = await self.upload(request, actor, longest=RULE.size_max)
            await self._keep(actor, detail, fields)
            if not content:
                raise InvalidInput("请先选择要上传的文件。", code="missing", field="file")
            name = fields.get("filename", "")[:200] or "抽取申请"
            await self.services.draws.attachments.attach(actor, detail.draw.id, name, content)
        except AppError as error:
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error)))
        raise redirect(path_of(detail.draw.id, "submit"), note="attached")

    async def document(self, request: http.Request) -> http.Response:
        """The request filled in, to be stamped and attached."""
        actor, detail = await self.asked(request)
        document = await self.services.draws.documents.application(actor, detail.draw.id)
        return show_pdf(document.content, document.filename)


def _missing(detail: Detail) -> list[tuple[str, str]]:
    """What must still be done before submission: text, and the step where."""
    planned = sum(one.planned for one in detail.conditions)
    found = []
    if not detail.parts.notices:
        found.append(("还没有语音通知", "conditions"))
    if planned != detail.draw.needed:
        found.append((f"抽取条件共{planned}人，应为{detail.draw.needed}人", "conditions"))
    return found
