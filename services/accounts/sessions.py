"""Sessions of the mini-program and of pages opened by a signed link."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.errors import (
    AppError,
    Forbidden,
    GatewayError,
    InvalidInput,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from domain.ids import new_id
from models.accounts import Session, WechatIdentity
from services.accounts.roles import RoleOption, find_role, held_by, roles_of
from services.accounts.tokens import Tokens, hash_token, issue, session_of
from services.accounts.verification_codes import check_mobile
from services.accounts.wechat_binding import Bound, WechatBinding
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.idempotency import once
from services.ports import MiniProgramAppids, MiniProgramPlatform


@dataclass(frozen=True)
class LoggedIn:
    """A new session. ``bound`` false: ask for the mobile next. ``role`` empty: let the person choose."""

    tokens: Tokens
    session_id: UUID
    bound: bool
    role: str
    roles: tuple[RoleOption, ...]


@dataclass(frozen=True)
class Chosen:
    """The session's role from now on."""

    role: str
    scope: str
    organisation_id: UUID | None
    expert_id: UUID | None


@dataclass(frozen=True)
class LogIn:
    """An active log-in of the person; `current`: this session."""

    id: UUID
    device: Annotated[str, Field(examples=["微信小程序"])]
    since: datetime
    until: datetime
    current: bool


MINI_PROGRAM = "微信小程序"
_MUST_CHANGE = "您正在使用初始密码，请先修改密码，再办理其他事项。"


_ACTING = f"""
SELECT s.id, s.pool, s.account_id, s.identity_id, s.access_until, s.refresh_until,
  a.disabled_at IS NOT NULL AS disabled, a.password_initial, a.privacy_version,
  held.role, held.scope, held.organisation_id, held.expert_id
FROM (SELECT * FROM session WHERE revoked_at IS NULL) AS s LEFT JOIN account a ON a.id = s.account_id
LEFT JOIN LATERAL (SELECT held.* FROM {held_by("s.account_id")}
  WHERE (held.role = s.role OR s.role = 'applicant' AND held.role = 'expert')
  AND held.scope = s.scope AND held.organisation_id IS NOT DISTINCT FROM s.organisation_id LIMIT 1) AS held ON true
"""
"""A session that has not ended, its person, and the chosen role if the person still holds it at the moment ``$2``; an
applicant who has entered the pool continues as expert."""


