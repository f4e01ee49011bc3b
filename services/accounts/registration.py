"""Registration (注册): real name and ID number, unchangeable, with a verified mobile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import AppError, Conflict, Forbidden, InvalidInput
from domain.faults import Faults
from domain.identity import IdentityVerificationResult
from domain.masking import mask_id_number, mask_mobile, mask_name
from domain.parsing import id_number as parse_id_number
from domain.person_names import is_same_name, person_name
from domain.rulebook.book import Rulebook
from models.accounts import Account, Session
from models.experts import Expert
from services.accounts.expert_matching import link_expert
from services.accounts.identity_verification import IdentityVerification
from services.accounts.passwords import Passwords
from services.accounts.roles import roles_of
from services.accounts.sessions import adopt_session
from services.accounts.sources import Source, source_of
from services.accounts.verification_codes import VerificationCodes, check_mobile
from services.accounts.wechat_binding import WechatBinding, account_by_mobile
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.idempotency import once
from services.core.limits import DAY, advisory_lock, check_recent

_TRIES_A_DAY = 5
"""For a person with a bound mobile, who needs no code: limits guessing of other people's numbers."""


@dataclass(frozen=True)
class RegistrationForm:
    """``mobile`` and ``code`` (purpose ``register``) may be left out by a person whose mobile is bound already.

    ``password`` empty: none for now. ``again``: the password typed once more, where a form has fields for it; then a
    pool with passwords demands one. ``agreed``: to the clause on honesty. ``privacy_version``: the version shown.
    """

    name: str
    id_number: str
    privacy_version: str
    agreed: bool
    mobile: str = ""
    code: str = ""
    password: str = ""
    again: str | None = None


@dataclass(frozen=True)
class PersonRegistered:
    """``expert_number`` not empty: the pool had this person's record already, which is now linked.

    ``identity_verification``: the result for name and ID number.
    """

    account_id: UUID
    masked_name: str
    masked_id_number: str
    masked_mobile: str
    roles: tuple[str, ...]
    expert_number: str = ""
    identity_verification: IdentityVerificationResult = IdentityVerificationResult.NONE


@dataclass(frozen=True)
class _Checked:
    name: str
    number: str
    number_hash: str
    mobile: str
    mobile_hash: str
    proven: bool
    password_hash: str


