"""SMS codes: sending, limiting and checking them. Everything here runs inside the caller's transaction."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import AppError, InvalidInput, TooMany
from domain.ids import new_id
from domain.parsing import mobile_number
from domain.rulebook.sections import Login
from models.accounts import Account, VerificationCode
from services.accounts.puzzles import Puzzles
from services.accounts.sms_budgets import LINK, SmsBudget
from services.accounts.sources import CallerKey, Source
from services.accounts.wrong_tries import Lock, TryLimits, WrongTries, lock_and_read_tries
from services.core.base import Deps
from services.core.limits import DAY, check_may_send, print_wait, seconds_until
from services.notifications import Notices

Purpose = Literal["bind", "login", "privacy", "register", "password", "mobile", "bank"]

__all__ = ["LINK", "CodeSent", "Purpose", "VerificationCodes", "check_mobile"]


@dataclass(frozen=True)
class CodeSent:
    """What the person may know of a sent code. ``again_after`` is in seconds."""

    masked_mobile: Annotated[str, Field(examples=["138****1234"])]
    valid_until: datetime
    again_after: Annotated[int, Field(description="Seconds until another code may be asked for", examples=[60])]


def check_mobile(mobile: str, field: str = "mobile") -> str:
    """A mainland mobile as 11 digits, however it was typed. Raises InvalidInput."""
    try:
        return mobile_number(mobile)
    except InvalidInput as error:
        raise InvalidInput(error.message, code="mobile_invalid", field=field) from error


@dataclass(frozen=True)
class VerificationCodes:
    """The codes of all mobiles. Callers hold a transaction; each mobile is processed by one of them at a time."""

    deps: Deps
    notices: Notices
    puzzles: Puzzles

    def mobile_hash(self, mobile: str) -> str:
        return self.deps.keys.lookup_hash("mobile", mobile)

    async def send(
        self,
        pool: str,
        mobile: str,
        purpose: Purpose,
        masked: str,
        source: Source,
        *,
        really: bool = True,
        proof: str = "",
    ) -> CodeSent:
        """Raises TooMany when the rulebook's limits are reached, InvalidInput for a stranger without a puzzle's proof.

        ``really`` false: behaves the same without sending an SMS, so that callers don't learn which mobiles are known.
        """
        login, now, mobile_hash = self.deps.book(pool).login, self.deps.now(), self.mobile_hash(mobile)
        if not source.is_identified:
            await self.puzzles.redeem(source.address, proof)
        caller, tries = await self._lock_tries(pool, mobile_hash, source, now)
        lock = tries.find_lock(_limits(login), now)
        if lock and lock.for_own_tries:
            raise self._refusal_while_locked(pool, lock, now)
        check_may_send(await self._sending_times(pool, mobile_hash, now), login, now, familiar=caller.familiar)
        await SmsBudget(self.deps, self.notices, pool).check(caller, now, sends=really)
        code = "".join(secrets.choice("0123456789") for _ in range(login.code_length))
        row = VerificationCode(
            id=new_id(),
            pool=pool,
            mobile_hash=mobile_hash,
            purpose=purpose,
            source=caller.name,
            sent=really,
            sent_at=now,
            valid_until=now + login.code_valid,
        )
        row.code_hash = self._code_hash(row.id, code)
        await row.save(force_create=True)
        if really:
            await self._send_notice(row, mobile, code, login.code_valid)
        return CodeSent(masked, row.valid_until, int(login.code_gap.total_seconds()))

    async def _send_notice(self, row: VerificationCode, mobile: str, code: str, valid: timedelta) -> None:
        await self.notices.notify(
            pool=row.pool,
            kind="verification_code",
            dedupe_key=f"code:{row.id}",
            params={"minutes": str(int(valid.total_seconds()) // 60)},
            mobile=mobile,
            secret=code,
        )

    async def is_right(self, pool: str, mobile: str, purpose: Purpose, code: str, source: Source) -> bool:
        """Whether ``redeem`` would accept the code now. Counts no try.

        The result must not be revealed unless the code is redeemed too.
        """
        now, mobile_hash = self.deps.now(), self.mobile_hash(mobile)
        _, tries = await self._lock_tries(pool, mobile_hash, source, now)
        if tries.find_lock(_limits(self.deps.book(pool).login), now):
            return False
        newest = await self._newest_code(pool, mobile_hash, purpose, now)
        return newest is not None and not self._is_worn(newest, tries) and self._matches(newest, code)

    async def redeem(self, pool: str, mobile: str, purpose: Purpose, code: str, source: Source) -> AppError | None:
        """Use up the newest code of a mobile, or return the reason of refusal.

        A refusal is *returned*: the caller must commit, since a wrong entry counts.
        """
        limits, now, mobile_hash = _limits(self.deps.book(pool).login), self.deps.now(), self.mobile_hash(mobile)
        _, tries = await self._lock_tries(pool, mobile_hash, source, now)
        if lock := tries.find_lock(limits, now):
            return self._refusal_while_locked(pool, lock, now)
        newest = await self._newest_code(pool, mobile_hash, purpose, now)
        if newest is None:
            return InvalidInput("验证码已失效，请重新获取验证码。", code="code_expired", field="code")
        if self._is_worn(newest, tries):
            return InvalidInput("此验证码错误次数过多，请重新获取验证码。", code="code_worn", field="code")
        if not self._matches(newest, code):
            return await self._refusal_of_wrong_code(newest, await tries.add(now), now)
        newest.used_at = now
        await newest.save(update_fields=["used_at"])
        await tries.clear()
        return None

    async def _lock_tries(
        self, pool: str, mobile_hash: str, source: Source, now: datetime
    ) -> tuple[CallerKey, WrongTries]:
        """The party as which the caller counts, with the mobile locked for the rest of the transaction."""
        account = await Account.get_or_none(pool=pool, mobile_hash=mobile_hash)
        caller = await source.caller_key(self.deps.keys, account.id if account else None)
        limits = _limits(self.deps.book(pool).login)
        return caller, await lock_and_read_tries(pool, "code", mobile_hash, caller, limits, now)

    async def _newest_code(
        self, pool: str, mobile_hash: str, purpose: Purpose, now: datetime
    ) -> VerificationCode | None:
        """None if it was used, has expired, or never existed."""
        sent = VerificationCode.filter(pool=pool, mobile_hash=mobile_hash, purpose=purpose)
        newest = await sent.order_by("-sent_at", "-id").first()
        return newest if newest is not None and newest.used_at is None and newest.valid_until > now else None

    def _matches(self, row: VerificationCode, code: str) -> bool:
        return hmac.compare_digest(row.code_hash, self._code_hash(row.id, code))

    def _is_worn(self, row: VerificationCode, tries: WrongTries) -> bool:
        """For this caller; another one's wrong entries don't use up its code."""
        return self._tries_left(row, tries) <= 0

    def _tries_left(self, row: VerificationCode, tries: WrongTries) -> int:
        return self.deps.book(row.pool).login.code_tries - sum(at >= row.sent_at for at in tries.own)

    async def _refusal_of_wrong_code(self, row: VerificationCode, tries: WrongTries, now: datetime) -> AppError:
        limits, left = _limits(self.deps.book(row.pool).login), self._tries_left(row, tries)
        lock = tries.find_lock(limits, now)
        if lock and lock.for_own_tries:
            return self._refusal_while_locked(row.pool, lock, now)
        if left <= 0:
            return InvalidInput("验证码错误，此验证码已作废，请重新获取。", code="code_worn", field="code")
        return InvalidInput(
            f"验证码不对，还可以再试{left}次，请核对短信后重新输入。",
            code="code_wrong",
            field="code",
            params={"left": left},
        )

    def _refusal_while_locked(self, pool: str, lock: Lock, now: datetime) -> TooMany:
        """The refusal. It offers a way to a person who must wait because of others: from a familiar source he need
        not."""
        wait = seconds_until(lock.until, now)
        account_name = self.deps.book(pool).pool.account_name
        if lock.for_own_tries:
            return TooMany(
                f"验证码错误次数过多，为保护账号已暂停验证，请{print_wait(wait)}后重新获取验证码。"
                f"急用请在微信公众号“{account_name}”里办理，或换用登录过的手机、电脑。",
                retry_after=wait,
                code="mobile_locked",
            )
        return TooMany(
            f"有人正在反复试这个手机号的验证码，请{print_wait(wait)}后再试。"
            f"在微信公众号“{account_name}”里，或用登录过的手机、电脑，可以马上办理。",
            retry_after=wait,
            code="strangers_slowed",
        )

    async def _sending_times(self, pool: str, mobile_hash: str, now: datetime) -> list[datetime]:
        """Recent times at which codes of any purpose were sent to a mobile, oldest first."""
        sent = VerificationCode.filter(pool=pool, mobile_hash=mobile_hash, sent_at__gt=now - DAY)
        return [row.sent_at for row in await sent.exclude(purpose=LINK).order_by("sent_at", "id")]

    def _code_hash(self, code_id: UUID, code: str) -> str:
        return self.deps.keys.lookup_hash("code", f"{code_id}:{code}")


def _limits(login: Login) -> TryLimits:
    return TryLimits(login.failures_before_lock, login.lock_for, login.stranger_pause)
