"""What an expert changes in his own file by himself, without review: contacts, bank account, retirement.

Each is in force at once, told to both of his phones, and no more than the pool's form has and its rulebook leaves to
him. A bank account needs a code sent to his own mobile besides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain.clock import local, print_date
from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.experts.file import OWN_FIELDS, RETIRED, ExpertFile, FileChange, FileSource
from domain.faults import Faults
from domain.forms.display import show_masked
from domain.forms.values import clean_value
from domain.masking import mask_mobile
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FormField
from models.accounts import Account
from models.experts import Expert
from services.accounts import CodeSent, Source, VerificationCodes
from services.applications.applicants import today
from services.catalogue_codes import CatalogueCodes
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.limits import check_repeats
from services.core.permissions import check
from services.expert_files import change_file, file_of, get_own_expert
from services.notifications import Notices

BANK = ("bank_name", "bank_account")
_SECOND_PHONE = "backup_mobile"
_ACTION = "expert.file_changed"
_NO_CODES = CatalogueCodes({})
_NO_CHANGE = "与登记的内容相同，没有需要修改的。"


@dataclass(frozen=True)
class OwnField:
    """A field that the expert changes by himself. ``filed``: its present value, masked; ``open_value``: the same where
    it is not sensitive; ``removable``: it may be left empty."""

    code: str
    label: str
    kind: str
    hint: str
    length_max: int | None
    filed: str
    open_value: str
    removable: bool


@dataclass(frozen=True)
class OwnChangeable:
    """``bank`` empty: the pool's form has no account, or has it reviewed. ``retired_on``: as a date, or empty."""

    contacts: tuple[OwnField, ...]
    bank: tuple[OwnField, ...]
    retired_on: str
    masked_mobile: str


@dataclass(frozen=True)
class OwnChange:
    """``labels``: the fields that were changed."""

    labels: tuple[str, ...]


