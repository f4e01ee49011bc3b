"""Fees for the person who pays them (缴费)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, PoolPath
from services.payments import FeeView

api = Api(
    "payments",
    "缴费",
    "A fee is paid once, by the first payment; more money than that goes back by itself. Amounts are in fen.",
)


class FeePath(PoolPath):
    fee_id: UUID


class NumberIn(Input):
    number: str = Field(min_length=1, max_length=32, description="Expert number (专家编号)", examples=["ZJ0100001"])


class OrderIn(Input):
    trade: Literal["native", "mini"] = Field(
        description="A code to be scanned, or the cashier inside the mini-program", examples=["native"]
    )


class ParametersOut(Output):
    """Parameters of `wx.requestPayment`, in its spelling."""

    timeStamp: str  # noqa: N815  (WeChat's spelling)
    nonceStr: str  # noqa: N815
    package: str
    signType: str  # noqa: N815
    paySign: str  # noqa: N815


class PlacedOrderOut(Output):
    """Either `code_url`, to be displayed as a QR code, or `parameters`."""

    order_id: UUID
    amount: int
    expires_at: Moment = Field(description="Order anew shortly before")
    code_url: str
    parameters: ParametersOut | None


@api.get("/payments/fees", "我的缴费")
async def mine(call: Call) -> Listing[FeeView]:
    """The person's due and past fees, newest first."""
    return Listing(items=await call.services.payments.queries.list_own_fees(call.actor))


@api.post("/payments/lookups", "按专家编号查询")
async def look_up(call: Call, body: NumberIn) -> FeeView:
    """The fee of an expert number, so that another person may pay it. Look-ups are limited per hour and logged."""
    return await call.services.payments.lookup.look_up(call.actor, body.number)


@api.get("/payments/fees/{fee_id}", "缴费状态", limits=(120, 60))
async def status(call: Call, path: FeePath) -> FeeView:
    """State of a fee. While it is unpaid the platform is queried too, at most every three seconds."""
    return await call.services.payments.order_checks.refresh(call.actor, path.fee_id)


@api.post("/payments/fees/{fee_id}/orders", "下单", keyed="service", limits=(120, 60))
async def order(call: Call, path: FeePath, body: OrderIn) -> PlacedOrderOut:
    """An order to pay now. Harmless to repeat: a live order is returned again while it is valid."""
    orders = call.services.payments.orders
    openid = await orders.openid_of(call.actor, "mini") if body.trade == "mini" else ""
    placed = await orders.order(call.actor, path.fee_id, body.trade, openid=openid)
    signed = placed.parameters
    parameters = signed and ParametersOut(
        timeStamp=signed.time_stamp,
        nonceStr=signed.nonce,
        package=signed.package,
        signType=signed.sign_type,
        paySign=signed.signature,
    )
    return PlacedOrderOut(
        order_id=placed.order_id,
        amount=placed.amount,
        expires_at=placed.expires_at,
        code_url=placed.code_url,
        parameters=parameters,
    )
