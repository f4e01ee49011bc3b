"""SMS by Alibaba Cloud: sending, asking, and reading pushed receipts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from config.settings import Sms
from domain.clock import Clock, local
from domain.errors import Rejected
from gateways import jsons
from gateways.alibaba.api import (
    LONGEST_STATUS,
    LONGEST_VENDOR_ID,
    MOBILE,
    AlibabaApi,
    Credentials,
    check_out_id,
    no_template,
    parse_receipts,
    read_out_id,
)
from gateways.http import Effect, Vendor
from gateways.jsons import Json
from services.ports import SmsReport

_PAGE = 50
_AROUND_MIDNIGHT = timedelta(minutes=2)
_FAILED, _DELIVERED = 2, 3


class AlibabaSms:
    """Implements the port SmsSender. ``template`` is a kind of notice; each pool has its own codes and signature."""

    def __init__(self, settings: Sms, vendor: Vendor, clock: Clock) -> None:
        self._settings = settings
        credentials = Credentials(settings.access_key_id, settings.access_key_secret)
        self._api = AlibabaApi(vendor, settings.url, credentials, clock)

    async def send(self, pool: str, mobile: str, template: str, params: Mapping[str, str], *, out_id: str) -> str:
        """The vendor's BizId. Transient with ``retry_after`` when the number got too many lately; Rejected for a kind
        of which the pool has no template, since another pool's must not go out."""
        _check_mobile(mobile)
        agreed = self._settings.of(pool)
        if agreed is None or template not in agreed.templates:
            raise no_template("sms", pool, template)
        parameters = {
            "PhoneNumbers": mobile,
            "SignName": agreed.sign_name,
            "TemplateCode": agreed.templates[template],
            "TemplateParam": jsons.dumps(params).decode(),
            "OutId": check_out_id(out_id),
        }
        data = await self._api.call("SendSms", parameters, Effect.WRITE)
        biz_id = jsons.token(data, "BizId", LONGEST_VENDOR_ID)
        if not biz_id:
            raise self._api.lie(Effect.WRITE, "SendSms", "BizId")
        return biz_id

    async def report(self, mobile: str, sent_at: datetime, biz_id: str, *, out_id: str) -> SmsReport | None:
        """What became of an SMS. ``biz_id`` is empty when the sending had no known outcome: then ``out_id`` finds it.

        The vendor keeps 30 days.
        """
        _check_mobile(mobile)
        for day in sorted({f"{local(at):%Y%m%d}" for at in (sent_at, sent_at + _AROUND_MIDNIGHT)}):
            for item in await self._details(mobile, day, biz_id):
                if jsons.text(item, "OutId") == out_id:
                    return _report(item, biz_id, out_id)
        return None

    async def _details(self, mobile: str, day: str, biz_id: str) -> list[Json]:
        """A number gets at most 40 codes and 50 notices a template and day, so one page nearly always holds all."""
        parameters = {"PhoneNumber": mobile, "SendDate": day, "PageSize": str(_PAGE), "CurrentPage": "1"}
        if biz_id:
            parameters["BizId"] = biz_id
        data = await self._api.call("QuerySendDetails", parameters, Effect.READ)
        return jsons.objects(jsons.mapping(data, "SmsSendDetailDTOs"), "SmsSendDetailDTO")


def parse_sms_receipts(body: bytes) -> list[SmsReport]:
    """Reports of a pushed SmsReport array. InvalidInput when it is no such thing; strange items are left out."""
    return parse_receipts(body, _receipt, "短信")


def _receipt(item: Json) -> SmsReport | None:
    biz_id, out_id, success = jsons.token(item, "biz_id", LONGEST_VENDOR_ID), read_out_id(item), item.get("success")
    if isinstance(success, str):
        success = {"true": True, "false": False}.get(success.lower())
    if not biz_id or not out_id or not isinstance(success, bool):
        return None
    return SmsReport(biz_id, out_id, success, jsons.token(item, "err_code", LONGEST_STATUS))


def _report(item: Json, biz_id: str, out_id: str) -> SmsReport:
    status = jsons.integer(item, "SendStatus")
    delivered = {_DELIVERED: True, _FAILED: False}.get(status) if status is not None else None
    return SmsReport(biz_id, out_id, delivered, jsons.token(item, "ErrCode", LONGEST_STATUS))


def _check_mobile(mobile: str) -> None:
    if not MOBILE.fullmatch(mobile):
        raise Rejected("isv.MOBILE_NUMBER_ILLEGAL", "not a mobile number of the Chinese mainland")
