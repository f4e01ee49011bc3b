"""``/draws``: the venue's check-in (签到台): arrivals by code, urging, exits, and the screen with its QR code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, NoReturn
from uuid import UUID

from domain.errors import InvalidInput, NotFound, RuleViolation
from domain.masking import mask_mobile
from domain.typed_text import half_width
from services.core.permissions import AGENCY, may
from services.draws import AttendanceRow, Caller, TelephoneDelay
from web.core.form_values import redirect
from web.core.pages import Visit, page
from web.core.qr import path_of
from web.core.site import ON_PAGE
from web.core.typed_forms import OneOf, Whole
from web.draws.agency_frame import FROM
from web.draws.base import DrawPages

SCREEN_INTERVAL = 5
"""Seconds between two refreshes of the venue's screen: an expert who begins to scan has most of the code's life
left."""


@dataclass(frozen=True)
class _Code:
    code: str


@dataclass(frozen=True)
class RingForm:
    """Whose phone rings first in a virtual call; nothing chosen: the caller's own."""

    phone: Annotated[str, OneOf(("", "own", "contact"), "请选择用哪个号码呼叫：您的登记手机号，或通知联系人的手机号。")]

    @property
    def caller(self) -> Caller:
        return "contact" if self.phone == "contact" else "own"


@dataclass(frozen=True)
class _Delay:
    """What somebody said by telephone."""

    code: str
    minutes: Annotated[int, Whole()]
    told_by: str
    read_back: bool


class AttendancePages(DrawPages):
    form_name = "attendance"
    on_page = ON_PAGE | {404}

    @page("/draws/{draw_id}/attendance", "draws/attendance.html", keep=(FROM,))
    async def attendance(self, visit: Visit) -> Mapping[str, object]:
        actor, draw, now = visit.actor, await self.draw(visit), self.services.deps.now()
        if actor.role in AGENCY and not visit.fields:
            raise redirect(f"/agency/draws/{draw.id}/attendance")
        over = draw.ended_at is not None or now > draw.ends_at
        late_fields = visit.fields if visit.form.value("command") == "late" else {}
        book = self.services.deps.book(draw.pool)
        sealed, rows = "", list[AttendanceRow]()
        try:
            rows = await self.services.draws.attendance_queries.list_awaited(actor, draw.id)
        except RuleViolation as refusal:  # not unsealed yet, which is no error of the reader
            sealed = refusal.message
        return {
            "width": "wide",
            "draw": draw,
            "sealed": sealed,
            "rows": rows,
            "present": _count_present(rows),
            "counts": _counts(rows, over=over),
            "over": over,
            "may_manage_attendance": may(actor, "attendance.manage"),
            "may_record_delay": may(actor, "late_arrival.record") and not over and draw.started_at is not None,
            "fields": late_fields,
            "may_urge": may(actor, "attendance.urge"),
            "note": "" if visit.fields else _note(visit.query("note", 80)),
            "typed": "" if late_fields else visit.form.value("code")[:6],
            "phone": visit.form.value("phone"),
            "own_phone": mask_mobile(await self.services.accounts.credentials.own_mobile(actor)),
            "entry_and_exit": book.attendance.entry_and_exit,
            "length": book.draw.code_length,
        }

    @attendance.command(_Code, "enter")
    async def enter(self, visit: Visit, form: _Code) -> None:
        draw, code = await self.draw(visit), self._check_code(visit, form.code)
        done = await self.services.draws.attendance.check_in_by_code(visit.actor, draw.id, code)
        _go_back(visit, f"{'in' if done.first else 'again'}-{code}")

    @attendance.command(_Code, "exit")
    async def leave(self, visit: Visit, form: _Code) -> None:
        draw, code = await self.draw(visit), self._check_code(visit, form.code)
        done = await self.services.draws.attendance.register_exit(visit.actor, draw.id, code)
        _go_back(visit, f"{'out' if done.first else 'gone'}-{code}")

    @attendance.command(name="undo_exit")
    async def undo_exit(self, visit: Visit) -> None:
        draw, invitation_id = await self.draw(visit), _invitation_id(visit)
        await self.services.draws.attendance.undo_exit(visit.actor, draw.id, invitation_id)
        _go_back(visit, "back-1")

    @attendance.command(_Delay, "late")
    async def record_delay(self, visit: Visit, form: _Delay) -> None:
        """What an expert told by telephone: read back before, and told to him afterwards."""
        draw = await self.draw(visit)
        delay = TelephoneDelay(form.code, form.minutes, form.told_by, form.read_back)
        await self.services.draws.late_arrivals.record_call(visit.actor, draw.id, delay)
        _go_back(visit, f"late-{half_width(form.code)}")

    @attendance.command(name="urge")
    async def urge(self, visit: Visit) -> None:
        draw, invitation_id = await self.draw(visit), _invitation_id(visit)
        times = await self.services.draws.urging.urge(visit.actor, draw.id, invitation_id)
        _go_back(visit, f"urged-{times}")

    @attendance.command(RingForm, "ring")
    async def ring(self, visit: Visit, form: RingForm) -> None:
        draw, invitation_id = await self.draw(visit), _invitation_id(visit)
        await self.services.draws.urging.ring(visit.actor, draw.id, invitation_id, form.caller)
        _go_back(visit, "rung-1")

    def _check_code(self, visit: Visit, typed: str) -> str:
        """Raises InvalidInput."""
        code, length = half_width(typed), self.services.deps.book(visit.actor.pool).draw.code_length
        if not (code.isascii() and code.isdigit() and len(code) == length):
            raise InvalidInput(f"请输入专家的{length}位数字验证码。", code="bad_code", field="code")
        return code

    @page("/draws/{draw_id}/screen", "draws/venue_screen.html")
    async def screen(self, visit: Visit) -> Mapping[str, object]:
        draw = await self.draw(visit)
        notices = (await self.services.draws.queries.detail(visit.actor, draw.id)).parts.notices
        token, until = await self.services.draws.attendance.venue_token(visit.actor, draw.id)
        url = f"{self.services.deps.public_url}/v/{token}"
        rows: Sequence[AttendanceRow] | None = None
        with suppress(RuleViolation):  # the trading centre's verifier sees arrivals only after unsealing
            rows = await self.services.draws.attendance_queries.list_awaited(visit.actor, draw.id)
        return {
            "draw": draw,
            "gatherings": sorted({(notice.gathering_at, notice.room) for notice in notices}),
            "url": url,
            "qr": path_of(url),
            "until": until,
            "every": SCREEN_INTERVAL,
            "rows": rows,
            "present": _count_present(rows or ()),
        }


