"""Acts of the office against experts: suspending (暂停抽取), warning (警告), removal (退库), with a second person where
the rulebook says so, and lifting them (恢复)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.clock import print_date, print_time
from domain.draws.lifecycles import InvitationEvent, InvitationState
from domain.errors import Conflict, NotFound
from domain.experts.lifecycles import SANCTION, SanctionEvent, SanctionKind, SanctionState
from domain.experts.sanctions import period_words
from models.experts import Expert
from models.invitations import Invitation
from models.sanctions import Sanction
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.due_rows import process_each
from services.core.idempotency import once
from services.core.permissions import check
from services.draws import Cause, Locked, Places, lock
from services.expert_files import lock_file
from services.experts import remove_expert
from services.notifications import Notices
from services.sanctions.sanction_rules import (
    SanctionForm,
    Terms,
    begin_of,
    check_no_proposal,
    check_no_suspension,
    check_not_own,
    check_reason,
    read_terms,
)

WORDS: Mapping[str, str] = {SanctionKind.SUSPENSION: "暂停您参加抽取", SanctionKind.WARNING: "对您警告"}
"""What the office does, to the expert."""
LIFTED = "处理已解除，申诉随之办结"
_ENDED = """
SELECT id FROM sanction WHERE state = 'imposed' AND end_told_at IS NULL AND ends_at <= $1 ORDER BY ends_at LIMIT 500
"""


@dataclass(frozen=True)
class ImposedSanction:
    """``waits``: for the second person. ``calls``: number of invitations that ended with it."""

    id: UUID
    waits: bool
    calls: int


@dataclass(frozen=True)
class Sanctions:
    deps: Deps
    notices: Notices
    places: Places

    async def impose(
        self,
        actor: Actor,
        expert_id: UUID,
        form: SanctionForm,
        *,
        evidence: Sequence[Mapping[str, str]] = (),
        key: str | None = None,
    ) -> ImposedSanction:
        """Suspend or warn an expert, or propose it where the rulebook demands a second person. ``evidence``: files that
        ``SanctionEvidence`` keeps.

        Panels to which the expert has agreed stay his: the record of a draw lets no party remove him alone. Raises
        NotFound, InvalidInput with all faults, Conflict for who has left, for oneself, and for overlapping suspensions.
        """
        check(actor, "expert.manage")
        terms = replace(read_terms(form, self.deps.now()), evidence=tuple(evidence))
        return await self._begin(actor, expert_id, terms, key)

    async def remove(self, actor: Actor, expert_id: UUID, reason: str, *, key: str | None = None) -> ImposedSanction:
        """Take an expert out of the pool (退库), or propose it where the rulebook demands a second person: he is no
        longer drawn or called, open calls are cancelled, and he is notified.

        Raises NotFound, InvalidInput without a reason, Conflict for who has left, for oneself, and for who has accepted
        panels that must be resolved first.
        """
        check(actor, "expert.manage")
        terms = Terms(SanctionKind.REMOVAL, check_reason(reason), withdraws_calls=True)
        return await self._begin(actor, expert_id, terms, key)

    async def impose_confirmed(self, proposer: Actor, confirmer: Actor, expert_id: UUID, terms: Terms) -> None:
        """What one person proposed and, where it is demanded, another has confirmed already, inside the caller's
        transaction. Raises NotFound, Conflict."""
        now = self.deps.now()
        draws = await lock_calls(expert_id) if terms.withdraws_calls else {}
        expert = await lock_expert(proposer, expert_id)
        for actor in (proposer, confirmer):
            check_not_own(actor, expert)
        await self._check_possible(expert, terms, now)
        sanction = await self._propose(proposer, expert, terms, now)
        await self._take_effect(confirmer, expert, sanction, draws, now)

    async def _check_possible(self, expert: Expert, terms: Terms, now: datetime) -> None:
        """Raises Conflict."""
        check_in_pool(expert)
        await check_no_proposal(expert.id, terms.kind)
        await check_no_suspension(expert.id, terms, begin_of(terms.starts_at, terms.ends_at, now))
        if terms.kind == SanctionKind.REMOVAL:
            await self._check_no_panel(expert.id, now)

    async def _begin(self, actor: Actor, expert_id: UUID, terms: Terms, key: str | None) -> ImposedSanction:
        now = self.deps.now()

        async def run() -> ImposedSanction:
            draws = await lock_calls(expert_id) if terms.withdraws_calls else {}
            expert = await lock_expert(actor, expert_id)
            check_not_own(actor, expert)
            await self._check_possible(expert, terms, now)
            sanction = await self._propose(actor, expert, terms, now)
            if terms.kind in self.deps.book(actor.pool).sanctions.second_person:
                return ImposedSanction(sanction.id, True, 0)
            return ImposedSanction(sanction.id, False, await self._take_effect(actor, expert, sanction, draws, now))

        return await once(
            owner=f"sanction:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=ImposedSanction,
            run=run,
            request=f"{expert_id} {replace(terms, evidence=())}",
        )

    async def confirm(self, actor: Actor, sanction_id: UUID) -> ImposedSanction:
        """The second person's word: it takes effect. A repetition is harmless. Raises NotFound, Conflict for the
        proposer, and when what was proposed is no longer possible."""
        check(actor, "expert.manage")
        now = self.deps.now()
        async with transaction():
            known = await find_sanction(actor, sanction_id)
            draws = await lock_calls(known.expert_id) if known.withdraws_calls else {}
            expert = await lock_expert(actor, known.expert_id)
            sanction = await lock_sanction(actor, sanction_id)
            check_not_own(actor, expert)
            if sanction.proposed_by == actor.account_id:
                raise Conflict("提出的人不能自己确认，请由另一位管理员确认。", code="own_proposal")
            if sanction.decided_by == actor.account_id and sanction.state == SanctionState.IMPOSED:
                return ImposedSanction(sanction.id, False, 0)
            SANCTION.next(SanctionState(sanction.state), SanctionEvent.CONFIRM)
            check_in_pool(expert)
            return ImposedSanction(sanction.id, False, await self._take_effect(actor, expert, sanction, draws, now))

    async def refuse(self, actor: Actor, sanction_id: UUID, reason: str) -> None:
        """The second person does not confirm it, with a reason. A repetition is harmless. Raises NotFound,
        InvalidInput, Conflict."""
        check(actor, "expert.manage")
        words = check_reason(reason)
        async with transaction():
            sanction = await lock_sanction(actor, sanction_id)
            if sanction.proposed_by == actor.account_id:
                raise Conflict("这是您提出的处理，不需要的请撤回。", code="own_proposal")
            if sanction.decided_by != actor.account_id or sanction.state != SanctionState.REFUSED:
                await self._end_proposal(actor, sanction, SanctionEvent.REFUSE, words)

    async def withdraw(self, actor: Actor, sanction_id: UUID) -> None:
        """The proposer takes his proposal back. A repetition is harmless. Raises NotFound, Conflict."""
        check(actor, "expert.manage")
        async with transaction():
            sanction = await lock_sanction(actor, sanction_id)
            if sanction.proposed_by != actor.account_id:
                raise Conflict("只有提出的人可以撤回；您可以确认或不予确认。", code="not_own_proposal")
            if sanction.state != SanctionState.WITHDRAWN:
                await self._end_proposal(actor, sanction, SanctionEvent.WITHDRAW, "")

    async def lift(self, actor: Actor, sanction_id: UUID, reason: str) -> None:
        """End a suspension or a warning before its time; a repetition is harmless. An appeal that waits is granted by
        it.

        Raises NotFound, InvalidInput without a reason, Conflict for one that is over, or against oneself.
        """
        check(actor, "expert.manage")
        words, now = check_reason(reason), self.deps.now()
        async with transaction():
            known = await find_sanction(actor, sanction_id)
            expert = await lock_expert(actor, known.expert_id)
            sanction = await lock_sanction(actor, sanction_id)
            check_not_own(actor, expert)
            if sanction.lifted_by == actor.account_id and sanction.lift_reason == words:
                return
            await self.end(actor, expert, sanction, words, now)
            if sanction.appealed_at is not None and sanction.answered_at is None:
                sanction.answer, sanction.answered_at, sanction.answered_by = LIFTED, now, actor.account_id
                await sanction.save(update_fields=["answer", "answered_at", "answered_by"])
            await self.notify_ended(expert, sanction, words)

    async def end(self, actor: Actor, expert: Expert, sanction: Sanction, reason: str, now: datetime) -> None:
        """Lift it, both rows locked; the caller tells the expert. Raises Conflict."""
        if sanction.kind == SanctionKind.REMOVAL:
            raise Conflict("退库请用“恢复入库”办理。", code="is_removal")
        if sanction.ends_at is not None and sanction.ends_at <= now:
            raise Conflict(f"这项处理已于{print_time(sanction.ends_at)}到期，无需解除。", code="time_over")
        await close(sanction, actor, reason, now)
        await record(actor, now, "sanction.lift", "expert", expert.id, kind=sanction.kind, reason=reason)

    # ---- the end by the clock

    async def notify_ended_due(self) -> int:
        """Tell experts whose suspension or warning is over; returns how many."""
        due = await rows(_ENDED, self.deps.now())
        await process_each("sanction_ended", [row["id"] for row in due], self._tell_end)
        return len(due)

    async def _tell_end(self, sanction_id: UUID) -> None:
        async with transaction():
            sanction = await Sanction.select_for_update().get(id=sanction_id)
            if sanction.state != SanctionState.IMPOSED or sanction.end_told_at is not None:
                return
            sanction.end_told_at = self.deps.now()
            await sanction.save(update_fields=["end_told_at"])
            expert = await Expert.get(id=sanction.expert_id)
            if expert.left_at is None:
                await self.notify_ended(expert, sanction, "处理到期")

    # ---- steps

    async def _propose(self, actor: Actor, expert: Expert, terms: Terms, now: datetime) -> Sanction:
        sanction = await Sanction.create(
            pool=expert.pool,
            expert_id=expert.id,
            kind=terms.kind,
            state=SanctionState.PROPOSED,
            reason=terms.reason,
            starts_at=terms.starts_at,
            ends_at=terms.ends_at,
            withdraws_calls=terms.withdraws_calls,
            files=[dict(file) for file in terms.evidence],
            proposed_at=now,
            proposed_by=actor.account_id,
        )
        await record(actor, now, "sanction.propose", "expert", expert.id, kind=terms.kind, reason=terms.reason)
        return sanction

    async def _take_effect(
        self, actor: Actor, expert: Expert, sanction: Sanction, draws: Mapping[UUID, Locked], now: datetime
    ) -> int:
        """Returns how many invitations ended with it."""
        terms = Terms(SanctionKind(sanction.kind), sanction.reason, sanction.starts_at, sanction.ends_at)
        begin = begin_of(terms.starts_at, terms.ends_at, now)
        sanction.state = SANCTION.next(SanctionState(sanction.state), SanctionEvent.CONFIRM)
        sanction.starts_at, sanction.decided_at, sanction.decided_by = begin, now, actor.account_id
        await check_no_suspension(expert.id, terms, begin)
        await sanction.save(update_fields=["state", "starts_at", "decided_at", "decided_by"])
        calls = await end_calls(self.places, expert, draws, now) if sanction.withdraws_calls else 0
        await record(actor, now, "sanction.impose", "expert", expert.id, kind=sanction.kind, calls=calls)
        if sanction.kind == SanctionKind.REMOVAL:
            await self._check_no_panel(expert.id, now)
            await remove_expert(self.deps, actor, expert, sanction.reason, now)
        await self._notify_imposed(expert, sanction, now)
        return calls

    async def _check_no_panel(self, expert_id: UUID, now: datetime) -> None:
        """Raises Conflict for who has accepted a panel that is not over."""
        panels_ahead = Invitation.filter(expert_id=expert_id, state=InvitationState.ACCEPTED, ends_at__gt=now)
        panel = await panels_ahead.order_by("gathering_at").first()
        if panel is not None:
            when = print_time(panel.gathering_at)
            message = f"该专家已确认参加{when}集合的评标，请在评标结束或本人请假后再办理退库。"
            raise Conflict(message, code="panels_ahead")

    async def _notify_imposed(self, expert: Expert, sanction: Sanction, now: datetime) -> None:
        book, removed = self.deps.book(expert.pool), sanction.kind == SanctionKind.REMOVAL
        advice = f"有异议的，可在{print_date(now + book.sanctions.appeal_within)}前提出申诉。"
        params = {"reason": sanction.reason, "advice": advice}
        if not removed:
            params |= {"what": WORDS[sanction.kind], "period": period_words(sanction.starts_at, sanction.ends_at)}
        await self.notices.notify(
            pool=expert.pool,
            kind="expert_left" if removed else "sanction_imposed",
            expert_id=expert.id,
            dedupe_key=f"sanction_imposed:{sanction.id}",
            params=params,
        )

    async def _end_proposal(self, actor: Actor, sanction: Sanction, event: SanctionEvent, reason: str) -> None:
        now = self.deps.now()
        sanction.state = SANCTION.next(SanctionState(sanction.state), event)
        sanction.decided_at, sanction.decided_by, sanction.refusal = now, actor.account_id, reason
        await sanction.save(update_fields=["state", "decided_at", "decided_by", "refusal"])
        await record(
            actor, now, f"sanction.{event.value}", "expert", sanction.expert_id, kind=sanction.kind, reason=reason
        )

    async def notify_ended(self, expert: Expert, sanction: Sanction, reason: str) -> None:
        await self.notices.notify(
            pool=expert.pool,
            kind="sanction_ended",
            expert_id=expert.id,
            dedupe_key=f"sanction_ended:{sanction.id}",
            params={"what": SanctionKind(sanction.kind).label, "reason": reason},
        )


async def lock_calls(expert_id: UUID) -> Mapping[UUID, Locked]:
    """The draws that wait for the expert's answer: draws before experts, as calling does."""
    calls = Invitation.filter(expert_id=expert_id, state=InvitationState.OPEN)
    return {call.draw_id: await lock(call.draw_id) for call in await calls.order_by("draw_id")}


