"""Releasing a panel (退选): the agency applies, the centre verifies, then every expert is called and notified.

The request alone changes nothing. Once begun, the release ends the draw and frees its lots in one transaction; notices
and their calls show who was reached, and staff record only experts whom no call reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import local
from domain.draws.lifecycles import (
    DRAW,
    VERIFICATION,
    DrawEvent,
    InvitationEvent,
    InvitationState,
    VerificationEvent,
)
from domain.draws.lifecycles import VerificationState as State
from domain.errors import Conflict, InvalidInput
from domain.faults import Faults
from domain.rulebook.notice_texts import time_params
from models.draws import CallNotice, Draw, DrawApplication
from models.invitations import Invitation, ReleaseConfirmation
from models.organisations import Organisation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import process_each
from services.core.limits import check_repeats
from services.draws.calls.places import Cause, Places
from services.draws.draw_notices import notify_verifiers
from services.draws.endings import append_end
from services.draws.follow_ups.release_queries import ReleaseQueries
from services.draws.locks import Locked, lock, lock_own_draw
from services.draws.party_notifications import PartyNotifications
from services.draws.record_log import party_of
from services.draws.release_rules import (
    KIND,
    check_may_apply,
    check_release_in_time,
    find_newest_application,
    release_until,
)
from services.draws.setup.attachments import attached_name
from services.draws.virtual_calls import Caller, VirtualCalls
from services.notifications import BEGINS, Notices, Recipient

UNREACHED = """
SELECT i.id FROM draw d JOIN invitation i ON i.draw_id = d.id AND i.state = 'released'
 WHERE d.state = 'released' AND d.ended_at > $1::timestamptz - interval '2 days'
   AND EXISTS (SELECT 1 FROM notice n WHERE n.invitation_id = i.id AND n.kind = 'draw_released' AND n.state <> 'active'
     AND (NOT EXISTS (SELECT 1 FROM notice t WHERE t.invitation_id = i.id AND t.kind = 'draw_release_text')
       OR n.opened_at IS NULL AND NOT EXISTS (SELECT 1 FROM attempt v
           WHERE v.notice_id = n.id AND v.channel = 'voice' AND v.state = 'delivered')
         AND NOT EXISTS (SELECT 1 FROM release_confirmation c WHERE c.invitation_id = i.id)
         AND NOT EXISTS (SELECT 1 FROM notice x WHERE x.pool = d.pool AND x.kind = 'agency_news'
           AND starts_with(x.dedupe_key, 'agency_news:' || d.number || ':unreached:'))))
"""
"""Experts whose calls are over and who got no SMS yet, or of whom, unreached, the agency wasn't notified."""
_APPROVED = """
SELECT d.id FROM draw_application a JOIN draw d ON d.id = a.draw_id WHERE a.kind = 'release' AND a.state = 'approved'
  AND d.ended_at IS NULL AND d.starts_at > $1 AND d.starts_at <= $1::timestamptz + interval '8 days'
"""
_OVERDUE = (
    "SELECT d.id FROM draw_application a JOIN draw d ON d.id = a.draw_id "
    "JOIN (VALUES {limits}) AS last (pool, before_start) ON last.pool = d.pool "
    "WHERE a.kind = 'release' AND a.state = 'submitted' AND d.starts_at < $1::timestamptz + last.before_start"
)
_FIRST_CALLED_LATER = """
SELECT n.invitation_id FROM notice n JOIN attempt v ON v.notice_id = n.id AND v.channel = 'voice'
 WHERE n.invitation_id = ANY($1::uuid[]) AND n.kind = 'draw_released'
 GROUP BY n.invitation_id HAVING min(v.due_at) > $2
"""
_TOO_LATE = "距评标开始过近，已不能退选"


def overdue_releases(deps: Deps) -> str:
    """SQL of the draws whose request was not verified by the last moment of their pool (``$1`` is the present one).

    A request that only waits is not due, or its draw would be locked on each tick of several days.
    """
    before = {pool: book.draw.release.before_start for pool, book in deps.rulebooks.items()}
    limits = ", ".join(f"('{pool}', interval '{lead.total_seconds()} seconds')" for pool, lead in before.items())
    return _OVERDUE.format(limits=limits)


