"""A person who can't receive codes any more: the office files a new mobile, which counts once it has proven itself.

It proves itself by the first log-in or binding with a code sent to it. Until then everything stays as it is, and the
former number can still call the office.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.clock import local, print_date
from domain.errors import Conflict, InvalidInput, Unauthenticated
from domain.experts.corrections import PROOF_TTL, CorrectionKind, CorrectionState
from domain.experts.file import FileChange, FileSource
from domain.faults import Faults
from domain.masking import mask_mobile, mask_name
from domain.parsing import mobile_number
from models.accounts import Account, RoleGrant
from models.corrections import Correction
from models.experts import Expert
from models.reviews import ReviewAssignment
from services.core.base import Actor, Deps, record, system
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.corrections.ledger import (
    Upload,
    check_reason,
    check_upload,
    end,
    lock_waiting,
    values_of,
    write,
)
from services.corrections.persons import (
    Person,
    end_sessions,
    find_person,
    is_released,
    lock_person,
    tell,
    unbind_wechat,
)
from services.expert_files import change_file, file_of
from services.files import EvidenceFiles, StoredEvidence
from services.notifications import Notices

_SECOND_PHONE = "backup_mobile"


@dataclass(frozen=True)
class MobileFiled:
    """``until``: when it is too late for the new number to prove itself."""

    masked_mobile: str
    until: datetime


@dataclass(frozen=True)
class MobileCorrections:
    deps: Deps
    notices: Notices
    files: EvidenceFiles

    async def file(
        self,
        actor: Actor,
        person_id: UUID,
        mobile: str,
        reason: str,
        upload: Upload,
        *,
        unbinds: bool = False,
        key: str | None = None,
    ) -> MobileFiled:
        """File a new mobile, which takes the place of one that waits. ``upload``: how the person's identity was
        checked; ``unbinds``: the WeChat was lost with the phone.

        The former number, the second phone and the WeChat are told at once. Raises NotFound, InvalidInput with all
        faults, Conflict.
        """
        check(actor, "person.manage")
        faults = Faults()
        number = faults.check(_check_mobile, mobile)
        words = faults.check(check_reason, reason)
        faults.check(check_upload, upload)
        faults.raise_any()
        await self._check_free(await find_person(actor.pool, person_id), number)
        evidence = await self.files.keep(actor.pool, upload.content, upload.filename)

        async def run() -> MobileFiled:
            return await self._file(actor, person_id, number, words, evidence, unbinds=unbinds)

        return await once(
            owner=f"correct.mobile:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=MobileFiled,
            run=run,
            request=f"{person_id} {self.deps.keys.lookup_hash('mobile', number)} {words} {unbinds}",
        )

    async def _file(
        self, actor: Actor, person_id: UUID, mobile: str, reason: str, evidence: StoredEvidence, *, unbinds: bool
    ) -> MobileFiled:
        person, now = await lock_person(actor.pool, person_id), self.deps.now()
        await self._check_free(person, mobile)
        await withdraw_mobiles(self.deps, actor, person, "登记了另一个号码")
        correction = await write(
            self.deps,
            actor,
            person,
            CorrectionKind.MOBILE,
            reason,
            values={"mobile": mobile, "unbinds": unbinds},
            evidence=evidence,
            until=now + PROOF_TTL,
            mobile_hash=self.deps.keys.lookup_hash("mobile", mobile),
            waits=True,
        )
        await tell(self.deps, person, "登记新手机号，待验证启用", now, phones=await self._second_phones(person))
        until = now + PROOF_TTL
        await self.notices.notify(
            pool=actor.pool,
            kind="mobile_filed",
            dedupe_key=f"mobile_filed:{correction.id}",
            params={"day": f"{local(until).month}月{local(until).day}日", "mobile": mask_mobile(mobile)},
            mobile=mobile,
        )
        return MobileFiled(mask_mobile(mobile), until)

    async def withdraw(self, actor: Actor, correction_id: UUID, *, key: str | None = None) -> None:
        """Take back a correction that waits; the person is told. Raises NotFound, Conflict for one that has ended."""
        check(actor, "person.manage")

        async def run() -> bool:
            correction = await lock_waiting(actor.pool, correction_id)
            await end(self.deps, actor, correction, CorrectionState.WITHDRAWN, by=actor.account_id)
            person = await find_person(actor.pool, cast(UUID, correction.expert_id or correction.account_id))
            label = CorrectionKind(correction.kind).label
            await tell(self.deps, person, f"撤回“{label}”", self.deps.now())
            return True

        await once(owner=f"correct.back:{correction_id}", key=key, deps=self.deps, answer=bool, run=run)

    async def own_waiting(self, actor: Actor) -> MobileFiled | None:
        """The new mobile that the office has filed for the actor, while it may still prove itself."""
        if actor.account_id is None:
            return None
        waiting = Correction.filter(
            account_id=actor.account_id, kind=CorrectionKind.MOBILE.value, state=CorrectionState.WAITING.value
        )
        correction = await waiting.filter(until__gt=self.deps.now()).order_by("-begun_at").first()
        if correction is None or correction.until is None:
            return None
        return MobileFiled(mask_mobile(str(values_of(self.deps.keys, correction)["mobile"])), correction.until)

    async def deny_own(self, actor: Actor, *, key: str | None = None) -> None:
        """The person has not asked for the new mobile: it never counts. Raises Conflict where none waits."""
        if actor.account_id is None:
            raise Unauthenticated("请先登录。")
        account_id = actor.account_id

        async def run() -> bool:
            person = await lock_person(actor.pool, account_id)
            if not await withdraw_mobiles(self.deps, actor, person, "本人声明不是自己要求的"):
                raise Conflict("没有等待启用的新手机号，请刷新页面。", code="nothing_waits")
            await tell(self.deps, person, "撤回登记的新手机号", self.deps.now())
            return True

        await once(owner=f"deny.mobile:{account_id}", key=key, deps=self.deps, answer=bool, run=run)

    async def _check_free(self, person: Person, mobile: str) -> None:
        await _check_no_staff(person)
        if person.account is not None and person.account.disabled_at is not None and not is_released(person.account):
            raise Conflict("账号已停用，请先恢复账号，再登记新手机号。", code="account_disabled", field="mobile")
        digest = self.deps.keys.lookup_hash("mobile", mobile)
        own = self.deps.keys.read(person.mobile_sealed(), "mobile")
        if mobile == own:
            raise InvalidInput("这就是现在登记的手机号。", code="same_mobile", field="mobile")
        holder = await find_holder(person, digest)
        if holder is not None:
            raise Conflict(
                f"这个手机号现在登记在{mask_name(holder.name)}名下，请先在“更正”页用它找到那个人，办理“释放手机号”或合并账号。",
                code="mobile_taken",
                field="mobile",
            )

    async def _second_phones(self, person: Person) -> tuple[str, ...]:
        """The second phone of his file, if it has one."""
        if person.expert is None:
            return ()
        phone = (await file_of(self.deps, person.expert.id)).values.get(_SECOND_PHONE)
        return (str(phone),) if phone else ()


def _check_mobile(mobile: str) -> str:
    try:
        return mobile_number(mobile)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.message, code="mobile_invalid", field="mobile") from refusal


async def _check_no_staff(person: Person) -> None:
    """Whoever files a mobile for staff could log in with their role. Raises Conflict: roles are granted to a mobile."""
    roles = person.account is not None and (
        await RoleGrant.exists(account_id=person.account.id, revoked_at=None)
        or await ReviewAssignment.exists(account_id=person.account.id, revoked_at=None)
    )
    if roles:
        message = "这个人是工作人员或审核人员，请先取消授权，再用新手机号重新授权。"
        raise Conflict(message, code="is_staff", field="mobile")


async def withdraw_mobiles(deps: Deps, actor: Actor, person: Person, note: str) -> int:
    """End what waits, since another number takes its place or nobody asked for it; returns how many. Inside the
    caller's transaction."""
    waiting = await _waiting_of(person)
    for correction in waiting:
        await end(deps, actor, correction, CorrectionState.WITHDRAWN, by=actor.account_id, note=note)
    return len(waiting)


