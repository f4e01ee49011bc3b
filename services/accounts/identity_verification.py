"""Verifies with the authority's register that a registered name and ID number belong together (实名核验).

A refusal reveals that a typed name is not that of the number's owner. So the register is queried only for a verified
mobile, a few times a day for each mobile and each number; its response is kept for a day. While it is unavailable
people can register all the same: the account is marked, the register is queried again later, and reviewers see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from domain.errors import Conflict, GatewayError
from domain.identity import IdentityVerificationResult
from models.accounts import Account, IdentityVerificationRequest
from services.core.base import Deps, record, rows, system, transaction
from services.core.limits import DAY, advisory_lock, check_below
from services.notifications import Notices
from services.ports import IdentityMatch, IdentityVerifier, VerifiedPools

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DUE = "EXISTS (SELECT 1 FROM account WHERE identity_verification_due_at <= $1)"
PER_MOBILE, PER_NUMBER = 5, 5
"""Queries per day."""
_RETRY_AFTER = timedelta(hours=1)
_AT_ONCE = 100
_GIVE_UP = 3
"""Failures in a row after which a round of the job ends: the register is unavailable."""
_FOUND: Mapping[IdentityMatch, IdentityVerificationResult] = {
    "match": IdentityVerificationResult.MATCHED,
    "differs": IdentityVerificationResult.DIFFERS,
    "no_record": IdentityVerificationResult.NO_RECORD,
}


@dataclass(frozen=True)
class IdentityVerification:
    deps: Deps
    notices: Notices
    verifier: IdentityVerifier
    pools: VerifiedPools

    def is_required(self, pool: str) -> bool:
        return pool in self.pools

    # ---- during registration

    async def begin(self, pool: str, mobile_hash: str, name: str, number: str) -> IdentityVerificationRequest:
        """Count one query, inside the caller's transaction with the mobile locked. Raises TooMany.

        The row's ``answer`` is already set if the same query was answered within a day.
        """
        keys, now = self.deps.keys, self.deps.now()
        number_hash, pair = keys.lookup_hash("id_number", number), keys.lookup_hash("person", f"{number} {name}")
        await advisory_lock(f"person:{pool}:{number_hash}")
        today = IdentityVerificationRequest.filter(pool=pool, asked_at__gt=now - DAY).order_by("-asked_at", "-id")
        known = await today.filter(pair_hash=pair).exclude(answer="").first()
        if known is not None:
            return known
        for most, requests in (
            (PER_MOBILE, today.filter(mobile_hash=mobile_hash)),
            (PER_NUMBER, today.filter(number_hash=number_hash)),
        ):
            moments = [request.asked_at for request in await requests.limit(most)]
            check_below(most, moments, DAY, now, "今天核验身份信息的次数过多")
        return await IdentityVerificationRequest.create(
            pool=pool, mobile_hash=mobile_hash, number_hash=number_hash, pair_hash=pair, asked_at=now
        )

    async def finish(self, request: IdentityVerificationRequest, name: str, number: str) -> IdentityVerificationResult:
        """Query the register, outside any transaction; ``WAITING`` without a response."""
        if request.answer:
            return IdentityVerificationResult(request.answer)
        result = await self._query_register(name, number)
        if result != IdentityVerificationResult.WAITING:
            await IdentityVerificationRequest.filter(id=request.id).update(answer=result.value)
        return result

    async def _query_register(self, name: str, number: str) -> IdentityVerificationResult:
        try:
            return _FOUND[await self.verifier.compare(name, number)]
        except GatewayError as error:
            log.warning("identity_verification_unanswered", reason=type(error).__name__)
            return IdentityVerificationResult.WAITING

    def refusal(self, pool: str) -> Conflict:
        """The refusal when the name is not that of the number's owner."""
        hotline = self.deps.book(pool).pool.hotline
        return Conflict(
            f"姓名与身份证号不一致，请按身份证改好，重新获取验证码后再注册。确认无误的，请拨打{hotline}核实。",
            code="person_differs",
        )

    def record_result(self, account: Account, result: IdentityVerificationResult, now: datetime) -> None:
        """Record the result; the caller saves the account."""
        waiting = result == IdentityVerificationResult.WAITING
        account.identity_verification = result.value
        account.identity_verified_at = (
            now if result not in (IdentityVerificationResult.NONE, IdentityVerificationResult.WAITING) else None
        )
        account.identity_verification_due_at = now + _RETRY_AFTER if waiting else None

    # ---- later

    async def check_due(self) -> None:
        """Query those without a response; all who are due are queried, or postponed while the register is
        unavailable."""
        now, failed = self.deps.now(), 0
        due = await rows(
            "SELECT id FROM account WHERE identity_verification_due_at <= $1 "
            "ORDER BY identity_verification_due_at, id LIMIT $2",
            now,
            _AT_ONCE,
        )
        for row in due:
            failed = 0 if await self._check_account(row["id"]) else failed + 1
            if failed == _GIVE_UP:
                await Account.filter(identity_verification_due_at__lte=now).update(
                    identity_verification_due_at=now + _RETRY_AFTER
                )
                return

    async def _check_account(self, account_id: UUID) -> bool:
        """False: no response came. A deleted account, or one whose pool no longer verifies, is done."""
        account = await Account.get(id=account_id)
        result = IdentityVerificationResult.NONE
        if account.id_number_sealed and self.is_required(account.pool):
            number = self.deps.keys.open_text(account.id_number_sealed, "id_number")
            result = await self._query_register(account.real_name, number)
        async with transaction():
            now, locked = self.deps.now(), await Account.select_for_update().get(id=account_id)
            if locked.identity_verification_due_at is not None and locked.id_number_hash == account.id_number_hash:
                self.record_result(locked, result, now)
                await locked.save(
                    update_fields=["identity_verification", "identity_verified_at", "identity_verification_due_at"]
                )
                await self._notify_result(locked, result, now)
        return result != IdentityVerificationResult.WAITING

    async def _notify_result(self, account: Account, result: IdentityVerificationResult, now: datetime) -> None:
        if result in (IdentityVerificationResult.NONE, IdentityVerificationResult.WAITING):
            return
        await record(system(account.pool), now, "account.person_check", "account", account.id, found=result.value)
        if result == IdentityVerificationResult.DIFFERS:
            await self.notices.notify(
                pool=account.pool,
                kind="person_differs",
                dedupe_key=f"person_differs:{account.id}",
                params={"hotline": self.deps.book(account.pool).pool.hotline},
                account_id=account.id,
            )
