"""``…/conditions``: call notices and draw conditions, and how many experts match a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar, TypeVar
from uuid import UUID

from domain.draws.lifecycles import DrawState
from domain.draws.places import ELSEWHERE, name_venue
from domain.errors import NotFound
from domain.faults import check_given
from domain.masking import mask_mobile
from domain.person_names import is_same_name
from services.core.crypto import PHONE
from services.draws import (
    CallNoticeForm,
    CallNoticeView,
    ConditionForm,
    ConditionView,
    Detail,
    SpokenCall,
    SupervisorView,
    channels_by_field,
    part_version,
    spoken_call,
)
from web.agency.base import KEPT, DraftPlace
from web.agency.wizard import EDITABLE, DrawPart, draw_id, path_of
from web.core.form_values import FormValues, keep_stored, print_moment
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Codes, Moment, OptionalId, ShortText, Ticked, Whole
from web.draws import CONDITION_CATALOGUES, REGION_MODES, condition_names

_CONDITION, _NOTICE = "这个抽取条件", "这条语音通知"
Part = TypeVar("Part", CallNoticeView, ConditionView)


@dataclass(frozen=True)
class _Venue:
    """A venue of the list, or one that was typed."""

    def read(self, sent: Mapping[str, str], name: str) -> str:
        chosen = ShortText("评标场所", 100).read(sent, name)
        return ShortText("其他场所", 100).read(sent, f"{name}_other") or ELSEWHERE if chosen == ELSEWHERE else chosen


@dataclass(frozen=True)
class _CallNotice(CallNoticeForm):
    venue: Annotated[str, _Venue()]
    address: Annotated[str, ShortText("集合地点", 200)]
    gathering_at: Annotated[datetime | None, Moment("集合时间")]
    contact: Annotated[str, ShortText("联系人", 50)]
    contact_phone: Annotated[str, ShortText("联系方式", 30)]
    room: Annotated[str, ShortText("评标室", 50)] = ""
    remark: Annotated[str, ShortText("注意事项", 200)] = ""
    supervisor: Annotated[UUID | None, OptionalId("这位监督人")] = None


@dataclass(frozen=True)
class _Condition(ConditionForm):
    notice_id: Annotated[UUID | None, OptionalId(_NOTICE)]
    region_mode: str
    regions: Annotated[tuple[str, ...], Codes()]
    specialty: Annotated[str, ShortText("主专业", 12)]
    planned: Annotated[int, Whole()]
    alternative: Annotated[str, ShortText("备选专业", 12)] = ""
    title_level: Annotated[str, ShortText("职称等级", 20)] = ""
    qualification: Annotated[str, ShortText("执业资格", 32)] = ""
    department: Annotated[str, ShortText("行业主管部门", 20)] = ""
    emergency: Annotated[bool, Ticked()] = False


class ConditionPages(DrawPart):
    step = "conditions"
    notes: ClassVar[Mapping[str, str]] = {
        "notice": "语音通知已保存。",
        "condition": "抽取条件已保存。",
        "gone": "已删除。",
        **KEPT,
    }

    @page("/agency/draws/{id}/conditions", "agency/conditions.html")
    async def conditions(self, visit: Visit) -> Mapping[str, object]:
        detail = await self.detail(visit)
        return {
            **self.draw_values(detail),
            "names": await condition_names(self.services, visit.actor.pool, detail.conditions),
            "modes": REGION_MODES,
            "seen": None,
            "state_of": lambda condition: _state_of(condition, detail),
            "supplement": lambda condition: _is_supplemented(condition, detail),
            "left": _count_remaining(detail),
        }

    @conditions.command()
    async def preview(self, visit: Visit) -> Mapping[str, object]:
        """How many experts match the condition ``id``, as bands."""
        condition_id = visit.row_id(_CONDITION)
        preview = await self.services.draws.previews.show(visit.actor, draw_id(visit), condition_id)
        return {"seen": (condition_id, preview)}

    # ---- call notices

    @page("/agency/draws/{id}/notices/{part}", "agency/call_notice.html")
    async def call_notice(self, visit: Visit) -> Mapping[str, object]:
        detail = await self.detail(visit)
        notice = _find_part(visit, detail.parts.notices, _NOTICE)
        version, book = part_version(notice) if notice else "", self.book(visit.actor)
        stored = self._notice_values(visit, detail, notice) if notice else self._suggested_values(visit, detail)
        form, draft = await self.form_and_draft(visit, _place("notice", detail, notice), stored, version=version)
        return {
            **self.draw_values(detail),
            "f": form,
            "draft": draft,
            "notice": notice,
            "verified": detail.draw.state == DrawState.VERIFIED,
            "version": version,
            "venues": book.offered_venues,
            "rules": book.draw.notice,
            "other": ELSEWHERE,
            "contacts": self._contacts(detail),
            "channels": channels_by_field(book, detail.draw.kind),
            "spoken": self._spoken(visit, detail, notice),
        }

    @call_notice.command(_CallNotice, "preview")
    async def preview_call(self, visit: Visit, form: _CallNotice) -> Mapping[str, object]:
        """What the call says, before saving."""
        detail = await self.detail(visit)
        notice = _find_part(visit, detail.parts.notices, _NOTICE)
        filled = _restore_fixed_fields(form, detail, notice) if notice else form
        at = check_given(filled.gathering_at, "gathering_at", "集合时间")
        return {"spoken": spoken_call(self.book(visit.actor), detail.draw.kind, filled, at, self.services.deps.now())}

    def _spoken(self, visit: Visit, detail: Detail, notice: CallNoticeView | None) -> SpokenCall | None:
        """The call of a stored notice."""
        if notice is None:
            return None
        form = CallNoticeForm(notice.venue, notice.address, notice.gathering_at, "", "", notice.room, notice.remark)
        now = self.services.deps.now()
        return spoken_call(self.book(visit.actor), detail.draw.kind, form, notice.gathering_at, now)

    def _contacts(self, detail: Detail) -> list[tuple[str, str]]:
        """Off site the owner's supervisors of the draw, who are of the office's register, with masked phones."""
        if detail.draw.on_site:
            return []
        return [
            (str(supervisor.entry_id), _print_contact(supervisor, self._mobile(supervisor)))
            for supervisor in detail.parts.supervisors
        ]

    def _mobile(self, supervisor: SupervisorView) -> str:
        return self.services.deps.keys.read(supervisor.phone_sealed, "mobile")

    @call_notice.command(_CallNotice, "save")
    async def save_call_notice(self, visit: Visit, form: _CallNotice) -> Redirect:
        detail, setup, key = await self.detail(visit), self.services.draws.setup, visit.key
        notice = _find_part(visit, detail.parts.notices, _NOTICE)
        if notice is None:
            await setup.add_call_notice(visit.actor, detail.draw.id, form, key=key)
        else:
            form, version = _restore_fixed_fields(form, detail, notice), visit.form.value("version")
            await setup.edit_call_notice(visit.actor, detail.draw.id, notice.id, form, version=version, key=key)
        await self.saved(visit.actor, _place("notice", detail, notice), visit.fields)
        return Redirect(path_of(detail.draw.id, "conditions"), "notice")

    @call_notice.command(name="delete")
    async def delete_call_notice(self, visit: Visit) -> Redirect:
        detail = await self.detail(visit)
        notice_id = _id_of_part(visit, _NOTICE)
        await self.services.draws.setup.remove_call_notice(visit.actor, detail.draw.id, notice_id)
        place = DraftPlace("notice-edit", detail.draw.id, notice_id)
        await self.saved(visit.actor, place, visit.fields)
        return Redirect(path_of(detail.draw.id, "conditions"), "gone")

    def _suggested_values(self, visit: Visit, detail: Detail) -> dict[str, str]:
        """The last notice of the draw; otherwise on site the pool's first venue, off site the supervisor as contact."""
        if notices := detail.parts.notices:
            return {**self._notice_values(visit, detail, notices[-1]), "gathering_at": ""}
        if not detail.draw.on_site:
            return {"supervisor": next((code for code, _ in self._contacts(detail)), "")}
        venue = next(iter(self.book(visit.actor).offered_venues), None)
        return {"venue": venue.name, "address": venue.address} if venue else {}

    def _notice_values(self, visit: Visit, detail: Detail, notice: CallNoticeView) -> dict[str, str]:
        book, phone = self.book(visit.actor), self.services.deps.keys.read(notice.contact_phone_sealed, PHONE)
        supervisor = self._find_contact(detail, notice.contact, phone)
        venue = book.find_venue(notice.venue)
        listed = not book.offered_venues or (venue is not None and venue.offered)
        return {
            "venue": (venue.name if venue else notice.venue) if listed else ELSEWHERE,
            "venue_other": "" if listed else name_venue(notice.venue),
            "address": notice.address,
            "room": notice.room,
            "gathering_at": print_moment(notice.gathering_at),
            "contact": "" if supervisor else notice.contact,
            "contact_phone": "" if supervisor else phone,
            "supervisor": supervisor,
            "remark": notice.remark,
        }

    def _find_contact(self, detail: Detail, contact: str, phone: str) -> str:
        """The supervisor who is the contact of a stored notice; empty: another person."""
        if detail.draw.on_site:
            return ""
        for supervisor in detail.parts.supervisors:
            if is_same_name(supervisor.name, contact) and self._mobile(supervisor) == phone:
                return str(supervisor.entry_id)
        return ""

    # ---- conditions

    @page("/agency/draws/{id}/conditions/{part}", "agency/condition.html")
    async def condition(self, visit: Visit) -> Mapping[str, object]:
        detail, book = await self.detail(visit), self.book(visit.actor)
        condition = _find_part(visit, detail.conditions, _CONDITION)
        version = part_version(condition) if condition else ""
        stored = _condition_values(condition) if condition else self._usual_values(visit, detail)
        form, draft = await self.form_and_draft(visit, _place("condition", detail, condition), stored, version=version)
        return {
            **self.draw_values(detail),
            "f": form,
            "draft": draft,
            "condition": condition,
            "left": _count_remaining(detail) + (condition.planned if condition else 0),
            "seen": None,
            "version": version,
            "names": await self._names(visit, form),
            "rules": book.draw,
            "payer_note": book.remuneration.payer_note if book.draw.by_willing_region else "",
            "emergency_hint": f"限于{book.draw.emergency.span}内开始的评标；不勾选的，应急专家与其他专家一起抽取",
            "modes": REGION_MODES,
            "top": book.pool.region,
        }

    @condition.command(_Condition, "preview")
    async def preview_unsaved(self, visit: Visit, form: _Condition) -> Mapping[str, object]:
        """How many experts match, before saving."""
        return {"seen": await self.services.draws.previews.show_form(visit.actor, draw_id(visit), form)}

    @condition.command(_Condition, "save")
    async def save_condition(self, visit: Visit, form: _Condition) -> Redirect:
        detail, setup, key = await self.detail(visit), self.services.draws.setup, visit.key
        condition = _find_part(visit, detail.conditions, _CONDITION)
        if condition is None:
            await setup.add_condition(visit.actor, detail.draw.id, form, key=key)
        else:
            version = visit.form.value("version")
            await setup.edit_condition(visit.actor, detail.draw.id, condition.id, form, version=version, key=key)
        await self.saved(visit.actor, _place("condition", detail, condition), visit.fields)
        return Redirect(path_of(detail.draw.id, "conditions"), "condition")

    @condition.command(name="delete")
    async def delete_condition(self, visit: Visit) -> Redirect:
        condition_id = _id_of_part(visit, _CONDITION)
        await self.services.draws.setup.remove_condition(visit.actor, draw_id(visit), condition_id)
        await self.saved(visit.actor, DraftPlace("condition-edit", draw_id(visit), condition_id), visit.fields)
        return Redirect(path_of(draw_id(visit), "conditions"), "gone")

    def _usual_values(self, visit: Visit, detail: Detail) -> dict[str, str]:
        mode, notices = self.book(visit.actor).draw.region_modes[0], detail.parts.notices
        planned, notice_id = max(_count_remaining(detail), 0), str(notices[0].id) if notices else ""
        return {"region_mode": mode, "planned": str(planned), "notice_id": notice_id}

    async def _names(self, visit: Visit, form: FormValues) -> Mapping[str, str]:
        """Names of the form's codes."""
        pool, catalogues = visit.actor.pool, self.services.catalogues
        names = await catalogues.names(pool, "region", form.value("regions").split(","))
        for field, kind in (*((kind, kind) for kind in CONDITION_CATALOGUES), ("alternative", "specialty")):
            names |= await catalogues.names(pool, kind, [form.value(field)])
        return names


