"""``/h5/{pool}/account/mobile``: change of one's mobile, authorised by a code to the new one, and by the password or a
code to the old one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.parsing import NUMBER_LONGEST
from domain.rulebook.reading import print_length
from services.accounts import Source
from services.core.base import Actor
from web.accounts.login import TRIES
from web.accounts.person_pages import PersonPages
from web.core.pages import Rate, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Code, Exact, Trimmed

_ELSEWHERE = {
    "agent": "统一身份认证平台登记的手机号请一并更换，否则用该平台登录时会是另一个账号。",
    "organisation": "统一身份认证平台登记的手机号请一并更换，否则用该平台登录时会是另一个账号。",
    "supervisor": "抽取活动里登记的监督人手机号不会自动更换，请同时联系代理机构和专家库管理机构更换。",
}
"""Other places with the mobile of staff, which do not change with the account."""


@dataclass(frozen=True)
class _NewMobile:
    """``by``: "code" where a code to the old mobile verifies the owner, else the password does."""

    mobile: Annotated[str, Trimmed()]
    by: str


@dataclass(frozen=True)
class _Codes:
    """``code`` went to the new mobile, ``old_code`` to the old one."""

    mobile: Annotated[str, Trimmed()]
    code: Annotated[str, Code(8)]
    old_code: Annotated[str, Code(8)]
    password: Annotated[str, Exact()]


class OwnMobilePages(PersonPages):
    """For everyone who is logged in to the pool, staff included."""

    form_name = "mobile"
    on_page = ON_PAGE | {401, 403}

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.holder(request)

    @page("/h5/{pool}/account/mobile", "accounts/mobile.html")
    async def new_mobile(self, visit: Visit) -> Mapping[str, object]:
        """The field for the new number."""
        return await self._values(visit.actor, visit.fields, sent=False)

    async def _values(self, holder: Actor, typed: Mapping[str, str], *, sent: bool) -> dict[str, object]:
        """``sent``: with the fields that authorise both numbers, else with that for the new number."""
        book = self.services.deps.book(holder.pool)
        every = book.registration.mobile_change_every
        return {
            "sent": sent,
            "once_in": print_length(every) if every is not None else "",
            "profile": await self.services.accounts.credentials.profile(holder),
            "mobile": typed.get("mobile", "").strip()[:NUMBER_LONGEST],
            "by_code": typed.get("by") == "code",
            "warning": _ELSEWHERE.get(holder.role, ""),
            "hotline": book.pool.hotline,
            "code_length": book.login.code_length,
        }

    @new_mobile.command(_NewMobile, rate=Rate("mobile_code", *TRIES))
    async def send_codes(self, visit: Visit, form: _NewMobile) -> http.Response:
        """Send a code to the new number, and one to the old number where the owner is verified by it."""
        holder, accounts = visit.actor, self.services.accounts
        await accounts.credentials.check_new_mobile(holder, form.mobile)
        source = Source(account_id=holder.account_id)
        values = {"person": str(holder.account_id), "mobile": form.mobile, "by": form.by}
        with self.auth.sent_codes.sent_before(visit.request, "mobile", **values):
            await accounts.bindings.send_code(holder.pool, form.mobile, "mobile", source=source)
            if form.by == "code":
                own_mobile = await accounts.credentials.own_mobile(holder)
                await accounts.bindings.send_code(holder.pool, own_mobile, "mobile", source=source)
        path = f"/h5/{holder.pool}/account/mobile/new"
        return self.auth.sent_codes.redirect_to_code("mobile", path, {}, **values)

    @page("/h5/{pool}/account/mobile/new", "accounts/mobile.html")
    async def codes(self, visit: Visit) -> Mapping[str, object]:
        """The fields for the codes that were sent; without any, the first step again."""
        if visit.fields:
            return await self._values(visit.actor, visit.fields, sent=True)
        sent_code = self.auth.sent_codes.find(visit.request, "mobile")
        if sent_code.get("person") != str(visit.actor.account_id):
            return await self._values(visit.actor, {}, sent=False)
        values = await self._values(visit.actor, sent_code, sent=True)
        return {**values, "note": "验证码短信已经发出，请查收。"}

    @codes.command(_Codes, rate=Rate("mobile", *TRIES), conceal=("password",))
    async def change_mobile(self, visit: Visit, form: _Codes) -> http.Response:
        await self.services.accounts.credentials.change_mobile(
            visit.actor, form.mobile, form.code, password=form.password, old_code=form.old_code
        )
        done = http.HTTPSeeOther(f"/h5/{visit.actor.pool}/account?note=mobile")
        self.auth.sent_codes.forget(done)
        raise done
