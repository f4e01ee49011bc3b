"""Bringing an expert back whom the office removed by mistake (恢复入库), as he was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict
from domain.experts.file import FileChange, FileSource
from domain.experts.lifecycles import SanctionKind, SanctionState
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from models.sanctions import Sanction
from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.expert_files import change_file, file_of
from services.notifications import Notices
from services.sanctions.sanction_rules import check_not_own, check_reason
from services.sanctions.sanctions import LIFTED, close, lock_expert


@dataclass(frozen=True)
class Restorations:
    deps: Deps
    notices: Notices

    async def restore(self, actor: Actor, expert_id: UUID, reason: str) -> None:
        """Raises NotFound, InvalidInput without a reason, Conflict for who is in the pool, left by himself, is entering
        anew, or whose number or account another expert has by now."""
        check(actor, "expert.manage")
        words, now = check_reason(reason), self.deps.now()
        async with transaction():
            expert = await lock_expert(actor, expert_id)
            check_not_own(actor, expert)
            removals = Sanction.filter(expert_id=expert.id, kind=SanctionKind.REMOVAL, state=SanctionState.IMPOSED)
            removal = await removals.order_by("-decided_at").select_for_update().first()
            if removal is not None and expert.left_at is not None:
                await close(removal, actor, words, now)
                if removal.appealed_at is not None and removal.answered_at is None:
                    removal.answer, removal.answered_at, removal.answered_by = LIFTED, now, actor.account_id
                    await removal.save(update_fields=["answer", "answered_at", "answered_by"])
            await self.bring_back(actor, expert, words, now)
            await self.notices.notify(
                pool=expert.pool,
                kind="expert_restored",
                expert_id=expert.id,
                dedupe_key=f"expert_restored:{expert.id}:{now.isoformat()}",
                params={"reason": words},
            )

    async def bring_back(self, actor: Actor, expert: Expert, reason: str, now: datetime) -> None:
        """The file is in force again; its row is locked by the caller. Raises Conflict."""
        await self._check_restorable(expert)
        change = FileChange(now, FileSource.OFFICE, {"left_reason": None}, by=actor.account_id)
        await change_file(self.deps, expert, change)
        await record(actor, now, "expert.restore", "expert", expert.id, reason=reason)

    async def _check_restorable(self, expert: Expert) -> None:
        if expert.left_at is None:
            raise Conflict("该专家在库，无需恢复。", code="in_pool")
        left = (await file_of(self.deps, expert.id)).since.get("left_reason")
        if left is None or left.source != FileSource.OFFICE:
            raise Conflict("这位专家是本人注销的，须由本人重新申请入库。", code="left_by_himself")
        others = Expert.filter(pool=expert.pool, left_at=None).exclude(id=expert.id)
        if await others.filter(mobile_hash=expert.mobile_hash).exists():
            message = "登记的手机号现由另一位在库专家使用，请先更正手机号后再恢复。"
            raise Conflict(message, code="mobile_taken")
        if expert.account_id is None:
            return
        if await others.filter(account_id=expert.account_id).exists():
            raise Conflict("本人已重新入库，无需恢复。", code="entered_anew")
        if await Account.exists(id=expert.account_id, disabled_at__isnull=False):
            raise Conflict("本人的账号已停用，须由本人重新注册并申请入库。", code="account_disabled")
        if await Application.exists(account_id=expert.account_id, ended_at=None, submitted_at__isnull=False):
            message = "本人正在重新申请入库，请办结或由本人撤回申请后再恢复。"
            raise Conflict(message, code="application_under_way")
