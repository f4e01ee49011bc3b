"""Correcting a person's name or ID number, on evidence, by two members of the office.

What follows from them follows with the confirmation: account, file, sex and birth, and the register's check, again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import AppError, Conflict, InvalidInput
from domain.experts.corrections import CorrectionKind, CorrectionState
from domain.experts.file import FileChange, FileSource
from domain.faults import Faults
from domain.identity import IdentityVerificationResult
from domain.masking import mask_name
from domain.parsing import id_number as read_id_number
from domain.person_names import person_name
from models.accounts import Account
from models.corrections import Correction
from models.experts import Expert
from services.core.base import Actor, Deps
from services.core.idempotency import once
from services.core.permissions import check
from services.corrections.ledger import (
    Upload,
    check_reason,
    check_upload,
    values_of,
    write,
)
from services.corrections.persons import Person, find_person, lock_person, tell
from services.expert_files import change_file
from services.files import EvidenceFiles, StoredEvidence

_R = IdentityVerificationResult
_CHECKED = (_R.MATCHED, _R.NO_RECORD, _R.DIFFERS, _R.WAITING)
"""Results in a pool that asks the register."""


@dataclass(frozen=True)
class IdentityCorrections:
    deps: Deps
    files: EvidenceFiles

    async def begin(
        self,
        actor: Actor,
        person_id: UUID,
        name: str,
        id_number: str,
        reason: str,
        upload: Upload,
        *,
        key: str | None = None,
    ) -> None:
        """Name and number as on the card; an empty number stays. Both may stay where the register is wrong: then the
        confirmation says that the card was looked at.

        Raises NotFound, InvalidInput with all faults, Conflict for a number of somebody else.
        """
        check(actor, "person.manage")
        person, faults = await find_person(actor.pool, person_id), Faults()
        self._check_registered(person)
        given_name = faults.check(_read_name, name)
        number = faults.check(_read_number, id_number) if id_number.strip() else self._number(person)
        words = faults.check(check_reason, reason)
        faults.check(check_upload, upload)
        faults.raise_any()
        await self._check_change(person, given_name, number)
        evidence = await self.files.keep(actor.pool, upload.content, upload.filename)

        async def run() -> bool:
            await self._begin(actor, person_id, given_name, number, words, evidence)
            return True

        await once(
            owner=f"correct.identity:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{person_id} {given_name} {self.deps.keys.lookup_hash('id_number', number)} {words}",
        )

    async def _begin(
        self, actor: Actor, person_id: UUID, name: str, number: str, reason: str, evidence: StoredEvidence
    ) -> None:
        person = await lock_person(actor.pool, person_id)
        await self._check_change(person, name, number)
        waiting = Correction.filter(kind=CorrectionKind.IDENTITY.value, state=CorrectionState.WAITING.value)
        mine = (
            waiting.filter(account_id=person.account_id)
            if person.account
            else waiting.filter(expert_id=person.expert_id)
        )
        if await mine.exists():
            raise Conflict("已有一项姓名、身份证号的更正等待复核，请先复核或撤回。", code="already_waiting")
        await write(
            self.deps,
            actor,
            person,
            CorrectionKind.IDENTITY,
            reason,
            values=self._shown(person, name, number),
            evidence=evidence,
            waits=True,
        )
        await tell(self.deps, person, "申请更正姓名、身份证号", self.deps.now())

    async def apply(self, person: Person, correction: Correction) -> None:
        """Put the name and number in force; the caller has locked the person. Raises Conflict for a number that is
        somebody else's now."""
        values = values_of(self.deps.keys, correction)
        name, number = str(values["name"]), str(values.get("id_number") or self._number(person))
        await self._check_change(person, name, number)
        await self._apply(person, correction, name, number)

    def _shown(self, person: Person, name: str, number: str) -> Mapping[str, object]:
        """What the second member of the office compares with the card: the number where it changes, or nothing does."""
        stays = number == self._number(person) and name != person.name
        return {"name": name} if stays else {"name": name, "id_number": number}

    async def query_again(self, actor: Actor, person_id: UUID, reason: str, *, key: str | None = None) -> None:
        """Have the register asked again; the answer comes with the next round. Raises NotFound, InvalidInput, Conflict
        where it was never asked."""
        check(actor, "person.manage")
        words = check_reason(reason)

        async def run() -> bool:
            person = await lock_person(actor.pool, person_id)
            account = person.own_account
            if account.identity_verification not in _CHECKED:
                raise Conflict("本库没有核验过这个人的身份，请核对身份证件。", code="never_verified")
            await _await_register(account, self.deps.now())
            await write(self.deps, actor, person, CorrectionKind.VERIFY, words)
            await tell(self.deps, person, "重新核验您的身份", self.deps.now())
            return True

        await once(
            owner=f"correct.verify:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{person_id} {words}",
        )

    def _check_registered(self, person: Person) -> None:
        if not person.id_number_sealed():
            raise Conflict("这个人还没有实名注册，请本人注册时填写。", code="not_registered")

    def _number(self, person: Person) -> str:
        return self.deps.keys.open_text(person.id_number_sealed(), "id_number")

    async def _check_change(self, person: Person, name: str, number: str) -> None:
        same = name == person.name and number == self._number(person)
        differs = person.account is not None and person.account.identity_verification == _R.DIFFERS
        linked = person.account is None or (
            person.account.id_number_hash is None
            or (person.account.real_name, person.account.id_number_hash)
            == (name, self.deps.keys.lookup_hash("id_number", number))
        )
        if same and linked and not differs:
            raise Conflict("与登记的姓名、身份证号相同，没有需要更正的。", code="no_change", field="name")
        digest = self.deps.keys.lookup_hash("id_number", number)
        account = await Account.get_or_none(pool=person.pool, id_number_hash=digest)
        if account is not None and account.id != person.account_id:
            raise _taken(account.real_name)
        expert = await Expert.get_or_none(pool=person.pool, id_number_hash=digest)
        if expert is not None and expert.id != person.expert_id:
            raise _taken(expert.name)

    async def _apply(self, person: Person, correction: Correction, name: str, number: str) -> None:
        keys, now = self.deps.keys, self.deps.now()
        account = person.account
        if account is not None and account.id_number_hash is not None:
            unchanged = (name, number) == (
                account.real_name,
                keys.open_text(account.id_number_sealed, "id_number"),
            )
            account.real_name, account.id_number_sealed = name, keys.seal(number, "id_number")
            account.id_number_hash = keys.lookup_hash("id_number", number)
            await account.save(update_fields=["real_name", "id_number_sealed", "id_number_hash"])
            if account.identity_verification in _CHECKED:
                await (_trust_card(account) if unchanged else _await_register(account, now))
        if person.expert is not None and person.expert.left_at is None:
            values = {"name": name, "id_number": number}
            change = FileChange(now, FileSource.OFFICE, values, correction.id, correction.begun_by)
            await change_file(self.deps, person.expert, change)


async def _await_register(account: Account, now: datetime) -> None:
    account.identity_verification, account.identity_verified_at = _R.WAITING.value, None
    account.identity_verification_due_at = now
    await account.save(update_fields=["identity_verification", "identity_verified_at", "identity_verification_due_at"])


async def _trust_card(account: Account) -> None:
    """The office has looked at the card, and so will reviewers; the register's word bars no more."""
    account.identity_verification, account.identity_verified_at = _R.NONE.value, None
    account.identity_verification_due_at = None
    await account.save(update_fields=["identity_verification", "identity_verified_at", "identity_verification_due_at"])


def _taken(name: str) -> AppError:
    return Conflict(
        f"这个身份证号已登记在{mask_name(name)}名下。是同一个人的，请办理“合并账号”；不是的，请先核对那一份资料。",
        code="id_number_taken",
        field="id_number",
    )


def _read_name(name: str) -> str:
    try:
        return person_name(name)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.message, code=refusal.code, field="name") from refusal


def _read_number(number: str) -> str:
    try:
        return read_id_number(number)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.message, code=refusal.code, field="id_number") from refusal
