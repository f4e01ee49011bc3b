"""WeChat Pay (API v3) for the pools that have a merchant: orders, refunds, notifications, bills, invoices.

Our numbers identify everything: a repeated request for an order, refund or invoice yields the same one at WeChat, so a
call without a response may be repeated *with the same request*, and with no other number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Annotated
from urllib.parse import quote

import structlog
from pydantic import Field

from config.settings import PayMerchant, PaySettings, Wechat
from domain.clock import SHANGHAI, Clock, local
from domain.errors import Forbidden, InvalidInput, Rejected, Transient
from gateways import jsons
from gateways.http import Effect, Vendor
from gateways.jsons import Json
from gateways.shapes import NonEmptyText, S, Shape, Text, Visible, read
from gateways.wechat_pay import invoices
from gateways.wechat_pay.api import PayApi
from gateways.wechat_pay.bills import has_hash, parse_bill, unpack
from gateways.wechat_pay.errors import LOCAL
from gateways.wechat_pay.keys import Forged, UnknownPublicKey
from gateways.wechat_pay.merchant import MerchantClient, get_or_none
from gateways.wechat_pay.reports import read_apply_id, refund_report, trade_report
from gateways.wechat_pay.signing import decrypt, encrypt_field, new_nonce, payment_text, sign
from services.ports import (
    BankCard,
    InvoiceReport,
    InvoiceRequest,
    Merchant,
    OrderRequest,
    PayApp,
    PayNotification,
    PayParameters,
    RefundReport,
    Reversal,
    TradeBill,
    TradeReport,
)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CALLBACK = "/callbacks/pay"
"""Path of notifications below our public address; followed by the pool."""
BILL_READY = clock_time(10)
"""Time of day in Beijing, the day after; WeChat begins to make bills at nine."""
BILL_LATER = 600.0
"""Seconds until a bill that isn't ready yet is queried again."""
BILL_LIMIT = 64 * 1024 * 1024
DESCRIPTION_CHARS = 127
ATTACH_CHARS = 128
REASON_BYTES = 80
_TRANSACTIONS = "/v3/pay/transactions"
_REFUNDS = "/v3/refund/domestic/refunds"


class _Native(Shape):
    code_url: NonEmptyText


class _Prepaid(Shape):
    prepay_id: NonEmptyText


class _Bill(Shape):
    download_url: NonEmptyText
    hash_value: Text = ""


class _Envelope(Shape):
    id: Annotated[Visible, Field(min_length=1, max_length=64)]
    event_type: Annotated[Visible, Field(min_length=1, max_length=40)]
    resource: Json


