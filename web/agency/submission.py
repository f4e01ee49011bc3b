"""``…/submit``: the request for verification with its attachment, and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from domain.errors import Conflict, InvalidInput
from services.draws import RULE, Detail
from web.agency.base import DraftPlace
from web.agency.wizard import DrawPart, draw_id, path_of
from web.core.pages import Visit, page
from web.core.typed_forms import ShortText
from web.draws import APPLICATION_KINDS
from web.files.produced import ProducedFile, produced_file, produced_pdf

_FORM = "submit"
"""Name of the form under which unsubmitted input is stored."""


@dataclass(frozen=True)
class _Submission:
    terminal: str
    reason: Annotated[str, ShortText("提交审核原因", 500)]


class SubmissionPages(DrawPart):
    step = "submit"

    @page("/agency/draws/{id}/submit", "agency/submit.html")
    async def form(self, visit: Visit) -> Mapping[str, object]:
        detail, draws = await self.detail(visit), self.services.draws
        draw = detail.draw
        form, draft = await self.form_and_draft(visit, DraftPlace(_FORM, draw.id))
        return {
            **self.draw_values(detail),
            "f": form,
            "draft": draft,
            "terminals": [(terminal, terminal) for terminal in self.book(visit.actor).draw.terminals],
            "attached": await draws.attachments.find(visit.actor, draw.id),
            "applications": await draws.verification_queries.applications_of_draw(draw.id),
            "application_kinds": APPLICATION_KINDS,
            "missing": _missing(detail),
            "size_max": RULE.size_max,
            "operator": draws.operators.operator_of(draw),
        }

    @form.command(_Submission, "submit", upload=RULE.size_max, note="已提交，等待交易中心核验。")
    async def submit(self, visit: Visit, form: _Submission) -> None:
        """A chosen file is attached first."""
        if visit.file:
            await self._attach_unless_submitted(visit)
        await self.services.draws.setup.submit(visit.actor, draw_id(visit), form.terminal, form.reason, key=visit.key)
        await self.saved(visit.actor, DraftPlace(_FORM, draw_id(visit)), visit.fields)

    @form.command(name="withdraw", note="已撤回，修改后可以重新提交。")
    async def withdraw(self, visit: Visit) -> None:
        await self.services.draws.setup.withdraw(visit.actor, draw_id(visit))

    @form.command(name="remove", note="附件已删除。")
    async def remove_attachment(self, visit: Visit) -> None:
        await self._keep_typed(visit)
        await self.services.draws.attachments.remove(visit.actor, draw_id(visit))

    @form.command(path="/agency/draws/{id}/attachment", upload=RULE.size_max, note="附件已上传。")
    async def attach(self, visit: Visit) -> None:
        await self._keep_typed(visit)
        if not visit.file:
            raise InvalidInput("请先选择要上传的文件。", code="missing", field="file")
        await self._attach(visit)

    async def _attach(self, visit: Visit) -> None:
        name = visit.form.value("filename")[:200] or "抽取申请"
        await self.services.draws.attachments.attach(visit.actor, draw_id(visit), name, visit.file)

    async def _attach_unless_submitted(self, visit: Visit) -> None:
        """A form that was carried out already, but whose answer was lost, is answered by its key."""
        with suppress(Conflict):
            await self._keep_typed(visit)
            await self._attach(visit)

    async def _keep_typed(self, visit: Visit) -> None:
        """Keep the text typed beside the attachment, on this device and others."""
        detail = await self.detail(visit)
        await self.services.draws.attachments.check_open(visit.actor, detail.draw.id)
        typed = {name: visit.form.value(name) for name in ("terminal", "reason")}
        name = DraftPlace(_FORM, detail.draw.id).name
        await self.services.accounts.form_drafts.keep(visit.actor, name, typed, about=detail.draw.name)

    @produced_file("/agency/draws/{id}/application.pdf", "抽取申请表", lambda visit: path_of(draw_id(visit), "submit"))
    async def document(self, visit: Visit) -> ProducedFile:
        """The request filled in, to be stamped and attached."""
        document = await self.services.draws.documents.application(visit.actor, draw_id(visit))
        return produced_pdf(document.content, document.filename)


def _missing(detail: Detail) -> list[tuple[str, str]]:
    """What must still be done before submission: text, and the step where."""
    planned = sum(condition.planned for condition in detail.conditions)
    missing = []
    if not detail.parts.notices:
        missing.append(("还没有语音通知", "conditions"))
    if planned != detail.draw.needed:
        missing.append((f"抽取条件共{planned}人，应为{detail.draw.needed}人", "conditions"))
    return missing
