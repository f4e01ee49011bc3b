"""Paying on phones, and the orders, refunds and invoices of WeChat Pay."""

from __future__ import annotations

from aiohttp import web

from sandbox import jsons
from sandbox.control.base import Control, Endpoint, endpoint
from sandbox.jsons import BadControlRequest, Json
from sandbox.phones import Phone


def _phone(control: Control) -> Phone:
    key = jsons.need(control.body, "phone")
    phone = control.world.find_phone(key)
    if phone is None:
        raise BadControlRequest(f"no phone {key!r}")
    return phone


def scan(control: Control) -> Json:
    """Open the cashier for a Native ``code_url`` on ``phone``; returns amount, merchant and ``cashier``."""
    cashiers = control.parts.pay.cashiers
    return cashiers.describe(cashiers.scan(_phone(control), jsons.need(control.body, "code_url")))


def call(control: Control) -> Json:
    """Opens the cashier as a page or mini-program does: ``appId, timeStamp, nonceStr, package, signType, paySign``."""
    cashiers = control.parts.pay.cashiers
    return cashiers.describe(cashiers.call(_phone(control), control.body))


async def confirm(control: Control) -> Json:
    """Pays. ``notified``: whether the merchant accepted the first notification; not awaited with ``"wait": false``."""
    wait = control.body.get("wait") is not False
    pay, phone = control.parts.pay, _phone(control)
    cashier, notified = await pay.cashiers.confirm(phone, jsons.need(control.body, "cashier"), wait)
    return {**pay.cashiers.describe(cashier), "notified": notified, "order": cashier.order.as_json()}


def cancel(control: Control) -> Json:
    cashiers = control.parts.pay.cashiers
    return cashiers.describe(cashiers.cancel(_phone(control), jsons.need(control.body, "cashier")))


def orders(control: Control) -> Json:
    """Narrowed by ``mchid``, ``out_trade_no`` and ``state``."""
    query = control.request.query
    selected = [
        order
        for order in control.parts.pay.orders.all()
        if query.get("mchid", order.mchid) == order.mchid
        and query.get("out_trade_no", order.out_trade_no) == order.out_trade_no
        and query.get("state", order.state) == order.state
    ]
    return {"orders": [order.as_json() for order in selected]}


def refunds(control: Control) -> Json:
    """Narrowed by ``out_trade_no`` and ``out_refund_no``."""
    query = control.request.query
    selected = [
        refund
        for refund in control.parts.pay.refunds.all()
        if query.get("out_trade_no", refund.order.out_trade_no) == refund.order.out_trade_no
        and query.get("out_refund_no", refund.out_refund_no) == refund.out_refund_no
    ]
    return {
        "refunds": [{**refund.as_answer(), "reason": refund.reason, "holder": refund.holder} for refund in selected]
    }


async def end_refund(control: Control) -> Json:
    """Ends ``out_refund_no`` now, as ``status`` SUCCESS (usual), ABNORMAL or CLOSED."""
    number, pay = jsons.need(control.body, "out_refund_no"), control.parts.pay
    refund = next((refund for refund in pay.refunds.all() if refund.out_refund_no == number), None)
    if refund is None:
        raise BadControlRequest(f"no refund {number!r}")
    notified = await pay.refunds.end_refund(refund, jsons.text(control.body, "status", "SUCCESS"))
    return {**refund.as_answer(), "notified": notified}


def invoices(control: Control) -> Json:
    """Applications for invoices, with the buyer's e-mail address as WeChat read it."""
    applications = control.parts.pay.invoices.all()
    answers = [
        {
            "fapiao_apply_id": application.apply_id,
            "mchid": application.merchant.mchid,
            "email": application.email,
            "fapiao_information": [invoice.as_answer(application.buyer) for invoice in application.invoices],
        }
        for application in applications
    ]
    return {"applications": answers}


def keys(control: Control) -> Json:
    """Keys that a merchant downloads from WeChat Pay's console."""
    platform_keys = control.parts.pay.keys
    return {
        "public_key_id": platform_keys.public.serial,
        "public_key": platform_keys.public_pem,
        "certificates": [{"serial_no": platform_keys.certified.serial, "pem": platform_keys.certificate_pem}],
    }


def wallet(control: Control) -> Json:
    return control.parts.pay.wallets.get_wallet(control.phone.id).as_json()


def set_wallet(control: Control) -> Json:
    """``balance`` in fen."""
    wallet = control.parts.pay.wallets.get_wallet(control.phone.id)
    wallet.balance = jsons.integer(control.body, "balance", wallet.balance)
    control.phone.touch()
    return wallet.as_json()


def add_routes(app: web.Application) -> None:
    gets: dict[str, Endpoint] = {
        "/control/pay/orders": orders,
        "/control/pay/refunds": refunds,
        "/control/pay/fapiao": invoices,
        "/control/pay/keys": keys,
        "/control/phones/{phone}/wallet": wallet,
    }
    posts: dict[str, Endpoint] = {
        "/control/pay/scan": scan,
        "/control/pay/jsapi": call,
        "/control/pay/confirm": confirm,
        "/control/pay/cancel": cancel,
        "/control/pay/refunds/end": end_refund,
        "/control/phones/{phone}/wallet": set_wallet,
    }
    for path, get in gets.items():
        app.router.add_get(path, endpoint(get))
    for path, post in posts.items():
        app.router.add_post(path, endpoint(post))