@dataclass(frozen=True)
class OwnChanges:
    deps: Deps
    notices: Notices
    codes: VerificationCodes

    async def read(self, actor: Actor) -> OwnChangeable:
        """Raises Forbidden, NotFound for a person who is not in the pool."""
        check(actor, "expert.self.change")
        expert = await get_own_expert(actor)
        file, form = await file_of(self.deps, expert.id), self.deps.book(actor.pool).form
        mobile = self.deps.keys.open_text(expert.mobile_sealed, "mobile")
        return OwnChangeable(
            tuple(_own_field(code, field, file) for code, field in contacts_of(self.deps.book(actor.pool)).items()),
            tuple(_own_field(code, form.fields[code], file) for code in bank_of(self.deps.book(actor.pool))),
            str(file.values.get(RETIRED, "")),
            mask_mobile(mobile),
        )

    # ---- contacts

    async def set_contacts(
        self, actor: Actor, typed: Mapping[str, str], removed: Collection[str] = (), *, key: str | None = None
    ) -> OwnChange:
        """Set the contacts that were typed, and empty the ``removed`` ones; others stay.

        Raises InvalidInput with all faults, TooMany after many changes within a day.
        """
        check(actor, "expert.self.change")
        fields, faults = contacts_of(self.deps.book(actor.pool)), Faults()
        values = {code: faults.check(_clean, code, field, typed.get(code, "")) for code, field in fields.items()}
        values = {code: value for code, value in values.items() if value is not None}
        for code in removed:
            if code not in fields or not _is_removable(fields[code]):
                faults.add(InvalidInput("这一项不能删除，请填写新的内容。", code="required", field=code))
            elif code in values:
                faults.add(InvalidInput("请填写新的内容，或勾选删除，两者选一。", code="both", field=code))
        faults.raise_any()
        if not values and not removed:
            raise InvalidInput("请填写要修改的内容。", code="nothing", field=next(iter(fields), "email"))
        changed: dict[str, object] = {**values, **dict.fromkeys(removed)}

        async def run() -> OwnChange:
            expert = await get_own_expert(actor, locked=True)
            if changed.get(_SECOND_PHONE) == self.deps.keys.open_text(expert.mobile_sealed, "mobile"):
                message = "这就是您的手机号，备用手机号请填写另一个号码。"
                raise InvalidInput(message, code="same_mobile", field=_SECOND_PHONE)
            return await self._change(actor, expert, changed)

        return await once(
            owner=f"contacts:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=OwnChange,
            run=run,
            request=repr(sorted(changed.items())),
        )

    # ---- bank account

    async def send_bank_code(self, actor: Actor, typed: Mapping[str, str]) -> CodeSent:
        """A code to the own mobile, for an account that ``set_bank`` would take. Raises InvalidInput with all faults,
        TooMany."""
        account = await self._check_bank_account(actor, self._read_bank(actor, typed))
        mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
        async with transaction():
            source = Source(account_id=account.id)
            return await self.codes.send(account.pool, mobile, "bank", mask_mobile(mobile), source)

    async def set_bank(self, actor: Actor, typed: Mapping[str, str], code: str, *, key: str | None = None) -> OwnChange:
        """Set bank and account; ``code`` was sent to the own mobile with the purpose ``bank``, and counts once.

        Raises InvalidInput with all faults, or for a wrong code, which counts.
        """
        values = self._read_bank(actor, typed)
        await self._check_bank_account(actor, values)

        async def run() -> OwnChange | AppError:
            # accounts before experts, as calling does
            account = await Account.select_for_update().get(id=actor.account_id)
            mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
            source = Source(account_id=account.id)
            if refusal := await self.codes.redeem(account.pool, mobile, "bank", code, source):
                return refusal
            return await self._change(actor, await get_own_expert(actor, locked=True), values)

        return await once(
            owner=f"bank:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=OwnChange,
            run=run,
            request=repr(sorted(values.items())),
        )

    def _read_bank(self, actor: Actor, typed: Mapping[str, str]) -> dict[str, object]:
        check(actor, "expert.self.change")
        book, faults = self.deps.book(actor.pool), Faults()
        codes = bank_of(book)
        if not codes:
            raise NotFound("本专家库不在这里登记银行账户。", code="no_bank")
        values: dict[str, object] = {}
        for code in codes:
            field = book.form.fields[code]
            values[code] = faults.check(_clean, code, field, typed.get(code, ""))
            if not typed.get(code, "").strip():
                faults.add(InvalidInput(f"请填写{field.label}。", code="missing", field=code))
        faults.raise_any()
        return values

    async def _check_bank_account(self, actor: Actor, values: Mapping[str, object]) -> Account:
        """The actor's account, before a code is spent. Raises Conflict for the account that is filed already."""
        expert = await get_own_expert(actor)
        if not (await file_of(self.deps, expert.id)).difference(values):
            raise InvalidInput(_NO_CHANGE, code="no_change", field=BANK[-1])
        return await Account.get(id=actor.account_id)

    # ---- retirement

    async def retire(self, actor: Actor, day: date | None, *, key: str | None = None) -> OwnChange:
        """File the day of retirement. It is shown to office and reviewers, and has no further effect: no manual names
        any. Raises InvalidInput."""
        check(actor, "expert.self.change")
        if day is None:
            raise InvalidInput("请填写退休日期。", code="missing", field=RETIRED)
        if day > today(self.deps):
            raise InvalidInput("退休日期晚于今天，请在退休后登记。", code="future", field=RETIRED)
        if (born_on := (await get_own_expert(actor)).born_on) is not None and day <= born_on:
            raise InvalidInput("退休日期早于出生日期，请核对。", code="too_early", field=RETIRED)
        return await self._set_retirement(actor, day.isoformat(), key)

    async def undo_retirement(self, actor: Actor, *, key: str | None = None) -> OwnChange:
        """Take a filed retirement back: it was a mistake, or he works again. Raises Conflict where none is filed."""
        check(actor, "expert.self.change")
        return await self._set_retirement(actor, None, key)

    async def _set_retirement(self, actor: Actor, day: str | None, key: str | None) -> OwnChange:
        async def run() -> OwnChange:
            expert = await get_own_expert(actor, locked=True)
            return await self._change(actor, expert, {RETIRED: day}, tell=False)

        return await once(
            owner=f"retirement:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=OwnChange,
            run=run,
            request=str(day),
        )

    # ---- the change itself

    async def _change(
        self, actor: Actor, expert: Expert, values: Mapping[str, object], *, tell: bool = True
    ) -> OwnChange:
        """Inside the caller's transaction, which has locked the expert's row. ``tell``: to his phones.

        Raises Conflict where nothing differs.
        """
        now, before = self.deps.now(), await file_of(self.deps, expert.id)
        await check_repeats("expert", expert.id, (_ACTION,), now)
        change = FileChange(now, FileSource.SELF, values, by=actor.account_id)
        differing = await change_file(self.deps, expert, change)
        if not differing:
            raise Conflict(_NO_CHANGE, code="no_change")
        await record(actor, now, _ACTION, "expert", expert.id, fields=sorted(differing))
        fields = self.deps.book(actor.pool).form.fields
        labels = tuple(fields[code].label if code in fields else OWN_FIELDS[code] for code in differing)
        if tell:
            phones = {str(phone) for phone in (before.values.get(_SECOND_PHONE), differing.get(_SECOND_PHONE)) if phone}
            await self._notify(expert, now, self._describe(actor.pool, differing), phones)
        return OwnChange(labels)

    def _describe(self, pool: str, differing: Mapping[str, object]) -> str:
        """``电子邮箱（o***@example.cn）``, without values where several were changed."""
        fields = self.deps.book(pool).form.fields
        if "bank_account" in differing:
            return f"银行账号（{show_masked(fields['bank_account'], str(differing['bank_account']))}）"
        if len(differing) > 1:
            return "、".join(fields[code].label for code in differing)
        [(code, value)] = differing.items()
        return f"{fields[code].label}（{show_masked(fields[code], str(value)) if value else '已删除'}）"

    async def _notify(self, expert: Expert, now: datetime, what: str, phones: Collection[str]) -> None:
        """To the person, and to the second phone, the former one too: whoever changed it."""
        at, hotline = f"{print_date(now)} {local(now):%H:%M}", self.deps.book(expert.pool).pool.hotline
        for place, mobile in enumerate([None, *sorted(phones)]):
            await self.notices.notify(
                pool=expert.pool,
                kind="file_changed",
                dedupe_key=f"file_changed:{expert.id}:{now.isoformat()}:{place}",
                params={"at": at, "hotline": hotline, "what": what},
                expert_id=None if mobile else expert.id,
                mobile=mobile,
            )


