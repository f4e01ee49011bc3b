"""``…/conditions``: call notices and draw conditions, and how many experts match a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import DrawState
from domain.errors import AppError, InvalidInput, NotFound
from services.core.base import Actor
from services.core.crypto import PHONE
from services.draws import CallNoticeForm, CallNoticeView, ConditionForm, ConditionView, Detail, Preview, part_version
from web.agency.base import Draft, DraftPlace, whole
from web.agency.wizard import EDITABLE, DrawPart, path_of, text, when
from web.core.form_values import EMPTY, FormValues, key_of, print_moment, redirect, uuid_of
from web.draws import CONDITION_CATALOGUES, REGION_MODES, condition_names

OTHER = "其他"
Part = TypeVar("Part", CallNoticeView, ConditionView)


class ConditionPages(DrawPart):
    step = "conditions"
    notes: ClassVar[Mapping[str, str]] = {
        "notice": "语音通知已保存。",
        "condition": "抽取条件已保存。",
        "gone": "已删除。",
        "kept": "已暂存，可以在其他手机或电脑上接着填。",
    }

    def add_routes(self) -> None:
        base = "/agency/draws/{id}"
        self.site.get(f"{base}/conditions", self.list)
        self.site.post(f"{base}/conditions", self.preview)
        self.site.get(f"{base}/notices/{{part}}", self.call_notice)
        self.site.post(f"{base}/notices/{{part}}", self.save_notice)
        self.site.get(f"{base}/conditions/{{part}}", self.condition)
        self.site.post(f"{base}/conditions/{{part}}", self.save_condition)

    async def list(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        return await self._page(actor, request, detail)

    async def _page(
        self,
        actor: Actor,
        request: http.Request,
        detail: Detail,
        seen: tuple[UUID, Preview] | None = None,
        error: AppError | None = None,
    ) -> http.Response:
        return self.draw_page(
            actor,
            "agency/conditions.html",
            request,
            detail,
            error=error,
            names=await condition_names(self.services, actor.pool, detail.conditions),
            modes=REGION_MODES,
            seen=seen,
            state_of=lambda one: _state_of(one, detail),
            supplement=lambda one: _is_supplemented(one, detail),
            left=detail.draw.needed - sum(one.planned for one in detail.conditions),
        )

    async def preview(self, request: http.Request) -> http.Response:
        """How many experts match the condition ``id``, as bands."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        try:
            condition_id = uuid_of(fields.get("id", ""), "这个抽取条件")
            seen = await self.services.draws.previews.show(actor, detail.draw.id, condition_id)
        except AppError as error:
            return await self._page(actor, request, detail, error=self.shown(error))
        return await self._page(actor, request, detail, (condition_id, seen))

    # ---- call notices

    async def call_notice(self, request: http.Request) -> http.Response:
        actor, detail, one = await self._notice(request)
        draft = await self.draft(actor, _place("notice", detail, one), version=part_version(one) if one else "")
        stands = self._call_notice_values(actor, one) if one else self._suggested(actor, detail)
        return self._notice_page(actor, request, detail, one, FormValues(draft.values or stands), draft)

    async def save_notice(self, request: http.Request) -> http.Response:
        """``command`` save or delete."""
        actor, detail, one = await self._notice(request)
        fields = await self.fields(request, actor)
        setup, draw_id = self.services.draws.setup, detail.draw.id
        try:
            if fields.get("command") == "delete" and one:
                await setup.remove_call_notice(actor, draw_id, one.id)
            elif one:
                editable = DrawState(detail.draw.state) in EDITABLE
                form = _call_notice_form(fields if editable else {**fields, **self._fixed(one)}, one)
                version = fields.get("version", "")
                await setup.edit_call_notice(actor, draw_id, one.id, form, version=version, key=key_of(fields))
            else:
                await setup.add_call_notice(actor, draw_id, _call_notice_form(fields), key=key_of(fields))
            await self.saved(actor, _place("notice", detail, one), fields)
        except AppError as error:
            stands = self._call_notice_values(actor, one) if one and fields.get("command") == "delete" else fields
            return self._notice_page(actor, request, detail, one, FormValues(stands, self.shown(error)))
        raise redirect(path_of(draw_id, "conditions"), note="gone" if fields.get("command") == "delete" else "notice")

    async def _notice(self, request: http.Request) -> tuple[Actor, Detail, CallNoticeView | None]:
        actor, detail = await self.asked(request)
        return actor, detail, _part(request, detail.parts.notices, "这条语音通知")

    def _notice_page(
        self,
        actor: Actor,
        request: http.Request,
        detail: Detail,
        one: CallNoticeView | None,
        form: FormValues,
        draft: Draft | None = None,
    ) -> http.Response:
        return self.draw_page(
            actor,
            "agency/call_notice.html",
            request,
            detail,
            error=form.error,
            f=form,
            one=one,
            verified=detail.draw.state == DrawState.VERIFIED,
            version=part_version(one) if one else "",
            venues=self.book(actor).venues,
            rules=self.book(actor).draw.notice,
            other=OTHER,
            draft=draft or Draft(_place("notice", detail, one).path),
        )

    def _suggested(self, actor: Actor, detail: Detail) -> dict[str, str]:
        """The last notice of the draw; otherwise on site the pool's first venue, off site the supervisor as contact."""
        if notices := detail.parts.notices:
            return {**self._call_notice_values(actor, notices[-1]), "gathering_at": ""}
        if not detail.draw.on_site:
            return {"contact": next((one.name for one in detail.parts.supervisors), "")}
        venue = next(iter(self.book(actor).venues), None)
        return {"venue": venue.name, "address": venue.address} if venue else {}

    def _fixed(self, one: CallNoticeView) -> dict[str, str]:
        """Fields that can't be changed after verification."""
        return {"venue": one.venue, "address": one.address, "gathering_at": print_moment(one.gathering_at)}

    def _call_notice_values(self, actor: Actor, one: CallNoticeView) -> dict[str, str]:
        venues = self.book(actor).venues
        listed = not venues or one.venue in [venue.name for venue in venues]
        return {
            "venue": one.venue if listed else OTHER,
            "venue_other": "" if listed or one.venue == OTHER else one.venue,
            "address": one.address,
            "room": one.room,
            "gathering_at": print_moment(one.gathering_at),
            "contact": one.contact,
            "contact_phone": self.services.deps.keys.read(one.contact_phone_sealed, PHONE),
            "remark": one.remark,
        }

    # ---- conditions

    async def condition(self, request: http.Request) -> http.Response:
        actor, detail, one = await self._condition(request)
        left = detail.draw.needed - sum(c.planned for c in detail.conditions)
        draft = await self.draft(actor, _place("condition", detail, one), version=part_version(one) if one else "")
        stands = _condition_values(one) if one else self._usual(actor, detail, left)
        return await self._condition_page(actor, request, detail, one, FormValues(draft.values or stands), draft)

    def _usual(self, actor: Actor, detail: Detail, left: int) -> dict[str, str]:
        mode, notices = self.book(actor).draw.region_modes[0], detail.parts.notices
        return {"region_mode": mode, "planned": str(max(left, 0)), "notice_id": str(notices[0].id) if notices else ""}

    async def save_condition(self, request: http.Request) -> http.Response:
        """``command`` save, preview (number of matches, before saving) or delete."""
        actor, detail, one = await self._condition(request)
        fields = await self.fields(request, actor)
        setup, draw_id, key = self.services.draws.setup, detail.draw.id, key_of(fields)
        try:
            if fields.get("command") == "preview":
                seen = await self.services.draws.previews.show_form(actor, draw_id, _condition_form(fields))
                return await self._condition_page(actor, request, detail, one, FormValues(fields), seen=seen)
            if fields.get("command") == "delete" and one:
                await setup.remove_condition(actor, draw_id, one.id)
            elif one:
                form, version = _condition_form(fields), fields.get("version", "")
                await setup.edit_condition(actor, draw_id, one.id, form, version=version, key=key)
            else:
                await setup.add_condition(actor, draw_id, _condition_form(fields), key=key)
            await self.saved(actor, _place("condition", detail, one), fields)
        except AppError as error:
            stands = _condition_values(one) if one and fields.get("command") == "delete" else fields
            return await self._condition_page(actor, request, detail, one, FormValues(stands, self.shown(error)))
        raise redirect(
            path_of(draw_id, "conditions"), note="gone" if fields.get("command") == "delete" else "condition"
        )

    async def _condition(self, request: http.Request) -> tuple[Actor, Detail, ConditionView | None]:
        actor, detail = await self.asked(request)
        return actor, detail, _part(request, detail.conditions, "这个抽取条件")

    async def _condition_page(
        self,
        actor: Actor,
        request: http.Request,
        detail: Detail,
        one: ConditionView | None,
        form: FormValues = EMPTY,
        draft: Draft | None = None,
        *,
        seen: Preview | None = None,
    ) -> http.Response:
        names = await self.services.catalogues.names(actor.pool, "region", form.value("regions").split(","))
        for field, kind in (*((kind, kind) for kind in CONDITION_CATALOGUES), ("alternative", "specialty")):
            names |= await self.services.catalogues.names(actor.pool, kind, [form.value(field)])
        left = detail.draw.needed - sum(c.planned for c in detail.conditions) + (one.planned if one else 0)
        return self.draw_page(
            actor,
            "agency/condition.html",
            request,
            detail,
            error=form.error,
            f=form,
            one=one,
            left=left,
            seen=seen,
            version=part_version(one) if one else "",
            names=names,
            rules=self.book(actor).draw,
            payer_note=self.book(actor).remuneration.payer_note,
            modes=REGION_MODES,
            top=self.book(actor).pool.region,
            draft=draft or Draft(_place("condition", detail, one).path),
        )


