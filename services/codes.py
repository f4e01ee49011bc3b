"""SMS codes: sending, limiting and checking them. Everything here runs inside the caller's transaction."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from domain.errors import AppError, InvalidInput
from domain.ids import new_id
from domain.rulebook_sections import Login
from models.accounts import VerificationCode
from services.base import Deps
from services.limits import DAY, SentCode, check_may_send, lock_refusal, serialise

Purpose = Literal["bind", "login", "privacy", "register", "password", "mobile"]

JOIN = "join"
"""Purpose of a code that is shown, not sent (``services.joining``): it counts for no limit on messages."""

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)


class Notifier(Protocol):
    """Tells a person something, in the transaction that is under way; see ``services.notices``."""

    async def notify(
        self,
        *,
        pool: str,
        kind: str,
        dedupe_key: str,
        params: Mapping[str, str | int],
        account_id: UUID | None = None,
        expert_id: UUID | None = None,
        mobile: str | None = None,
        invitation_id: UUID | None = None,
        secret: str | None = None,
        told_on: str = "",
    ) -> UUID: ...


@dataclass(frozen=True)
class CodeSent:
    """What the person may know of a code that is on its way. ``again_after`` is in seconds."""

    masked_mobile: str
    valid_until: datetime
    again_after: int


def check_mobile(mobile: str, field: str = "mobile") -> str:
    """The number as it came, if it is 11 digits of a mainland mobile. Raises InvalidInput."""
    if not _MOBILE.fullmatch(mobile):
        raise InvalidInput("手机号应为11位数字，请检查后重新输入。", code="mobile_invalid", field=field)
    return mobile


class Codes:
    """The codes of all mobiles. Callers hold a transaction; each mobile is worked on by one of them at a time."""

    def __init__(self, deps: Deps, notices: Notifier) -> None:
        self._deps = deps
        self._notices = notices

    def mobile_hash(self, mobile: str) -> str:
        return self._deps.keys.lookup_hash("mobile", mobile)

    async def send(self, pool: str, mobile: str, purpose: Purpose, masked: str, *, really: bool = True) -> CodeSent:
        """Raises TooMany when the rulebook's limits are reached or the mobile is locked.

        ``really`` false: all goes on as if, but no SMS is sent, so that nobody learns which mobiles are known.
        """
        login, now, mobile_hash = self._deps.book(pool).login, self._deps.now(), self.mobile_hash(mobile)
        await self._lock(pool, mobile_hash)
        check_may_send(await self._recent(pool, mobile_hash, login, now), login, now)
        code = "".join(secrets.choice("0123456789") for _ in range(login.code_length))
        row = VerificationCode(
            id=new_id(), pool=pool, mobile_hash=mobile_hash, purpose=purpose, sent_at=now,
            valid_until=now + login.code_valid,
        )  # fmt: skip
        row.code_hash = self._code_hash(row.id, code)
        await row.save(force_create=True)
        if really:
            await self._notices.notify(
                pool=pool,
                kind="verification_code",
                dedupe_key=f"code:{row.id}",
                params={"minutes": str(int(login.code_valid.total_seconds()) // 60)},
                mobile=mobile,
                secret=code,
            )
        return CodeSent(masked, row.valid_until, int(login.code_gap.total_seconds()))

    async def is_right(self, pool: str, mobile: str, purpose: Purpose, code: str) -> bool:
        """Whether ``redeem`` would take the code now. Counts nothing: never tell anybody without redeeming it too."""
        login, now, mobile_hash = self._deps.book(pool).login, self._deps.now(), self.mobile_hash(mobile)
        await self._lock(pool, mobile_hash)
        if lock_refusal(await self._recent(pool, mobile_hash, login, now), login, now):
            return False
        newest = await self._newest(pool, mobile_hash, purpose, now)
        return newest is not None and newest.tries < login.code_tries and self._matches(newest, code)

    async def redeem(self, pool: str, mobile: str, purpose: Purpose, code: str) -> AppError | None:
        """Use up the newest code of a mobile, or say why not.

        A refusal is *returned*: the caller must commit, since a wrong entry counts.
        """
        login, now, mobile_hash = self._deps.book(pool).login, self._deps.now(), self.mobile_hash(mobile)
        await self._lock(pool, mobile_hash)
        recent = await self._recent(pool, mobile_hash, login, now)
        if refusal := lock_refusal(recent, login, now):
            return refusal
        newest = await self._newest(pool, mobile_hash, purpose, now)
        if newest is None:
            return InvalidInput("验证码已失效，请重新获取验证码。", code="code_expired", field="code")
        if newest.tries >= login.code_tries:
            return InvalidInput("此验证码错误次数过多，请重新获取验证码。", code="code_worn", field="code")
        if self._matches(newest, code):
            newest.used_at = now
            await newest.save(update_fields=["used_at"])
            return None
        newest.tries += 1
        await newest.save(update_fields=["tries"])
        return await self._wrong(pool, mobile_hash, login, now, left=login.code_tries - newest.tries)

    async def _newest(self, pool: str, mobile_hash: str, purpose: Purpose, now: datetime) -> VerificationCode | None:
        """None: it was used, has run out, or there never was one."""
        sent = VerificationCode.filter(pool=pool, mobile_hash=mobile_hash, purpose=purpose)
        newest = await sent.order_by("-sent_at", "-id").first()
        return newest if newest is not None and newest.used_at is None and newest.valid_until > now else None

    def _matches(self, row: VerificationCode, code: str) -> bool:
        return hmac.compare_digest(row.code_hash, self._code_hash(row.id, code))

    async def _wrong(self, pool: str, mobile_hash: str, login: Login, now: datetime, *, left: int) -> AppError:
        if refusal := lock_refusal(await self._recent(pool, mobile_hash, login, now), login, now):
            return refusal
        if left == 0:
            return InvalidInput("验证码错误，此验证码已作废，请重新获取。", code="code_worn", field="code")
        return InvalidInput(
            f"验证码不对，还可以再试{left}次，请核对短信后重新输入。",
            code="code_wrong",
            field="code",
            params={"left": left},
        )

    async def _lock(self, pool: str, mobile_hash: str) -> None:
        await serialise(f"code:{pool}:{mobile_hash}")

    async def _recent(self, pool: str, mobile_hash: str, login: Login, now: datetime) -> list[SentCode]:
        """Codes of any purpose that limits and locks may still depend on, oldest first."""
        since = now - max(DAY, login.lock_for + login.code_valid) - DAY
        sent = VerificationCode.filter(pool=pool, mobile_hash=mobile_hash, sent_at__gt=since).exclude(purpose=JOIN)
        found = await sent.order_by("sent_at", "id")
        return [SentCode(row.sent_at, row.valid_until, row.tries, row.used_at is not None) for row in found]

    def _code_hash(self, code_id: UUID, code: str) -> str:
        return self._deps.keys.lookup_hash("code", f"{code_id}:{code}")
