"""``/desk``: the venue's check-in (签到台): arrivals by code, urging, exits, and the screen with its QR code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound, RuleViolation
from domain.masking import mask_mobile
from services.core.base import Actor
from services.core.permissions import may
from services.draws import (
    AttendanceRow,
    DrawView,
)
from web.core.form_values import NOBODY
from web.core.qr import path_of
from web.core.site import ON_PAGE
from web.draws.base import DrawPageBase

SCREEN_INTERVAL = 5
"""Seconds between two refreshes of the venue's screen: an expert who begins to scan has most of the code's life
left."""
_ON_PAGE = ON_PAGE | {404}


class AttendancePages(DrawPageBase):
    def add_routes(self) -> None:
        self._site.get("/desk/{draw_id}/attendance", self.attendance)
        self._site.post("/desk/{draw_id}/attendance", self.submit)
        self._site.get("/desk/{draw_id}/screen", self.screen)

    async def attendance(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        return await self._attendance_page(actor, draw, request.query.get("note", "")[:80])

    async def _attendance_page(
        self,
        actor: Actor,
        draw: DrawView,
        note: str = "",
        error: AppError | None = None,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> http.Response:
        sealed, found = "", list[AttendanceRow]()
        try:
            found = await self._services.draws.attendance_queries.list_awaited(actor, draw.id)
        except RuleViolation as refusal:  # not unsealed yet, which is no error of the reader
            sealed = refusal.message
        return self._show(
            actor,
            "draws/attendance.html",
            width="wide",
            status=error.status if error else 200,
            draw=draw,
            sealed=sealed,
            rows=found,
            present=_present(found),
            counts=_counts(found),
            may_manage_attendance=may(actor, "attendance.manage"),
            may_urge=may(actor, "attendance.urge"),
            note=_note(note),
            error=error.message if error else "",
            typed=fields.get("code", "")[:6],
            phone=fields.get("phone", "")[:20],
            own_phone=mask_mobile(await self._services.accounts.credentials.own_mobile(actor)),
            entry_and_exit=self._services.deps.book(draw.pool).attendance.entry_and_exit,
            form=self._token(actor, "attendance", draw.id),
            length=self._services.deps.book(draw.pool).draw.code_length,
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` enter or exit with ``code``; or ``urge`` or ``ring`` with an invitation's id."""
        actor, draw = await self._find(request)
        fields = await self._site.read_form(request, "attendance", draw.id, actor.account_id or NOBODY)
        try:
            note = await self._do(actor, draw.id, fields)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return await self._attendance_page(actor, draw, error=error, fields=fields)
        raise http.HTTPSeeOther(f"/desk/{draw.id}/attendance?note={note}")

    async def _do(self, actor: Actor, draw_id: UUID, fields: dict[str, str]) -> str:
        draws, command, code = self._services.draws, fields.get("command"), fields.get("code", "").strip()
        length = self._services.deps.book(actor.pool).draw.code_length
        if command in ("urge", "ring"):
            try:
                invitation_id = UUID(fields.get("invitation", ""))
            except ValueError as error:
                raise NotFound("名单中没有这位专家，请刷新后重试。") from error
            if command == "ring":
                await draws.urging.ring(actor, draw_id, invitation_id, fields.get("phone", "")[:20])
                return "rung-1"
            return f"urged-{await draws.urging.urge(actor, draw_id, invitation_id)}"
        if not (code.isascii() and code.isdigit() and len(code) == length):
            raise InvalidInput(f"请输入专家的{length}位数字验证码。", code="bad_code", field="code")
        if command == "exit":
            await draws.attendance.register_exit(actor, draw_id, code)
            return f"out-{code}"
        done = await draws.attendance.check_in_by_code(actor, draw_id, code)
        return f"{'in' if done.first else 'again'}-{code}"

    async def screen(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        token, until = await self._services.draws.attendance.venue_token(actor, draw.id)
        url = f"{self._services.deps.public_url}/v/{token}"
        try:
            rows: list[AttendanceRow] | None = await self._services.draws.attendance_queries.list_awaited(
                actor, draw.id
            )
        except RuleViolation:
            rows = None  # the trading centre's verifier sees arrivals only after unsealing
        return self._site.render(
            "draws/venue_screen.html",
            draw=draw,
            url=url,
            qr=path_of(url),
            until=until,
            every=SCREEN_INTERVAL,
            rows=rows,
            present=_present(rows or []),
        )


def _counts(rows: list[AttendanceRow]) -> dict[str, int]:
    return {
        "应到": len(rows),
        "已到": _present(rows),
        "未到": sum(row.entered_at is None for row in rows),
        "自报到场": sum(row.claimed_at is not None and row.entered_at is None for row in rows),
        "已离场": sum(row.left_at is not None for row in rows),
    }


def _present(rows: list[AttendanceRow]) -> int:
    return sum(row.entered_at is not None for row in rows)


def _note(note: str) -> str:
    """The Chinese message for a redirect's code; empty for unknown ones."""
    kind, _, what = note.partition("-")
    if not (what.isascii() and what.isdigit()):
        return ""
    return {
        "in": f"{what}已登记进场。",
        "again": f"{what}此前已进场，无需重复。",
        "out": f"{what}已登记离场。",
        "urged": f"已发起语音催促（第{what}次）。",
        "rung": "系统正在呼叫您的电话，接听后再呼叫专家。双方都看不到对方号码。",
    }.get(kind, "")
