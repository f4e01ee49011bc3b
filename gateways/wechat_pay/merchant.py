"""The client of one pool's merchant, and a query that may find nothing."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Rejected
from gateways.jsons import Json
from gateways.wechat_pay.api import PayApi
from gateways.wechat_pay.errors import UNKNOWN
from services.ports import Merchant


@dataclass(frozen=True)
class MerchantClient:
    facts: Merchant
    api: PayApi
    apiv3_key: bytes
    notify_url: str


async def get_or_none(client: MerchantClient, name: str, target: str) -> Json | None:
    """None when WeChat answers that no such thing exists. ``name`` is the metrics label."""
    try:
        return await client.api.get(name, target)
    except Rejected as error:
        if error.vendor_code in UNKNOWN:
            return None
        raise
