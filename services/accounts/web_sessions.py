"""Browser sessions: by SMS code or password, by WeChat's own browser, by the mini-program, or by the identity platform.

The browser has a signed cookie with the id of a session row; ending the session invalidates the cookie.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.errors import AppError, Conflict, Forbidden, Unauthenticated
from domain.ids import new_id
from models.accounts import Account, KnownBrowser, Session
from models.experts import Expert
from models.organisations import AgentLink
from services.accounts.expert_matching import link_expert
from services.accounts.roles import RoleOption, find_role, roles_of, supervises
from services.accounts.sessions import Sessions
from services.accounts.single_use import is_spent, spend
from services.accounts.sources import Source
from services.accounts.tokens import hash_token
from services.accounts.verification_codes import VerificationCodes, check_mobile
from services.accounts.wechat_binding import account_by_mobile
from services.core.base import Actor, Deps, execute, record, transaction
from services.core.signed_links import Links
from services.corrections import awaits_mobile, settle_mobile

_COOKIE = "browser"
_HAND_OVER = "h5_login"
BROWSER = "浏览器"
SESSION_TTL = timedelta(hours=12)
"""A working day: office computers are logged in again every morning."""
_KNOWN = "known_browser"
KNOWN_BROWSER_TTL = timedelta(days=400)
"""The longest time for which browsers keep a cookie."""
_BROWSERS = 10
"""Browsers remembered per person, so that log-ins of one person don't make thousands of browsers familiar."""
_REMEMBER = (
    "INSERT INTO known_browser (id, browser_id, account_id, seen_at) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (browser_id, account_id) DO UPDATE SET seen_at = EXCLUDED.seen_at"
)
_HAND_OVER_TTL = timedelta(minutes=3)


