"""``/h5/{pool}/account/data``: read or export one's own data, or close the account; each authorised by an SMS code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.errors import InvalidInput
from services.accounts import Source
from services.core.base import Actor
from services.files import check_address
from services.operations import KEPT, REMOVED
from services.ports import MailAttachment
from web.accounts.login import COOKIE, TRIES
from web.accounts.person_pages import PersonPages
from web.accounts.user_agent import is_wechat
from web.core.pages import Rate, Redirect, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Trimmed

_FILE, _TITLE = "我的数据.json", "我的数据"
_RATE = Rate("own_data", *TRIES)


@dataclass(frozen=True)
class _Code:
    code: Annotated[str, Trimmed(8)]


@dataclass(frozen=True)
class _CodeAndAddress(_Code):
    email: Annotated[str, Trimmed(200)]


class OwnDataPages(PersonPages):
    """For everyone who is logged in to the pool, staff included."""

    form_name = "own_data"
    on_page = ON_PAGE | {403, 503}

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.visitor_of_pool(request)

    @page("/h5/{pool}/account/data", "accounts/own_data.html")
    async def own_data(self, visit: Visit) -> Mapping[str, object]:
        return await self._values(visit)

    async def _values(self, visit: Visit) -> dict[str, object]:
        """After ``?sent=yes``, and after a refusal, with the field of the code."""
        book = self.services.deps.book(visit.actor.pool)
        return {
            "profile": await self.services.accounts.credentials.profile(visit.actor),
            "sent": bool(visit.fields) or visit.request.query.get("sent") == "yes",
            "email": visit.form.value("email").strip()[:200],
            "code_length": book.login.code_length,
            "saves": not is_wechat(visit.request),
            "removed": REMOVED,
            "kept": KEPT,
            "hotline": book.pool.hotline,
        }

    @page("/h5/{pool}/account/data/code", "accounts/own_data.html")
    async def code(self, visit: Visit) -> Mapping[str, object]:
        """The address that stays in the browser where no code was sent."""
        return await self._values(visit)

    @code.command(rate=Rate("own_data_code", *TRIES))
    async def send_code(self, visit: Visit) -> Redirect:
        accounts = self.services.accounts
        mobile = await accounts.credentials.own_mobile(visit.actor)
        source = Source(account_id=visit.actor.account_id)
        await accounts.bindings.send_code(visit.actor.pool, mobile, "privacy", source=source)
        return Redirect(f"/h5/{visit.actor.pool}/account/data?sent=yes")

    @own_data.command(rate=_RATE)
    async def refuse_without_choice(self, visit: Visit) -> None:
        """The Enter key presses no button."""
        raise InvalidInput("请点选要办理的事项。", code="no_choice")

    @own_data.command(_Code, "read", rate=_RATE)
    async def read(self, visit: Visit, form: _Code) -> http.Response:
        """Only this response shows the data."""
        sections = await self.services.operations.privacy.read(visit.actor, form.code)
        return self.site.render("accounts/own_data_shown.html", pool=visit.actor.pool, sections=sections)

    @own_data.command(_Code, "save", rate=_RATE)
    async def save(self, visit: Visit, form: _Code) -> http.Response:
        headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}
        content = await self._collect(visit.actor, form.code)
        return http.Response(body=content, content_type="application/json", charset="utf-8", headers=headers)

    @own_data.command(
        _CodeAndAddress, "mail", note={"mailed": "已发送，请查收邮件；没有收到请看垃圾邮件。"}, rate=_RATE
    )
    async def mail(self, visit: Visit, form: _CodeAndAddress) -> Redirect:
        check_address(form.email)
        file = MailAttachment(_FILE, "application/json", await self._collect(visit.actor, form.code))
        await self.services.files.delivery.mail(visit.actor, form.email, _TITLE, file)
        return Redirect(note="mailed")

    async def _collect(self, actor: Actor, code: str) -> bytes:
        data = await self.services.operations.privacy.export(actor, code)
        return json.dumps(data, ensure_ascii=False, indent=2, default=str).encode()

    @own_data.command(_Code, "close", rate=_RATE)
    async def close(self, visit: Visit, form: _Code) -> http.Response:
        deleted = await self.services.operations.privacy.delete(visit.actor, form.code)
        pool = visit.actor.pool
        response = self.site.render(
            "accounts/closed.html", pool=pool, removed=deleted.removed, retained=deleted.retained
        )
        response.del_cookie(COOKIE)
        self.auth.skip_wechat(response)
        return response
