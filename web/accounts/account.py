"""``/h5/{pool}/account``: one's own data, masked; password, mobile, log-ins, logging out here or everywhere.

For everyone who is logged in: staff see the parts that don't concern an expert or applicant.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from services.accounts import Profile, Source
from services.core.base import Actor
from services.experts import MembershipStatus, membership_status_of
from services.registry import Services
from web.accounts.login import TRIES, AuthPages, shown
from web.accounts.targets import safe_target
from web.accounts.user_agent import in_wechat
from web.core.site import Site

_NOTES = {"password": "密码已修改，其他设备需重新登录。", "mobile": "手机号已更换。", "ended": "已退出该登录。"}
_ELSEWHERE = {
    "agent": "统一身份认证平台登记的手机号请一并更换，否则用该平台登录时会是另一个账号。",
    "organisation": "统一身份认证平台登记的手机号请一并更换，否则用该平台登录时会是另一个账号。",
    "supervisor": "抽取活动里登记的监督人手机号不会自动更换，请同时联系代理机构和专家库管理机构更换。",
}
"""Other places with the mobile of staff, which do not change with the account."""
_IN_POOL = ("temporary", "formal", "suspended")


class Bar(NamedTuple):
    """The header of a person's page: name, membership status, and the hidden field of 退出登录."""

    pool: str
    name: str
    membership_status: MembershipStatus
    out: str


class AccountPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/account", self.find)
        self._site.get("/h5/{pool}/account", self.show)
        self._site.post("/h5/{pool}/account/log-ins", self.end_log_in)
        self._site.get("/h5/{pool}/account/log-ins", self.reopen)
        self._site.get("/h5/{pool}/account/password", self.password_form)
        self._site.post("/h5/{pool}/account/password", self.set_password)
        self._site.get("/h5/{pool}/account/mobile", self.mobile_form)
        self._site.post("/h5/{pool}/account/mobile", self.send_mobile_code)
        self._site.get("/h5/{pool}/account/mobile/new", self.mobile_code_form)
        self._site.post("/h5/{pool}/account/mobile/new", self.change_mobile)
        self._site.get("/h5/{pool}/consent", self.consent_form)
        self._site.post("/h5/{pool}/consent", self.take_consent)

    async def bar(self, person: Actor, membership_status: MembershipStatus | None = None) -> Bar:
        """The header for a person's page; with the membership status, where it is known."""
        return await self._bar(person, await self._services.accounts.credentials.profile(person), membership_status)

    async def _bar(self, person: Actor, profile: Profile, membership_status: MembershipStatus | None = None) -> Bar:
        status = membership_status or await membership_status_of(self._services.deps, profile.account_id)
        return Bar(person.pool, profile.masked_name or profile.masked_mobile, status, self._auth.form(person, "logout"))

    # ---- the page

    async def find(self, request: http.Request) -> http.Response:
        """For pages of staff, whose address contains no pool."""
        visitor = await self._auth.visitor(request)
        raise http.HTTPSeeOther(f"/h5/{visitor.pool}/account")

    async def show(self, request: http.Request) -> http.Response:
        holder, book = await self._auth.holder(request), self._services.deps.book(request.match_info["pool"])
        accounts = self._services.accounts
        profile = await accounts.credentials.profile(holder)
        return self._site.render(
            "accounts/account.html",
            pool=holder.pool,
            note=_NOTES.get(request.query.get("note", ""), ""),
            profile=profile,
            who=self._auth.role_label(holder),
            log_ins=await accounts.sessions.list(holder),
            form=self._auth.form(holder, "account"),
            out=self._auth.form(holder, "logout"),
            by_password="password" in book.registration.login_ways,
            binds=in_wechat(request) and await accounts.linking.may_bind_chat(holder),
            waiting=await self._services.organisations.agents.count_unanswered_links(holder),
            has_certificates=book.certificate.issued,
            hotline=book.pool.hotline,
            **await self._own(holder, profile),
        )

    async def _own(self, holder: Actor, profile: Profile) -> dict[str, Any]:
        """The parts that only an applicant or expert has: the membership status, and an expert's record."""
        if holder.role not in ("expert", "applicant"):
            return {"bar": None, "file": None}
        bar = await self._bar(holder, profile)
        in_pool = holder.role == "expert" and bar.membership_status.kind in _IN_POOL
        return {"bar": bar, "file": await self._services.experts.profiles.profile(holder) if in_pool else None}

    async def reopen(self, request: http.Request) -> http.Response:
        """The address of a form, opened with GET."""
        raise http.HTTPSeeOther(f"/h5/{request.match_info['pool']}/account")

    async def end_log_in(self, request: http.Request) -> http.Response:
        holder = await self._auth.holder(request)
        fields = await self._auth.fields(request, holder, "account")
        try:
            session_id = UUID(fields.get("log_in", ""))
        except ValueError as error:
            raise NotFound("没有这个登录，请刷新后重试。") from error
        await self._services.accounts.sessions.end(holder, session_id)
        raise http.HTTPSeeOther(f"/h5/{holder.pool}/account?note=ended")

    # ---- the password: the only page open to a person with an initial one

    async def password_form(self, request: http.Request) -> http.Response:
        visitor = await self._logged_in(request)
        note = ""
        if request.query.get("sent") == "yes":
            note = f"验证码已发送到{(await self._services.accounts.credentials.profile(visitor)).masked_mobile}。"
        return await self._password_page(visitor, safe_target(request.query.get("next", "")), note=note)

    async def _logged_in(self, request: http.Request) -> Actor:
        pool = request.match_info["pool"]
        visitor = await self._auth.visitor(request, self._auth.check_pool(pool), initial_too=True)
        if visitor.pool != pool:
            raise http.HTTPSeeOther(f"/h5/login?{urlencode({'pool': pool})}")
        return visitor

    async def _password_page(
        self, visitor: Actor, target: str, *, note: str = "", error: AppError | None = None
    ) -> http.Response:
        book = self._services.deps.book(visitor.pool)
        return self._site.render(
            "accounts/password.html",
            status=error.status if error else 200,
            pool=visitor.pool,
            next=target,
            note=note,
            profile=await self._services.accounts.credentials.profile(visitor),
            rule=book.registration.password.rule(),
            error=error.message if error else "",
            wrong=error.field if error else "",
            code_length=book.login.code_length,
            hotline=book.pool.hotline,
            form=self._auth.form(visitor, "password"),
            out=self._auth.form(visitor, "logout"),
        )

    async def set_password(self, request: http.Request) -> http.Response:
        """With ``send`` a code is sent, else the password is set."""
        await self._site.check_rate(request, "password", *TRIES)
        visitor = await self._logged_in(request)
        fields = await self._auth.fields(request, visitor, "password")
        target = safe_target(fields.get("next", ""))
        try:
            if fields.get("send"):
                mobile = await self._services.accounts.credentials.own_mobile(visitor)
                await self._services.accounts.bindings.send_code(
                    visitor.pool, mobile, "password", source=Source(account_id=visitor.account_id)
                )
                query = urlencode({"sent": "yes"} | ({"next": target} if target else {}))
                raise http.HTTPSeeOther(f"/h5/{visitor.pool}/account/password?{query}")
            if fields.get("password", "") != fields.get("again", ""):
                raise InvalidInput("两次输入的新密码不一致，请重新输入。", code="password_differs", field="again")
            await self._services.accounts.credentials.set_password(
                visitor, fields.get("password", ""), old=fields.get("old", ""), code=fields.get("code", "").strip()[:8]
            )
        except AppError as error:
            return await self._password_page(visitor, target, error=shown(error))
        raise http.HTTPSeeOther(target or f"/h5/{visitor.pool}/account?note=password")

    # ---- the mobile

    async def mobile_form(self, request: http.Request) -> http.Response:
        return await self._mobile_page(await self._auth.holder(request), {})

    async def _mobile_page(
        self,
        holder: Actor,
        fields: dict[str, str],
        *,
        sent: bool = False,
        note: str = "",
        error: AppError | None = None,
    ) -> http.Response:
        """First the field for the new number, then (``sent``) those that authorise both numbers."""
        book = self._services.deps.book(holder.pool)
        return self._site.render(
            "accounts/mobile.html",
            status=error.status if error else 200,
            pool=holder.pool,
            sent=sent,
            note=note,
            profile=await self._services.accounts.credentials.profile(holder),
            mobile=fields.get("mobile", "").strip()[:20],
            by_code=fields.get("by") == "code",
            error=error.message if error else "",
            wrong=error.field if error else "",
            warning=_ELSEWHERE.get(holder.role, ""),
            hotline=book.pool.hotline,
            code_length=book.login.code_length,
            form=self._auth.form(holder, "mobile"),
        )

    async def send_mobile_code(self, request: http.Request) -> http.Response:
        """Send a code to the new number, and one to the old number where the owner is verified by it."""
        await self._site.check_rate(request, "mobile_code", *TRIES)
        holder = await self._auth.holder(request)
        fields = await self._auth.fields(request, holder, "mobile")
        mobile = fields.get("mobile", "").strip()
        try:
            await self._services.accounts.credentials.check_new_mobile(holder, mobile)
            source = Source(account_id=holder.account_id)
            await self._services.accounts.bindings.send_code(holder.pool, mobile, "mobile", source=source)
            if fields.get("by") == "code":
                own = await self._services.accounts.credentials.own_mobile(holder)
                await self._services.accounts.bindings.send_code(holder.pool, own, "mobile", source=source)
        except AppError as error:
            return await self._mobile_page(holder, fields, error=shown(error))
        return self._auth.sent.redirect_to_code(
            "mobile",
            f"/h5/{holder.pool}/account/mobile/new",
            {},
            person=str(holder.account_id),
            mobile=mobile,
            by=fields.get("by", ""),
        )

    async def mobile_code_form(self, request: http.Request) -> http.Response:
        """The fields for the codes that were sent; without any, the first step again."""
        holder = await self._auth.holder(request)
        kept = self._auth.sent.find(request, "mobile")
        if kept.get("person") != str(holder.account_id):
            return await self._mobile_page(holder, {})
        return await self._mobile_page(holder, kept, sent=True, note="验证码短信已经发出，请查收。")

    async def change_mobile(self, request: http.Request) -> http.Response:
        await self._site.check_rate(request, "mobile", *TRIES)
        holder = await self._auth.holder(request)
        fields = await self._auth.fields(request, holder, "mobile")
        try:
            await self._services.accounts.credentials.change_mobile(
                holder,
                fields.get("mobile", "").strip(),
                fields.get("code", "").strip()[:8],
                password=fields.get("password", ""),
                old_code=fields.get("old_code", "").strip()[:8],
            )
        except AppError as error:
            return await self._mobile_page(holder, fields, sent=True, error=shown(error))
        done = http.HTTPSeeOther(f"/h5/{holder.pool}/account?note=mobile")
        self._auth.sent.forget(done)
        raise done

    # ---- consent to the current privacy text

    async def consent_form(self, request: http.Request) -> http.Response:
        visitor = await self._logged_in(request)
        book = self._services.deps.book(visitor.pool)
        return self._site.render(
            "accounts/consent.html",
            pool=visitor.pool,
            pool_name=book.pool.name,
            privacy=book.pool.privacy_text,
            version=book.pool.privacy_version,
            next=safe_target(request.query.get("next", "")),
            form=self._auth.form(visitor, "consent"),
            out=self._auth.form(visitor, "logout"),
        )

    async def take_consent(self, request: http.Request) -> http.Response:
        visitor = await self._logged_in(request)
        fields = await self._auth.fields(request, visitor, "consent")
        await self._services.accounts.credentials.consent(visitor, fields.get("privacy", ""))
        raise http.HTTPSeeOther(safe_target(fields.get("next", "")) or await self._auth.home(visitor))
