"""``/h5/forgot``: reset of a forgotten password, by a code and the end of the ID number. No scripts needed.

Pages and replies are the same for numbers that are not registered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.parsing import NUMBER_LONGEST
from services.accounts import TAIL
from web.accounts.guest_pages import GuestPages, MobileForm, check_repeated, masked_mobile, typed_mobile
from web.accounts.login import TRIES
from web.accounts.targets import query_with_target, safe_target, target_of
from web.core.pages import Rate, Visit, page
from web.core.typed_forms import Code, Exact, Trimmed


@dataclass(frozen=True)
class _Reset:
    pool: str
    mobile: Annotated[str, Trimmed(NUMBER_LONGEST)]
    next: str
    code: Annotated[str, Code(8)]
    id_tail: Annotated[str, Code(8)]
    password: Annotated[str, Exact()]
    again: Annotated[str, Exact()]


class ForgottenPasswordPages(GuestPages):
    form_name = "forgot"

    # ---- the mobile

    @page("/h5/forgot", "accounts/register.html")
    async def begin(self, visit: Visit) -> Mapping[str, object]:
        pool = self.named_pool(visit)
        step, books = self.mobile_step(visit, pool), self.books_of(pool)
        return {**step, "pools": {code: book.pool.name for code, book in books.items()}, "closed": ""}

    @begin.command(MobileForm, rate=Rate("forgot_code", *TRIES))
    async def send_code(self, visit: Visit, form: MobileForm) -> http.StreamResponse:
        """Also the second page's button for another code, which sends back what was typed."""
        pool = self.auth.check_pool(form.pool)
        if "id_tail" in visit.fields:
            await self.send_code_for(visit, form, "password")
            return await ForgottenPasswordPages.new_password.show(self, visit, {"note": _perhaps_sent(form.mobile)})
        with self.auth.sent_codes.sent_before(visit.request, "forgot", pool=pool, mobile=form.mobile):
            await self.send_code_for(visit, form, "password")
        query = query_with_target(pool, form.next)
        return self.auth.sent_codes.redirect_to_code("forgot", "/h5/forgot/new", query, pool=pool, mobile=form.mobile)

    # ---- the new password

    @page("/h5/forgot/new", "accounts/forgot_password.html")
    async def new_password(self, visit: Visit) -> Mapping[str, object] | http.StreamResponse:
        """The form after a code was sent; without one, the first step again."""
        if visit.fields:
            return self._form_values(visit, self.sent_pool(visit), typed_mobile(visit))
        sent_code = self.auth.sent_codes.find(visit.request, "forgot")
        if not sent_code:
            return await ForgottenPasswordPages.begin.show(self, visit)
        values = self._form_values(visit, sent_code["pool"], sent_code["mobile"])
        return {**values, "note": _perhaps_sent(sent_code["mobile"])}

    def _form_values(self, visit: Visit, pool: str, mobile: str) -> dict[str, object]:
        book = self.services.deps.book(pool)
        return {
            "pool": pool,
            "mobile": mobile,
            "tail": TAIL,
            "id_tail": visit.form.value("id_tail")[:TAIL],
            "code_length": book.login.code_length,
            "rule": book.registration.password.rule(),
            "next": target_of(visit),
            "hotline": book.pool.hotline,
            "puzzle": self.auth.puzzle(visit.request),
        }

    @new_password.command(_Reset, rate=Rate("forgot", *TRIES), conceal=("password", "again"))
    async def reset(self, visit: Visit, form: _Reset) -> http.Response:
        pool = self.auth.check_pool(form.pool)
        check_repeated(form.password, form.again)
        source = self.auth.source(visit.request)
        await self.services.accounts.credentials.reset_password(
            pool, form.mobile, form.code, form.id_tail, form.password, source
        )
        return self.site.render("accounts/forgot_password_done.html", pool=pool, next=safe_target(form.next))


def _perhaps_sent(mobile: str) -> str:
    """The same for unknown numbers."""
    return f"如果{masked_mobile(mobile)}已注册，验证码短信已经发出。"
