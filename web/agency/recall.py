"""``…/notify``: inviting the original experts, noting what they said on the phone, confirming their answers (复评)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.draws.lifecycles import OVER, DrawState
from domain.masking import mask_mobile
from services.core.crypto import PHONE
from services.draws import Detail, digits_of
from web.agency.wizard import EDITABLE, DrawPart, draw_id
from web.core.form_values import print_moment, uuid_of
from web.core.pages import Visit, page
from web.core.typed_forms import Moment, OneOf

_EXPERT = "这位专家"


@dataclass(frozen=True)
class _Phone:
    """Own, or the id of the notice whose contact is rung."""

    phone: str

    @property
    def notice_id(self) -> UUID | None:
        return None if self.phone in ("", "own") else uuid_of(self.phone, "这条语音通知")


@dataclass(frozen=True)
class _Answer:
    """``gathering_at`` counts only for an expert who comes."""

    answer: Annotated[str, OneOf(("comes", "declines"), "请选择参评或不参评。", "missing")]
    gathering_at: Annotated[datetime | None, Moment("商定的集合时间")]

    @property
    def comes(self) -> bool:
        return self.answer == "comes"


class RecallPages(DrawPart):
    step = "notify"

    @page("/agency/draws/{id}/notify", "agency/notify.html")
    async def panel(self, visit: Visit) -> Mapping[str, object]:
        detail, draws = await self.detail(visit), self.services.draws
        draw, state = detail.draw, DrawState(detail.draw.state)
        if draw.kind != "recall":
            raise self.leave(visit, "run")
        begun = self.services.deps.now() >= draw.starts_at
        panel, own = await draws.recall_queries.panel(visit.actor, draw.id), await self._own_mobile(visit)
        return {
            **self.draw_values(detail),
            "panel": panel,
            "phone": self._chosen_phone(detail, panel.staff_phone, own),
            "waiting": state in (*EDITABLE, DrawState.SUBMITTED),
            "open": state == DrawState.VERIFIED and not begun,
            "late": state == DrawState.VERIFIED and begun,
            "begun": begun,
            "over": state in OVER,
            "running": draw.finished_at is not None,
            "progress": await draws.progress.totals_of(draw),
            "unseals_at": draws.access.unseals_at(draw),
            "unsealed": draws.access.is_unsealed(draw),
            "print_moment": print_moment,
            "phones": [
                ("own", f"本人登记手机号{mask_mobile(own)}"),
                *(
                    (str(notice.id), f"通知{notice.position}的联系人{notice.contact}")
                    for notice in detail.parts.notices
                ),
            ],
        }

    async def _own_mobile(self, visit: Visit) -> str:
        return await self.services.accounts.credentials.own_mobile(visit.actor)

    def _chosen_phone(self, detail: Detail, phone: str, own: str) -> str:
        """The option of the phone that is used now; one's own until another was chosen."""
        keys = self.services.deps.keys
        contacts = (
            str(notice.id)
            for notice in detail.parts.notices
            if phone != own and digits_of(keys.read(notice.contact_phone_sealed, PHONE)) == digits_of(phone)
        )
        return next(contacts, "own")

    @panel.command(name="invite", note="已开始通知，每位原专家会收到通知，由本人答复。")
    async def invite(self, visit: Visit) -> None:
        await self.services.draws.recalls.invite_panel(visit.actor, draw_id(visit))

    @panel.command(_Phone, "phone", note="通话号码已保存。")
    async def choose_phone(self, visit: Visit, form: _Phone) -> None:
        await self.services.draws.recalls.choose_phone(visit.actor, draw_id(visit), form.notice_id)

    @panel.command(name="ring", note="系统正在呼叫您的电话，接听后再呼叫专家。双方都看不到对方号码。")
    async def ring(self, visit: Visit) -> None:
        await self.services.draws.recalls.ring(visit.actor, draw_id(visit), visit.row_id(_EXPERT))

    @panel.command(name="ask", note="已请该专家回电，他会收到您的通话号码和拟定的集合时间。")
    async def ask_back(self, visit: Visit) -> None:
        await self.services.draws.recalls.ask_to_call_back(visit.actor, draw_id(visit), visit.row_id(_EXPERT))

    @panel.command(name="resend", note="正在重新发送确认短信，请稍后刷新查看。")
    async def resend(self, visit: Visit) -> None:
        await self.services.draws.recalls.resend(visit.actor, draw_id(visit), visit.row_id(_EXPERT))

    @panel.command(_Answer, "note", note="已登记为代理机构陈述，并已通知专家本人，以本人答复为准。")
    async def note_answer(self, visit: Visit, form: _Answer) -> None:
        await self.services.draws.recalls.record_statement(
            visit.actor, draw_id(visit), visit.row_id(_EXPERT), form.comes, form.gathering_at
        )

    @panel.command(name="confirm", note="最终确认结果已提交，不能再修改。")
    async def confirm(self, visit: Visit) -> None:
        await self.services.draws.recalls.confirm(visit.actor, draw_id(visit))