def _state_of(one: ConditionView, detail: Detail) -> str:
    """The state as in the manual's table."""
    if detail.draw.started_at is None:
        return "新建"
    if one.accepted >= one.needed:
        return "已抽满"
    return "名单已抽完" if one.exhausted else DrawState(detail.draw.state).label


def _is_supplemented(one: ConditionView, detail: Detail) -> bool:
    """Whether a supplementary draw for it waits, runs or has run."""
    draw = detail.draw
    waits = draw.finished_at is not None and draw.ended_at is None and draw.kind != "recall"
    return one.id in detail.supplemented or (waits and one.needed > one.accepted)


def _place(kind: str, detail: Detail, one: CallNoticeView | ConditionView | None) -> DraftPlace:
    """Draft place of the form of a new part, or of the one that is edited."""
    return DraftPlace(f"{kind}-edit", detail.draw.id, one.id) if one else DraftPlace(kind, detail.draw.id)


def _part(request: http.Request, parts: Sequence[Part], what: str) -> Part | None:
    wanted = request.match_info["part"]
    if wanted == "new":
        return None
    part_id = uuid_of(wanted, what)
    found = next((one for one in parts if one.id == part_id), None)
    if found is None:
        raise NotFound(f"找不到{what}，请返回后刷新。", code="unknown")
    return found


