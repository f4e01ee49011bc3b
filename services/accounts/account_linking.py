"""One person's mini-program and official account, linked by a code that the mini-program shows and the chat receives.

WeChat identifies both as one person only where they belong to one open-platform account (unionid). Elsewhere the
mini-program, where the person is logged in, shows eight digits and an equivalent scene QR code: typing the digits in
the chat, or scanning the code, binds the chat. No SMS, no second consent. A person logged in on a page inside WeChat is
bound to the openid of that browser, after confirming with a tap.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import structlog
from pydantic import Field

from domain.errors import AppError, Conflict, GatewayError, InvalidInput, TooMany, Unauthenticated
from models.accounts import Account, VerificationCode, WechatIdentity
from models.audit import AuditEntry
from services.accounts.single_use import spend
from services.accounts.verification_codes import LINK
from services.accounts.wechat_binding import Bound, WechatBinding
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.limits import HOUR, advisory_lock
from services.ports import OfficialAccountSender

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SCENE = "link:"
"""Prefix of the scenes that carry a code."""
DIGITS = 8
_CODE_TTL = timedelta(minutes=10)
_WRONG_PER_HOUR = 5
"""Per WeChat account. With a few hundred valid codes, a guess is right once in some hundred thousand."""
_WRONG = "account.link_refused"
_VISIT = "link-visit"


@dataclass(frozen=True)
class LinkCode:
    """A code valid for ten minutes and one WeChat account."""

    code: Annotated[str, Field(description="Eight digits for typing, alone or after 绑定", examples=["48392017"])]
    scan: Annotated[str, Field(description="Text of a QR code that does the same; empty while WeChat makes none")]
    valid_until: datetime


@dataclass(frozen=True)
class AccountLinking:
    deps: Deps
    accounts: WechatBinding
    official: OfficialAccountSender

    async def is_bound_to_chat(self, account_id: UUID) -> bool:
        """Whether the official account is bound to the person, so that its messages arrive."""
        return await WechatIdentity.exists(account_id=account_id, app="oa", following=True)

    async def is_bound_to_mini_program(self, account_id: UUID) -> bool:
        """Whether the mini-program is bound to the person, so that its pages open."""
        return await WechatIdentity.exists(account_id=account_id, app="mini")

    async def may_bind_chat(self, actor: Actor) -> bool:
        """Whether the logged-in person of a browser has no bound chat, and may bind one: an initial password must be
        changed first."""
        account = await Account.get_or_none(id=actor.account_id, disabled_at=None) if actor.account_id else None
        if account is None or account.password_initial:
            return False
        return not await WechatIdentity.exists(account_id=account.id, app="oa")

    async def link_visitor(
        self, actor: Actor, appid: str, openid: str, privacy_version: str, *, serves_once: str
    ) -> Bound:
        """Bind the WeChat account of a browser, as confirmed by WeChat, to the person logged in there.

        ``serves_once`` identifies the person's confirmation. Raises Conflict for one that was used, and the errors of
        binding.
        """
        if actor.account_id is None:
            raise Unauthenticated("请先登录并绑定手机号。")
        async with transaction():
            if not await spend(f"{_VISIT}:{serves_once}", self.deps.now() + _CODE_TTL):
                raise Conflict("这次确认已经用过，请返回后重试。", code="join_used")
            identity = await self.accounts.ensure_identity(actor.pool, "oa", appid, openid)
            account = await Account.get(id=actor.account_id)
            mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
            return await self.accounts.attach(identity.id, actor.pool, mobile, privacy_version, on_page=True)

    async def issue_code(self, actor: Actor) -> LinkCode:
        """A new code; it replaces the previous one. Raises Conflict where the chat is bound already, or consent is
        missing."""
        if actor.account_id is None:
            raise Unauthenticated("请先登录并绑定手机号。")
        now = self.deps.now()
        async with transaction():
            account = await Account.select_for_update().get(id=actor.account_id)
            if await self.is_bound_to_chat(account.id):
                raise Conflict("您的公众号已经绑定，无需再绑定。", code="joined_already")
            if account.privacy_version != self.deps.book(account.pool).pool.privacy_version:
                raise Conflict("隐私说明已更新，请退出登录后重新登录，阅读并同意后再绑定。", code="privacy_changed")
            mine = VerificationCode.filter(pool=account.pool, mobile_hash=account.mobile_hash, purpose=LINK)
            await mine.filter(used_at=None).update(used_at=now)
            code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
            await VerificationCode.create(
                pool=account.pool,
                mobile_hash=account.mobile_hash,
                purpose=LINK,
                code_hash=self._hash(account.pool, code),
                sent_at=now,
                valid_until=now + _CODE_TTL,
            )
        return LinkCode(code, await self._scene(account.pool, code), now + _CODE_TTL)

    # journals of conversations hold this method's name: renaming it restarts those under way
    async def link(self, identity_id: UUID, pool: str, code: str, *, key: str | None = None) -> Bound:
        """Bind a WeChat of the official account to the account of ``code``.

        Raises InvalidInput for a wrong or expired code, TooMany after several of them, and the errors of binding.
        """

        async def run() -> Bound | AppError:
            await advisory_lock(f"link:{identity_id}")
            if refusal := await self._refusal_beyond_limit(identity_id):
                return refusal
            now = self.deps.now()
            link_code = await VerificationCode.get_or_none(
                pool=pool, purpose=LINK, code_hash=self._hash(pool, code), used_at=None, valid_until__gt=now
            )
            account = await Account.get_or_none(pool=pool, mobile_hash=link_code.mobile_hash) if link_code else None
            if link_code is None or account is None:
                await record(Actor(pool, "guest"), now, _WRONG, "identity", identity_id)
                return _wrong_code()
            mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
            bound = await self.accounts.attach(identity_id, pool, mobile, account.privacy_version)
            if not await VerificationCode.filter(id=link_code.id, used_at=None).update(used_at=now):
                raise _wrong_code()  # another WeChat account was faster; ``attach`` is rolled back
            return bound

        return await once(owner=f"link:{identity_id}", key=key, deps=self.deps, answer=Bound, run=run, request=code)

    async def _refusal_beyond_limit(self, identity_id: UUID) -> AppError | None:
        since = self.deps.now() - HOUR
        tried = await AuditEntry.filter(action=_WRONG, subject_id=identity_id, at__gt=since).count()
        if tried < _WRONG_PER_HOUR:
            return None
        message = "绑定码输错次数过多，请一小时后再试，或回复“绑定”用手机号验证。"
        return TooMany(message, retry_after=3600, code="join_limit")

    async def _scene(self, pool: str, code: str) -> str:
        """Empty when WeChat can't create one now; the digits have the same effect."""
        try:
            return await self.official.create_scene(pool, f"{SCENE}{code}", int(_CODE_TTL.total_seconds()))
        except GatewayError as error:
            log.warning("link_scene_unavailable", error=type(error).__name__)
            return ""

    def _hash(self, pool: str, code: str) -> str:
        return self.deps.keys.lookup_hash("code", f"{LINK}:{pool}:{code}")


def _wrong_code() -> InvalidInput:
    message = "绑定码不对或已过期，请在小程序“绑定公众号”页面查看最新的8位绑定码。"
    return InvalidInput(message, code="join_code_wrong", field="code")