async def end_calls(places: Places, expert: Expert, draws: Mapping[UUID, Locked], now: datetime) -> int:
    """Cancel the invitations that wait for the expert's answer; returns how many. Raises Conflict where he is just
    being called."""
    calls = await Invitation.filter(expert_id=expert.id, state=InvitationState.OPEN).select_for_update()
    for call in calls:
        if call.draw_id not in draws:  # opened between the two locks
            raise Conflict("系统正在通知该专家参加评标，请稍后再试。", code="being_called")
        cause = Cause("system")
        await places.apply(draws[call.draw_id], call, InvitationEvent.CANCEL, now, by="office", cause=cause)
    return len(calls)


async def lock_expert(actor: Actor, expert_id: UUID) -> Expert:
    """Raises NotFound for one of another pool."""
    expert = await lock_file(expert_id)
    if expert is None or expert.pool != actor.pool:
        raise NotFound("找不到这位专家，请返回列表后刷新。", code="expert_unknown")
    return expert


def check_in_pool(expert: Expert) -> None:
    if expert.left_at is not None:
        raise Conflict(f"该专家已于{print_time(expert.left_at)}退库，无需也不能再办理。", code="already_left")


async def find_sanction(actor: Actor, sanction_id: UUID) -> Sanction:
    """Raises NotFound."""
    return _known(await Sanction.get_or_none(id=sanction_id, pool=actor.pool))


async def lock_sanction(actor: Actor, sanction_id: UUID) -> Sanction:
    """Raises NotFound."""
    return _known(await Sanction.select_for_update().get_or_none(id=sanction_id, pool=actor.pool))


def _known(sanction: Sanction | None) -> Sanction:
    if sanction is None:
        raise NotFound("找不到这项处理，请刷新页面。", code="sanction_unknown")
    return sanction


async def close(sanction: Sanction, actor: Actor, reason: str, now: datetime) -> None:
    """Move it to lifted. Raises Conflict."""
    sanction.state = SANCTION.next(SanctionState(sanction.state), SanctionEvent.LIFT)
    sanction.lifted_at, sanction.lifted_by, sanction.lift_reason = now, actor.account_id, reason
    await sanction.save(update_fields=["state", "lifted_at", "lifted_by", "lift_reason"])
