"""``/h5/{pool}/remuneration``: an expert's remuneration, to confirm or to object to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Version

_ROW = "这笔酬劳"


@dataclass(frozen=True)
class _Confirmation:
    """``version`` of the amount that was shown."""

    version: Annotated[int, Version()]


@dataclass(frozen=True)
class _Dispute(_Confirmation):
    reason: str


class OwnRemunerationPages(PersonPages):
    form_name = "remuneration"
    on_page = ON_PAGE | {404}

    @page("/h5/{pool}/remuneration", "remuneration/own.html")
    async def own(self, visit: Visit) -> Mapping[str, object]:
        remunerations = await self.services.remuneration.answers.list_own(visit.actor)
        book = self.services.deps.book(visit.actor.pool)
        has_bank = "bank_account" in book.form.at_once()
        return {"pool": book.pool, "remunerations": remunerations, "has_bank": has_bank}

    @own.command(_Confirmation, "confirm", note="已确认。抽取单位支付后会通知您。")
    async def confirm(self, visit: Visit, form: _Confirmation) -> None:
        answers = self.services.remuneration.answers
        await answers.confirm(visit.actor, visit.row_id(_ROW), form.version, by="h5")

    @own.command(None, "remind", note="已提醒付款单位核对。")
    async def remind(self, visit: Visit) -> None:
        await self.services.remuneration.payment_reminders.remind(visit.actor, visit.row_id(_ROW), key=visit.key)

    @own.command(_Dispute, "dispute", note="异议已转给场地，答复后会通知您再次核对。")
    async def dispute(self, visit: Visit, form: _Dispute) -> None:
        answers = self.services.remuneration.answers
        await answers.dispute(visit.actor, visit.row_id(_ROW), form.version, form.reason, by="h5")
