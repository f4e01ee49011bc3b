"""Consent to the mini-program's subscribe messages: templates to ask for at each tap, the person's choices, and what
holds now."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Params
from services.notifications import Answer, Occasion, OwnConsent, RequestableConsent

api = Api(
    "consents",
    "订阅消息",
    "An acceptance of `wx.requestSubscribeMessage` allows one message of that template; of a long-term one, all until "
    "it is withdrawn. WeChat allows the question only straight from a tap or after a payment, and for templates of one "
    "kind only: fetch the list when the page is drawn, ask inside the tap, then report.",
)


class OccasionQuery(Params):
    occasion: Occasion = Field(description="At which taps of which page", examples=["applying"])


class AnswersIn(Input):
    answers: Annotated[dict[Annotated[str, Field(max_length=64)], Answer], Field(min_length=1, max_length=5)] = Field(
        description="As `wx.requestSubscribeMessage` gave them, by template id", examples=[{"tmpl-1": "accept"}]
    )


@api.get("/consents", "可订阅的消息")
async def wanted(call: Call, query: OccasionQuery) -> Listing[RequestableConsent]:
    """Templates to ask for, most needed first; at most three. Empty where none is used."""
    requestable = await call.services.notifications.consents.list_requestable(call.actor, query.occasion)
    return Listing(items=requestable)


@api.get("/consents/own", "我的微信提醒")
async def own(call: Call) -> Listing[OwnConsent]:
    """Templates of the person's role, most needed first, and whether they can be sent."""
    return Listing(items=await call.services.notifications.consents.list_own(call.actor))


@api.post("/consents", "记录订阅结果")
async def take(call: Call, body: AnswersIn) -> None:
    """Count accepted subscriptions; after a refusal the person isn't asked for a while."""
    await call.services.notifications.consents.save_answers(call.actor, body.answers)