async def _waiting_of(person: Person) -> list[Correction]:
    """New mobiles of the person that wait, locked."""
    waiting = Correction.filter(kind=CorrectionKind.MOBILE.value, state=CorrectionState.WAITING.value)
    own = [waiting.filter(expert_id=person.expert_id)] if person.expert else []
    own += [waiting.filter(account_id=person.account_id)] if person.account else []
    corrections = {correction.id: correction for query in own for correction in await query.select_for_update()}
    return list(corrections.values())


async def find_holder(person: Person, mobile_hash: str) -> Person | None:
    """Another person of the pool who has the mobile, by account or by file."""
    own = person.account or person.filed_expert
    account = await Account.get_or_none(pool=own.pool, mobile_hash=mobile_hash)
    if account is not None and account.id != person.account_id:
        return await find_person(own.pool, account.id)
    for expert in await Expert.filter(pool=own.pool, mobile_hash=mobile_hash, left_at=None):
        if expert.id != person.expert_id:
            return await find_person(own.pool, expert.id)
    return None


async def awaits_mobile(deps: Deps, pool: str, mobile_hash: str) -> bool:
    """Whether the office has filed this number for somebody, and it may still prove itself."""
    waiting = Correction.filter(pool=pool, mobile_hash=mobile_hash, state=CorrectionState.WAITING.value)
    return await waiting.filter(until__gt=deps.now()).exists()