@dataclass(frozen=True)
class Sessions:
    """``appids``: of the mini-programs, by pool."""

    deps: Deps
    accounts: WechatBinding
    platform: MiniProgramPlatform
    appids: MiniProgramAppids

    async def login(self, pool: str, code: str) -> LoggedIn:
        """Begin a log-in with a ``wx.login`` code.

        A person bound to the pool's official account under the same unionid is recognised here too. Raises
        Unauthenticated when WeChat refuses the code, Unavailable when it can't be reached.
        """
        try:
            who = await self.platform.login(pool, code)
        except Rejected as error:
            raise Unauthenticated("登录凭证已失效，请退出小程序后重新打开。", code="login_code_invalid") from error
        except GatewayError as error:
            raise _wechat_unavailable() from error
        now = self.deps.now()
        async with transaction():
            known = await WechatIdentity.exists(appid=self.appids[pool], openid=who.openid)
            identity = await self.accounts.ensure_identity(
                pool, "mini", self.appids[pool], who.openid, unionid=who.unionid
            )
            if not known and identity.unionid is not None:
                await self._join_by_unionid(identity, now)
            return await self._begin_for_identity(pool, identity, now)

    async def bind_phone(
        self,
        actor: Actor,
        *,
        privacy_version: str,
        phone_code: str | None = None,
        mobile: str | None = None,
        sms_code: str | None = None,
        key: str | None = None,
    ) -> Bound:
        """Identify the session's visitor by WeChat's ``phone_code``, or by ``mobile`` and the SMS code sent to it.

        Raises the errors of ``WechatBinding.bind``; Unavailable when WeChat can't be reached.
        """
        session_id = _session_of(actor)
        proven = await self._phone_number(actor.pool, phone_code) if phone_code else None
        number = proven or check_mobile(mobile or "")

        async def run() -> Bound | AppError:
            session = await self._lock_session(session_id)
            if session.identity_id is None:
                raise Unauthenticated("登录已失效，请退出小程序后重新打开。", code="session_invalid")
            if proven is not None:
                bound = await self.accounts.attach(session.identity_id, actor.pool, number, privacy_version)
            else:
                answer = await self.accounts.redeem_and_attach(
                    session.identity_id, actor.pool, number, sms_code or "", privacy_version
                )
                if isinstance(answer, AppError):
                    return answer
                bound = answer
            await adopt_session(session, bound.account_id, await roles_of(bound.account_id, self.deps.now()))
            return bound

        request = self.deps.keys.lookup_hash("mobile", number)
        return await once(
            owner=f"bind_phone:{session_id}", key=key, deps=self.deps, answer=Bound, run=run, request=request
        )

    async def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for a new pair; the old pair ends.

        A repeated old refresh token was stolen, or its response was lost; since this can't be distinguished, the
        session ends. Raises Unauthenticated.
        """
        now = self.deps.now()
        session_id = session_of(self.deps, refresh_token)
        async with transaction():
            session = await Session.select_for_update().get_or_none(id=session_id) if session_id else None
            if session is None or session.revoked_at is not None or session.refresh_until <= now:
                raise _session_expired()
            if hmac.compare_digest(session.refresh_hash, hash_token(refresh_token)):
                tokens = issue(self.deps, session, now)
                await session.save(update_fields=["access_hash", "refresh_hash", "access_until", "refresh_until"])
                return tokens
            session.revoked_at = now
            await session.save(update_fields=["revoked_at"])
            actor = Actor(session.pool, "guest", session.account_id, session_id=session.id)
            await record(actor, now, "session.reuse", "account", session.account_id)
        raise _session_expired()

    async def logout(self, actor: Actor) -> int:
        """End every session of the person (of this visitor, while unbound); returns the number ended."""
        now = self.deps.now()
        async with transaction():
            if actor.account_id is not None:
                live = Session.filter(account_id=actor.account_id, revoked_at=None)
            else:
                live = Session.filter(id=_session_of(actor), revoked_at=None)
            ended = await live.update(revoked_at=now)
            await record(actor, now, "session.logout", "account", actor.account_id, ended=ended)
            return ended

    async def list(self, actor: Actor) -> tuple[LogIn, ...]:
        """The person's active log-ins, newest first."""
        live = Session.filter(account_id=actor.account_id, revoked_at=None, refresh_until__gt=self.deps.now())
        sessions = await live.order_by("-created_at") if actor.account_id else []
        return tuple(
            LogIn(session.id, session.device, session.created_at, session.refresh_until, session.id == actor.session_id)
            for session in sessions
        )

    async def end(self, actor: Actor, session_id: UUID) -> None:
        """End one session of the person. A repetition is harmless; raises NotFound for another person's."""
        now = self.deps.now()
        async with transaction():
            session = await Session.select_for_update().get_or_none(id=session_id, account_id=actor.account_id)
            if session is None or actor.account_id is None:
                raise NotFound("没有这个登录，请刷新后重试。")
            if session.revoked_at is None:
                session.revoked_at = now
                await session.save(update_fields=["revoked_at"])
                await record(actor, now, "session.end", "account", actor.account_id)

    async def authenticate(self, access_token: str, *, initial_too: bool = False) -> Actor:
        """The actor of a request. Raises Unauthenticated; Forbidden (``password_must_change``) unless ``initial_too``.

        The role is the chosen one if the person still holds it, else ``guest``.
        """
        now = self.deps.now()
        acting_rows = await rows(f"{_ACTING} WHERE s.access_hash = $1", hash_token(access_token), now)
        if not acting_rows or acting_rows[0]["access_until"] <= now:
            raise _session_expired()
        return self._acting_actor(acting_rows[0], initial_too)

    async def resume(self, session_id: UUID, account_id: UUID, *, initial_too: bool = False) -> Actor:
        """The same for a request whose signed cookie contains this session and person."""
        now = self.deps.now()
        acting_rows = await rows(f"{_ACTING} WHERE s.id = $1 AND s.account_id = $3", session_id, now, account_id)
        if not acting_rows or acting_rows[0]["refresh_until"] <= now:
            raise _session_expired()
        return self._acting_actor(acting_rows[0], initial_too)

    async def roles(self, actor: Actor) -> tuple[RoleOption, ...]:
        """Roles that the person may choose."""
        return tuple(await roles_of(actor.account_id, self.deps.now())) if actor.account_id else ()

    async def choose_role(
        self, actor: Actor, role: str, *, scope: str = "", organisation_id: UUID | None = None
    ) -> Chosen:
        """Act as ``role`` from now on in this session; an agent names the organisation. Raises Forbidden."""
        if actor.account_id is None:
            raise Unauthenticated("请先登录并绑定手机号。")
        now = self.deps.now()
        async with transaction():
            session = await self._lock_session(_session_of(actor))
            held = await find_role(actor.account_id, role, now, scope=scope, organisation_id=organisation_id)
            if held is None:
                raise Forbidden("您目前没有这个身份，请从身份列表中重新选择。", code="role_not_held")
            await self._take_role(session, held)
            await record(_actor(session, held), now, "session.role", "account", actor.account_id, role=role)
            return Chosen(held.role, held.scope, held.organisation_id, held.expert_id)

    def _acting_actor(self, row: Mapping[str, Any], initial_too: bool) -> Actor:
        """The actor of a session; raises Forbidden where its person may not act now."""
        if row["disabled"]:
            hotline = self.deps.book(row["pool"]).pool.hotline
            raise Forbidden(f"此账号已停用，请拨打{hotline}咨询。", code="account_disabled")
        if row["password_initial"] and row["identity_id"] is None and not initial_too:
            # a session identified by WeChat doesn't depend on that password
            raise Forbidden(_MUST_CHANGE, code="password_must_change", params={"pool": row["pool"]})
        accepted = row["privacy_version"] in (None, self.deps.book(row["pool"]).pool.privacy_version)
        actor = Actor(row["pool"], "guest", row["account_id"], session_id=row["id"], needs_consent=not accepted)
        if row["role"] is None:
            return actor
        held = {name: row[name] for name in ("role", "scope", "organisation_id", "expert_id")}
        return replace(actor, **held)

    async def _begin_for_identity(self, pool: str, identity: WechatIdentity, now: datetime) -> LoggedIn:
        session = Session(
            id=new_id(),
            pool=pool,
            identity_id=identity.id,
            account_id=identity.account_id,
            device=MINI_PROGRAM,
            created_at=now,
        )
        return await self._start_session(session, now)

    async def _start_session(self, session: Session, now: datetime) -> LoggedIn:
        tokens = issue(self.deps, session, now)
        options = await roles_of(session.account_id, now) if session.account_id else []
        if len(options) == 1:
            _set_role(session, options[0])
        await session.save(force_create=True)
        return LoggedIn(tokens, session.id, session.account_id is not None, session.role, tuple(options))

    async def _join_by_unionid(self, identity: WechatIdentity, now: datetime) -> None:
        """At the first log-in only, so that an unbound mini-program stays unbound."""
        twin = await WechatIdentity.filter(
            pool=identity.pool, unionid=identity.unionid, account_id__not_isnull=True
        ).first()
        if twin is None:
            return
        identity.account_id, identity.bound_at = twin.account_id, now
        await identity.save(update_fields=["account_id", "bound_at"])
        actor = Actor(identity.pool, "guest", identity.account_id)
        await record(actor, now, "account.bind", "account", identity.account_id, app=identity.app, by="unionid")

    async def _take_role(self, session: Session, held: RoleOption) -> None:
        _set_role(session, held)
        await session.save(update_fields=["role", "scope", "organisation_id"])

    async def _lock_session(self, session_id: UUID) -> Session:
        session = await Session.select_for_update().get_or_none(id=session_id, revoked_at=None)
        if session is None:
            raise _session_expired()
        return session

    async def _phone_number(self, pool: str, phone_code: str) -> str:
        try:
            return check_mobile(await self.platform.phone_number(pool, phone_code), "phone_code")
        except Rejected as error:
            raise InvalidInput(
                "手机号授权已失效，请重新点击“获取手机号”。", code="phone_code_invalid", field="phone_code"
            ) from error
        except GatewayError as error:
            raise _wechat_unavailable() from error


async def adopt_session(session: Session, account_id: UUID, roles: Sequence[RoleOption]) -> None:
    """Assign a visitor's session to this person; a single role is chosen at once."""
    session.account_id = account_id
    if len(roles) == 1:
        _set_role(session, roles[0])
    await session.save(update_fields=["account_id", "role", "scope", "organisation_id"])


def _session_of(actor: Actor) -> UUID:
    if actor.session_id is None:
        raise Unauthenticated("请先登录小程序。")
    return actor.session_id


def _set_role(session: Session, held: RoleOption) -> None:
    session.role, session.scope, session.organisation_id = held.role, held.scope, held.organisation_id


def _actor(session: Session, held: RoleOption) -> Actor:
    return Actor(
        session.pool, held.role, session.account_id, held.expert_id, held.organisation_id, held.scope, session.id
    )


def _session_expired() -> Unauthenticated:
    return Unauthenticated("登录已过期，请重新登录。", code="session_expired")


def _wechat_unavailable() -> Unavailable:
    return Unavailable("微信暂时无法连接，请稍后重试。", code="wechat_away")
