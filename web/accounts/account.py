"""``/h5/{pool}/account``: one's own data, masked; log-ins, logging out here or everywhere.

For everyone who is logged in: staff see the parts that don't concern an expert or applicant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.accounts import Profile
from services.core.base import Actor
from services.experts import MembershipStatus, membership_status_of
from web.accounts.person_pages import PersonPages
from web.accounts.user_agent import in_wechat
from web.core.pages import Redirect, Visit, page


class Bar(NamedTuple):
    """The header of a person's page: name, membership status, and the hidden field of 退出登录."""

    pool: str
    name: str
    membership_status: MembershipStatus
    out: str


@dataclass(frozen=True)
class _LogIn:
    log_in: str

    @property
    def id(self) -> UUID:
        try:
            return UUID(self.log_in)
        except ValueError as error:
            raise NotFound("没有这个登录，请刷新后重试。") from error


class AccountPages(PersonPages):
    form_name = "account"
    notes: ClassVar[Mapping[str, str]] = {"password": "密码已修改，其他设备需重新登录。", "mobile": "手机号已更换。"}
    """Of ``web.accounts.own_password`` and ``web.accounts.own_mobile``, which lead here."""

    def add_routes(self) -> None:
        self.site.get("/h5/account", self.find)
        super().add_routes()

    async def find(self, request: http.Request) -> http.Response:
        """For pages of staff, whose address contains no pool."""
        visitor = await self.auth.visitor(request)
        raise http.HTTPSeeOther(f"/h5/{visitor.pool}/account")

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.holder(request)

    async def bar(self, person: Actor, membership_status: MembershipStatus | None = None) -> Bar:
        """The header for a person's page; with the membership status, where it is known."""
        return await self._bar(person, await self.services.accounts.credentials.profile(person), membership_status)

    async def _bar(self, person: Actor, profile: Profile, membership_status: MembershipStatus | None = None) -> Bar:
        status = membership_status or await membership_status_of(self.services.deps, profile.account_id)
        return Bar(person.pool, profile.masked_name or profile.masked_mobile, status, self.auth.form(person, "logout"))

    @page("/h5/{pool}/account", "accounts/account.html")
    async def account(self, visit: Visit) -> Mapping[str, object]:
        holder, accounts = visit.actor, self.services.accounts
        book = self.services.deps.book(holder.pool)
        profile = await accounts.credentials.profile(holder)
        return {
            "profile": profile,
            "who": self.auth.role_label(holder),
            "log_ins": await accounts.sessions.list(holder),
            "out": self.auth.form(holder, "logout"),
            "by_password": "password" in book.registration.login_ways,
            "binds": in_wechat(visit.request) and await accounts.linking.may_bind_chat(holder),
            "waiting": await self.services.organisations.agents.count_unanswered_links(holder),
            "has_certificates": book.certificate.issued,
            "hotline": book.pool.hotline,
            "filed": await self.services.corrections.mobiles.own_waiting(holder),
            "bar": await self._bar(holder, profile) if holder.role in ("expert", "applicant") else None,
        }

    @account.command(name="deny", note={"denied": "已撤回，登记的号码不会启用；管理机构会看到。"})
    async def deny_mobile(self, visit: Visit) -> Redirect:
        await self.services.corrections.mobiles.deny_own(visit.actor, key=visit.key)
        return Redirect(note="denied")

    @account.command(_LogIn, path="/h5/{pool}/account/log-ins", note={"ended": "已退出该登录。"})
    async def end_log_in(self, visit: Visit, form: _LogIn) -> Redirect:
        await self.services.accounts.sessions.end(visit.actor, form.id)
        return Redirect(note="ended")
