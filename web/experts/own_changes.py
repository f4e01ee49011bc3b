"""``/h5/{pool}/file/…``: what an expert declares and changes by himself, in force at once: recusal units (申报回避),
contacts, bank account, retirement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.experts.recusal_units import GROUNDS, NOTE_MAX
from services.draws import UnitForm
from web.accounts.login import TRIES
from web.accounts.person_pages import PersonPages
from web.core.pages import Rate, Redirect, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Code, Day, Trimmed

_REMOVE = "remove-"
"""Before the code of a field whose box is ticked."""
_SENT = "验证码短信已经发出，请查收。"


@dataclass(frozen=True)
class _Unit:
    relation: str
    name: Annotated[str, Trimmed(400)]
    code: Annotated[str, Trimmed(40)]
    note: Annotated[str, Trimmed(400)]


@dataclass(frozen=True)
class _Code:
    code: Annotated[str, Code(8)]


@dataclass(frozen=True)
class _Retirement:
    retired_on: Annotated[date | None, Day("退休日期")]


class OwnChangePages(PersonPages):
    form_name = "own_changes"
    on_page = ON_PAGE | {403, 404}

    @page("/h5/{pool}/file/recusal", "experts/recusal.html")
    async def recusal(self, visit: Visit) -> Mapping[str, object]:
        own = await self.services.draws.declared_recusals.read(visit.actor)
        return {
            "own": own,
            "checked": None,
            "grounds": GROUNDS,
            "note_max": NOTE_MAX,
            "removal": await self.services.expert_file_views.own_files.find_way_to_change(visit.actor),
        }

    @recusal.command(_Unit, "check")
    async def check_unit(self, visit: Visit, form: _Unit) -> Mapping[str, object]:
        """The unit as it would be filed, with the button that declares it."""
        unit = UnitForm(form.relation, form.name, form.code, form.note)
        return {"checked": await self.services.draws.declared_recusals.preview(visit.actor, unit)}

    @recusal.command(_Unit, "edit")
    async def edit_unit(self, visit: Visit, form: _Unit) -> Mapping[str, object]:
        """The form again with what was typed."""
        return {}

    @recusal.command(
        _Unit,
        note={
            "declared": "已登记，立即生效：与这个单位有关的评标不会再抽取您。",
            "ended": "已登记，立即生效。您有评标因此须回避，无需到场，见下方。",
            "venue": "已登记，立即生效。您已签到的评标与这个单位有关，请马上告知现场工作人员，见下方。",
        },
    )
    async def declare(self, visit: Visit, form: _Unit) -> Redirect:
        unit = UnitForm(form.relation, form.name, form.code, form.note)
        declared = await self.services.draws.declared_recusals.declare(visit.actor, unit, key=visit.key)
        return Redirect(note="venue" if declared.at_venue else "ended" if declared.ended else "declared")

    @page("/h5/{pool}/file/contacts", "experts/contacts.html")
    async def contacts(self, visit: Visit) -> Mapping[str, object]:
        return {"own": await self.services.applications.own_changes.read(visit.actor)}

    @contacts.command(note="已修改，立即生效；已通知您的手机。")
    async def set_contacts(self, visit: Visit) -> None:
        removed = [
            name.removeprefix(_REMOVE) for name, ticked in visit.fields.items() if ticked and name.startswith(_REMOVE)
        ]
        await self.services.applications.own_changes.set_contacts(visit.actor, visit.fields, removed, key=visit.key)

    @page("/h5/{pool}/file/bank", "experts/bank.html")
    async def bank(self, visit: Visit) -> Mapping[str, object]:
        return await self._bank(visit)

    async def _bank(self, visit: Visit) -> dict[str, object]:
        own = await self.services.applications.own_changes.read(visit.actor)
        return {"own": own, "code_length": self.services.deps.book(visit.actor.pool).login.code_length}

    @bank.command(name="code", rate=Rate("bank_code", *TRIES))
    async def send_bank_code(self, visit: Visit) -> Mapping[str, object]:
        await self.services.applications.own_changes.send_bank_code(visit.actor, visit.fields)
        return {**await self._bank(visit), "note": _SENT}

    @bank.command(_Code, "save", note="已修改，立即生效；已通知您的手机。", rate=Rate("bank", *TRIES))
    async def set_bank(self, visit: Visit, form: _Code) -> None:
        changes = self.services.applications.own_changes
        await changes.set_bank(visit.actor, visit.fields, form.code, key=visit.key)

    @page("/h5/{pool}/file/retirement", "experts/retirement.html")
    async def retirement(self, visit: Visit) -> Mapping[str, object]:
        own = await self.services.applications.own_changes.read(visit.actor)
        return {"own": own}

    @retirement.command(_Retirement, "save", note="已登记退休日期。")
    async def set_retirement(self, visit: Visit, form: _Retirement) -> None:
        await self.services.applications.own_changes.retire(visit.actor, form.retired_on, key=visit.key)

    @retirement.command(name="undo", note="已取消退休登记。")
    async def undo_retirement(self, visit: Visit) -> None:
        await self.services.applications.own_changes.undo_retirement(visit.actor, key=visit.key)
