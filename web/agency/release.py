"""The tab 退选: the request to release the panel, its start, and which experts know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from domain.errors import InvalidInput
from domain.masking import mask_mobile
from services.draws import RULE
from web.agency.base import DraftPlace
from web.agency.wizard import DrawPart, draw_id
from web.core.pages import Visit, page
from web.core.typed_forms import ShortText
from web.draws import CALLED_SOON, RingForm

_EXPERT = "这位专家"


@dataclass(frozen=True)
class _Request:
    cause: str
    reason: Annotated[str, ShortText("说明", 400)]


@dataclass(frozen=True)
class _Notified:
    words: Annotated[str, ShortText("通知情况", 200)]


class ReleasePages(DrawPart):
    step = "release"

    @page("/agency/draws/{id}/release", "agency/release.html")
    async def tab(self, visit: Visit) -> Mapping[str, object]:
        detail, draws = await self.detail(visit), self.services.draws
        form, draft = await self.form_and_draft(visit, DraftPlace(self.step, detail.draw.id))
        return {
            **self.draw_values(detail),
            "f": form,
            "draft": draft,
            "release": await draws.release_queries.view(visit.actor, detail.draw.id),
            "soon": self.services.deps.now() + CALLED_SOON,
            "now": self.services.deps.now(),
            "attached": await draws.attachments.find(visit.actor, detail.draw.id, "release"),
            "own_phone": mask_mobile(await self.services.accounts.credentials.own_mobile(visit.actor)),
            "size_max": RULE.size_max,
            "causes": [(cause, cause) for cause in self.book(visit.actor).draw.release.causes],
        }

    # ---- the request

    @tab.command(
        _Request,
        "submit",
        upload=RULE.size_max,
        note="已提交，等待交易中心核验。核验通过后才能启动退选。",
    )
    async def submit(self, visit: Visit, form: _Request) -> None:
        """A chosen file is attached first."""
        if visit.file:
            await self._attach(visit)
        await self.services.draws.releases.submit(visit.actor, draw_id(visit), form.cause, form.reason)
        await self.saved(visit.actor, DraftPlace(self.step, draw_id(visit)), visit.fields)

    @tab.command(name="withdraw", note="退选申请已撤回。")
    async def withdraw(self, visit: Visit) -> None:
        await self.services.draws.releases.withdraw(visit.actor, draw_id(visit))

    @tab.command(path="/agency/draws/{id}/release/attachment", upload=RULE.size_max, note="证明材料已上传。")
    async def attach(self, visit: Visit) -> None:
        files = self.services.draws.attachments
        await files.check_open(visit.actor, draw_id(visit), "release")
        if not visit.file:
            raise InvalidInput("请先选择要上传的文件。", code="missing", field="file")
        await self._attach(visit)

    async def _attach(self, visit: Visit) -> None:
        name = visit.form.value("filename")[:200] or "退选申请"
        await self.services.draws.attachments.attach(visit.actor, draw_id(visit), name, visit.file, "release")
        await self._keep_typed(visit)

    @tab.command(name="remove", note="证明材料已删除。")
    async def remove_attachment(self, visit: Visit) -> None:
        await self.services.draws.attachments.remove(visit.actor, draw_id(visit), "release")
        await self._keep_typed(visit)

    async def _keep_typed(self, visit: Visit) -> None:
        """Keep the typed text of the request when its proof is uploaded or removed."""
        detail = await self.detail(visit)
        typed = {name: visit.form.value(name) for name in ("cause", "reason")}
        name = DraftPlace(self.step, detail.draw.id).name
        await self.services.accounts.form_drafts.keep(visit.actor, name, typed, about=detail.draw.name)

    # ---- the release

    @tab.command(name="start", note="已启动退选，正在电话通知专家。")
    async def start(self, visit: Visit) -> None:
        await self.services.draws.releases.start(visit.actor, draw_id(visit))

    @tab.command(RingForm, "ring", note="系统正在呼叫您的电话，接听后再呼叫专家。通话后请登记通知情况。")
    async def ring(self, visit: Visit, form: RingForm) -> None:
        await self.services.draws.releases.ring(visit.actor, draw_id(visit), visit.row_id(_EXPERT), form.caller)

    @tab.command(_Notified, "notified", note="已登记，并向专家发送退选短信。")
    async def confirm_notified(self, visit: Visit, form: _Notified) -> None:
        await self.services.draws.releases.confirm(visit.actor, draw_id(visit), visit.row_id(_EXPERT), form.words)
