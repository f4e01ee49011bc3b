"""Passwords: argon2 in a thread; wrong ones are counted per source and per account or unknown name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.clock import print_time
from domain.errors import AppError, Forbidden, InvalidInput, TooMany
from domain.parsing import id_number, mobile_number
from models.accounts import Account, WrongTry
from services.accounts.pinyin_names import find_by_pinyin
from services.accounts.sources import Source
from services.accounts.wrong_tries import Lock, TryLimits, WrongTries, lock_and_read_tries
from services.core.base import Actor, Deps, record
from services.core.limits import print_wait, seconds_until

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
"""Argon2id with the minimum of OWASP's Password Storage Cheat Sheet. Raising it renews hashes at log-ins."""

LONGEST = 64
"""Characters: a longer password was never accepted, so it is wrong without hashing."""

_DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$rrRtw2r/kgnGquvO948ihg$x+oJSxwDoWhH73xnyuxd1kZXS3uDtniqCbA5sn/kbxw"
"""Compared for unknown names, so that they take as long: a hash by ``HASHER`` of a password that no account has."""
_AT_ONCE = 4


@dataclass(frozen=True)
class PasswordClaim:
    """A compared name and password, not yet counted. ``right`` refers to ``hash`` only."""

    pool: str
    subject: str
    account_id: UUID | None
    right: bool
    hash: str
    renewed: str
    """A new hash of the same password with current parameters; empty: not needed."""


@dataclass(frozen=True)
class Passwords:
    """``compare`` runs outside a transaction, since it is slow by intent; then ``confirm`` inside it."""

    deps: Deps
    _room: asyncio.Semaphore = field(init=False, default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def hash(self, password: str) -> str:
        """Argon2's own encoding of a new password."""
        async with self._room:
            return await asyncio.to_thread(HASHER.hash, password)

    def check_rule(self, pool: str, password: str, *personal: str, field: str = "password") -> None:
        """Raises InvalidInput for a password that the rulebook forbids or that is part of one of the ``personal``
        numbers."""
        problem = self.deps.book(pool).registration.password.problem(password)
        if not problem and any(password.upper() in number for number in personal):
            problem = "密码不能是身份证号或手机号的一部分，请重新设置。"
        if problem:
            raise InvalidInput(problem, code="password_rule", field=field)

    async def compare(self, pool: str, name: str, password: str) -> PasswordClaim:
        """``name`` is a mobile, an ID number or a pinyin, as the rulebook allows. An unknown one takes as long."""
        account = await self._find_account(pool, name)
        if account is None:
            return await self._claim(pool, self.deps.keys.lookup_hash("login", name.strip()), None, password)
        return await self.compare_own(account, password)

    async def compare_own(self, account: Account, password: str) -> PasswordClaim:
        """The same for an account that is known already."""
        return await self._claim(account.pool, str(account.id), account, password)

    async def confirm(self, claim: PasswordClaim, source: Source) -> Account | AppError:
        """The locked account of a right password, in the caller's transaction; wrong ones of a ``source`` are counted.

        A refusal is *returned*: the caller must commit, since the try counts. It is the same for an unknown name and
        for a wrong password. Raises Forbidden for a disabled account whose password is right.
        """
        now = self.deps.now()
        limits = self._limits(claim.pool)
        caller = await source.caller_key(self.deps.keys, claim.account_id)
        tries = await lock_and_read_tries(claim.pool, "password", claim.subject, caller, limits, now)
        if lock := tries.find_lock(limits, now):
            return self._refusal_while_locked(claim.pool, lock, now)
        account = await Account.select_for_update().get_or_none(id=claim.account_id) if claim.account_id else None
        if account is None or not claim.right or account.password_hash != claim.hash:
            return await self._count_wrong_try(claim, tries, now)
        if account.disabled_at is not None:
            hotline = self.deps.book(claim.pool).pool.hotline
            raise Forbidden(f"此账号已停用，请拨打{hotline}咨询。", code="account_disabled")
        await tries.clear()
        if claim.renewed:
            account.password_hash = claim.renewed
            await account.save(update_fields=["password_hash"])
        return account

    async def clear_wrong_tries(self, pool: str, account_id: UUID) -> None:
        """Delete all wrong tries, since they concern a password that is no longer valid."""
        await WrongTry.filter(pool=pool, kind="password", subject=str(account_id)).delete()

    async def _claim(self, pool: str, subject: str, account: Account | None, password: str) -> PasswordClaim:
        known = account.password_hash if account else ""
        right, renewed = await self._verify(known or _DUMMY_HASH, password)
        right = right and bool(known)
        return PasswordClaim(pool, subject, account.id if account else None, right, known, renewed if right else "")

    async def _verify(self, known: str, password: str) -> tuple[bool, str]:
        def work() -> tuple[bool, str]:
            try:
                HASHER.verify(known, password[: LONGEST + 1])
            except (VerificationError, InvalidHashError):
                return False, ""
            return True, HASHER.hash(password) if HASHER.check_needs_rehash(known) else ""

        async with self._room:
            return await asyncio.to_thread(work)

    async def _find_account(self, pool: str, name: str) -> Account | None:
        names, keys = self.deps.book(pool).registration.login_names, self.deps.keys
        if "mobile" in names and (mobile := _parse_or_empty(mobile_number, name)):
            return await Account.get_or_none(pool=pool, mobile_hash=keys.lookup_hash("mobile", mobile))
        if "id_number" in names and (number := _parse_or_empty(id_number, name)):
            return await Account.get_or_none(pool=pool, id_number_hash=keys.lookup_hash("id_number", number))
        return await find_by_pinyin(pool, name) if "pinyin" in names else None

    async def _count_wrong_try(self, claim: PasswordClaim, tries: WrongTries, now: datetime) -> AppError:
        limits = self._limits(claim.pool)
        tries = await tries.add(now)
        lock = tries.find_lock(limits, now)
        if lock and lock.for_own_tries:
            if claim.account_id is not None:
                actor = Actor(claim.pool, "guest", claim.account_id)
                await record(actor, now, "password.locked", "account", claim.account_id, familiar=tries.caller.familiar)
            return self._refusal_while_locked(claim.pool, lock, now)
        left = tries.tries_left(limits)
        return InvalidInput(
            f"账号或密码不对，还可以再试{left}次。请核对后重新输入，忘记密码请用验证码登录或重设密码。",
            code="password_wrong",
            field="password",
            params={"left": left},
        )

    def _limits(self, pool: str) -> TryLimits:
        book = self.deps.book(pool)
        rule = book.registration.password
        return TryLimits(rule.failures_before_lock, rule.lock_for, book.login.stranger_pause)

    def _refusal_while_locked(self, pool: str, lock: Lock, now: datetime) -> TooMany:
        """The refusal, the same for an unknown name."""
        wait = seconds_until(lock.until, now)
        if lock.for_own_tries:
            return TooMany(
                f"密码错误次数过多，为保护账号，密码登录已暂停到{print_time(lock.until)}。"
                "现在可以用验证码登录，或重设密码。",
                retry_after=wait,
                code="password_locked",
            )
        return TooMany(
            f"有人正在反复试这个账号的密码，请{print_wait(wait)}后再试；现在可以用验证码登录，或换用登录过的手机、电脑。",
            retry_after=wait,
            code="strangers_slowed",
        )


def _parse_or_empty(parse: Callable[[str], str], text: str) -> str:
    """The parsed value; empty when ``text`` is invalid."""
    try:
        return parse(text)
    except InvalidInput:
        return ""