def _call_notice_form(fields: Mapping[str, str], one: CallNoticeView | None = None) -> CallNoticeForm:
    return CallNoticeForm(
        venue=_venue(fields),
        address=text(fields, "address", "集合地点", 200),
        room=text(fields, "room", "评标室", 50),
        gathering_at=when(fields, "gathering_at", "集合时间", one.gathering_at if one else None),
        contact=text(fields, "contact", "联系人", 50),
        contact_phone=text(fields, "contact_phone", "联系方式", 30),
        remark=text(fields, "remark", "注意事项", 200),
    )


def _venue(fields: Mapping[str, str]) -> str:
    """A venue of the list, or one that was typed."""
    chosen = text(fields, "venue", "评标场所", 100)
    return text(fields, "venue_other", "其他场所", 100).strip() or OTHER if chosen == OTHER else chosen


def _condition_form(fields: Mapping[str, str]) -> ConditionForm:
    regions = tuple(code for code in fields.get("regions", "").replace("，", ",").split(",") if code.strip())
    if len(regions) > 100:
        raise InvalidInput("抽取地区最多100个，请减少后再保存。", field="regions")
    if not fields.get("notice_id"):
        raise InvalidInput("请选择语音通知。", code="missing", field="notice_id")
    return ConditionForm(
        notice_id=uuid_of(fields["notice_id"], "这条语音通知"),
        region_mode=fields.get("region_mode", ""),
        regions=tuple(code.strip() for code in dict.fromkeys(regions)),
        specialty=text(fields, "specialty", "主专业", 12),
        planned=whole(fields.get("planned", "")),
        alternative=text(fields, "alternative", "备选专业", 12),
        title_level=text(fields, "title_level", "职称等级", 20),
        qualification=text(fields, "qualification", "执业资格", 32),
        department=text(fields, "department", "行业主管部门", 20),
    )


def _condition_values(one: ConditionView) -> dict[str, str]:
    return {
        "notice_id": str(one.notice_id),
        "region_mode": one.region_mode,
        "regions": ",".join(one.regions),
        "specialty": one.specialty,
        "alternative": one.alternative,
        "title_level": one.title_level,
        "qualification": one.qualification,
        "department": one.department,
        "planned": str(one.planned),
    }