@dataclass(frozen=True)
class Releases:
    deps: Deps
    notices: Notices
    queries: ReleaseQueries
    calls: VirtualCalls
    places: Places
    parties: PartyNotifications

    # ---- the request

    async def submit(self, actor: Actor, draw_id: UUID, cause: str, words: str) -> UUID:
        """Submit the request. Raises InvalidInput without cause or proof, Conflict, RuleViolation too late."""
        permissions.check(actor, "draw.submit")
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            await check_may_apply(locked, self.deps)
            draw, now, faults = locked.draw, self.deps.now(), Faults()
            attachment = await attached_name(draw_id, "release")
            if cause not in self.deps.book(draw.pool).draw.release.causes:
                faults.add(InvalidInput("请选择退选原因。", field="cause"))
            if not attachment:
                message = "请先上传证明材料（盖章的退选申请表等），再提交审核。"
                faults.add(InvalidInput(message, field="file", code="proof_missing"))
            faults.raise_any()
            await check_repeats("draw", draw_id, ("release.submitted",), now)
            application = await DrawApplication.create(
                draw_id=draw_id,
                kind=KIND,
                reason=f"{cause}：{words.strip()}" if words.strip() else cause,
                terminal=draw.terminal,
                submitted_by_id=actor.account_id,
                submitted_at=now,
                attachment=attachment,
            )
            await record(actor, now, "release.submitted", "draw", draw_id, cause=cause)
            organisation = await Organisation.get(id=draw.organisation_id)
            await notify_verifiers(
                self.notices,
                draw,
                [draw.terminal],
                "verification_waiting",
                str(application.id),
                application=str(application.id),
                organisation=organisation.name,
            )
            await self.parties.notify(draw, "release_asked", by=actor.account_id, occasion=str(application.id))
            return application.id

    async def withdraw(self, actor: Actor, draw_id: UUID) -> None:
        """Withdraw the pending request. Raises Conflict."""
        permissions.check(actor, "draw.withdraw")
        async with transaction():
            locked, now = await lock_own_draw(actor, draw_id), self.deps.now()
            application = await self._get_application(draw_id)
            application.state = VERIFICATION.next(State(application.state), VerificationEvent.WITHDRAW)
            application.withdrawn_at = now
            await application.save(update_fields=["state", "withdrawn_at"])
            await self.parties.notify(
                locked.draw, "release_withdrawn", by=actor.account_id, occasion=str(application.id)
            )
            await record(actor, now, "release.withdrawn", "draw", draw_id)

    async def _get_application(self, draw_id: UUID) -> DrawApplication:
        application = await find_newest_application(draw_id)
        if application is None:
            raise Conflict("还没有提交退选申请。", code="release_not_asked")
        return application

    async def refuse_overdue(self) -> int:
        """Refuse requests not verified in time: the agency is notified and needs another way."""
        due = await rows(overdue_releases(self.deps), self.deps.now())
        return await process_each("release_overdue", due, lambda row: self._refuse_overdue(row["id"]))

    async def _refuse_overdue(self, draw_id: UUID) -> None:
        async with transaction():
            draw, now = (await lock(draw_id)).draw, self.deps.now()
            application = await find_newest_application(draw_id)
            if application is None or application.state != State.SUBMITTED or now <= release_until(draw, self.deps):
                return
            application.state = VERIFICATION.next(State(application.state), VerificationEvent.REFUSE)
            application.opinion, application.decided_at = _TOO_LATE, now
            await application.save(update_fields=["state", "opinion", "decided_at"])
            await record(system(draw.pool), now, "release.refused", "draw", draw_id, opinion=_TOO_LATE)
            await self.parties.notify(draw, "release_refused", occasion=str(application.id))

    async def remind_due(self) -> int:
        """Notify each agency once when its approved release must be begun soon, and once when it is too late for it."""
        due = await rows(_APPROVED, self.deps.now())
        return await process_each("release_reminders", due, lambda row: self._remind_agency(row["id"]))

    async def _remind_agency(self, draw_id: UUID) -> None:
        async with transaction():
            locked, now = await lock(draw_id), self.deps.now()
            draw, application, until = (
                locked.draw,
                await find_newest_application(draw_id),
                release_until(locked.draw, self.deps),
            )
            if draw.ended_at is not None or application is None or application.state != State.APPROVED:
                return
            facts = {"until": f"{local(until).day}日{local(until):%H:%M}", BEGINS: until.isoformat()}
            soon = until - self.deps.book(draw.pool).draw.release.remind_before
            occasion = f"{until.timestamp():.0f}"
            if now > until:
                await self.parties.notify(draw, "release_lapsed", occasion=occasion)
                await self.parties.notify(draw, "release_unused", occasion=occasion)
            # an approval within that time was a notice of its own
            elif now >= soon and (application.decided_at or now) < soon and DRAW.can(locked.state, DrawEvent.RELEASE):
                await self.parties.notify(draw, "release_due", facts, occasion=occasion)

    # ---- execution

    async def start(self, actor: Actor, draw_id: UUID) -> None:
        """End the draw and notify every expert who accepted. Raises Conflict unapproved, RuleViolation too late."""
        permissions.check(actor, "draw.start")
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            DRAW.next(locked.state, DrawEvent.RELEASE)
            application = await self._get_application(draw_id)
            if application.state != State.APPROVED:
                raise Conflict("退选申请通过核验后才能启动退选。", code="not_verified")
            check_release_in_time(locked.draw, self.deps)
            now = self.deps.now()
            released = await self._release_places(locked, actor, now)
            await append_end(locked.draw, now, DrawEvent.RELEASE)
            hotline = self.deps.book(locked.draw.pool).pool.hotline
            await self.notices.notify_many(
                pool=locked.draw.pool,
                kind="draw_released",
                recipients=[_recipient("draw_released", invitation, hotline) for invitation in released],
                bulk=False,
            )
            await self._send_before_late_calls(locked.draw, released)
            await self.parties.notify(locked.draw, "released", by=actor.account_id, occasion="once")
            await record(actor, now, "draw.released", "draw", draw_id, experts=len(released))

    async def _send_before_late_calls(self, draw: Draw, released: Sequence[Invitation]) -> None:
        """Send the SMS at once to experts who will be called only after the last moment for a release."""
        called_later = await rows(
            _FIRST_CALLED_LATER, [invitation.id for invitation in released], release_until(draw, self.deps)
        )
        later = {row["invitation_id"] for row in called_later}
        for invitation in released:
            if invitation.id in later:
                await self._send_release_sms(draw, invitation)

    async def _release_places(self, locked: Locked, actor: Actor, now: datetime) -> list[Invitation]:
        agreed = Invitation.filter(draw_id=locked.draw.id, state=InvitationState.ACCEPTED)
        released = await agreed.order_by("id").select_for_update()
        cause = Cause(party_of(actor.role), "verifier")
        for invitation in released:
            await self.places.apply(locked, invitation, InvitationEvent.RELEASE, now, by="system", cause=cause)
        return released

    async def send_sms_to_unreached(self) -> int:
        """Send the SMS to experts whom no call reached: they may still read it in time. Staff go on trying to reach
        them."""
        due = await rows(UNREACHED, self.deps.now())
        return await process_each("release_text", due, lambda row: self._send_to_unreached(row["id"]))

    async def _send_to_unreached(self, invitation_id: UUID) -> None:
        async with transaction():
            invitation = await Invitation.get(id=invitation_id)
            draw = await Draw.get(id=invitation.draw_id)
            await self._send_release_sms(draw, invitation)
            if (await self.queries.get_expert(draw, invitation_id)).by_hand:
                await self.parties.notify(draw, "unreached", occasion="once")

    async def _send_release_sms(self, draw: Draw, invitation: Invitation) -> None:
        """Send the release SMS, once."""
        to = _recipient("draw_release_text", invitation, self.deps.book(draw.pool).pool.hotline)
        await self.notices.notify_many(pool=draw.pool, kind="draw_release_text", recipients=[to], bulk=False)

    # ---- who knows of the release

    async def ring(self, actor: Actor, draw_id: UUID, invitation_id: UUID, caller: Caller) -> None:
        """Connect the caller with an expert whom no call of the system reached, between unsealing and the gathering's
        window.

        Raises as ``VirtualCalls.request_call``, NotFound, and Conflict while calls go on or when the expert knows.
        """
        permissions.check(actor, "draw.start")
        async with transaction():
            draw = (await lock_own_draw(actor, draw_id)).draw
            expert = await self.queries.get_expert(draw, invitation_id)
            if not expert.by_hand:
                known = "已确认知晓退选" if expert.confirmed else f"语音通知{expert.voice_label}"
                raise Conflict(f"该专家{known}，不需要呼叫。", code="not_by_hand")
            invitation = await Invitation.get(id=invitation_id)
            staff = await self.calls.caller_mobile(actor, caller, await CallNotice.get(id=invitation.notice_id))
            window = self.queries.call_window(draw, invitation)
            await self.calls.request_call(actor, draw, invitation.expert_id, "release", staff, window)

    async def confirm(self, actor: Actor, draw_id: UUID, invitation_id: UUID, words: str) -> None:
        """Record that a person reached an expert whom no call reached; the release SMS follows, and no further call.
        Idempotent.

        Raises InvalidInput without words, Conflict while calls go on or after an answered one, NotFound.
        """
        permissions.check(actor, "draw.start")
        if not words.strip():
            raise InvalidInput("请填写通知情况，例如“已电话告知本人”。", field="words")
        async with transaction():
            draw, now = (await lock_own_draw(actor, draw_id)).draw, self.deps.now()
            expert = await self.queries.get_expert(draw, invitation_id)
            if expert.recorded_at is not None:
                return
            if not expert.by_hand:
                known = expert.voice_label if expert.voice == "opened" else f"语音通知{expert.voice_label}"
                raise Conflict(f"{known}，不需要登记。", code="not_by_hand")
            await ReleaseConfirmation.create(
                invitation_id=invitation_id, words=words.strip()[:200], recorded_by_id=actor.account_id, recorded_at=now
            )
            await self.notices.stop(invitation_id=invitation_id, kinds=["draw_released"])
            await self._send_release_sms(draw, await Invitation.get(id=invitation_id))
            await record(actor, now, "release.confirmed", "invitation", invitation_id)


def _recipient(kind: str, invitation: Invitation, hotline: str) -> Recipient:
    begins = invitation.gathering_at.isoformat()
    params = {**time_params(invitation.gathering_at), "hotline": hotline, BEGINS: begins}
    return Recipient(f"{kind}:{invitation.id}", params, expert_id=invitation.expert_id, invitation_id=invitation.id)
