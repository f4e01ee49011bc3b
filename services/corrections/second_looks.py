"""The second look at a correction: another member of the office confirms it beside its evidence, or refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from domain.errors import Conflict, Forbidden, NotFound
from domain.experts.corrections import SECOND_LOOK, CorrectionKind, CorrectionState
from models.accounts import RoleGrant
from models.corrections import Correction
from services.core.base import Actor, Deps
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.corrections.identities import IdentityCorrections
from services.corrections.ledger import REASON_MAX, end, lock_waiting
from services.corrections.merges import MergeCorrections
from services.corrections.persons import Person, lock_person, tell


@dataclass(frozen=True)
class SecondLooks:
    deps: Deps
    identities: IdentityCorrections
    merges: MergeCorrections

    async def confirm(self, actor: Actor, correction_id: UUID, *, key: str | None = None) -> None:
        """The correction takes effect. Raises NotFound, Forbidden for who began it and for the person himself;
        Conflict when it has ended, or what it says is no longer possible."""
        check(actor, "person.manage")

        async def run() -> bool:
            persons, correction = await self._lock(actor, correction_id)
            if correction.kind == CorrectionKind.MERGE:
                await self.merges.apply(correction, persons[0], persons[1])
            else:
                await self.identities.apply(persons[0], correction)
            await end(self.deps, actor, correction, CorrectionState.DONE, by=actor.account_id)
            if correction.kind != CorrectionKind.MERGE:  # a merge tells both numbers while both are there
                await tell(self.deps, persons[0], "更正您的姓名、身份证号", self.deps.now())
            return True

        await once(owner=f"correct.confirm:{correction_id}", key=key, deps=self.deps, answer=bool, run=run)

    async def refuse(self, actor: Actor, correction_id: UUID, note: str, *, key: str | None = None) -> None:
        """Nothing changes, and the person is told. Raises NotFound, InvalidInput, Forbidden, Conflict."""
        check(actor, "person.manage")
        words = check_text(" ".join(note.split()), "note", "不同意的原因", REASON_MAX, required=True)

        async def run() -> bool:
            persons, correction = await self._lock(actor, correction_id)
            await end(self.deps, actor, correction, CorrectionState.REFUSED, by=actor.account_id, note=words)
            what = "不合并您的账号" if correction.kind == CorrectionKind.MERGE else "不更正姓名、身份证号"
            for person in persons:
                await tell(self.deps, person, what, self.deps.now())
            return True

        await once(owner=f"correct.refuse:{correction_id}", key=key, deps=self.deps, answer=bool, run=run)

    async def _lock(self, actor: Actor, correction_id: UUID) -> tuple[tuple[Person, ...], Correction]:
        """Persons before the correction, as all acts do."""
        kinds = [kind.value for kind in SECOND_LOOK]
        seen = await Correction.get_or_none(id=correction_id, pool=actor.pool, kind__in=kinds)
        if seen is None:
            raise NotFound("找不到要复核的更正，请刷新页面。", code="correction_unknown")
        if seen.state != CorrectionState.WAITING:
            label = CorrectionState(seen.state).label
            raise Conflict(f"这项更正{label}，不能再办理，请刷新页面。", code="correction_ended")
        persons: tuple[Person, ...]
        if seen.kind == CorrectionKind.MERGE:
            persons = await self.merges.lock(seen)
        else:
            persons = (await lock_person(actor.pool, cast(UUID, seen.expert_id or seen.account_id)),)
        correction = await lock_waiting(actor.pool, correction_id)
        await _check_second(actor, persons, correction)
        return persons, correction


async def _check_second(actor: Actor, persons: tuple[Person, ...], correction: Correction) -> None:
    if actor.account_id == correction.begun_by:
        message = "提出更正的人不能自己复核，请另一位管理员办理；没有的先在“工作人员”中添加。"
        raise Forbidden(message, code="same_person")
    if actor.account_id in [person.account_id for person in persons]:
        raise Forbidden("不能复核自己的更正，请另一位管理员办理。", code="own_correction")
    grants = RoleGrant.filter(account_id=actor.account_id, role="pool_admin", revoked_at=None)
    if not await grants.filter(granted_at__lte=correction.begun_at).exists():
        message = "您在这项更正提出之后才成为管理员，不能复核它，请撤回后重新提出，或由其他管理员复核。"
        raise Forbidden(message, code="too_new")
