"""A person's credentials, password and mobile: verifying, setting, changing and resetting them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from domain.clock import local, print_date
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, RuleViolation, Unauthenticated
from domain.experts.file import FileChange, FileSource
from domain.identity import IdentityVerificationResult
from domain.masking import mask_id_number, mask_mobile, mask_name
from domain.typed_text import half_width
from models.accounts import Account, Session
from models.experts import Expert
from services.accounts.passwords import PasswordClaim, Passwords
from services.accounts.sources import Source
from services.accounts.verification_codes import VerificationCodes, check_mobile
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.corrections import Person, withdraw_mobiles
from services.expert_files import change_file
from services.notifications import Notices

T = TypeVar("T")
TAIL = 4
"""Last characters of the ID number that resetting a password requires in addition to the code, since a SIM card alone
is no proof."""
_STRANGER = "没有找到可以重设密码的账号，请核对手机号；还没有注册请先注册。"


@dataclass(frozen=True)
class Profile:
    """One's own account, masked even for the owner, since phones are lent.

    ``mobile_free_at``: from when the mobile may be changed again; None: now. ``consent``: the current privacy text was
    accepted.
    """

    account_id: UUID
    masked_name: str
    masked_id_number: str
    masked_mobile: str
    registered: bool
    identity_verification: IdentityVerificationResult
    has_password: bool
    password_initial: bool
    mobile_free_at: datetime | None
    consent: bool


@dataclass(frozen=True)
class PasswordSet:
    """``ended``: number of other log-ins that ended with it."""

    ended: Annotated[int, Field(description="Log-ins elsewhere that ended with it")]


@dataclass(frozen=True)
class MobileChanged:
    masked_mobile: str
    changeable_again_at: datetime | None


@dataclass(frozen=True)
class Credentials:
    deps: Deps
    notices: Notices
    passwords: Passwords
    codes: VerificationCodes

    async def profile(self, actor: Actor) -> Profile:
        """The actor's own account. Raises Unauthenticated for an unknown person."""
        account = await Account.get(id=_account_id(actor))
        keys, book = self.deps.keys, self.deps.book(account.pool)
        number = keys.read(account.id_number_sealed, "id_number")
        free_at = self._mobile_free_at(account)
        return Profile(
            account_id=account.id,
            masked_name=mask_name(account.real_name),
            masked_id_number=mask_id_number(number),
            masked_mobile=mask_mobile(keys.open_text(account.mobile_sealed, "mobile")),
            registered=account.registered_at is not None,
            identity_verification=IdentityVerificationResult(account.identity_verification),
            has_password=bool(account.password_hash),
            password_initial=account.password_initial,
            mobile_free_at=free_at if free_at and free_at > self.deps.now() else None,
            consent=account.privacy_version == book.pool.privacy_version,
        )

    async def own_mobile(self, actor: Actor) -> str:
        """The actor's own mobile in clear, for sending a code; never for display."""
        account = await Account.get(id=_account_id(actor))
        return self.deps.keys.open_text(account.mobile_sealed, "mobile")

    async def consent(self, actor: Actor, privacy_version: str) -> None:
        """Record consent to the current privacy text. Raises Conflict for another version."""
        if privacy_version != self.deps.book(actor.pool).pool.privacy_version:
            raise Conflict("隐私说明已更新，请重新阅读并同意。", code="privacy_changed")
        now = self.deps.now()
        async with transaction():
            account = await self._lock_account(actor)
            account.privacy_version, account.privacy_accepted_at = privacy_version, now
            await account.save(update_fields=["privacy_version", "privacy_accepted_at"])
            await record(actor, now, "account.consent", "account", account.id, privacy_version=privacy_version)

    # ---- logging in

    async def log_in(
        self, pool: str, name: str, password: str, begin: Callable[[Account], Awaitable[T]], source: Source
    ) -> T:
        """Authenticate by account name and password; ``begin`` starts the session in the same transaction.

        Raises InvalidInput, the same for a wrong password and an unknown name; TooMany while locked.
        """
        if "password" not in self.deps.book(pool).registration.login_ways:
            raise RuleViolation(
                "本专家库不用密码登录，请用手机验证码登录。", rule="registration.login_ways", code="no_password_login"
            )
        claim = await self.passwords.compare(pool, name, password)
        async with transaction():
            answer = await self.passwords.confirm(claim, source)
            if isinstance(answer, Account):
                return await begin(answer)
        raise answer

    # ---- the password

    async def set_password(
        self, actor: Actor, new: str, *, old: str = "", code: str = "", key: str | None = None
    ) -> PasswordSet:
        """Set or change one's own password, authorised by the ``old`` one or an SMS ``code`` with purpose ``password``.

        An initial password doesn't authorise, since others know the ID number in it: a code is needed. All other
        log-ins of the person end.
        """
        account = await Account.get(id=_account_id(actor))
        self._check_new(account, new)
        claim = await self._compare_old_password(account, old, code, "请填写原密码，或获取短信验证码。")
        fresh = await self.passwords.hash(new)

        async def run() -> PasswordSet | AppError:
            proven = await self._verify_owner(account, claim, code, "password")
            if isinstance(proven, AppError):
                return proven
            return await self._put_password(proven, fresh, actor)

        return await once(owner=f"password:{account.id}", key=key, deps=self.deps, answer=PasswordSet, run=run)

    async def reset_password(
        self, pool: str, mobile: str, code: str, id_tail: str, new: str, source: Source
    ) -> PasswordSet:
        """Reset a password by an SMS ``code`` (purpose ``password``) and the ID number's last characters.

        Each try uses up a code. Raises InvalidInput.
        """
        mobile = check_mobile(mobile)
        problem = self.deps.book(pool).registration.password.problem(new)
        if problem:
            raise InvalidInput(problem, code="password_rule", field="password")
        fresh = await self.passwords.hash(new)

        async def run() -> PasswordSet | AppError:
            if refusal := await self.codes.redeem(pool, mobile, "password", code, source):
                return refusal
            account = await Account.select_for_update().get_or_none(
                pool=pool, mobile_hash=self.codes.mobile_hash(mobile), disabled_at=None
            )
            if account is None or account.id_number_hash is None:
                return InvalidInput(_STRANGER, code="not_registered", field="mobile")
            number = self.deps.keys.open_text(account.id_number_sealed, "id_number")
            if number[-TAIL:] != half_width(id_tail).upper():
                return InvalidInput(
                    f"身份证号后{TAIL}位不对，请重新获取验证码，核对后再试。", code="id_tail_wrong", field="id_tail"
                )
            if new.upper() in number or new in mobile:
                return InvalidInput(
                    "密码不能是身份证号或手机号的一部分，请重新获取验证码后设置。",
                    code="password_rule",
                    field="password",
                )
            return await self._put_password(account, fresh, Actor(pool, "guest", account.id))

        return await once(owner="password.reset", key=None, deps=self.deps, answer=PasswordSet, run=run)

    def _check_new(self, account: Account, new: str) -> None:
        keys = self.deps.keys
        numbers = [keys.open_text(account.mobile_sealed, "mobile")]
        if account.id_number_sealed:
            numbers.append(keys.open_text(account.id_number_sealed, "id_number"))
        self.passwords.check_rule(account.pool, new, *numbers)

    async def _compare_old_password(self, account: Account, old: str, code: str, missing: str) -> PasswordClaim | None:
        """The compared old password; None: the code must authorise."""
        if code:
            return None
        if account.password_initial:
            raise InvalidInput(
                "为保护您的账号，修改初始密码需要短信验证码，请先获取。", code="code_needed", field="code"
            )
        if not old:
            raise InvalidInput(missing, code="proof_needed", field="code")
        return await self.passwords.compare_own(account, old)

    async def _verify_owner(
        self, account: Account, claim: PasswordClaim | None, code: str, purpose: Literal["password", "mobile"]
    ) -> Account | AppError:
        """The locked account, once its owner is verified by password or code; the caller must commit a returned
        refusal."""
        if claim is not None:
            answer = await self.passwords.confirm(claim, Source(account_id=account.id))
            return _refusal_of_old_password(answer) if isinstance(answer, AppError) else answer
        mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
        if refusal := await self.codes.redeem(account.pool, mobile, purpose, code, Source(account_id=account.id)):
            return refusal
        fresh = await Account.select_for_update().get(id=account.id)
        if fresh.disabled_at is not None or fresh.mobile_hash != account.mobile_hash:
            return Conflict("账号刚刚有变动，请重新登录后再试。", code="account_changed")
        return fresh

    async def _put_password(self, account: Account, fresh: str, actor: Actor) -> PasswordSet:
        now = self.deps.now()
        account.password_hash, account.password_set_at, account.password_initial = fresh, now, False
        await account.save(update_fields=["password_hash", "password_set_at", "password_initial"])
        await self.passwords.clear_wrong_tries(account.pool, account.id)
        others = Session.filter(account_id=account.id, revoked_at=None)
        if actor.session_id is not None:
            others = others.exclude(id=actor.session_id)
        ended = await others.update(revoked_at=now)
        await record(actor, now, "account.password", "account", account.id, ended=ended)
        await self._notify(account, "password_changed", now)
        return PasswordSet(ended)

    # ---- the mobile

    async def change_mobile(
        self, actor: Actor, mobile: str, code: str, *, password: str = "", old_code: str = "", key: str | None = None
    ) -> MobileChanged:
        """Change one's mobile: ``code`` verifies the new one, ``password`` or ``old_code`` the owner; purpose
        ``mobile``.

        The expert's record is updated too. Both numbers are notified. Raises RuleViolation before the rulebook's time
        is over.
        """
        mobile = check_mobile(mobile)
        account = await self.check_new_mobile(actor, mobile)
        claim = await self._compare_old_password(
            account, password, old_code, "请填写登录密码，或原手机号收到的验证码。"
        )

        async def run() -> MobileChanged | AppError:
            # sorted, so that two persons who exchange their numbers don't wait for each other
            for digest in sorted((account.mobile_hash, self.codes.mobile_hash(mobile))):
                await advisory_lock(f"account:{account.pool}:{digest}")
            if refusal := await self.codes.redeem(account.pool, mobile, "mobile", code, Source(account_id=account.id)):
                return refusal
            proven = await self._verify_owner(account, claim, old_code, "mobile")
            if isinstance(proven, AppError):
                return proven
            self._check_mobile_free(proven)
            return await self._refusal_of_mobile(proven, mobile) or await self._put_mobile(proven, mobile, actor)

        return await once(
            owner=f"mobile:{account.id}",
            key=key,
            deps=self.deps,
            answer=MobileChanged,
            run=run,
            request=self.codes.mobile_hash(mobile),
        )

    async def check_new_mobile(self, actor: Actor, mobile: str) -> Account:
        """Checks that are possible before a code is sent. Raises InvalidInput, RuleViolation."""
        mobile = check_mobile(mobile)
        account = await Account.get(id=_account_id(actor))
        self._check_mobile_free(account)
        if self.codes.mobile_hash(mobile) == account.mobile_hash:
            raise InvalidInput("这就是您现在的手机号，无需更换。", code="same_mobile", field="mobile")
        return account

    def _mobile_free_at(self, account: Account) -> datetime | None:
        every = self.deps.book(account.pool).registration.mobile_change_every
        if every is None or account.mobile_changed_at is None:
            return None
        return account.mobile_changed_at + every

    def _check_mobile_free(self, account: Account) -> None:
        free_at = self._mobile_free_at(account)
        if free_at is not None and free_at > self.deps.now():
            book = self.deps.book(account.pool)
            raise violation(
                book,
                "registration.mobile_change_every",
                f"手机号刚更换不久，{print_date(free_at)}起才能再次更换；旧手机已停用请拨打{book.pool.hotline}。",
                field="mobile",
            )

    async def _refusal_of_mobile(self, account: Account, mobile: str) -> AppError | None:
        digest, hotline = self.codes.mobile_hash(mobile), self.deps.book(account.pool).pool.hotline
        taken = await Account.exists(pool=account.pool, mobile_hash=digest)
        named = await Expert.filter(pool=account.pool, mobile_hash=digest, left_at=None)
        if taken or any(expert.account_id != account.id for expert in named):
            return Conflict(
                f"这个手机号已用于另一个账号，请换一个手机号，或拨打{hotline}核实。",
                code="mobile_taken",
                field="mobile",
            )
        return None

    async def _put_mobile(self, account: Account, mobile: str, actor: Actor) -> MobileChanged:
        now, before = self.deps.now(), self.deps.keys.open_text(account.mobile_sealed, "mobile")
        account.mobile_sealed = self.deps.keys.seal(mobile, "mobile")
        account.mobile_hash, account.mobile_changed_at = self.codes.mobile_hash(mobile), now
        await account.save(update_fields=["mobile_sealed", "mobile_hash", "mobile_changed_at"])
        for expert in await Expert.filter(account_id=account.id, left_at=None).order_by("id").select_for_update():
            await change_file(
                self.deps, expert, FileChange(now, FileSource.SELF, {"mobile": mobile}, by=actor.account_id)
            )
        await withdraw_mobiles(self.deps, actor, Person(account, None), "本人更换了手机号")
        await record(actor, now, "account.mobile", "account", account.id)
        await self._notify(account, "mobile_changed", now, mobile=mask_mobile(mobile))
        await self._notify(account, "mobile_changed", now, old_mobile=before, mobile=mask_mobile(mobile))
        return MobileChanged(mask_mobile(mobile), self._mobile_free_at(account))

    async def _notify(self, account: Account, kind: str, now: datetime, *, old_mobile: str = "", **params: str) -> None:
        """Notify the person, or his former number."""
        at = f"{print_date(now)} {local(now):%H:%M}"
        hotline = self.deps.book(account.pool).pool.hotline
        await self.notices.notify(
            pool=account.pool,
            kind=kind,
            dedupe_key=f"{kind}:{account.id}:{now.isoformat()}{':old' if old_mobile else ''}",
            params={"at": at, "hotline": hotline, **params},
            account_id=None if old_mobile else account.id,
            mobile=old_mobile or None,
        )

    async def _lock_account(self, actor: Actor) -> Account:
        account = await Account.select_for_update().get_or_none(id=_account_id(actor), disabled_at=None)
        if account is None:
            hotline = self.deps.book(actor.pool).pool.hotline
            raise Forbidden(f"此账号已停用，请拨打{hotline}咨询。", code="account_disabled")
        return account


def _account_id(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Unauthenticated("请先登录。")
    return actor.account_id


def _refusal_of_old_password(answer: AppError) -> AppError:
    """The refusal of a wrong password, worded for a logged-in person."""
    if answer.code != "password_wrong":
        return answer
    left = answer.params["left"]
    return InvalidInput(
        f"密码不对，还可以再试{left}次；记不清请改用短信验证码。",
        code="password_wrong",
        field="old",
        params={"left": left},
    )
