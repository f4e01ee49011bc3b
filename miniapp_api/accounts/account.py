"""SMS codes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.parsing import NUMBER_LONGEST
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input
from services.accounts import CodeSent, source_of

api = Api("accounts", "短信验证码", "Codes by SMS, which prove that a mobile is one's own.")


class SmsCodeIn(Input):
    mobile: str = Field(min_length=1, max_length=NUMBER_LONGEST, examples=["13800001234"])
    purpose: Literal["bind", "register"] = Field("bind", description="What the code is for")


@api.post("/codes", "获取短信验证码", access="session", limits=(60, 60))
async def send_code(call: Call, body: SmsCodeIn) -> CodeSent:
    """Send an SMS code. One a minute to a mobile, and so many an hour and a day as the rulebook allows.

    There are limits for one WeChat and for the whole pool, too. Here WeChat identifies the requester; pages in a
    browser without an earlier log-in have to solve a puzzle first.
    """
    source = await source_of(call.actor, address=call.address)
    return await call.services.accounts.bindings.send_code(call.pool, body.mobile, body.purpose, source=source)
