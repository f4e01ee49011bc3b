"""From the chat into the mini-program without a second log-in, where no unionid links the two.

A link in the chat leads first to a page of ours, where WeChat identifies the browser, so that a forwarded message logs
in no other person. The page creates a link into the mini-program for the account logged in there, with a single-use
token valid for five minutes. The mini-program shows the account; a tap binds it, without SMS code and without repeated
consent to an accepted privacy text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from domain.errors import AppError, Conflict, Forbidden, NotFound, Unauthenticated
from models.accounts import Account, Session, WechatIdentity
from services.accounts.roles import roles_of
from services.accounts.sessions import Sessions, adopt_session
from services.accounts.single_use import is_spent, spend
from services.accounts.wechat_binding import Bound, WechatBinding
from services.core.base import Actor, Deps, transaction
from services.core.signed_links import Link, Links
from services.ports import MiniProgramPlatform

PARAMETER = "entry"
"""The mini-program page's parameter for the token."""
ENTRY_TTL = timedelta(minutes=5)
_PURPOSE = "mini_entry"
_PAGE = re.compile(r"(pages/[a-z_]{1,30})(?:\?([\w=&.-]{0,400}))?", re.ASCII)


@dataclass(frozen=True)
class Entrance:
    """The account behind a token; ask the person before binding. `consent` false: show the privacy text first."""

    masked_name: Annotated[str, Field(examples=["王**"])]
    masked_mobile: Annotated[str, Field(examples=["138****1234"])]
    consent: bool


@dataclass(frozen=True)
class MiniProgramEntry:
    deps: Deps
    links: Links
    sessions: Sessions
    accounts: WechatBinding
    platform: MiniProgramPlatform

    async def make_link(self, actor: Actor, page: str) -> str:
        """An address that opens ``page`` of the mini-program for the logged-in account.

        Raises NotFound for an invalid page, and GatewayErrors.
        """
        address = _PAGE.fullmatch(page)
        if address is None:
            raise NotFound("没有这个页面，请使用最新一条通知中的链接。")
        if actor.session_id is None or actor.account_id is None:
            raise Unauthenticated("请先登录并绑定手机号。")
        path, query = address[1], address[2] or ""
        token = self.links.sign(_PURPOSE, actor.session_id, actor.account_id, self.deps.now() + ENTRY_TTL)
        own = f"{PARAMETER}={token}"
        lifetime = int(ENTRY_TTL.total_seconds())
        return await self.platform.url_link(actor.pool, path, f"{query}&{own}" if query else own, lifetime)

    async def show(self, actor: Actor, token: str) -> Entrance:
        """The account to which the token would bind the mini-program's visitor. Raises Forbidden, Conflict,
        Unauthenticated."""
        account = await self._get_account(actor, token)
        if await is_spent(token):
            raise _entry_used()
        who = await self.accounts.get_person_of_account(account.id)
        present = self.deps.book(account.pool).pool.privacy_version
        return Entrance(who.masked_name, who.masked_mobile, account.privacy_version == present)

    async def enter(self, actor: Actor, token: str, privacy_version: str) -> Bound:
        """Bind the mini-program's visitor to that account. Raises the errors of ``show`` and of binding."""
        account = await self._get_account(actor, token)
        async with transaction():
            session = await Session.select_for_update().get(id=actor.session_id)
            if session.identity_id is None or session.account_id is not None:
                raise Conflict("您已登录，无需再次绑定。", code="bound_already")
            await self._check_same_person(session, account)
            if not await spend(token, self.links.check(token, _PURPOSE).expires):
                raise _entry_used()
            mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
            bound = await self.accounts.attach(session.identity_id, account.pool, mobile, privacy_version)
            await adopt_session(session, bound.account_id, await roles_of(bound.account_id, self.deps.now()))
            return bound

    async def _get_account(self, actor: Actor, token: str) -> Account:
        """The account for which a browser requested the token, as long as it is logged in there."""
        link: Link = self.links.check(token, _PURPOSE)
        try:
            person = await self.sessions.resume(link.subject_id, link.person_id)
        except (Unauthenticated, Forbidden) as error:
            raise _entry_invalid() from error
        if person.pool != actor.pool:
            raise _entry_invalid()
        return await Account.get(id=link.person_id)

    async def _check_same_person(self, session: Session, account: Account) -> None:
        """Where WeChat identifies both (unionid), they must be the same person. Raises Forbidden."""
        mine = await WechatIdentity.get(id=session.identity_id)
        known = {
            identity.unionid for identity in await WechatIdentity.filter(account_id=account.id) if identity.unionid
        }
        if mine.unionid is not None and known and mine.unionid not in known:
            raise _entry_invalid()


def _entry_used() -> AppError:
    return Conflict("此入口已使用过，请从公众号重新打开，或用手机号登录。", code="entry_used")


def _entry_invalid() -> AppError:
    return Forbidden("此入口已失效，请从公众号重新打开，或用手机号登录。", code="entry_invalid")
