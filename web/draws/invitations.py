"""``/i/{link}``: an expert's page of one invitation, opened from a card or an SMS without log-in.

The link authenticates the expert: it has 96 random bits, was sent to no one else, and opens only this invitation. Pages
never name project or parties. Everything works without scripts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, cast
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import InvitationState
from domain.draws.spoken_delays import minutes_late, read_minutes
from domain.errors import AppError, Conflict, InvalidInput, RuleViolation, TooMany
from domain.positions import map_link
from domain.rulebook.book import Rulebook
from services.draws import DELAY_REASON_LONGEST, Choice, InvitationView, venue_position
from services.registry import Services
from web.core.form_values import print_moment
from web.core.site import POOL, Site
from web.core.typed_forms import Moment, OneOf, read_typed
from web.draws.positions import CheckInForm

REASON_LONGEST = 100
DELAYS = (10, 20, 30, 60)
"""Minutes that are offered as buttons."""
_RETRIED_ON_PAGE = (InvalidInput, RuleViolation, Conflict)
_NOTES = {
    "answered": "已收到您的答复。",
    "undone": "已撤销，您还没有答复这个邀请。",
    "stays": "答复时间已过或名额已满，不能撤销。不能到场请请假。",
    "held": "这个邀请此前已有结果，这次的答复没有改变它。",
    "in": "签到成功。",
    "claimed": "已记录您自报到场，还不算签到。",
    "in_before": "您此前已签到，无需重复。",
    "left": "请假已登记。",
    "comes": "已记录：您将按时到场，请假没有生效。",
    "agreed": "已记录：您同意改期，请按新的时间到场。",
    "late": "已记录并通知抽取单位、评标场地和监督人。路上注意安全，到场请照常签到。",
    "on_time": "已记录：您能按时到。",
    "gone": "已记录：改期后您不能参加，无需到场，不记入履职记录。",
}


_NOT_CHOSEN = "没有收到您的选择，请返回后重新点选。"


@dataclass(frozen=True)
class _Answer:
    """``gathering`` is the time that the page showed."""

    choice: Annotated[str, OneOf(("accept", "decline"), _NOT_CHOSEN)]
    gathering: Annotated[datetime | None, Moment("集合时间")]


@dataclass(frozen=True)
class _Leave:
    """``sure`` is sent with the confirmation, ``late`` if the consequence of a late leave was shown."""

    reason: str
    sure: bool
    late: bool


@dataclass(frozen=True)
class _Delay:
    """``minutes`` as typed; ``sure`` is sent with the confirmation."""

    minutes: str
    reason: str
    sure: bool


@dataclass(frozen=True)
class _LeaveAnswer:
    agrees: Annotated[str, OneOf(("yes", "no"), _NOT_CHOSEN)]


@dataclass(frozen=True)
class _MoveAnswer:
    """``proposal`` is the key of the times that the page showed."""

    agrees: Annotated[str, OneOf(("yes", "no"), _NOT_CHOSEN)]
    proposal: str


@dataclass(frozen=True)
class _Opened:
    """The invitation that a link opened."""

    link: str
    invitation_id: UUID
    expert_id: UUID
    book: Rulebook


class InvitationPages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._services = services

    def add_routes(self) -> None:
        self._site.get("/i/{link}", self.show)
        self._site.get("/i/{link}/{command}", self.reopen)
        self._site.post("/i/{link}/opened", self.note_opened)
        self._site.post("/i/{link}/answer", self.answer)
        self._site.post("/i/{link}/undo", self.undo)
        self._site.post("/i/{link}/leave", self.leave)
        self._site.post("/i/{link}/late", self.announce_delay)
        self._site.post("/i/{link}/on-time", self.withdraw_delay)
        self._site.post("/i/{link}/leave-answer", self.answer_leave)
        self._site.post("/i/{link}/move-answer", self.answer_move)
        self._site.post("/i/{link}/check-in", self.check_in)

    # ---- reading

    async def show(self, request: http.Request) -> http.Response:
        """``?do=decline|leave|late`` is the step that asks for confirmation; it changes nothing. 参加 counts at once,
        by its button."""
        opened = await self._open(request)
        view = await self._services.draws.invitation_queries.view(opened.invitation_id, opened.expert_id)
        if view.state == InvitationState.OPEN:
            await self._services.draws.invitations.note_opened(
                opened.invitation_id, opened.expert_id, opened.book.pool.code
            )
        step = request.query.get("do", "")
        if step == "decline" and view.state == InvitationState.OPEN:
            form = self._site.form_token("answer", opened.invitation_id, opened.expert_id)
            gathering = print_moment(view.gathering_at)
            return self._site.render(
                "draws/invitation_answer.html", link=opened.link, view=view, form=form, gathering=gathering
            )
        if step == "leave" and view.may_leave(self._services.deps.now()):
            return self._leave_page(opened, view)
        if step == "late" and view.may_announce_delay(self._services.deps.now()):
            return self._delay_page(opened, view, _Delay("", view.late_reason, sure=False))
        return self._page(opened, view, note=_NOTES.get(request.query.get("note", ""), ""))

    async def reopen(self, request: http.Request) -> http.Response:
        """The address of a form, opened with GET, as WeChat does with a page restored from the background."""
        raise http.HTTPSeeOther(f"/i/{request.match_info['link']}")

    async def note_opened(self, request: http.Request) -> http.Response:
        """Sent by the page's script once the page is visible."""
        opened = await self._open(request)
        await self._site.read_form(request, "opened", opened.invitation_id, opened.expert_id)
        await self._services.draws.openings.record(opened.expert_id, [opened.invitation_id])
        return http.Response(status=204)

    async def _open(self, request: http.Request) -> _Opened:
        link = request.match_info["link"]
        invitation_id, expert_id, pool = await self._services.draws.invitation_queries.get_by_link(link)
        request[POOL] = pool
        return _Opened(link, invitation_id, expert_id, self._services.deps.book(pool))

    def _page(
        self, opened: _Opened, view: InvitationView, *, note: str = "", error: str = "", status: int = 200
    ) -> http.Response:
        now = self._services.deps.now()
        position = venue_position(opened.book, view.venue)
        return self._site.render(
            "draws/invitation.html",
            status=status,
            link=opened.link,
            view=view,
            gathering=print_moment(view.gathering_at),
            note=note,
            error=error,
            hotline=opened.book.pool.hotline,
            pool=opened.book.pool.code,
            may_check_in=view.may_check_in(now),
            may_leave=view.may_leave(now),
            is_late=view.leave_is_late(now),
            over=now > view.ends_at,
            located=position is not None,
            map_link=map_link(position) if position else "",
            may_announce_delay=view.may_announce_delay(now),
            on_time_form=self._site.form_token("on_time", opened.invitation_id, opened.expert_id),
            consequence=opened.book.draw.leave.consequence,
            opened_form=self._site.form_token("opened", opened.invitation_id, opened.expert_id),
            answer_form=self._site.form_token("answer", opened.invitation_id, opened.expert_id),
            undo_form=self._site.form_token("undo", opened.invitation_id, opened.expert_id),
            leave_form=self._site.form_token("leave_answer", opened.invitation_id, opened.expert_id),
            move_form=self._site.form_token("move_answer", opened.invitation_id, opened.expert_id),
            check_in_form=self._site.form_token("check_in", opened.invitation_id, opened.expert_id),
        )

    # ---- answering

    async def answer(self, request: http.Request) -> http.Response:
        opened = await self._open(request)
        fields = await self._site.read_form(request, "answer", opened.invitation_id, opened.expert_id)
        form = read_typed(_Answer, fields)
        try:
            done = await self._services.draws.invitations.answer(
                opened.invitation_id, opened.expert_id, cast(Choice, form.choice), by="h5", shown=form.gathering
            )
        except _RETRIED_ON_PAGE as error:
            return await self._show_refusal(opened, error)
        raise http.HTTPSeeOther(f"/i/{opened.link}?note={'answered' if done.effective else 'held'}")

    async def undo(self, request: http.Request) -> http.Response:
        opened = await self._open(request)
        await self._site.read_form(request, "undo", opened.invitation_id, opened.expert_id)
        done = await self._services.draws.invitations.undo(opened.invitation_id, opened.expert_id, by="h5")
        stays = done.view.state == InvitationState.ACCEPTED
        raise http.HTTPSeeOther(f"/i/{opened.link}?note={'undone' if done.effective else 'stays' if stays else 'held'}")

    # ---- leave

    def _leave_page(self, opened: _Opened, view: InvitationView, *, reason: str = "", error: str = "") -> http.Response:
        rule = opened.book.draw.leave
        is_late = view.leave_is_late(self._services.deps.now())
        return self._site.render(
            "draws/invitation_leave.html",
            status=422 if error else 200,
            link=opened.link,
            view=view,
            reason=reason,
            error=error,
            longest=REASON_LONGEST,
            sure=bool(reason) and not error,
            is_late=is_late,
            consequence=rule.late_consequence if is_late else rule.consequence,
            form=self._site.form_token("leave", opened.invitation_id, opened.expert_id),
        )

    async def leave(self, request: http.Request) -> http.Response:
        """The first request shows reason and consequence for confirmation; with ``sure`` the leave is taken."""
        opened = await self._open(request)
        fields = await self._site.read_form(request, "leave", opened.invitation_id, opened.expert_id)
        view = await self._services.draws.invitation_queries.view(opened.invitation_id, opened.expert_id)
        form = read_typed(_Leave, fields)
        reason = " ".join(form.reason.split())
        if not 2 <= len(reason) <= REASON_LONGEST:
            return self._leave_page(opened, view, reason=reason, error=f"请用2到{REASON_LONGEST}个字说明请假原因。")
        if not form.sure or (view.leave_is_late(self._services.deps.now()) and not form.late):
            return self._leave_page(opened, view, reason=reason)
        try:
            await self._services.draws.invitations.leave(
                opened.invitation_id, opened.expert_id, reason, late=form.late, by="h5"
            )
        except _RETRIED_ON_PAGE as error:
            return await self._show_refusal(opened, error)
        raise http.HTTPSeeOther(f"/i/{opened.link}?note=left")

    # ---- a late arrival (晚到)

    def _delay_page(
        self, opened: _Opened, view: InvitationView, form: _Delay, *, minutes: int | None = None, error: str = ""
    ) -> http.Response:
        """``minutes`` are read back for confirmation; without them they are asked for."""
        rules = opened.book.attendance.late_arrival
        position = venue_position(opened.book, view.venue)
        least, most = (int(length.total_seconds() // 60) for length in (rules.shortest, rules.longest))
        return self._site.render(
            "draws/invitation_late.html",
            status=422 if error else 200,
            link=opened.link,
            view=view,
            typed=form,
            minutes=minutes,
            arrives_at=view.gathering_at + timedelta(minutes=minutes) if minutes else None,
            choices=[choice for choice in DELAYS if least <= choice <= most],
            least=least,
            most=most,
            longest=DELAY_REASON_LONGEST,
            error=error,
            consequence=rules.consequence,
            map_link=map_link(position) if position else "",
            form=self._site.form_token("late", opened.invitation_id, opened.expert_id),
        )

    async def announce_delay(self, request: http.Request) -> http.Response:
        """The first request shows the hour and what it means for confirmation; with ``sure`` it is recorded."""
        opened = await self._open(request)
        fields = await self._site.read_form(request, "late", opened.invitation_id, opened.expert_id)
        view = await self._services.draws.invitation_queries.view(opened.invitation_id, opened.expert_id)
        form = read_typed(_Delay, fields)
        now, spoken = self._services.deps.now(), read_minutes(form.minutes)
        if spoken is None:
            return self._delay_page(opened, view, form, error="请填写大约晚多少分钟，例如45。")
        minutes = minutes_late(spoken, view.gathering_at, now)
        late_arrivals = self._services.draws.late_arrivals
        try:
            if form.sure:
                await late_arrivals.state(opened.invitation_id, opened.expert_id, minutes, form.reason, by="h5")
            else:
                await late_arrivals.check(opened.invitation_id, opened.expert_id, minutes, form.reason)
        except InvalidInput as error:
            return self._delay_page(opened, view, form, error=error.message)
        except (RuleViolation, Conflict, TooMany) as error:
            return await self._show_refusal(opened, error)
        if not form.sure:
            shown = replace(form, reason=form.reason or view.late_reason)
            return self._delay_page(opened, view, shown, minutes=minutes)
        raise http.HTTPSeeOther(f"/i/{opened.link}?note=late")

    async def withdraw_delay(self, request: http.Request) -> http.Response:
        opened = await self._open(request)
        await self._site.read_form(request, "on_time", opened.invitation_id, opened.expert_id)
        try:
            await self._services.draws.late_arrivals.withdraw(opened.invitation_id, opened.expert_id, by="h5")
        except (RuleViolation, Conflict, TooMany) as error:
            return await self._show_refusal(opened, error)
        raise http.HTTPSeeOther(f"/i/{opened.link}?note=on_time")

    async def answer_leave(self, request: http.Request) -> http.Response:
        """Confirm or deny a leave that another person registered; the consequence is shown above the buttons."""
        opened = await self._open(request)
        fields = await self._site.read_form(request, "leave_answer", opened.invitation_id, opened.expert_id)
        agrees = read_typed(_LeaveAnswer, fields).agrees == "yes"
        try:
            left = await self._services.draws.discards.answer_leave(
                opened.invitation_id, opened.expert_id, agrees, by="h5"
            )
        except _RETRIED_ON_PAGE as error:
            return await self._show_refusal(opened, error)
        raise http.HTTPSeeOther(f"/i/{opened.link}?note={'left' if left else 'comes'}")

    # ---- moved times

    async def answer_move(self, request: http.Request) -> http.Response:
        """Agree to moved times, or give up the place because of them."""
        opened = await self._open(request)
        fields = await self._site.read_form(request, "move_answer", opened.invitation_id, opened.expert_id)
        form = read_typed(_MoveAnswer, fields)
        try:
            stays = await self._services.draws.time_changes.answer(
                opened.invitation_id, opened.expert_id, form.agrees == "yes", form.proposal, by="h5"
            )
        except _RETRIED_ON_PAGE as error:
            return await self._show_refusal(opened, error)
        raise http.HTTPSeeOther(f"/i/{opened.link}?note={'agreed' if stays else 'gone'}")

    # ---- check-in

    async def check_in(self, request: http.Request) -> http.Response:
        opened = await self._open(request)
        fields = await self._site.read_form(request, "check_in", opened.invitation_id, opened.expert_id)
        try:
            done = await self._services.draws.attendance.check_in(
                opened.invitation_id, opened.expert_id, read_typed(CheckInForm, fields).position
            )
        except _RETRIED_ON_PAGE as error:
            return await self._show_refusal(opened, error)
        note = "claimed" if not done.counted else "in" if done.first else "in_before"
        raise http.HTTPSeeOther(f"/i/{opened.link}?note={note}")

    async def _show_refusal(self, opened: _Opened, error: AppError) -> http.Response:
        view = await self._services.draws.invitation_queries.view(opened.invitation_id, opened.expert_id)
        return self._page(opened, view, error=error.message, status=error.status)
