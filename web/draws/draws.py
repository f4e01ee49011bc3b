"""``/desk``: draws as staff and agencies see them in a browser: arrivals by code, the venue's screen, result, record.

Before unsealing there are six-digit codes only; every reading of an unsealed result is logged by its service.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import DrawState, state_names
from domain.draws.record import TERMINATION_REASONS
from domain.errors import AppError, InvalidInput, NotFound, RuleViolation
from domain.masking import mask_mobile
from services.applications import AttachmentView
from services.core.base import Actor
from services.core.permissions import AGENCY, may
from services.draws import (
    ROUND_ACTS,
    Card,
    DeskRow,
    DiscardForm,
    DiscardKind,
    DrawTotals,
    DrawView,
    Filters,
    PublicLinks,
    Purpose,
    RequestRow,
)
from services.ports import MailAttachment
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.qr import path_of
from web.core.site import ON_PAGE, Site, page_number, show_pdf
from web.draws.desk import NOBODY, DeskPart
from web.draws.record import as_cells
from web.draws.three_numbers import read_rolls
from web.files.file_links import FileMail, go_to_file, mail_attachment

PAGE_SIZE = 20
SCREEN_EVERY = 5
"""Seconds between two looks of the venue's screen: an expert who begins to scan has most of the code's life left."""
_ON_PAGE = ON_PAGE | {404}
_KINDS = {"leave": "人工请假", "absence": "缺席", "recusal": "现场回避"}
_SOURCES = {"expert": "专家本人", "manual": "人工登记"}
_DONE = {
    "leave": "已登记请假，已通知专家本人；本人确认后名额才会空出。",
    "absence": "已登记缺席，已通知专家本人和监督人。",
    "recusal": "已登记现场回避，等待核验人员或监督人确认。",
    "confirmed": "已确认，名额已空出。",
    "refused": "已记录不予确认，专家仍在名单内。",
}
"""What a redirect says was done."""


class DrawPages(DeskPart):
    def __init__(self, site: Site, services: Services, door: AuthPages, links: PublicLinks) -> None:
        super().__init__(site, services, door)
        self._links = links
        self._mail = FileMail(site, services, door)

    def add_routes(self) -> None:
        self._site.get("/desk", self.draws)
        self._site.get("/desk/{draw_id}", self.draw)
        self._site.get("/desk/{draw_id}/attachment", self.attachment)
        self._site.get("/desk/{draw_id}/attachment/mail", self.mail_form)
        self._site.post("/desk/{draw_id}/attachment/mail", self.mail)
        self._site.get("/desk/{draw_id}/attendance", self.attendance)
        self._site.post("/desk/{draw_id}/attendance", self.submit)
        self._site.get("/desk/{draw_id}/absences", self.absences)
        self._site.post("/desk/{draw_id}/absences", self.act_on_absences)
        self._site.get("/desk/{draw_id}/exit", self.exit_form)
        self._site.post("/desk/{draw_id}/exit", self.leave_draw)
        self._site.get("/desk/{draw_id}/screen", self.screen)
        self._site.get("/desk/{draw_id}/result", self.result)
        self._site.get("/desk/{draw_id}/result.pdf", self.print_result)
        self._site.get("/desk/{draw_id}/attendance.pdf", self.print_attendance)
        self._site.get("/desk/{draw_id}/record.pdf", self.print_record)
        self._site.get("/desk/{draw_id}/share", self.draw)
        self._site.post("/desk/{draw_id}/share", self.share)

    # ---- draws

    async def draws(self, request: http.Request) -> http.Response:
        actor = await self._door.actor(request)
        if actor.role in AGENCY:
            raise http.HTTPSeeOther("/agency")
        page = page_number(request)
        asked = {name: request.query.get(name, "").strip()[:50] for name in ("q", "project", "state")}
        filters = Filters(number=asked["q"], project=asked["project"], name=asked["state"])
        queries = self._services.draws.queries
        cards = await queries.cards(actor, filters, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return self._show(
            actor,
            "draws/list.html",
            width="wide",
            who=self._door.role_label(actor),
            cards=cards.items,
            requests=await self._services.organisations.legal_entities.count_waiting(actor),
            waiting=await self._waiting(actor),
            wanted=await self._wanted(actor),
            **await self._venues_work(actor),
            unverified=await self._services.draws.verification.waiting(actor) if may(actor, "draw.verify") else None,
            total=cards.total,
            page=page,
            asked=asked,
            query=urlencode({name: value for name, value in asked.items() if value}),
            states=[(code, name) for code, name in state_names() if code != DrawState.EDITING],
            last=max(1, -(-cards.total // PAGE_SIZE)),
            form=self._token(actor, "logout", actor.session_id),
        )

    async def _venues_work(self, actor: Actor) -> dict[str, Any]:
        """Who gathers here today, and activities whose remuneration waits for the venue, as the chat counts them."""
        if actor.role != "venue":
            return {"today": None, "owed": ()}
        return {
            "today": await self._services.draws.worklists.read(actor, "today", limit=PAGE_SIZE),
            "owed": await self._services.office.staff_work.remuneration(actor),
        }

    async def _wanted(self, actor: Actor) -> list[Card]:
        """Draws that wait for the supervisor's random number."""
        if not may(actor, "draw.commit_supervisor"):
            return []
        found = await self._services.draws.queries.cards(actor, Filters(states=(DrawState.COMMITTING,)), limit=100)
        return [card for card in found.items if card.number_wanted]

    async def _waiting(self, actor: Actor) -> list[RequestRow]:
        return await self._services.draws.discards.waiting(actor) if may(actor, "discard.decide") else []

    async def draw(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        progress = await self._services.draws.progress.of(draw)
        unseals_at = self._services.draws.access.unseals_at(draw)
        return self._show(
            actor,
            "draws/detail.html",
            width="middle",
            draw=draw,
            progress=progress,
            agency=actor.role in AGENCY,
            at_desk=may(actor, "attendance.desk"),
            sealed=actor.role != "venue" and self._services.deps.now() < unseals_at,
            unseals_at=unseals_at,
            form=self._token(actor, "share", draw.id),
            attached=await self._attached(actor, draw.id),
            may_register=may(actor, "absence.register"),
            may_read_requests=may(actor, "discard.read") and draw.started_at is not None,
            may_end=may(actor, "draw.terminate") or may(actor, "draw.end"),
            over=draw.ended_at is not None,
            may_read=actor.role != "venue",
            may_see_money=actor.role not in AGENCY and may(actor, "remuneration.read") and draw.started_at is not None,
            may_verify=may(actor, "draw.verify") and progress.state == DrawState.SUBMITTED,
            may_audit=may(actor, "draw.audit") and draw.started_at is not None,
            **await self._lots(actor, draw, progress),
        )

    async def _lots(self, actor: Actor, draw: DrawView, progress: DrawTotals) -> dict[str, Any]:
        """The three numbers, and what a supervisor of this draw needs to add his."""
        rolls = read_rolls(await self._links.acts(draw, ROUND_ACTS))
        takes_part = (
            progress.state == DrawState.COMMITTING
            and may(actor, "draw.commit_supervisor")
            and await self._services.draws.access.is_watched_by(actor, draw)
        )
        return {
            "roll": rolls[-1] if rolls else None,
            "takes_part": takes_part,
            "round_form": self._token(actor, "round", draw.id) if takes_part else "",
        }

    async def _attached(self, actor: Actor, draw_id: UUID) -> AttachmentView | None:
        """The file of the request, for whom it concerns."""
        return None if actor.role == "venue" else await self._services.draws.attachments.find(actor, draw_id)

    async def attachment(self, request: http.Request) -> http.Response:
        """To the file of the request for verification, at an address of its own; ``of`` release: of the panel's."""
        actor, _, found = await self._attachment(request)
        raise go_to_file(self._services, actor, "attachment", found.id, found.filename)

    async def mail_form(self, request: http.Request) -> http.Response:
        actor, draw, found = await self._attachment(request)
        return self._mail.form(request, actor, found.filename, (draw.name, f"/desk/{draw.id}"))

    async def mail(self, request: http.Request) -> http.Response:
        actor, draw, found = await self._attachment(request)

        async def read() -> MailAttachment:
            return mail_attachment(await self._services.draws.attachments.open(actor, draw.id))

        return await self._mail.send(request, actor, found.filename, (draw.name, f"/desk/{draw.id}"), read)

    async def _attachment(self, request: http.Request) -> tuple[Actor, DrawView, AttachmentView]:
        """Raises NotFound where there is none, Forbidden for whom it doesn't concern."""
        actor, draw = await self._find(request)
        purpose: Purpose = "release" if request.query.get("of") == "release" else "draw"
        found = await self._services.draws.attachments.find(actor, draw.id, purpose)
        if found is None:
            raise NotFound("这个活动没有附件。", code="no_attachment")
        return actor, draw, found

    async def share(self, request: http.Request) -> http.Response:
        """Make a signed link to the board or the record, and go there."""
        actor, draw = await self._find(request)
        fields = await self._site.read_form(request, "share", draw.id, actor.account_id or NOBODY)
        if fields.get("screen") == "board":
            raise http.HTTPSeeOther(f"/draw/{await self._links.share(actor, draw.id, 'board')}")
        if fields.get("screen") == "record":
            raise http.HTTPSeeOther(f"/record/{await self._links.share(actor, draw.id, 'record')}")
        raise InvalidInput("没有收到您的选择，请返回后重新点选。", code="no_choice")

    # ---- arrivals

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
        sealed, found = "", list[DeskRow]()
        try:
            found = await self._services.draws.attendance.desk(actor, draw.id)
        except RuleViolation as refusal:  # before the result is unsealed, which is no mistake of the reader
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
            at_desk=may(actor, "attendance.desk"),
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

    # ---- who will not sit on the panel

    async def absences(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        return await self._absences_page(actor, draw, _DONE.get(request.query.get("note", ""), ""))

    async def _absences_page(
        self,
        actor: Actor,
        draw: DrawView,
        note: str = "",
        error: AppError | None = None,
        typed: dict[str, str] | None = None,
    ) -> http.Response:
        rules = self._services.deps.book(draw.pool).draw
        return self._show(
            actor,
            "draws/absences.html",
            width="middle",
            status=error.status if error else 200,
            draw=draw,
            note=note,
            error=error.message if error else "",
            typed=typed or {},
            causes=rules.recusal_reasons,
            kinds=[(kind, label) for kind, label in _KINDS.items() if kind in rules.supplement.causes],
            may_register=may(actor, "absence.register") and draw.started_at is not None,
            requests=await self._services.draws.discards.of_draw(actor, draw.id),
            register=await self._services.draws.absences.of_draw(actor, draw.id)
            if may(actor, "absence.register")
            else [],
            names=_KINDS,
            agency=actor.role in AGENCY,
            sources=_SOURCES,
            form=self._token(actor, "absences", draw.id),
            over=draw.ended_at is not None,
        )

    async def act_on_absences(self, request: http.Request) -> http.Response:
        """``command`` register, confirm or refuse."""
        actor, draw = await self._find(request)
        fields = await self._site.read_form(request, "absences", draw.id, actor.account_id or NOBODY)
        try:
            note = await self._do_absence(actor, draw.id, fields)
        except AppError as error:
            if error.status not in _ON_PAGE | {403}:
                raise
            return await self._absences_page(actor, draw, error=error, typed=fields)
        raise http.HTTPSeeOther(f"/desk/{draw.id}/absences?note={note}")

    async def _do_absence(self, actor: Actor, draw_id: UUID, fields: dict[str, str]) -> str:
        discards, command = self._services.draws.discards, fields.get("command")
        if command == "register":
            kind = cast("DiscardKind", fields.get("kind", ""))
            form = DiscardForm(fields.get("who", ""), kind, fields.get("reason", "")[:200], fields.get("cause", ""))
            return (await discards.register(actor, draw_id, form)).kind
        asked = await discards.of_draw(actor, draw_id)
        request_id = next((one.id for one in asked if str(one.id) == fields.get("request")), None)
        if request_id is None:
            raise NotFound("找不到这条登记，请刷新后重试。")
        if command == "confirm":
            await discards.confirm(actor, request_id)
            return "confirmed"
        await discards.refuse(actor, request_id, fields.get("opinion", "")[:200])
        return "refused"

    # ---- the ways out

    async def exit_form(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        return self._exit_page(actor, draw)

    def _exit_page(
        self,
        actor: Actor,
        draw: DrawView,
        error: AppError | None = None,
        typed: Mapping[str, str] = MappingProxyType({}),
    ) -> http.Response:
        bound = actor.role in AGENCY and draw.started_at is not None and draw.kind != "recall"
        return self._show(
            actor,
            "draws/exit.html",
            width="middle",
            status=error.status if error else 200,
            draw=draw,
            reasons=TERMINATION_REASONS,
            error=error.message if error else "",
            typed={name: typed.get(name, "") for name in ("command", "cause", "words")},
            may_terminate=may(actor, "draw.terminate") and not bound,
            bound=bound,
            before=self._services.deps.now() <= self._services.draws.releases.until(draw),
            may_end=may(actor, "draw.end") and self._services.draws.exits.can_end(draw),
            begun=self._services.deps.now() >= draw.starts_at,
            form=self._token(actor, "exit", draw.id),
            over=draw.ended_at is not None,
        )

    async def leave_draw(self, request: http.Request) -> http.Response:
        """``command`` terminate, with a coded ``cause``, or end; both with words."""
        actor, draw = await self._find(request)
        fields = await self._site.read_form(request, "exit", draw.id, actor.account_id or NOBODY)
        words = fields.get("words", "")[:200]
        try:
            if fields.get("command") == "end":
                await self._services.draws.exits.end(actor, draw.id, words)
            else:
                await self._services.draws.exits.terminate(actor, draw.id, fields.get("cause", ""), words)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self._exit_page(actor, draw, error, fields)
        raise http.HTTPSeeOther(f"/desk/{draw.id}")

    # ---- the venue's screen

    async def screen(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        token, until = await self._services.draws.attendance.venue_token(actor, draw.id)
        url = f"{self._services.deps.public_url}/v/{token}"
        try:
            rows: list[DeskRow] | None = await self._services.draws.attendance.desk(actor, draw.id)
        except RuleViolation:
            rows = None  # the trading centre's verifier sees arrivals from unsealing on only
        return self._site.render(
            "draws/venue_screen.html",
            draw=draw,
            url=url,
            qr=path_of(url),
            until=until,
            every=SCREEN_EVERY,
            rows=rows,
            present=_present(rows or []),
        )

    # ---- the result

    async def result(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        result = await self._services.draws.results.read(actor, draw.id)
        project = await self._services.draws.queries.detail(actor, draw.id)
        return self._site.render(
            "draws/result.html",
            draw=draw,
            result=result,
            supervisors=[s.name for s in project.parts.supervisors],
            printed_at=self._services.deps.now(),
            who=self._door.role_label(actor),
            mark=self._services.deps.book(draw.pool).draw.supplement.mark,
            pool=self._services.deps.book(draw.pool).pool.name,
        )

    async def print_result(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        paper = await self._services.draws.prints.result(actor, draw.id)
        return show_pdf(paper.content, paper.filename)

    async def print_attendance(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        paper = await self._services.draws.prints.attendance(actor, draw.id)
        return show_pdf(paper.content, paper.filename)

    async def print_record(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        paper = await self._services.draws.prints.record(actor, draw.id, as_cells)
        return show_pdf(paper.content, paper.filename)


def _counts(rows: list[DeskRow]) -> dict[str, int]:
    return {
        "应到": len(rows),
        "已到": _present(rows),
        "未到": sum(row.entered_at is None for row in rows),
        "自报到场": sum(row.claimed_at is not None and row.entered_at is None for row in rows),
        "已离场": sum(row.left_at is not None for row in rows),
    }


def _present(rows: list[DeskRow]) -> int:
    return sum(row.entered_at is not None for row in rows)


def _note(note: str) -> str:
    """What a redirect says was done, in Chinese; anything else says nothing."""
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