def contacts_of(book: Rulebook) -> Mapping[str, FormField]:
    """The pool's fields that the expert changes by typing a line."""
    fields = book.form.at_once()
    return {code: field for code, field in fields.items() if field.kind != "units" and code not in BANK}


def bank_of(book: Rulebook) -> tuple[str, ...]:
    """Codes of bank and account; empty where the pool's form lacks the account or has it reviewed."""
    fields = book.form.at_once()
    return tuple(code for code in BANK if code in fields) if BANK[-1] in fields else ()


def _own_field(code: str, field: FormField, file: ExpertFile) -> OwnField:
    filed = str(file.values.get(code, ""))
    return OwnField(
        code=code,
        label=field.label,
        kind=field.kind,
        hint=field.hint,
        length_max=field.length_max,
        filed=show_masked(field, filed) if field.sensitive and filed else filed,
        open_value="" if field.sensitive else filed,
        removable=bool(filed) and _is_removable(field),
    )


def _is_removable(field: FormField) -> bool:
    return not field.required and not field.required_for


def _clean(code: str, field: FormField, typed: str) -> object:
    """The value as the application form takes it; None for an empty text. Raises InvalidInput."""
    value, problems = clean_value(code, field, typed, _NO_CODES)
    for problem in problems:
        raise InvalidInput(problem.message, field=code)
    return value
