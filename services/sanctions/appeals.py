"""SanctionAppeals (申诉) against what the office imposed: one text, one answer by somebody who had no part in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_date
from domain.errors import Conflict, InvalidInput, NotFound
from domain.experts.lifecycles import SanctionKind, SanctionState
from domain.faults import Faults
from models.experts import Expert
from models.sanctions import Sanction
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.crypto import TEXT
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.notifications import Notices
from services.sanctions.restorations import Restorations
from services.sanctions.sanction_queries import OwnSanction, SanctionQueries
from services.sanctions.sanction_rules import TEXT_MAX, check_not_own, check_reason
from services.sanctions.sanctions import close, find_sanction, lock_expert, lock_sanction

OUTCOMES = {True: ("申诉成立，处理已解除", "申诉成立"), False: ("维持原处理", "维持处理")}
"""Result by whether the appeal was granted: in full, and in a word."""
_SHORTEST = 10


@dataclass(frozen=True)
class SanctionAppeals:
    deps: Deps
    notices: Notices
    restorations: Restorations
    queries: SanctionQueries

    async def appeal(self, actor: Actor, sanction_id: UUID, text: str, *, key: str | None = None) -> OwnSanction:
        """State why the actor thinks it wrong, once. Raises NotFound for another person's, InvalidInput, Conflict for
        one that was lifted, or a second appeal, RuleViolation when it is too late."""
        check(actor, "sanction.own")
        words, now = _check_words(text), self.deps.now()

        async def run() -> OwnSanction:
            expert_ids = await Expert.filter(account_id=actor.account_id, pool=actor.pool).values_list("id", flat=True)
            own = Sanction.filter(id=sanction_id, expert_id__in=list(expert_ids)).select_for_update()
            sanction = await own.first()
            if sanction is None or sanction.state not in (SanctionState.IMPOSED, SanctionState.LIFTED):
                raise NotFound("找不到这项处理，请刷新页面。", code="sanction_unknown")
            self._check_appealable(sanction, now)
            sanction.appeal_sealed, sanction.appealed_at = self.deps.keys.seal(words, TEXT), now
            await sanction.save(update_fields=["appeal_sealed", "appealed_at"])
            await record(actor, now, "sanction.appeal", "expert", sanction.expert_id, sanction=str(sanction.id))
            return self.queries.own_view(sanction)

        return await once(
            owner=f"appeal:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=OwnSanction,
            run=run,
            request=f"{sanction_id} {words}",
        )

    def _check_appealable(self, sanction: Sanction, now: datetime) -> None:
        if sanction.appealed_at is not None:
            raise Conflict("您已对这项处理提出申诉，每项处理可申诉一次，请等待或查看答复。", code="already_appealed")
        if sanction.state == SanctionState.LIFTED:
            raise Conflict("这项处理已解除，无需申诉。", code="already_lifted")
        book = self.deps.book(sanction.pool)
        until = self.queries.appeal_until(sanction)
        if until is not None and until <= now:
            message = f"申诉期限到{print_date(until)}为止，已超过。仍有疑问请拨打{book.pool.hotline}。"
            raise violation(book, "sanctions.appeal_within", message)

    async def answer(self, actor: Actor, sanction_id: UUID, *, granted: bool | None, answer: str) -> None:
        """Uphold what was imposed, or end it; the expert is told. A removal that an appeal ends is restored. A
        repetition is harmless.

        Raises NotFound, InvalidInput with all faults, Conflict for who proposed or confirmed it, for oneself, and for
        an appeal that is answered.
        """
        check(actor, "expert.manage")
        faults = Faults()
        if granted is None:
            faults.add(InvalidInput("请选择答复的结果。", code="no_choice", field="granted"))
        words = faults.check(check_reason, answer, "answer", "答复")
        faults.raise_any()
        now = self.deps.now()
        async with transaction():
            known = await find_sanction(actor, sanction_id)
            expert = await lock_expert(actor, known.expert_id)
            sanction = await lock_sanction(actor, sanction_id)
            check_not_own(actor, expert)
            if sanction.answered_by == actor.account_id and sanction.answer == words:
                return
            _check_answerable(actor, sanction)
            sanction.answer, sanction.answered_at, sanction.answered_by = str(words), now, actor.account_id
            await sanction.save(update_fields=["answer", "answered_at", "answered_by"])
            await record(actor, now, "sanction.answer", "expert", expert.id, granted=bool(granted), reason=str(words))
            if granted:
                await self._end(actor, expert, sanction, str(words), now)
            await self._notify(expert, sanction, granted=bool(granted))

    async def _end(self, actor: Actor, expert: Expert, sanction: Sanction, reason: str, now: datetime) -> None:
        """Also one whose time is over: it is no longer held against the expert. Who was removed comes back."""
        await close(sanction, actor, reason, now)
        if sanction.kind == SanctionKind.REMOVAL and expert.left_at is not None:
            await self.restorations.bring_back(actor, expert, reason, now)
            return
        await record(actor, now, "sanction.lift", "expert", expert.id, kind=sanction.kind, reason=reason)

    async def _notify(self, expert: Expert, sanction: Sanction, *, granted: bool) -> None:
        result, outcome = OUTCOMES[granted]
        await self.notices.notify(
            pool=expert.pool,
            kind="sanction_answered",
            expert_id=expert.id,
            dedupe_key=f"sanction_answered:{sanction.id}",
            params={
                "what": SanctionKind(sanction.kind).label,
                "result": result,
                "outcome": outcome,
                "reason": sanction.answer,
            },
        )


def _check_answerable(actor: Actor, sanction: Sanction) -> None:
    if sanction.appealed_at is None:
        raise Conflict("本人没有对这项处理提出申诉。", code="no_appeal")
    if sanction.answered_at is not None:
        raise Conflict("这项申诉已经答复，请刷新页面。", code="already_answered")
    if actor.account_id in (sanction.proposed_by, sanction.decided_by):
        raise Conflict(
            "提出或确认这项处理的人不能答复申诉，请由其他管理员答复；没有其他管理员的，请先在“工作人员”中添加。",
            code="answer_by_another",
        )


def _check_words(text: str) -> str:
    """Line breaks stay; each line is checked like any short text. Raises InvalidInput."""
    words = "\n".join(check_text(line, "text", "申诉理由", TEXT_MAX) for line in text.strip().splitlines())
    if len(words) < _SHORTEST:
        message = f"请写明申诉的事实和理由，至少{_SHORTEST}个字。"
        raise InvalidInput(message, code="too_short", field="text")
    if len(words) > TEXT_MAX:
        raise InvalidInput(f"申诉理由最多{TEXT_MAX}个字，请缩短后再提交。", code="too_long", field="text")
    return words