def _print_contact(supervisor: SupervisorView, mobile: str) -> str:
    return f"{supervisor.name}（{'，'.join(filter(None, [supervisor.department, mobile and mask_mobile(mobile)]))}）"


def _count_remaining(detail: Detail) -> int:
    """How many experts may still be planned."""
    return detail.draw.needed - sum(condition.planned for condition in detail.conditions)


def _state_of(condition: ConditionView, detail: Detail) -> str:
    """The state as in the manual's table."""
    if detail.draw.started_at is None:
        return "新建"
    if condition.accepted >= condition.needed:
        return "已抽满"
    return "名单已抽完" if condition.exhausted else DrawState(detail.draw.state).label


def _is_supplemented(condition: ConditionView, detail: Detail) -> bool:
    """Whether a supplementary draw for it waits, runs or has run."""
    draw = detail.draw
    waits = draw.finished_at is not None and draw.ended_at is None and draw.kind != "recall"
    return condition.id in detail.supplemented or (waits and condition.needed > condition.accepted)


def _place(kind: str, detail: Detail, part: CallNoticeView | ConditionView | None) -> DraftPlace:
    """Draft place of the form of a new part, or of the one that is edited."""
    return DraftPlace(f"{kind}-edit", detail.draw.id, part.id) if part else DraftPlace(kind, detail.draw.id)


