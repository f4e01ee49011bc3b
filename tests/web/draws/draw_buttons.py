"""Every button of a draw's pages: its users, its request, and the states in which it may succeed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp.web as http

from domain.clock import local
from domain.draws.lifecycles import OVER, DrawEvent, DrawState
from tests.drivers.pages import PUBLIC_URL
from tests.factories.draw_states import ALWAYS, PANEL, STARTED, by
from tests.factories.files import pdf
from tests.factories.offices import ID_NUMBER, SUPERVISOR_ENTRY
from tests.web.conftest import Visitor

OF_A_DRAW = ("/draws/{", "/agency/draws/{")
E, S = DrawEvent, DrawState


SHEETS = {
    "units": "单位名称,统一社会信用代码,回避原因,回避依据\n乙公司,,投标人,自行申报\n",
    "persons": "姓名,身份证号,单位名称,回避原因,回避依据\n李四,,乙公司,投标人,自行申报\n",
}


@dataclass(frozen=True)
class Press:
    """``states``: those in which it may succeed. ``file`` is uploaded with it; its names of a draw are filled in."""

    path: str
    who: str
    states: frozenset[DrawState]
    fields: Mapping[str, str] = field(default_factory=dict)
    file: bytes = b""

    @property
    def name(self) -> str:
        choices = {name: self.fields[name] for name in ("command", "kind", "screen", "part") if name in self.fields}
        return " ".join(
            (self.path, *choices.values(), *(name for name in ("commitment", "value") if name in self.fields))
        )


def routes(app: http.Application, *methods: str) -> set[str]:
    """Canonical paths of every page of a single draw that takes one of the methods."""
    return {
        route.resource.canonical
        for route in app.router.routes()
        if route.resource and route.method in methods and route.resource.canonical.startswith(OF_A_DRAW)
    }


def presses(now: datetime) -> list[Press]:
    """All presses, in an order that leaves as much as possible for the next."""
    edit, at = by(E.EDIT), _clock(now)
    return [
        *_set_up(edit, at),
        *_run(at),
        *_of_the_panel(at, now),
        *_on_attendance_pages(),
        *_ways_out(),
    ]


def _set_up(edit: frozenset[DrawState], at: Any) -> Iterable[Press]:
    a = "/agency/draws/{id}"
    basic = {
        "name": "改名",
        "medium": "演示网",
        "opening_at": at(3),
        "opening_place": "广州",
        "needed": "1",
        "starts_at": at(6),
        "ends_at": at(12),
        "on_site": "0",
        "operator_name": "黄劲松",
        "operator_phone": "13568846647",
        "operator_id_number": ID_NUMBER,
        f"supervisor-{SUPERVISOR_ENTRY}": "1",
    }
    notice = {
        "venue": "演示省公共资源交易中心",
        "address": "广州市天河区天润路333号",
        "room": "5号评标室",
        "gathering_at": at(5),
        "contact": "王场地",
        "contact_phone": "020-28866000",
    }
    condition = {
        "notice_id": "{notice}",
        "region_mode": "permanent",
        "regions": "440100",
        "specialty": "A08",
        "planned": "1",
    }
    unit = {"name": "甲公司{draw}", "reason": "投标人", "evidence": "自行申报"}
    person = {"name": "张三", "unit_name": "甲公司{draw}", "reason": "投标人", "evidence": "自行申报"}
    yield Press(f"{a}/basic", "agency", edit, {"command": "save", **basic})
    yield Press(
        f"{a}/basic",
        "agency",
        frozenset({S.EDITING, S.REFUSED, S.SUBMITTED, S.VERIFIED, S.SHORT, S.SUPPLEMENT_PENDING}),
        {"command": "supervisors", f"supervisor-{SUPERVISOR_ENTRY}": "1"},
    )
    yield Press(f"{a}/recusal", "agency", edit, {"command": "unit", **unit})
    yield Press(f"{a}/recusal", "agency", edit, {"command": "person", **person})
    yield Press(f"{a}/recusal", "agency", edit, {"command": "unit-gone", "id": "{unit}"})
    yield Press(f"{a}/recusal", "agency", edit, {"command": "person-gone", "id": "{person}"})
    for kind, sheet in SHEETS.items():
        yield Press(f"{a}/recusal/{{kind}}.xlsx", "agency", edit, {"kind": kind}, sheet.encode())
    yield Press(f"{a}/conditions", "agency", ALWAYS, {"id": "{condition}"})
    for part, states in (("new", edit), ("{notice}", edit | {DrawState.VERIFIED})):
        yield Press(f"{a}/notices/{{part}}", "agency", states, {"part": part, "command": "save", **notice})
    yield Press(f"{a}/conditions/{{part}}", "agency", edit, {"part": "{condition}", "command": "save", **condition})
    yield Press(f"{a}/attachment", "agency", edit, file=pdf())
    yield Press(f"{a}/submit", "agency", edit, {"command": "remove"})
    yield Press(
        f"{a}/submit",
        "agency",
        by(E.SUBMIT),
        {"command": "submit", "terminal": "演示省公共资源交易中心", "reason": "x"},
    )
    yield Press(f"{a}/submit", "agency", by(E.WITHDRAW), {"command": "withdraw"})
    for command, event in (("refuse", E.REFUSE), ("approve", E.VERIFY)):
        # of a release, too, which moves nothing yet
        states = by(event, E.RELEASE)
        yield Press(
            "/draws/{draw_id}/application",
            "verifier",
            states,
            {"command": command, "id": "{application}", "opinion": "缺少监督人"},
        )
    yield Press(f"{a}/conditions/{{part}}", "agency", edit, {"part": "{condition}", "command": "delete"})
    yield Press(f"{a}/conditions/{{part}}", "agency", edit, {"part": "new", "command": "save", **condition})
    yield Press(f"{a}/notices/{{part}}", "agency", edit, {"part": "{notice}", "command": "delete"})
    yield Press(f"{a}/basic", "agency", edit, {"command": "delete"})


def _run(at: Any) -> Iterable[Press]:
    a = "/agency/draws/{id}/run"
    movable = frozenset({S.VERIFIED, S.COMMITTING, S.PAUSED, S.SUPPLEMENT_PENDING, S.SHORT, S.COMPLETED})
    reason = {"reason": "改时间"}
    yield Press(a, "agency", movable, {"command": "move", "id": "{notice}", "gathering_at": at(5.5)})
    yield Press(a, "agency", by(E.OPEN_ROUND), {"command": "open"})
    for path, who in (("/agency/draws/{id}/round", "agency"), ("/draws/{draw_id}/round", "supervisor")):
        yield Press(path, who, frozenset({S.COMMITTING}), {"commitment": "ab" * 32})
        yield Press(path, who, frozenset({S.COMMITTING}), {"value": "ab" * 16})
    yield Press(a, "agency", by(E.START), {"command": "start"})
    yield Press(a, "agency", by(E.ABORT_ROUND, E.ABORT_SUPPLEMENT), {"command": "abort", **reason})
    yield Press(a, "agency", by(E.PAUSE), {"command": "pause", **reason})
    yield Press(a, "agency", by(E.RESUME), {"command": "resume"})
    yield Press(a, "agency", by(E.WIDEN), {"command": "widen", "id": "{condition}", "regions": "440100,440300"})
    yield Press(a, "agency", by(E.START_SUPPLEMENT), {"command": "supplement"})
    yield Press(a, "agency", by(E.FORCE_END), {"command": "end", **reason})


def _of_the_panel(at: Any, now: datetime) -> Iterable[Press]:
    a = "/agency/draws/{id}"
    release, release_submitted = by(E.RELEASE), frozenset({S.COMPLETED, S.SHORT, S.SUPPLEMENT_PENDING})
    yield Press(f"{a}/release/attachment", "agency", release, file=pdf())
    yield Press(f"{a}/release", "agency", release, {"command": "submit", "cause": "招标失败", "reason": "不足三家"})
    yield Press(f"{a}/release", "agency", release_submitted, {"command": "withdraw"})
    yield Press(f"{a}/release", "agency", release, {"command": "remove"})
    yield Press(f"{a}/release", "agency", release, {"command": "start"})
    yield Press(
        f"{a}/release", "agency", frozenset({S.RELEASED}), {"command": "ring", "id": "{invitation}", "phone": ""}
    )
    yield Press(
        f"{a}/release",
        "agency",
        frozenset({S.RELEASED}),
        {"command": "notified", "id": "{invitation}", "words": "已告知"},
    )
    recall = frozenset({S.VERIFIED})
    yield Press(f"{a}/notify", "agency", recall, {"command": "invite"})
    noted = {"id": "{recalled}", "answer": "comes", "gathering_at": at(29)}
    yield Press(f"{a}/notify", "agency", recall, {"command": "phone", "phone": "own"})
    for command in ("ring", "ask", "resend"):
        yield Press(f"{a}/notify", "agency", recall, {"command": command, "id": "{recalled}"})
    yield Press(f"{a}/notify", "agency", recall, {"command": "note", **noted})
    yield Press(f"{a}/notify", "agency", recall, {"command": "confirm"})
    times = {"opening_at": at(20), "bid_closing_at": at(19), "starts_at": at(26), "ends_at": at(30)}
    yield Press(f"{a}/recall", "agency", frozenset({S.ENDED}), times)
    yield Press(f"{a}/redraw", "agency", frozenset({S.ENDED, S.RELEASED, S.TERMINATED}), times)
    yield Press(f"{a}/result", "agency", ALWAYS)
    paid = {"paid_on": f"{local(now):%Y-%m-%d}", "way": "银行转账"}
    yield Press(f"{a}/remuneration", "agency", OVER, {"command": "all", **paid})
    yield Press(f"{a}/remuneration", "agency", OVER, {"command": "back", "id": "{invitation}"})
    for command in ("urge", "ring"):
        yield Press(
            f"{a}/attendance",
            "agency",
            STARTED | {S.ENDED},
            {"command": command, "id": "{invitation}", "phone": "own"},
        )


def _on_attendance_pages() -> Iterable[Press]:
    d = "/draws/{draw_id}"
    arrivals = STARTED | {S.ENDED, S.COMMITTING}
    for command in ("enter", "exit"):
        yield Press(f"{d}/attendance", "venue", arrivals, {"command": command, "code": "{code}"})
    delay = {"command": "late", "code": "{code}", "minutes": "30", "told_by": "self", "read_back": "1"}
    yield Press(f"{d}/attendance", "venue", arrivals, delay)
    for command in ("urge", "ring"):
        yield Press(
            f"{d}/attendance",
            "venue",
            arrivals,
            {"command": command, "invitation": "{invitation}", "phone": "own"},
        )
    for kind in ("leave", "recusal", "absence"):
        absence_fields = {"who": "{code}", "kind": kind, "reason": "生病", "cause": "投标人"}
        yield Press(f"{d}/absences", "venue", PANEL, {"command": "register", **absence_fields})
    yield Press(f"{d}/absences", "verifier", PANEL, {"command": "refuse", "request": "{request}", "opinion": "不属实"})
    yield Press(f"{d}/absences", "verifier", PANEL, {"command": "confirm", "request": "{request}"})
    for screen in ("board", "record"):
        yield Press(f"{d}/share", "verifier", ALWAYS, {"screen": screen})
    yield Press(f"{d}/audit", "supervisor", ALWAYS, {"command": "audit"})
    yield Press(f"{d}/audit", "supervisor", ALWAYS, {"command": "open", "leaf": "ab" * 32})
    for file in ("attachment/mail", "result.pdf", "attendance.pdf", "record.pdf"):
        yield Press(f"{d}/{file}", "verifier", ALWAYS, {"email": "x@example.com"})
    for file in ("application.pdf", "remuneration.xlsx"):
        yield Press(f"/agency/draws/{{id}}/{file}", "agency", ALWAYS, {"email": "x@example.com"})
    yield Press(f"{d}/remuneration", "venue", OVER, {"command": "all"})
    amount = {"amount": "800", "words": "半天"}
    yield Press(f"{d}/remuneration", "venue", OVER, {"command": "propose", "id": "{invitation}", **amount})


def _ways_out() -> Iterable[Press]:
    yield Press("/draws/{draw_id}/exit", "verifier", by(E.END), {"command": "end", "words": "已评完"})
    yield Press(
        "/draws/{draw_id}/exit",
        "verifier",
        by(E.TERMINATE),
        {"command": "terminate", "cause": "replanned", "words": "评标改期"},
    )


def _clock(now: datetime) -> Any:
    """Hours from now as an input of a day and time holds them."""
    return lambda hours: f"{local(now + timedelta(hours=hours)):%Y-%m-%dT%H:%M}"


def address(path: str, draw_id: UUID, fields: Mapping[str, str] = {}) -> str:
    return path.format_map({"id": draw_id, "draw_id": draw_id, **fields})


async def send(visitor: Visitor, press: Press, draw_id: UUID, ids: Mapping[str, str]) -> Visitor:
    """Press a button of a draw's page, with these ids in its form."""
    fields = {name: value.format_map(ids) for name, value in press.fields.items()}
    path = address(press.path, draw_id, fields)
    if not press.file:
        return await visitor.post(path, fields)
    data = {"form": "x", "file": io.BytesIO(press.file)}
    return await visitor._show(await visitor.client.post(path, data=data, headers={"Origin": PUBLIC_URL}))
