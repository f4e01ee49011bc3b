"""A person's account: SMS codes, and the rights over one's own data."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field

from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input
from services.accounts import CodeSent, Unbound, source_of
from services.operations import Deleted

api = Api("accounts", "账号与隐私", "Codes by SMS; take one's data along, have it deleted as far as the law allows.")


class SmsCodeIn(Input):
    mobile: str = Field(min_length=11, max_length=11, examples=["13800001234"])
    purpose: Literal["bind", "privacy", "register", "password", "mobile"] = Field(
        "bind", description="What the code is for; `mobile` serves the old and the new number"
    )


class ProofIn(Input):
    code: str = Field(min_length=4, max_length=8, description="SMS code with purpose `privacy`", examples=["123456"])


@api.post("/codes", "获取短信验证码", access="session", limits=(60, 60))
async def send_code(call: Call, body: SmsCodeIn) -> CodeSent:
    """Send an SMS code. One a minute to a mobile, and so many an hour and a day as the rulebook allows.

    There are limits for one WeChat and for the whole pool, too. Here WeChat identifies the requester; pages in a
    browser without an earlier log-in have to solve a puzzle first.
    """
    source = await source_of(call.actor, address=call.address)
    return await call.services.accounts.bindings.send_code(call.pool, body.mobile, body.purpose, source=source)


@api.delete("/accounts/me/wechat", "解除微信绑定")
async def unbind(call: Call) -> Unbound:
    """Unbind this WeChat account from the person; its log-ins end, the expert's record stays."""
    return await call.services.accounts.sessions.unbind(call.actor)


@api.post("/accounts/me/export", "导出我的数据", keyed="no", limits=(20, 60), media_type="application/json")
async def export(call: Call, body: ProofIn) -> Download:
    """All stored data about the person, unmasked; verified by an SMS code, since phones are lent."""
    data = await call.services.operations.privacy.export(call.actor, body.code)
    content = json.dumps(data, ensure_ascii=False, indent=2, default=str).encode()
    return Download(content, "application/json; charset=utf-8", "my-data.json")


@api.post("/accounts/me/deletion", "注销账号", keyed="no", limits=(20, 60))
async def delete(call: Call, body: ProofIn) -> Deleted:
    """Delete the account's data; draw records stay. Refused while panels lie ahead or draws are under way.

    The log-in ends with it, so a repetition gets 401.
    """
    return await call.services.operations.privacy.delete(call.actor, body.code)