@dataclass(frozen=True)
class WebSessions:
    deps: Deps
    links: Links
    sessions: Sessions
    codes: VerificationCodes

    # ---- by SMS code

    async def send_code(self, pool: str, mobile: str, source: Source, proof: str = "") -> None:
        """Send a code to a mobile that the pool knows; for others it does nothing, with the same response.

        Raises InvalidInput for a bad mobile or a stranger without ``proof``, TooMany beyond the rulebook's limits.
        """
        mobile = check_mobile(mobile)
        async with transaction():
            really = await self._knows_mobile(pool, mobile)
            await self.codes.send(pool, mobile, "login", "", source, really=really, proof=proof)

    async def log_in(self, pool: str, mobile: str, code: str, source: Source, *, device: str = "") -> str:
        """The cookie of a new session. Raises InvalidInput for a wrong code, TooMany once the mobile is locked."""
        mobile = check_mobile(mobile)
        refusal: AppError | None
        async with transaction():
            refusal = await self.codes.redeem(pool, mobile, "login", code, source)
            if refusal is None:
                await settle_mobile(self.deps, pool, mobile)
                return await self._begin_by_mobile(pool, mobile, device)
        raise refusal

    async def _knows_mobile(self, pool: str, mobile: str) -> bool:
        mobile_hash = self.codes.mobile_hash(mobile)
        account = await Account.get_or_none(pool=pool, mobile_hash=mobile_hash)
        if account is None:
            if await awaits_mobile(self.deps, pool, mobile_hash) or await supervises(pool, mobile_hash):
                return True
            return self._offers_codes(pool) and await Expert.exists(pool=pool, mobile_hash=mobile_hash, left_at=None)
        return (
            self._offers_codes(pool)
            or bool(await self._offices(account.id))
            or await self._has_open_request(account.id)
        )

    def _offers_codes(self, pool: str) -> bool:
        """Whether applicants and experts may log in by code; staff always may."""
        return "code" in self.deps.book(pool).registration.login_ways

    async def _begin_by_mobile(self, pool: str, mobile: str, device: str) -> str:
        """Creates the account at the first log-in of an expert, or of a draw's named supervisor."""
        if not await self._knows_mobile(pool, mobile):
            raise self._no_role(pool)
        account = await account_by_mobile(self.deps, pool, mobile)
        return await self.begin(account, device=device)

    async def begin(self, account: Account, *, device: str = "") -> str:
        """The cookie of a session of an authenticated person, inside the caller's transaction.

        Raises Forbidden for a person without any role who can't register either.
        """
        if account.disabled_at is not None:
            raise self._no_role(account.pool)
        await link_expert(self.deps, account, self.deps.now())
        options = await roles_of(account.id, self.deps.now())
        opens = self.deps.book(account.pool).registration.open or await self._has_open_request(account.id)
        if not options and not opens:
            raise self._no_role(account.pool)
        return await self._open_session(account.id, account.pool, options[0] if len(options) == 1 else None, device)

    def _no_role(self, pool: str) -> Forbidden:
        hotline = self.deps.book(pool).pool.hotline
        return Forbidden(f"这个手机号没有可以登录的身份，请拨打{hotline}核对。", code="no_office")

    async def _offices(self, account_id: UUID) -> list[RoleOption]:
        options = await roles_of(account_id, self.deps.now())
        return [option for option in options if option.role not in ("expert", "applicant")]

    async def _has_open_request(self, account_id: UUID) -> bool:
        """Whether an organisation's request waits for the person, who may log in to answer it."""
        open_requests = AgentLink.filter(account_id=account_id, accepted_at=None, revoked_at=None, declined_at=None)
        return await open_requests.filter(valid_until__gt=self.deps.now()).exists()

    async def log_in_authenticated(self, account_id: UUID, *, device: str = "") -> str:
        """The cookie for a person authenticated by the caller: just registered, or bound and identified by WeChat's own
        browser."""
        async with transaction():
            return await self.begin(await Account.select_for_update().get(id=account_id), device=device)

    # ---- from the mini-program

    async def issue_hand_over(self, actor: Actor) -> str:
        """A token with which the mini-program's person continues in a browser, in the same role; valid for three
        minutes."""
        if actor.session_id is None or actor.account_id is None:
            raise Unauthenticated("请先登录并绑定手机号。")
        return self.links.sign(_HAND_OVER, actor.session_id, actor.account_id, self.deps.now() + _HAND_OVER_TTL)

    async def check_hand_over(self, token: str) -> Actor:
        """The person whom a link logs in. Raises Forbidden for an invalid link, Conflict for one that was used."""
        link = self.links.check(token, _HAND_OVER)
        if await is_spent(token):
            raise _link_used()
        return await self.sessions.resume(link.subject_id, link.person_id)

    async def redeem_hand_over(self, token: str, *, device: str = "") -> str:
        """The cookie of a new browser session in the role handed over; each token is valid once.

        Raises Forbidden, Unauthenticated; Conflict for a token that was used.
        """
        link = self.links.check(token, _HAND_OVER)
        actor = await self.sessions.resume(link.subject_id, link.person_id)
        held = await find_role(
            link.person_id, actor.role, self.deps.now(), scope=actor.scope, organisation_id=actor.organisation_id
        )
        async with transaction():
            if not await spend(token, link.expires):
                raise _link_used()
            return await self._open_session(link.person_id, actor.pool, held, device)

    # ---- from the identity platform

    async def log_in_for_organisation(
        self, account_id: UUID, pool: str, role: str, *, organisation_id: UUID | None, device: str = ""
    ) -> str | None:
        """The cookie of a log-in for an organisation, as ``organisation`` or ``agent``; without a role it is chosen
        later.

        The caller has authenticated the person. None for a role not held now: an agent's period may begin later.
        """
        if organisation_id is None:
            async with transaction():
                return await self._open_session(account_id, pool, None, device)
        held = await find_role(account_id, role, self.deps.now(), organisation_id=organisation_id)
        if held is None:
            return None
        async with transaction():
            return await self._open_session(account_id, pool, held, device)

    # ---- known browsers

    def known_browser(self, cookie: str) -> UUID | None:
        """The browser in a cookie of ``remember_browser``; None for anything else."""
        try:
            return self.links.check(cookie, _KNOWN).subject_id
        except Forbidden:
            return None

    async def remember_browser(self, cookie: str, account_id: UUID) -> str:
        """Record that a person has logged in here; returns the cookie that identifies the browser.

        In it strangers' wrong codes don't count. Only the person's newest few browsers are kept.
        """
        browser_id, now = self.known_browser(cookie) or new_id(), self.deps.now()
        async with transaction():
            await execute(_REMEMBER, new_id(), browser_id, account_id, now)
            known_browsers = (
                await KnownBrowser.filter(account_id=account_id).order_by("-seen_at").limit(_BROWSERS).only("id")
            )
            await (
                KnownBrowser.filter(account_id=account_id)
                .exclude(id__in=[browser.id for browser in known_browsers])
                .delete()
            )
        return self.links.sign(_KNOWN, browser_id, browser_id, now + KNOWN_BROWSER_TTL)

    # ---- requests and log-out

    async def resume(self, cookie: str, *, initial_too: bool = False) -> Actor:
        """The actor of a request. Raises Unauthenticated; Forbidden while an initial password must be changed."""
        try:
            link = self.links.check(cookie, _COOKIE)
        except Forbidden as error:
            raise Unauthenticated("登录已过期，请重新登录。", code="session_expired") from error
        return await self.sessions.resume(link.subject_id, link.person_id, initial_too=initial_too)

    async def end_browser_session(self, cookie: str) -> None:
        """End the browser's previous session before a new one begins; does nothing without one."""
        try:
            link = self.links.check(cookie, _COOKIE)
        except Forbidden:
            return
        async with transaction():
            await Session.filter(id=link.subject_id, revoked_at=None).update(revoked_at=self.deps.now())

    async def log_out(self, actor: Actor) -> None:
        """End this browser's session only."""
        now = self.deps.now()
        async with transaction():
            await Session.filter(id=actor.session_id, revoked_at=None).update(revoked_at=now)
            await record(actor, now, "session.logout", "account", actor.account_id, ended=1)

    async def _open_session(self, account_id: UUID, pool: str, option: RoleOption | None, device: str) -> str:
        now = self.deps.now()
        session = Session(
            id=new_id(),
            pool=pool,
            account_id=account_id,
            created_at=now,
            access_until=now,
            refresh_until=now + SESSION_TTL,
            access_hash=_unissued_token_hash(),
            refresh_hash=_unissued_token_hash(),
            device=device or BROWSER,
        )
        if option is not None:
            session.role, session.scope, session.organisation_id = option.role, option.scope, option.organisation_id
        await session.save(force_create=True)
        actor = Actor(pool, session.role or "guest", account_id, session_id=session.id)
        await record(actor, now, "session.browser", "account", account_id, role=session.role)
        return self.links.sign(_COOKIE, session.id, account_id, session.refresh_until)


def _link_used() -> Conflict:
    return Conflict(
        "这个登录链接已经用过了。为保护账号，每个链接只能登录一次；请在下面重新登录，或回到小程序再打开一次。",
        code="link_used",
    )


def _unissued_token_hash() -> str:
    """The hash of a token that is never issued: this session is reached by its cookie only."""
    return hash_token(secrets.token_urlsafe(32))