async def settle_mobile(deps: Deps, pool: str, mobile: str) -> bool:
    """A code has proven ``mobile``: it becomes the person's for whom the office has filed it. False: for nobody.

    Inside the caller's transaction. All log-ins of the person end, a password counts no more, and the former number is
    told. Nothing happens while another account has the number: that is for the office to settle first.
    """
    now, digest = deps.now(), deps.keys.lookup_hash("mobile", mobile)
    if not await awaits_mobile(deps, pool, digest):
        return False
    await advisory_lock(f"account:{pool}:{digest}")
    waiting = Correction.filter(pool=pool, mobile_hash=digest, state=CorrectionState.WAITING.value, until__gt=now)
    seen = await waiting.order_by("-begun_at", "-id").first()
    if seen is None:
        return False
    person = await lock_person(pool, cast(UUID, seen.expert_id or seen.account_id))
    correction = await lock_waiting(pool, seen.id)
    if correction.state != CorrectionState.WAITING or await find_holder(person, digest) is not None:
        return False
    await _check_no_staff(person)
    await _put_mobile(deps, person, correction, mobile)
    return True


async def _put_mobile(deps: Deps, person: Person, correction: Correction, mobile: str) -> None:
    now, before = deps.now(), deps.keys.read(person.mobile_sealed(), "mobile")
    office = Actor(correction.pool, "pool_admin", correction.begun_by)
    if person.account is not None:
        account = person.account
        if is_released(account):
            account.disabled_at = None
        account.mobile_sealed, account.mobile_hash = deps.keys.seal(mobile, "mobile"), correction.mobile_hash
        account.mobile_changed_at = now
        account.password_hash, account.password_set_at, account.password_initial = "", None, False
        await account.save()
        await end_sessions(account.id, now)
        if values_of(deps.keys, correction)["unbinds"]:
            await unbind_wechat(account.id, now)
        await record(office, now, "account.mobile", "account", account.id, correction=str(correction.id))
    if person.expert is not None and person.expert.left_at is None:
        change = FileChange(now, FileSource.OFFICE, {"mobile": mobile}, correction.id, correction.begun_by)
        await change_file(deps, person.expert, change)
    await end(deps, system(correction.pool), correction, CorrectionState.DONE, by=None)
    await _tell_changed(deps, person, now, before, mobile)


async def _tell_changed(deps: Deps, person: Person, now: datetime, before: str, mobile: str) -> None:
    owner = person.account or person.filed_expert
    hotline = deps.book(owner.pool).pool.hotline
    for place, phone in (("new", ""), ("old", before)) if before else (("new", ""),):
        await Notices(deps).notify(
            pool=owner.pool,
            kind="mobile_changed",
            dedupe_key=f"mobile_changed:{owner.id}:{now.isoformat()}:{place}",
            params={
                "at": f"{print_date(now)} {local(now):%H:%M}",
                "hotline": hotline,
                "mobile": mask_mobile(mobile),
            },
            account_id=None if phone else person.account_id,
            expert_id=person.expert_id if not phone and person.account is None else None,
            mobile=phone or None,
        )