@dataclass(frozen=True)
class Registration:
    deps: Deps
    accounts: WechatBinding
    passwords: Passwords
    verification: IdentityVerification
    codes: VerificationCodes

    def check_open(self, pool: str) -> None:
        """Raises RuleViolation with the pool's own words where registration is closed."""
        book = self.deps.book(pool)
        if not book.registration.open:
            raise violation(book, "registration.open", book.registration.closed)

    async def register(
        self,
        actor: Actor,
        form: RegistrationForm,
        *,
        identity_id: UUID | None = None,
        source: Source | None = None,
        key: str | None = None,
    ) -> PersonRegistered:
        """Make a person known to the pool. ``actor``: a visitor, or a person whose mobile is bound.

        ``identity_id``, or that of the actor's session, is the WeChat that is bound along with it; the session becomes
        the person's. ``source`` is whose wrong codes are counted; None: that WeChat's. An expert whose file has the
        same name, ID number and mobile gets his file. Raises InvalidInput for a bad value or code, RuleViolation where
        registration is off, Conflict when the ID number, the mobile or the record is taken or the name is not that of
        the number's owner, TooMany for too many guesses.
        """
        self.check_open(actor.pool)
        checked = await self._check_form(actor, form)
        source = source or await source_of(actor, identity_id)
        verification = await self._verify_identity(actor.pool, checked, form.code, source)

        async def run() -> PersonRegistered | AppError:
            return await self._register(actor, form, checked, identity_id, verification, source)

        request = f"{actor.pool} {checked.name} {checked.number_hash} {checked.mobile_hash} {form.code}"
        return await once(
            owner=f"register:{actor.session_id or identity_id or _short_digest(checked.mobile_hash)}",
            key=key,
            deps=self.deps,
            answer=PersonRegistered,
            run=run,
            request=self.deps.keys.lookup_hash("request", request),
        )

    # ---- input

    async def _check_form(self, actor: Actor, form: RegistrationForm) -> _Checked:
        """All checks that need no lock, since hashing a password takes time."""
        book, keys = self.deps.book(actor.pool), self.deps.keys
        own, faults = await self._own_mobile(actor), Faults()
        name = faults.check(_parse_field, "name", person_name, form.name)
        number = faults.check(_parse_field, "id_number", parse_id_number, form.id_number)
        mobile = faults.check(check_mobile, form.mobile or own)
        if not form.agreed:
            faults.add(InvalidInput("请阅读并同意承诺条款后再注册。", code="not_agreed", field="agreed"))
        if form.password:
            personal = [text for text in (number, mobile) if text]  # without those that are refused
            faults.check(self.passwords.check_rule, actor.pool, form.password, *personal)
        if form.again is not None:
            _check_typed_password(form.password, form.again, book, faults)
        faults.raise_any()
        if own and mobile != own:
            raise Conflict(f"您已绑定手机号{mask_mobile(own)}，请用这个手机号注册。", code="already_bound")
        if form.privacy_version != book.pool.privacy_version:
            raise Conflict("隐私说明已更新，请重新阅读并同意后再注册。", code="privacy_changed")
        password_hash = await self.passwords.hash(form.password) if form.password else ""
        return _Checked(
            name,
            number,
            keys.lookup_hash("id_number", number),
            mobile,
            keys.lookup_hash("mobile", mobile),
            proven=mobile == own,
            password_hash=password_hash,
        )

    async def _own_mobile(self, actor: Actor) -> str:
        if actor.account_id is None:
            return ""
        account = await Account.get(id=actor.account_id)
        return self.deps.keys.read(account.mobile_sealed, "mobile")

    # ---- querying the register, before the locks of registering

    async def _verify_identity(
        self, pool: str, checked: _Checked, code: str, source: Source
    ) -> IdentityVerificationResult:
        """The register's result for name and number; ``NONE`` where it is not queried.

        It is queried only when all other checks have passed, and when a refusal would use up the code.
        """
        if not self.verification.is_required(pool):
            return IdentityVerificationResult.NONE
        async with transaction():
            await advisory_lock(f"account:{pool}:{checked.mobile_hash}")
            if not checked.proven and not await self.codes.is_right(pool, checked.mobile, "register", code, source):
                return IdentityVerificationResult.WAITING
            if await self._refusal(pool, checked):
                return IdentityVerificationResult.WAITING
            if await Expert.exists(pool=pool, id_number_hash=checked.number_hash, left_at=None):
                return IdentityVerificationResult.ON_FILE  # with this name, or it would have been refused
            request = await self.verification.begin(pool, checked.mobile_hash, checked.name, checked.number)
        return await self.verification.finish(request, checked.name, checked.number)

    # ---- under the locks: mobile, code, ID number, rows

    async def _register(
        self,
        actor: Actor,
        form: RegistrationForm,
        checked: _Checked,
        identity_id: UUID | None,
        verification: IdentityVerificationResult,
        source: Source,
    ) -> PersonRegistered | AppError:
        pool, now = actor.pool, self.deps.now()
        session = await Session.select_for_update().get_or_none(id=actor.session_id) if actor.session_id else None
        await advisory_lock(f"account:{pool}:{checked.mobile_hash}")
        if checked.proven and actor.account_id is not None:
            await self._check_tries(actor.account_id, now)
        elif refusal := await self.codes.redeem(pool, checked.mobile, "register", form.code, source):
            return refusal
        await advisory_lock(f"person:{pool}:{checked.number_hash}")
        refusal = await self._refusal(pool, checked)
        if refusal is None and verification == IdentityVerificationResult.DIFFERS:
            refusal = self.verification.refusal(pool)
        if refusal is not None:
            await record(actor, now, "account.register_refused", "account", actor.account_id, code=refusal.code)
            return refusal
        wechat = identity_id or (session.identity_id if session is not None else None)
        if wechat is not None:
            await self.accounts.attach(wechat, pool, checked.mobile, form.privacy_version)
        account = await self._write_account(pool, form, checked, verification, now)
        expert = await link_expert(self.deps, account, now)
        if expert is not None:
            account.real_name = expert.name  # spelt as the authority does
            await account.save(update_fields=["real_name"])
        roles = await roles_of(account.id, now)
        if session is not None:
            await adopt_session(session, account.id, roles)
        by = Actor(pool, "expert" if expert else "applicant", account.id, expert.id if expert else None)
        await record(by, now, "account.register", "account", account.id, privacy_version=form.privacy_version)
        return PersonRegistered(
            account.id,
            mask_name(checked.name),
            mask_id_number(checked.number),
            mask_mobile(checked.mobile),
            tuple(dict.fromkeys(role.role for role in roles)),
            expert.number if expert else "",
            verification,
        )

    async def _check_tries(self, account_id: UUID, now: datetime) -> None:
        await check_recent(
            "account.register_refused",
            account_id,
            limit=_TRIES_A_DAY,
            period=DAY,
            now=now,
            message="今天注册信息填错的次数过多",
        )

    async def _refusal(self, pool: str, checked: _Checked) -> AppError | None:
        """Why this person can't be registered. Shown only after the mobile is verified, and never naming the other
        person."""
        hotline = self.deps.book(pool).pool.hotline
        known = await Account.get_or_none(pool=pool, mobile_hash=checked.mobile_hash)
        if known is not None and known.disabled_at is not None:
            return Forbidden(f"此账号已停用，请拨打{hotline}咨询。", code="account_disabled")
        if known is not None and known.registered_at is not None:
            return Conflict("这个手机号已经注册，请直接登录；忘记密码可用验证码登录。", code="already_registered")
        if await Account.exists(pool=pool, id_number_hash=checked.number_hash):
            return Conflict(
                f"这个身份证号已用另一个手机号注册。请用那个手机号登录后更换；已停用请拨打{hotline}核实。",
                code="id_number_taken",
            )
        return await self._refusal_of_file(pool, checked, known, hotline)

    async def _refusal_of_file(
        self, pool: str, checked: _Checked, known: Account | None, hotline: str
    ) -> AppError | None:
        """A record of the pool gives access to its expert's panels, so name, ID number and mobile must all match."""
        file = await Expert.get_or_none(pool=pool, id_number_hash=checked.number_hash, left_at=None)
        if file is not None:
            mine = file.account_id in (None, known.id if known else None)
            if is_same_name(file.name, checked.name) and file.mobile_hash == checked.mobile_hash and mine:
                return None
            return Conflict(
                f"您填写的姓名或手机号与专家库中登记的不一致，请核对后重新注册；仍不行请拨打{hotline}核实。",
                code="expert_differs",
            )
        if await Expert.exists(pool=pool, mobile_hash=checked.mobile_hash, left_at=None):
            return Conflict(
                f"这个手机号在专家库中登记的是另一位专家，请换一个手机号，或拨打{hotline}核实。",
                code="mobile_of_expert",
            )
        return None

    async def _write_account(
        self,
        pool: str,
        form: RegistrationForm,
        checked: _Checked,
        verification: IdentityVerificationResult,
        now: datetime,
    ) -> Account:
        account = await account_by_mobile(self.deps, pool, checked.mobile)
        account.real_name, account.registered_at = checked.name, now
        account.id_number_sealed = self.deps.keys.seal(checked.number, "id_number")
        account.id_number_hash = checked.number_hash
        account.privacy_version, account.privacy_accepted_at = form.privacy_version, now
        self.verification.record_result(account, verification, now)
        if checked.password_hash:
            account.password_hash, account.password_set_at = checked.password_hash, now
        await account.save()
        return account


def _parse_field(name: str, parse: Callable[[str], str], text: str) -> str:
    try:
        return parse(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, code=error.code, field=name) from error


def _check_typed_password(password: str, again: str, book: Rulebook, faults: Faults) -> None:
    if password != again:
        faults.add(InvalidInput("两次输入的密码不一致，请重新输入。", code="password_differs", field="again"))
    if not password and "password" in book.registration.login_ways:
        faults.add(InvalidInput("请设置登录密码。", code="no_password", field="password"))


def _short_digest(digest: str) -> str:
    return hashlib.sha256(digest.encode()).hexdigest()[:40]
