"""SMS by Alibaba Cloud: sending, querying, and parsing pushed reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from config.settings import SmsSettings
from domain.clock import Clock, local
from domain.errors import Rejected
from gateways import jsons
from gateways.alibaba.api import (
    MOBILE,
    SMS_PRODUCT,
    AlibabaApi,
    AlibabaCredentials,
    OutId,
    StatusCode,
    VendorId,
    check_out_id,
    parse_reports,
)
from gateways.http import Effect, Vendor
from gateways.shapes import NULL_AS_EMPTY, OR_EMPTY, Shape, Text, Whole
from services.ports import SmsReport

_PAGE = 50
_AROUND_MIDNIGHT = timedelta(minutes=2)
_DELIVERED: Mapping[int | None, bool] = {2: False, 3: True}
"""By ``SendStatus``; 1 and all others mean: not known yet."""


def _bool_of_text(value: object) -> object:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _items(value: object) -> object:
    """A list of one may be sent as a lone object, an empty one as null."""
    return [value] if isinstance(value, dict) else [] if value is None else value


class _Sent(Shape):
    biz_id: VendorId = Field(alias="BizId")


class _Detail(Shape):
    out_id: Text = Field("", alias="OutId")
    status: Whole | None = Field(None, alias="SendStatus")
    err_code: Annotated[StatusCode, OR_EMPTY] = Field("", alias="ErrCode")


class _Details(Shape):
    items: Annotated[list[_Detail], BeforeValidator(_items)] = Field(default_factory=list, alias="SmsSendDetailDTO")


class _Page(Shape):
    details: Annotated[_Details, NULL_AS_EMPTY] = Field(default=_Details(), alias="SmsSendDetailDTOs")


class _Pushed(Shape):
    biz_id: VendorId
    out_id: OutId
    success: Annotated[bool, BeforeValidator(_bool_of_text)]
    err_code: Annotated[StatusCode, OR_EMPTY] = ""


class AlibabaSms:
    """Implements the port SmsSender. ``template`` is a kind of notice; each pool has its own codes and signature."""

    def __init__(self, settings: SmsSettings, vendor: Vendor, clock: Clock) -> None:
        self._settings = settings
        credentials = AlibabaCredentials(settings.access_key_id, settings.access_key_secret)
        self._api = AlibabaApi(vendor, settings.url, credentials, clock, SMS_PRODUCT)

    async def send(self, pool: str, mobile: str, template: str, params: Mapping[str, str], *, out_id: str) -> str:
        """The vendor's BizId. Transient with ``retry_after`` when the number got too many lately; NeedsOperator for a
        kind of which the pool has no template, since another pool's template must not be used."""
        _check_mobile(mobile)
        account, about = self._settings.of(pool), f"{pool}.{template}"
        if account is None or template not in account.templates:
            raise self._api.missing_setting("SendSms", "no_template", about)
        parameters = {
            "PhoneNumbers": mobile,
            "SignName": account.sign_name,
            "TemplateCode": account.templates[template],
            "TemplateParam": jsons.dumps(params).decode(),
            "OutId": check_out_id(out_id),
        }
        return (await self._api.call("SendSms", parameters, Effect.WRITE, _Sent, about=about)).biz_id

    async def report(self, mobile: str, sent_at: datetime, biz_id: str, *, out_id: str) -> SmsReport | None:
        """The delivery state of an SMS. ``biz_id`` is empty when the sending had no known outcome: then ``out_id``
        finds it.

        The vendor keeps records for 30 days.
        """
        _check_mobile(mobile)
        for day in sorted({f"{local(at):%Y%m%d}" for at in (sent_at, sent_at + _AROUND_MIDNIGHT)}):
            for item in await self._details(mobile, day, biz_id):
                if item.out_id == out_id:
                    return SmsReport(biz_id, out_id, _DELIVERED.get(item.status), item.err_code)
        return None

    async def _details(self, mobile: str, day: str, biz_id: str) -> list[_Detail]:
        """A number gets at most 40 codes and 50 notices per template and day, so one page nearly always holds all."""
        parameters = {"PhoneNumber": mobile, "SendDate": day, "PageSize": str(_PAGE), "CurrentPage": "1"}
        if biz_id:
            parameters["BizId"] = biz_id
        return (await self._api.call("QuerySendDetails", parameters, Effect.READ, _Page)).details.items


def parse_sms_reports(body: bytes) -> list[SmsReport]:
    """Reports of a pushed SmsReport array. InvalidInput when it is no such array; invalid items are left out."""
    return parse_reports(
        body, _Pushed, lambda report: SmsReport(report.biz_id, report.out_id, report.success, report.err_code), "短信"
    )


def _check_mobile(mobile: str) -> None:
    if not MOBILE.fullmatch(mobile):
        raise Rejected("isv.MOBILE_NUMBER_ILLEGAL", "not a mobile number of the Chinese mainland")
