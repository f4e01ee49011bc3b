"""Notifying the original experts of a recall (复评、通知原专家评标): each answers in person, then all is confirmed.

Each is invited as in a draw and answers by chat, page, mini-program, SMS link or key. The agency may phone them too and
note what it was told: that is a statement about another person, shown as such, of which the expert is notified at once.
It never counts as an agreement, and as a refusal only after an answered call of the platform.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.clock import print_time
from domain.draws import record
from domain.draws.agreed_times import agreement_until, asked_gathering, urging_ends
from domain.draws.lifecycles import DrawEvent, DrawState, InvitationEvent, InvitationState
from domain.draws.record import SKIP_REASONS, SkipReason
from domain.errors import Conflict, InvalidInput, NotFound
from domain.rulebook.notice_texts import remark_params, time_params
from models.draws import CallNotice, Condition, Draw, RecalledExpert
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.core import permissions
from services.core.base import Actor, Deps, rows, system, transaction, violation
from services.core.base import record as audit
from services.core.crypto import PHONE
from services.core.due_rows import process_each
from services.draws.access import DrawAccess
from services.draws.call_order.eligibility import occupied_span
from services.draws.calls.call_rules import address_and_room
from services.draws.calls.expiry import CALL_GRACE
from services.draws.calls.next_calls import new_code
from services.draws.calls.places import Places
from services.draws.draw_notices import notify_agency
from services.draws.follow_ups.recall_queries import RecallQueries, check_recall, counts_by, refusal_counts_at
from services.draws.locks import Locked, lock, lock_own_draw, move
from services.draws.party_notifications import PartyNotifications
from services.draws.recall_record import BY_CALL, find_lost, hindered_entry
from services.draws.recall_rules import check_same_day
from services.draws.record_log import append_to_log
from services.draws.virtual_calls import CallWindow, VirtualCalls
from services.notifications import Notices

_UNCONFIRMED = """
SELECT d.id FROM draw d WHERE d.kind = 'recall' AND d.state = 'verified' AND d.started_at IS NOT NULL
AND d.starts_at <= $1 AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.draw_id = d.id AND i.state = 'open')
"""
_ROUND = 0
"""Round number of invitations that no round has ordered."""


@dataclass(frozen=True)
class Recalls:
    deps: Deps
    notices: Notices
    access: DrawAccess
    queries: RecallQueries
    places: Places
    calls: VirtualCalls
    parties: PartyNotifications

    # ---- calls

    async def choose_phone(self, actor: Actor, draw_id: UUID, notice_id: UUID | None) -> None:
        """The phone on which the agency speaks with the experts, kept for the draw: the contact's of this notice, or
        the caller's own. Raises NotFound, and Conflict for a contact without a mobile."""
        async with transaction():
            draw = (await self._lock_open_recall(actor, draw_id)).draw
            phone = await self._registered_phone(actor, draw_id, notice_id)
            draw.staff_phone_sealed = self.deps.keys.seal(phone, PHONE)
            await draw.save(update_fields=["staff_phone_sealed"])
            facts = {"notice": str(notice_id or ""), "staff_phone_sealed": draw.staff_phone_sealed}
            await audit(actor, self.deps.now(), "recall.phone_entered", "draw", draw_id, **facts)

    async def _registered_phone(self, actor: Actor, draw_id: UUID, notice_id: UUID | None) -> str:
        if notice_id is None:
            return await self.calls.own_mobile(actor)
        call_notice = await CallNotice.get_or_none(id=notice_id, draw_id=draw_id)
        if call_notice is None:
            raise NotFound("找不到这条语音通知，请刷新后重试。")
        return await self.calls.caller_mobile(actor, "contact", call_notice)

    async def ring(self, actor: Actor, draw_id: UUID, row_id: UUID) -> None:
        """Connect the agency's contact with an expert by a virtual call.

        After the confirmation only with an expert whom no message reached. Raises as ``VirtualCalls.request_call``.
        """
        permissions.check(actor, "draw.start")
        async with transaction():
            draw = (await lock_own_draw(actor, draw_id)).draw
            confirmed = row_id in await self.queries.find_unreached(draw)
            if not confirmed:
                await self._lock_begun_recall(actor, draw_id)
                self._check_hours(draw)
            row = await self._lock_row(draw_id, row_id)
            if not confirmed:
                await self._lock_open_invitation(row)
            if confirmed and not draw.staff_phone_sealed:
                phone = await self.calls.own_mobile(actor)
            else:
                phone = self._staff_phone(draw, "请先选择您的通话号码，系统先呼叫这个号码。")
            window = await self._call_window(draw, row)
            await self.calls.request_call(actor, draw, row.expert_id, "recall", phone, window)
            row.called_at = self.deps.now()
            await row.save(update_fields=["called_at"])

    async def _call_window(self, draw: Draw, row: RecalledExpert) -> CallWindow:
        """From the unsealing of the original panel to the end of the urging for the gathering of the invitation."""
        unseals_at = self.access.unseals_at(await Draw.get(id=draw.original_id))
        invitation = await Invitation.get(draw_id=draw.id, expert_id=row.expert_id)
        return CallWindow(unseals_at, unseals_at, urging_ends(invitation, self.deps.book(draw.pool).attendance))

    def _check_hours(self, draw: Draw) -> None:
        """Raises RuleViolation outside the rulebook's calling hours, which a recall keeps as a draw does."""
        book = self.deps.book(draw.pool)
        if not (hours := book.draw.calling.hours).contains(self.deps.now()):
            raise violation(book, "draw.calling.hours", f"只能在每天{hours}之间联系原专家，请届时再联系。")

    async def resend(self, actor: Actor, draw_id: UUID, row_id: UUID) -> None:
        """Send time, place and code again to an expert whom that message did not reach. Raises Conflict, NotFound."""
        permissions.check(actor, "draw.start")
        async with transaction():
            draw = (await lock_own_draw(actor, draw_id)).draw
            check_recall(draw)
            row = (await self.queries.find_unreached(draw)).get(row_id)
            if row is None:
                raise Conflict("没有需要重新发送的确认短信，请刷新后查看。", code="nothing_to_send")
            most = self.deps.book(draw.pool).draw.recall.resends_max
            if row["resent"] >= most:
                raise Conflict(f"确认短信已重新发送{most}次，请改用其他方式告知专家。", code="sent_enough")
            invitation = await Invitation.get(id=row["invitation_id"])
            await self._notify_accepted(
                draw, invitation, await CallNotice.get(id=invitation.notice_id), f":again{row['resent'] + 1}"
            )
            await audit(actor, self.deps.now(), "recall.resent", "draw", draw_id, row=str(row_id))

    def _staff_phone(self, draw: Draw, advice: str) -> str:
        if not draw.staff_phone_sealed:
            raise Conflict(advice, code="no_phone")
        return self.deps.keys.read(draw.staff_phone_sealed, PHONE)

    async def ask_to_call_back(self, actor: Actor, draw_id: UUID, row_id: UUID) -> None:
        """Ask an expert by message, without revealing his number, to call the agency's contact. Raises Conflict."""
        async with transaction():
            draw, now = (await self._lock_begun_recall(actor, draw_id)).draw, self.deps.now()
            self._check_hours(draw)
            row = await self._lock_row(draw_id, row_id)
            invitation = await self._lock_open_invitation(row)
            self.calls.check_window(draw, await self._call_window(draw, row), now)
            phone = self._staff_phone(draw, "请先选择您的通话号码，专家按这个号码回电。")
            request_count = await Notice.filter(dedupe_key__startswith=f"recall_asked:{row.id}:").count()
            rules = self.deps.book(draw.pool).draw.recall
            if request_count >= rules.asks_max:
                raise Conflict(f"已请该专家回电{request_count}次，请等待回电或本人答复。", code="asked_enough")
            if request_count and row.called_at and now < row.called_at + rules.asked_again_after:
                minutes = math.ceil((row.called_at + rules.asked_again_after - now).total_seconds() / 60)
                raise Conflict(f"刚刚已请该专家回电，请{minutes}分钟后再试。", code="asked_just_now")
            await self.notices.notify(
                pool=draw.pool,
                kind="recall_asked",
                dedupe_key=f"recall_asked:{row.id}:{request_count + 1}",
                params={**time_params(asked_gathering(invitation)), "contact_phone": phone},
                expert_id=row.expert_id,
            )
            row.called_at = now
            await row.save(update_fields=["called_at"])
            await audit(actor, now, "recall.asked", "draw", draw_id, row=str(row_id), times=request_count + 1)

    async def _lock_row(self, draw_id: UUID, row_id: UUID) -> RecalledExpert:
        row = await RecalledExpert.select_for_update().get_or_none(id=row_id, draw_id=draw_id)
        if row is None:
            raise NotFound("名单中没有这位专家，请刷新后重试。")
        return row

    async def _lock_open_invitation(self, row: RecalledExpert) -> Invitation:
        """The invitation that waits for this expert's answer. Raises Conflict when none does."""
        invitation = await Invitation.select_for_update().get_or_none(draw_id=row.draw_id, expert_id=row.expert_id)
        if invitation is None:
            raise Conflict("该专家目前不能参评，没有发出邀请，不用再联系。", code="hindered")
        if invitation.state != InvitationState.OPEN:
            label = InvitationState(invitation.state).label
            raise Conflict(f"该专家{label}，以本人答复为准，不用再登记。", code="answered")
        return invitation

    # ---- what the agency was told on the phone

    async def record_statement(
        self, actor: Actor, draw_id: UUID, row_id: UUID, takes_part: bool, gathering_at: datetime | None
    ) -> None:
        """Note what an expert is said to have answered; the expert is notified of it and answers in person.

        A gathering time on which the two agreed is proposed to the expert instead of the notice's. Raises InvalidInput
        for a gathering on another day, too near, or that would leave the expert less time to answer, Conflict once the
        expert has answered, sits on another panel then, or enough was noted.
        """
        async with transaction():
            locked = await self._lock_begun_recall(actor, draw_id)
            draw, now = locked.draw, self.deps.now()
            row = await self._lock_row(draw_id, row_id)
            invitation = await self._lock_open_invitation(row)
            await self._check_statements(draw, invitation)
            if takes_part:
                at = self._check_gathering(draw, gathering_at, now)
                await self._propose_gathering(locked, invitation, at, now)
            row.takes_part, row.gathering_at = takes_part, gathering_at if takes_part else None
            row.called_at = row.called_at or now
            row.recorded_at, row.recorded_by_id = now, actor.account_id
            await row.save()
            await self._notify_of_statement(draw, row, invitation)
            await audit(actor, now, "recall.noted", "draw", draw_id, row=str(row_id), comes=takes_part)

    async def _check_statements(self, draw: Draw, invitation: Invitation) -> None:
        """Each is a message to the expert. Raises Conflict at the limit."""
        most = self.deps.book(draw.pool).draw.recall.statements_max
        if await Notice.filter(invitation_id=invitation.id, kind="recall_stated").count() >= most:
            message = f"已为该专家登记{most}次，请等待专家本人答复；逾期未答复的按未答复记录。"
            raise Conflict(message, code="stated_enough")

    def _check_gathering(self, draw: Draw, at: datetime | None, now: datetime) -> datetime:
        if at is None:
            raise InvalidInput("请填写商定的集合时间。", field="gathering_at")
        check_same_day(draw, at)
        if not now < at <= draw.starts_at:
            begins = print_time(draw.starts_at)
            raise InvalidInput(f"集合时间应在现在之后、{begins}评标开始之前。", field="gathering_at")
        self._answer_until(draw, at, now)
        return at

    def _answer_until(self, draw: Draw, gathering_at: datetime, now: datetime) -> datetime:
        """Deadline of the expert's own answer. Raises InvalidInput when the gathering is too near for one."""
        rules = self.deps.book(draw.pool).draw
        latest = agreement_until(gathering_at, rules.agreement_lead) - CALL_GRACE
        until = min(now + rules.recall.answer_within, latest)
        if (
            until < rules.calling.hours.next_open(now) + rules.calling.answer_timeout
        ):  # experts are asked within the hours
            message = "离集合时间太近，专家来不及本人答复，请商定晚一些的集合时间，或终止本活动后重新发起复评。"
            raise InvalidInput(message, code="gathering_near", field="gathering_at")
        return until

    async def _propose_gathering(self, locked: Locked, invitation: Invitation, at: datetime, now: datetime) -> None:
        if at == asked_gathering(invitation):
            return
        draw = locked.draw
        until = self._answer_until(draw, at, now)
        if until < invitation.answer_until:
            message = (
                f"商定的集合时间过早，会缩短专家本人答复的期限（{print_time(invitation.answer_until)}），请商定晚一些。"
            )
            raise InvalidInput(message, code="answer_shortened", field="gathering_at")
        invitation.proposed_gathering_at = at if at != invitation.gathering_at else None
        invitation.proposed_since = now if invitation.proposed_gathering_at else None
        invitation.answer_until, invitation.starts_at = until, min(at, invitation.starts_at)
        fields = ["proposed_gathering_at", "proposed_since", "answer_until", "starts_at"]
        try:
            async with transaction():
                await invitation.save(update_fields=fields)
        except IntegrityError as error:
            name = (await Expert.get(id=invitation.expert_id)).name
            raise Conflict(f"{name}{SKIP_REASONS['overlap']}，请商定其他集合时间。", code="hindered") from error
        params = {**time_params(at), "answer_by": time_params(invitation.answer_until)["gathering_short"]}
        await self.notices.reword(invitation_id=invitation.id, kind="recall_call", params=params)

    async def _notify_of_statement(self, draw: Draw, row: RecalledExpert, invitation: Invitation) -> None:
        """Tell the expert at once what was noted about him, by whom, and how to answer otherwise."""
        [stored] = [stored for stored in await self.queries.find_rows(draw) if stored["id"] == row.id]
        counts_at = refusal_counts_at(stored, self.deps.book(draw.pool).draw)
        until = time_params(counts_at)["gathering_short"] if counts_at else ""
        await self.notices.notify(
            pool=draw.pool,
            kind="recall_stated",
            dedupe_key=f"recall_stated:{invitation.id}:{self.deps.now().timestamp():.6f}",
            params={
                **time_params(asked_gathering(invitation)),
                "what": "可以参加" if row.takes_part else "不能参加",
                "effect": f"{until}前未答复的按此记录" if until else "未经您本人答复不作数",
            },
            expert_id=row.expert_id,
            invitation_id=invitation.id,
        )

    # ---- inviting the panel

    async def invite_panel(self, actor: Actor, draw_id: UUID) -> None:
        """Invite each expert of the original panel, who answers in person; who may not sit on it now is told why. The
        caller speaks with them on his own phone, unless another was chosen.

        Raises Conflict when it was begun or the gathering is too near for an answer.
        """
        async with transaction():
            locked = await self._lock_open_recall(actor, draw_id)
            draw, now = locked.draw, self.deps.now()
            if draw.started_at is not None:
                raise Conflict("已经开始通知原专家，请等待本人答复。", code="begun")
            panel = await RecalledExpert.filter(draw_id=draw_id).order_by("condition_id", "id").select_for_update()
            hindrances = await self.queries.find_hindrances_of(draw, panel)
            draw.started_at = now
            if not draw.staff_phone_sealed:
                draw.staff_phone_sealed = self.deps.keys.seal(await self.calls.own_mobile(actor), PHONE)
            await draw.save(update_fields=["started_at", "staff_phone_sealed"])
            await self._append_panel(locked, panel, now)
            for row in panel:
                if reason := hindrances[row.id]:
                    await self._pass_over(locked, row, reason, now)
                else:
                    await self._invite_expert(locked, row, now)
            await self.parties.notify(draw, "recalling", by=actor.account_id)
            await audit(actor, now, "recall.begun", "draw", draw_id)

    async def _append_panel(self, locked: Locked, panel: Sequence[RecalledExpert], now: datetime) -> None:
        earlier = {
            invitation.id: invitation
            for invitation in await Invitation.filter(id__in=[row.earlier_id for row in panel])
        }
        seats = [
            record.SeatFacts(locked.condition(row.condition_id).position, bytes.fromhex(earlier[row.earlier_id].leaf))
            for row in panel
        ]
        lead = int(self.deps.book(locked.draw.pool).draw.agreement_lead.total_seconds())
        await append_to_log(locked.draw, now, record.Recalled(tuple(sorted(seats)), lead, await find_lost(locked.draw)))

    async def _pass_over(self, locked: Locked, row: RecalledExpert, reason: SkipReason, now: datetime) -> None:
        """An expert who may not sit on the panel now is not invited, and told why, unless he has left the pool."""
        draw, condition = locked.draw, locked.condition(row.condition_id)
        earlier = await Invitation.get(id=row.earlier_id)
        await append_to_log(draw, now, hindered_entry(condition.position, bytes.fromhex(earlier.leaf)))
        await audit(system(draw.pool), now, "recall.hindered", "draw", draw.id, row=str(row.id), reason=reason)
        if reason in ("left_pool", "unreachable"):
            return
        call_notice = await CallNotice.get(id=condition.notice_id)
        await self.notices.notify(
            pool=draw.pool,
            kind="recall_hindered",
            dedupe_key=f"recall_hindered:{row.id}",
            params={**time_params(call_notice.gathering_at), "reason": SKIP_REASONS[reason]},
            expert_id=row.expert_id,
        )

    async def _invite_expert(self, locked: Locked, row: RecalledExpert, now: datetime) -> None:
        """Open an invitation; answers, reminders, check-in, leave and urging follow as for any other."""
        draw, condition = locked.draw, locked.condition(row.condition_id)
        call_notice, earlier = await CallNotice.get(id=condition.notice_id), await Invitation.get(id=row.earlier_id)
        try:
            async with transaction():
                invitation = await self._create_invitation(draw, condition, call_notice, earlier, now)
        except IntegrityError:  # called by another draw meanwhile
            await self._pass_over(locked, row, "overlap", now)
            return
        condition.open += 1
        await condition.save(update_fields=["open"])
        row.called_at = now
        await row.save(update_fields=["called_at"])
        await self.notices.notify(
            pool=draw.pool,
            kind="recall_call",
            dedupe_key=f"recall_call:{invitation.id}",
            params={
                **time_params(invitation.gathering_at),
                "place": address_and_room(call_notice),
                **remark_params(call_notice.remark),
                "answer_by": time_params(invitation.answer_until)["gathering_short"],
            },
            expert_id=row.expert_id,
            invitation_id=invitation.id,
        )

    # ---- the final confirmation

    async def confirm(self, actor: Actor, draw_id: UUID) -> DrawState:
        """Confirm all answers for good: 抽取完成 when all experts come, else 专家不足. Raises Conflict."""
        async with transaction():
            locked = await self._lock_begun_recall(actor, draw_id)
            await self._close_refused(locked)
            await self._check_all_answered(locked)
            await self._complete_draw(locked)
            counts = {"agreed": locked.accepted, "needed": locked.draw.needed}
            await audit(actor, self.deps.now(), "recall.confirmed", "draw", draw_id, **counts)
            return locked.state

    async def complete_due(self) -> int:
        """Confirm what an agency has not confirmed when the panel is unsealed; returns the number of draws found."""
        sealed = max(book.draw.result_visible_before for book in self.deps.rulebooks.values())
        due = await rows(_UNCONFIRMED, self.deps.now() + sealed)
        return await process_each("recall", due, lambda row: self._complete_if_due(row["id"]))

    async def _complete_if_due(self, draw_id: UUID) -> None:
        async with transaction():
            locked = await lock(draw_id)
            draw, now = locked.draw, self.deps.now()
            is_waiting = locked.state == DrawState.VERIFIED and draw.started_at is not None and draw.kind == "recall"
            if not is_waiting or locked.open or now < self.access.unseals_at(draw):
                return
            await self._complete_draw(locked)
            await audit(system(draw.pool), now, "recall.confirmed", "draw", draw_id)

    async def _close_refused(self, locked: Locked) -> None:
        """Close the invitations of those who refused in an answered call of the platform and didn't contradict."""
        draw, now = locked.draw, self.deps.now()
        rules = self.deps.book(draw.pool).draw
        for stored in await self.queries.find_rows(draw):
            if stored["state"] != InvitationState.OPEN or not counts_by(refusal_counts_at(stored, rules), now):
                continue
            invitation = await Invitation.select_for_update().get(id=stored["invitation_id"])
            await self.places.apply(locked, invitation, InvitationEvent.DECLINE, now, by=BY_CALL)
            await self.notices.notify(
                pool=draw.pool,
                kind="draw_declined",
                dedupe_key=f"draw_declined:{invitation.id}",
                params=time_params(asked_gathering(invitation)),
                expert_id=invitation.expert_id,
                invitation_id=invitation.id,
            )

    async def _check_all_answered(self, locked: Locked) -> None:
        if not locked.open:
            return
        waiting = Invitation.filter(draw_id=locked.draw.id, state=InvitationState.OPEN)
        until = max([invitation.answer_until for invitation in await waiting])
        raise Conflict(
            f"还有{locked.open}位专家未本人答复，请等待答复；最迟{print_time(until)}，仍未答复的按未答复记录。",
            code="not_all_answered",
        )

    async def _notify_accepted(
        self, draw: Draw, invitation: Invitation, call_notice: CallNotice, occasion: str = ""
    ) -> None:
        """Send time, place and code."""
        await self.notices.notify(
            pool=draw.pool,
            kind="draw_accepted",
            dedupe_key=f"draw_accepted:{invitation.id}{occasion}",
            params={
                **time_params(invitation.gathering_at),
                "place": address_and_room(call_notice),
                "code": invitation.code,
            },
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )

    async def _create_invitation(
        self, draw: Draw, condition: Condition, call_notice: CallNotice, earlier: Invitation, now: datetime
    ) -> Invitation:
        starts_at, ends_at = occupied_span(draw, call_notice)
        return await Invitation.create(
            draw_id=draw.id,
            condition_id=condition.id,
            notice_id=call_notice.id,
            expert_id=earlier.expert_id,
            round_number=_ROUND,
            tier=earlier.tier,
            leaf=earlier.leaf,  # a recall freezes no list of its own
            code=await new_code(draw, self.deps.book(draw.pool).draw.code_length),
            menu_id=(await rows("SELECT nextval('menu_number') AS n"))[0]["n"],
            link=secrets.token_urlsafe(12),
            starts_at=starts_at,
            ends_at=ends_at,
            gathering_at=call_notice.gathering_at,
            created_at=now,
            answer_until=self._answer_until(draw, call_notice.gathering_at, now),
        )

    async def _complete_draw(self, locked: Locked) -> None:
        draw, now = locked.draw, self.deps.now()
        draw.finished_at = now
        await draw.save(update_fields=["finished_at"])
        counts: dict[str, str | int] = {"needed": draw.needed, "agreed": locked.accepted}
        full = locked.accepted == draw.needed
        await append_to_log(draw, now, record.Completed() if full else record.Short("declined"))
        await move(draw, DrawEvent.ALL_COME if full else DrawEvent.NOT_ALL_COME)
        if full:
            unseal_at = print_time(self.access.unseals_at(draw))
            await notify_agency(self.notices, draw, "agency_full", str(draw.log_length), **counts, unseal_at=unseal_at)
            await self.parties.notify(draw, "full", {"needed": draw.needed})
        else:
            await self.parties.notify(draw, "recalled", counts)

    async def _lock_begun_recall(self, actor: Actor, draw_id: UUID) -> Locked:
        """The same once its experts are being notified. Raises Conflict before."""
        locked = await self._lock_open_recall(actor, draw_id)
        if locked.draw.started_at is None:
            raise Conflict("请先开始通知原专家，每位专家会收到通知并由本人答复。", code="not_begun")
        return locked

    async def _lock_open_recall(self, actor: Actor, draw_id: UUID) -> Locked:
        """A verified recall that is not confirmed. Raises Conflict, NotFound."""
        permissions.check(actor, "draw.start")
        locked = await lock_own_draw(actor, draw_id)
        check_recall(locked.draw)
        if locked.state in (DrawState.EDITING, DrawState.SUBMITTED, DrawState.REFUSED):
            raise Conflict("核验通过后才能通知原专家。", code="not_verified")
        if locked.state != DrawState.VERIFIED:
            raise Conflict("已提交最终确认结果，不能再修改。", code="confirmed")
        if self.deps.now() >= locked.draw.starts_at:
            raise Conflict("预计评标开始时间已过，请终止本活动，重新发起复评。", code="too_late")
        return locked