def _find_part(visit: Visit, parts: Sequence[Part], what: str) -> Part | None:
    """The part in the address; None for a new one. Raises NotFound."""
    if visit.request.match_info["part"] == "new":
        return None
    part_id = _id_of_part(visit, what)
    part = next((part for part in parts if part.id == part_id), None)
    if part is None:
        raise NotFound(f"找不到{what}，请返回后刷新。", code="unknown")
    return part


def _id_of_part(visit: Visit, what: str) -> UUID:
    return visit.id(what, "part")


def _restore_fixed_fields(form: _CallNotice, detail: Detail, notice: CallNoticeView) -> _CallNotice:
    """The form of an existing notice; after verification with the stored values of fields that can't change."""
    if DrawState(detail.draw.state) in EDITABLE:
        return replace(form, gathering_at=keep_stored(form.gathering_at, notice.gathering_at))
    return replace(form, venue=notice.venue, address=notice.address, gathering_at=notice.gathering_at)


def _condition_values(condition: ConditionView) -> dict[str, str]:
    return {
        "notice_id": str(condition.notice_id),
        "region_mode": condition.region_mode,
        "regions": ",".join(condition.regions),
        "specialty": condition.specialty,
        "alternative": condition.alternative,
        "title_level": condition.title_level,
        "qualification": condition.qualification,
        "department": condition.department,
        "emergency": "1" if condition.emergency else "",
        "planned": str(condition.planned),
    }
