"""Virtual calls by Alibaba Cloud: ClickToDial rings one phone, then the other, both under the platform's number.

Unverified: the vendor's page (help.aliyun.com, document 114040) still describes the action, but its current SDKs have
dropped it. Where an account can't buy it, another implementation of the port takes its place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationError

from config.settings import VoiceSettings
from domain.clock import Clock
from domain.errors import Rejected
from gateways.alibaba.api import (
    MOBILE,
    VOICE_PRODUCT,
    AlibabaApi,
    AlibabaCredentials,
    StatusCode,
    VendorId,
    check_out_id,
)
from gateways.alibaba.voice import UNDER_WAY, talk_seconds
from gateways.http import Effect, Vendor
from gateways.shapes import Shape, Text
from services.ports import CallDetail

_PRODUCT = "11000000300004"
"""Click to dial: the product id that QueryCallDetailByCallId requires."""
LONGEST_CALL = 1800
"""Seconds until the vendor ends a call."""


class _Dialled(Shape):
    call_id: VendorId = Field(alias="CallId")


class _DetailAnswer(Shape):
    data: Text = Field("", alias="Data")


class _Detail(Shape):
    callee: Text = ""
    duration: Text = ""
    state: Annotated[StatusCode, Field(min_length=1)]


class AlibabaCallBridge:
    """Implements the port CallBridge with the account and the numbers of the voice calls."""

    def __init__(self, settings: VoiceSettings, vendor: Vendor, clock: Clock) -> None:
        self._settings = settings
        credentials = AlibabaCredentials(settings.access_key_id, settings.access_key_secret)
        self._api = AlibabaApi(vendor, settings.url, credentials, clock, VOICE_PRODUCT)

    def offers(self, pool: str) -> bool:
        return bool(self._number(pool))

    def _number(self, pool: str) -> str:
        agreed = self._settings.of(pool)
        return agreed.virtual_number if agreed else ""

    async def connect(self, pool: str, caller: str, callee: str, *, out_id: str) -> str:
        """The vendor's CallId; the conversation is not recorded."""
        number = self._number(pool)
        if not number:
            raise self._api.missing_setting("ClickToDial", "no_virtual_number", pool)
        if not (MOBILE.fullmatch(caller) and MOBILE.fullmatch(callee)):
            raise Rejected("isv.MOBILE_NUMBER_ILLEGAL", "not a mobile number of the Chinese mainland")
        parameters = {
            "CallerNumber": caller,
            "CallerShowNumber": number,
            "CalledNumber": callee,
            "CalledShowNumber": number,
            "RecordFlag": "false",
            "SessionTimeout": str(LONGEST_CALL),
            "OutId": check_out_id(out_id),
        }
        return (await self._api.call("ClickToDial", parameters, Effect.WRITE, _Dialled, about=pool)).call_id

    async def report(self, call_id: str, called_at: datetime) -> CallDetail | None:
        moment = str(int(called_at.timestamp() * 1000))
        query = {"CallId": call_id, "ProdId": _PRODUCT, "QueryDate": moment}
        answer = await self._api.call("QueryCallDetailByCallId", query, Effect.READ, _DetailAnswer)
        try:
            detail = _Detail.model_validate_json(answer.data)
        except ValidationError:  # empty while the vendor has no details
            return None
        ended = detail.state not in UNDER_WAY
        return CallDetail(call_id, detail.callee, ended, detail.state, None, talk_seconds(detail.duration))