def _go_back(visit: Visit, note: str) -> NoReturn:
    """Open the page with a note that holds a number."""
    raise redirect(visit.request.path, **{FROM: visit.query(FROM, 20)}, note=note)


def _invitation_id(visit: Visit) -> UUID:
    """Raises NotFound."""
    try:
        return UUID(visit.form.value("invitation"))
    except ValueError as error:
        raise NotFound("名单中没有这位专家，请刷新后重试。") from error


def _counts(rows: Sequence[AttendanceRow], *, over: bool) -> dict[str, int]:
    announced = sum(row.announced is not None and row.entered_at is None for row in rows)
    return {
        "应到": len(rows),
        "已到": _count_present(rows),
        "缺席" if over else "未到": sum(row.entered_at is None for row in rows),
        **({} if over else {"预计晚到": announced}),
        "自报到场": sum(row.claimed_at is not None and row.entered_at is None for row in rows),
        "已离场": sum(row.left_at is not None for row in rows),
    }


def _count_present(rows: Sequence[AttendanceRow]) -> int:
    return sum(row.entered_at is not None for row in rows)


def _note(note: str) -> str:
    """The Chinese message for a redirect's code; empty for unknown ones."""
    kind, _, what = note.partition("-")
    if not (what.isascii() and what.isdigit()):
        return ""
    return {
        "in": f"{what}已登记进场。",
        "again": f"{what}此前已进场，无需重复；误登离场的，请在名单中撤销离场。",
        "out": f"{what}已登记离场。",
        "gone": f"{what}此前已登记离场，时间以第一次为准；登记有误的，请在名单中撤销离场。",
        "back": "已撤销离场，并通知专家本人。",
        "late": f"{what}已登记晚到，已通知专家本人、抽取单位和监督人。",
        "urged": f"已发起语音催促（第{what}次）。",
        "rung": "系统正在呼叫您的电话，接听后再呼叫专家。双方都看不到对方号码。",
    }.get(kind, "")