class WechatPay:
    """Implements the port PaymentPlatform. ``public_url`` is our base URL, to which WeChat sends notifications."""

    def __init__(
        self,
        settings: PaySettings,
        wechat: Wechat,
        vendor: Vendor,
        clock: Clock,
        *,
        public_url: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._vendor = vendor

        def client(pool: str, merchant: PayMerchant) -> MerchantClient:
            return MerchantClient(
                Merchant(merchant.mchid, _appids(wechat, pool), merchant.fapiao),
                PayApi(merchant, settings.api_url, vendor, clock, monotonic=monotonic),
                merchant.apiv3_key.get_secret_value().encode(),
                f"{public_url.rstrip('/')}{CALLBACK}/{pool}",
            )

        self._clients = {pool: client(pool, merchant) for pool, merchant in settings.merchants.items()}

    def merchant(self, pool: str) -> Merchant | None:
        client = self._clients.get(pool)
        return client.facts if client else None

    # -- orders ---------------------------------------------------------------------------------------------------

    async def order_native(self, pool: str, order: OrderRequest) -> str:
        """The ``code_url``. Raises Rejected ORDERPAID, OUTTRADENOUSED, ORDERCLOSED for a number that was used
        before."""
        client = self._client(pool)
        app: PayApp = "oa" if "oa" in client.facts.appids else "mini"
        body = _order(client, app, order)
        return (await _create_order(client, "order_native", f"{_TRANSACTIONS}/native", body, _Native)).code_url

    async def order_jsapi(self, pool: str, app: PayApp, openid: str, order: OrderRequest) -> str:
        client = self._client(pool)
        body = _order(client, app, order) | {"payer": {"openid": openid}}
        return (await _create_order(client, "order_jsapi", f"{_TRANSACTIONS}/jsapi", body, _Prepaid)).prepay_id

    def sign_payment(self, pool: str, app: PayApp, prepay_id: str) -> PayParameters:
        client = self._client(pool)
        appid, now, nonce, package = _appid(client, app), self._epoch_seconds(), new_nonce(), f"prepay_id={prepay_id}"
        signature = sign(client.api.credentials.key, payment_text(appid, now, nonce, package))
        return PayParameters(appid, str(now), nonce, package, "RSA", signature)

    async def query(self, pool: str, out_trade_no: str) -> TradeReport | None:
        client = self._client(pool)
        target = f"{_order_path(_TRANSACTIONS, out_trade_no)}?mchid={client.facts.mchid}"
        data = await get_or_none(client, "order_query", target)
        if data is None:
            return None
        try:
            report = trade_report(data)
        except ValueError as error:
            raise client.api.invalid_response(Effect.READ, f"order query: {error}") from error
        if (report.out_trade_no, report.mchid) != (out_trade_no, client.facts.mchid):
            raise client.api.invalid_response(Effect.READ, "order query: the answer is about another order")
        return report

    async def close(self, pool: str, out_trade_no: str) -> None:
        client = self._client(pool)
        target = f"{_order_path(_TRANSACTIONS, out_trade_no)}/close"
        await client.api.post("order_close", target, {"mchid": client.facts.mchid})

    # -- refunds --------------------------------------------------------------------------------------------------

    async def refund(
        self, pool: str, transaction_id: str, out_refund_no: str, *, amount: int, total: int, reason: str
    ) -> RefundReport:
        """Accepted, usually PROCESSING. Raises Rejected NOTENOUGH, USERACCOUNTABNORMAL, RESOURCENOTEXISTS, ….

        ``reason`` is cut to 80 bytes.
        """
        client = self._client(pool)
        body: Json = {
            "transaction_id": transaction_id,
            "out_refund_no": out_refund_no,
            "reason": _cut_bytes(reason, REASON_BYTES),
            "notify_url": client.notify_url,
            "amount": {"refund": amount, "total": total, "currency": "CNY"},
        }
        data = await client.api.post("refund", _REFUNDS, {key: value for key, value in body.items() if value})
        return _refund(client, data, out_refund_no, Effect.WRITE)

    async def query_refund(self, pool: str, out_refund_no: str) -> RefundReport | None:
        client = self._client(pool)
        data = await get_or_none(client, "refund_query", f"{_REFUNDS}/{quote(out_refund_no, safe='')}")
        return None if data is None else _refund(client, data, out_refund_no, Effect.READ)

    async def redirect_refund(
        self, pool: str, refund_id: str, out_refund_no: str, card: BankCard | None
    ) -> RefundReport:
        """Raises Rejected INVALIDREQUEST, PARAMERROR, … for an account that WeChat doesn't accept, or a refund that is
        not abnormal."""
        client = self._client(pool)
        sealing = await client.api.sealing_key("refund_redirect")
        body: Json = {"out_refund_no": out_refund_no, "type": "USER_BANK_CARD" if card else "MERCHANT_BANK_CARD"}
        if card is not None:
            body |= {
                "bank_type": card.bank,
                "bank_account": encrypt_field(sealing.key, card.account),
                "real_name": encrypt_field(sealing.key, card.holder),
            }
        target = f"{_REFUNDS}/{quote(refund_id, safe='')}/apply-abnormal-refund"
        data = await client.api.post("refund_redirect", target, body, serial=sealing.serial)
        return _refund(client, data, out_refund_no, Effect.WRITE)

    # -- notifications --------------------------------------------------------------------------------------------

    async def read_notification(self, pool: str, headers: Mapping[str, str], body: bytes) -> PayNotification:
        """Raises Transient while WeChat's certificates are needed and can't be fetched, and NeedsOperator while the
        settings lack the public key that signs; WeChat then repeats the notification."""
        client = self._clients.get(pool)
        if client is None:
            raise Forbidden("这个专家库没有开通微信支付。", code="pay_no_merchant")
        async with self._vendor.count_call("notification", client.facts.mchid):
            await self._verify_notification(pool, client, headers, body)
        return _read_notification(client, body)

    async def _verify_notification(
        self, pool: str, client: MerchantClient, headers: Mapping[str, str], body: bytes
    ) -> None:
        try:
            await client.api.keys.verify(headers, body)
        except Forged as error:
            if isinstance(error, UnknownPublicKey) and _is_sealed_for_us(client, body):
                log.error("pay_needs_operator", pool=pool, mchid=client.facts.mchid, code="NOPUBLICKEY")
                raise LOCAL["NOPUBLICKEY"].error("NOPUBLICKEY") from error
            log_as = log.info if error.probe else log.warning
            log_as("pay_notification_refused", pool=pool, reason=error.reason)
            raise Forbidden("签名验证没有通过。", code="pay_probe" if error.probe else "pay_forged") from error
        except Rejected as error:
            raise Forbidden("签名验证没有通过。", code="pay_forged") from error

    # -- bills ----------------------------------------------------------------------------------------------------

    async def trade_bill(self, pool: str, day: date) -> TradeBill:
        """Raises Rejected BILLUNREADABLE when the file is complete but can't be parsed."""
        client = self._client(pool)
        query = f"bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
        try:
            answer = await client.api.get("bill", f"/v3/bill/tradebill?{query}")
        except Rejected as error:
            return self._missing_bill(error, day)
        bill = client.api.read(_Bill, answer, Effect.READ, "bill")
        raw = await client.api.download("bill_file", bill.download_url, BILL_LIMIT)
        return await asyncio.to_thread(_read_bill, client, raw, bill.hash_value)

    def _missing_bill(self, error: Rejected, day: date) -> TradeBill:
        """A missing bill means a day without trades; before ten o'clock it may only not be ready yet."""
        if error.vendor_code == "STATEMENTCREATING":
            raise Transient("pay: the bill is being made", retry_after=BILL_LATER) from error
        if error.vendor_code != "NOSTATEMENTEXIST":
            raise error
        ready = datetime.combine(day + timedelta(days=1), BILL_READY, SHANGHAI)
        wait = (ready - local(self._clock.now())).total_seconds()
        if wait > 0:
            raise Transient("pay: the bill isn't made before ten o'clock", retry_after=wait) from error
        return TradeBill((), 0, 0, 0, "")

    # -- invoices -------------------------------------------------------------------------------------------------

    async def issue_invoice(self, pool: str, request: InvoiceRequest) -> None:
        await invoices.issue(self._client(pool), request)

    async def query_invoice(self, pool: str, apply_id: str, fapiao_id: str) -> InvoiceReport | None:
        return await invoices.query(self._client(pool), apply_id, fapiao_id)

    async def reverse_invoice(self, pool: str, reversal: Reversal) -> None:
        await invoices.reverse(self._client(pool), reversal)

    async def invoice_file(self, pool: str, apply_id: str, fapiao_id: str) -> bytes:
        return await invoices.fetch(self._client(pool), apply_id, fapiao_id)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _client(self, pool: str) -> MerchantClient:
        client = self._clients.get(pool)
        if client is None:
            raise self._vendor.alarm("merchant", pool, LOCAL["NOMERCHANT"].error("NOMERCHANT"))
        return client

    def _epoch_seconds(self) -> int:
        return int(self._clock.now().timestamp())


def _appids(wechat: Wechat, pool: str) -> dict[PayApp, str]:
    appids: dict[PayApp, str] = {}
    if pool in wechat.accounts:
        appids["oa"] = wechat.accounts[pool].appid
    if pool in wechat.mini_programs:
        appids["mini"] = wechat.mini_programs[pool].appid
    return appids


def _appid(client: MerchantClient, app: PayApp) -> str:
    appid = client.facts.appids.get(app, "")
    if not appid:
        raise client.api.missing_setting(f"order {app}", "NOAPP")
    return appid


def _order(client: MerchantClient, app: PayApp, order: OrderRequest) -> Json:
    body: Json = {
        "appid": _appid(client, app),
        "mchid": client.facts.mchid,
        "description": order.description[:DESCRIPTION_CHARS],
        "out_trade_no": order.out_trade_no,
        "time_expire": local(order.expires.astimezone(UTC)).isoformat(timespec="seconds"),
        "notify_url": client.notify_url,
        "amount": {"total": order.amount, "currency": "CNY"},
    }
    if order.attach:
        body["attach"] = order.attach[:ATTACH_CHARS]
    if order.support_fapiao:
        body["support_fapiao"] = True
    return body


async def _create_order(client: MerchantClient, name: str, target: str, body: Json, shape: type[S]) -> S:
    return client.api.read(shape, await client.api.post(name, target, body), Effect.WRITE, name)


def _order_path(base: str, out_trade_no: str) -> str:
    return f"{base}/out-trade-no/{quote(out_trade_no, safe='')}"


def _refund(client: MerchantClient, data: Json, out_refund_no: str, effect: Effect) -> RefundReport:
    try:
        report = refund_report(data)
    except ValueError as error:
        raise client.api.invalid_response(effect, f"refund: {error}") from error
    if report.out_refund_no != out_refund_no:
        raise client.api.invalid_response(effect, "refund: the answer is about another one")
    return report


def _is_sealed_for_us(client: MerchantClient, body: bytes) -> bool:
    """Whether the content was encrypted with the merchant's APIv3 key, which only WeChat holds besides us.

    No proof that it is of now or was sent here, so nothing of it counts.
    """
    try:
        decrypt(client.apiv3_key, read(_Envelope, jsons.parse(body)).resource)
    except ValueError:
        return False
    return True


def _read_notification(client: MerchantClient, body: bytes) -> PayNotification:
    """``body`` has been verified."""
    try:
        envelope = read(_Envelope, jsons.parse(body))
        kind, plain = envelope.event_type, decrypt(client.apiv3_key, envelope.resource).decode()
        data = jsons.parse(plain.encode())
        if not isinstance(data, dict):
            raise ValueError("without content")
        return PayNotification(
            event_id=envelope.id,
            kind=kind,
            plain=plain,
            trade=trade_report(data) if kind.startswith("TRANSACTION.") else None,
            refund=refund_report(data) if kind.startswith("REFUND.") else None,
            invoice_apply_id=read_apply_id(data) if kind.startswith("FAPIAO.") else "",
        )
    except ValueError as error:
        log.error("pay_notification_unreadable", mchid=client.facts.mchid, reason=str(error))
        raise InvalidInput("通知的内容无法识别。", code="pay_bad_notification") from error


def _read_bill(client: MerchantClient, raw: bytes, sha1: str) -> TradeBill:
    try:
        data = unpack(raw)
        if not has_hash(data, sha1):
            raise client.api.invalid_response(Effect.READ, "the bill doesn't have the announced hash")
    except ValueError as error:
        raise client.api.invalid_response(Effect.READ, f"bill: {error}") from error
    try:
        return parse_bill(data)
    except ValueError as error:
        log.error("pay_bill_unreadable", mchid=client.facts.mchid, reason=str(error))
        raise Rejected("BILLUNREADABLE", str(error)) from error


def _cut_bytes(text: str, limit: int) -> str:
    """The longest prefix of whole characters that fits."""
    return text.encode()[:limit].decode(errors="ignore")
