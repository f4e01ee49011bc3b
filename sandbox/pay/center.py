"""WeChat Pay as one part of the sandbox: its pieces, and the endpoints that merchants call."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from sandbox import jsons
from sandbox.config import ConfigError
from sandbox.jsons import Json
from sandbox.pay import keys
from sandbox.pay.api import PREFIX, PayCall, PayEndpoint, PayReply, PayRoute
from sandbox.pay.bills import Bills
from sandbox.pay.cashier import Cashiers
from sandbox.pay.errors import param_error
from sandbox.pay.fields import need, notify_url, optional, rfc3339
from sandbox.pay.invoice_api import InvoiceEndpoints, TitlePage
from sandbox.pay.invoices import PlatformInvoices
from sandbox.pay.keys import PlatformKeyPairs, merchant_key
from sandbox.pay.notify import Notifier, PlatformEvent
from sandbox.pay.orders import Order, PlatformOrders
from sandbox.pay.refunds import PlatformRefunds
from sandbox.pay.wallets import Wallets
from sandbox.world import World


class PayCenter:
    def __init__(self, world: World) -> None:
        pay = world.config.pay
        self.world = world
        self.merchants = {merchant.mchid: merchant for merchant in pay.merchants}
        if len(self.merchants) != len(pay.merchants):
            raise ConfigError("pay.merchants: a mchid stands twice")
        self.keys = PlatformKeyPairs(pay, datetime.fromtimestamp(world.clock.now(), UTC))
        merchant_keys = {
            mchid: merchant_key(merchant.public_key, f"public_key of merchant {mchid}")
            for mchid, merchant in self.merchants.items()
        }
        if self.merchants:
            self.keys.check()
        self.notifier = Notifier(world, self.keys)
        self.orders = PlatformOrders(world)
        self.wallets = Wallets(world)
        self.refunds = PlatformRefunds(world, self.orders, self.notifier, self.wallets)
        self.bills = Bills(world, self.orders, self.refunds)
        self.cashiers = Cashiers(world, self.orders, self.notifier, self.wallets, merchant_keys)
        self.invoices = PlatformInvoices(world, self.orders, self.notifier, merchant_keys)
        self._endpoint = PayEndpoint(world, self.keys, self.merchants, merchant_keys)

    def add_routes(self, app: web.Application) -> None:
        orders, refunds = "/v3/pay/transactions", "/v3/refund/domestic/refunds"
        self._endpoint.install(
            app,
            [
                PayRoute("POST", f"{orders}/native", self._order_native),
                PayRoute("POST", f"{orders}/jsapi", self._order_jsapi),
                PayRoute("GET", f"{orders}/out-trade-no/{{number}}", self._query),
                PayRoute("GET", f"{orders}/id/{{number}}", self._query_by_transaction),
                PayRoute("POST", f"{orders}/out-trade-no/{{number}}/close", self._close),
                PayRoute("POST", refunds, self._refund),
                PayRoute("GET", f"{refunds}/{{number}}", self._query_refund),
                PayRoute("POST", f"{refunds}/{{refund_id}}/apply-abnormal-refund", self._redirect_refund),
                PayRoute("GET", "/v3/certificates", self._certificates),
                PayRoute("GET", "/v3/bill/tradebill", self._bill),
                PayRoute("GET", "/v3/billdownload/file", self._download),
                PayRoute("POST", "/v3/security/echo", self._echo),
                *InvoiceEndpoints(self.invoices).routes(),
            ],
        )
        TitlePage(self.invoices).add_routes(app)
        app.router.add_route("*", f"{PREFIX}/{{tail:.*}}", _refuse_unknown_address)

    # -- orders ---------------------------------------------------------------------------------------------------

    async def _order_native(self, call: PayCall) -> Json:
        order = self.orders.place(call.merchant, "NATIVE", call.body)
        await self._pay_early(order)
        return {"code_url": order.code}

    async def _order_jsapi(self, call: PayCall) -> Json:
        order = self.orders.place(call.merchant, "JSAPI", call.body)
        await self._pay_early(order)
        return {"prepay_id": order.code}

    async def _pay_early(self, order: Order) -> None:
        """By a fault switch: pay before the order is answered. The first phone pays a Native order."""
        if not self.world.faults.strikes("pay", "early_order", order.out_trade_no):
            return
        phone = self.world.by_openid.get(order.openid) or next(iter(self.world.phones.values()), None)
        if phone is not None:
            await self.cashiers.pay(phone, order, True)

    def _query(self, call: PayCall) -> Json:
        _check_mchid(call, call.query.get("mchid", ""))
        return self.orders.get(call.merchant, call.part("number")).as_answer()

    def _query_by_transaction(self, call: PayCall) -> Json:
        _check_mchid(call, call.query.get("mchid", ""))
        return self.orders.get_by_transaction(call.merchant, call.part("number")).as_answer()

    def _close(self, call: PayCall) -> PayReply:
        _check_mchid(call, need(call.body, "mchid", 32))
        self.orders.close(call.merchant, call.part("number"))
        return PayReply(204)

    # -- refunds --------------------------------------------------------------------------------------------------

    async def _refund(self, call: PayCall) -> Json:
        return (await self.refunds.request_refund(call.merchant, call.body)).as_answer()

    def _query_refund(self, call: PayCall) -> Json:
        return self.refunds.get(call.merchant, call.part("number")).as_answer()

    async def _redirect_refund(self, call: PayCall) -> Json:
        refund = await self.refunds.redirect_refund(call.merchant, call.part("refund_id"), call.body, call.signer)
        return refund.as_answer()

    # -- bills, certificates, echo --------------------------------------------------------------------------------

    def _bill(self, call: PayCall) -> Json:
        request = call.request
        return self.bills.order_bill(call.merchant, call.query, f"{request.scheme}://{request.host}{PREFIX}")

    def _download(self, call: PayCall) -> PayReply:
        return PayReply(raw=self.bills.download(call.merchant, call.query.get("token", "")))

    def _certificates(self, call: PayCall) -> Json:
        """Encrypted with the merchant's APIv3 key, and signed by that very certificate."""
        call.signer = self.keys.certified
        nonce, sealed = keys.encrypt(call.merchant.apiv3_key, "certificate", self.keys.certificate_pem.encode())
        certificate = self.keys.certificate
        item: Json = {
            "serial_no": self.keys.certified.serial,
            "effective_time": rfc3339(certificate.not_valid_before_utc.timestamp()),
            "expire_time": rfc3339(certificate.not_valid_after_utc.timestamp()),
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": "certificate",
                "ciphertext": sealed,
            },
        }
        return {"data": [item]}

    def _echo(self, call: PayCall) -> Json:
        """Return the same fields, those encrypted for the signing key decrypted; send a notification."""
        message, url = need(call.body, "echo_message", 1024), optional(call.body, "notify_url", 255)
        answer: Json = {"echo_message": message}
        sealed = jsons.text(call.body, "encrypted_echo_message")
        if sealed:
            try:
                answer["decrypted_echo_message"] = call.signer.open(sealed)
            except ValueError as error:
                raise param_error("encrypted_echo_message不是用Wechatpay-Serial所指的公钥加密的") from error
        if url:
            event = PlatformEvent(
                call.merchant, notify_url(url), "SECURITY_ECHO.SUCCESS", "echo", "回显", {"echo_message": message}
            )
            self.notifier.push_soon(event)
        return answer


def _check_mchid(call: PayCall, mchid: str) -> None:
    if mchid != call.merchant.mchid:
        raise param_error("输入源“mchid”缺失，或与签名所用的商户号不一致")


async def _refuse_unknown_address(_request: web.Request) -> web.Response:
    data: Json = {"code": "RESOURCE_NOT_EXISTS", "message": "请求的接口不存在"}
    return web.Response(status=404, text=jsons.dumps(data), content_type="application/json", charset="utf-8")
