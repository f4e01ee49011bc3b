"""Fake vendors of messages, and delivery through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from domain.errors import GatewayError
from services.core.base import Deps
from services.notifications import Delivery, Notices, Taps
from services.operations import DeliveryReports
from services.ports import CallDetail, MenuItem, MiniProgramAppids, Prices, TemplateMessage
from tests.factories.assembly import composed
from tests.factories.offices import Office

NONE: Mapping[str, int] = MappingProxyType({})


@dataclass
class Vendors:
    """All outgoing ports in one: records calls and raises the given errors, one a call."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    """Pools of SMS and calls."""
    errors: list[GatewayError] = field(default_factory=list)
    window: int = 0
    reports: dict[str, CallDetail] = field(default_factory=dict)
    """Reports of the vendor by call id."""

    def _send(self, channel: str, what: str) -> str:
        self.sent.append((channel, what))
        if self.errors:
            raise self.errors.pop(0)
        return f"v{len(self.sent)}"

    async def spend(self, pool: str, openid: str) -> bool:
        self.window -= 1
        return self.window >= 0

    async def send_template(self, pool: str, message: TemplateMessage) -> str:
        return self._send("template", message.kind)

    async def send_subscription(self, pool: str, message: TemplateMessage, template_id: str) -> None:
        self._send("subscription", template_id)

    async def send_text(self, pool: str, openid: str, text: str) -> None:
        self._send("text", text)

    async def send_menu(self, pool: str, openid: str, head: str, items: Sequence[MenuItem], tail: str) -> None:
        self._send("menu", ",".join(item.label for item in items))

    async def send_subscribe(self, pool: str, openid: str, kind: str, fields: Mapping[str, str], *, page: str) -> None:
        self._send("mini", kind)

    async def send(self, pool: str, mobile: str, template: str, params: Mapping[str, str], *, out_id: str) -> str:
        self.pools.append(pool)
        return self._send("sms", template)

    async def call(
        self,
        pool: str,
        mobile: str,
        template: str,
        params: Mapping[str, str],
        *,
        keys: Mapping[str, str],
        out_id: str,
        bye: str = "",
    ) -> str:
        self.pools.append(pool)
        return self._send("voice", template)

    async def report(self, first: str, *args: object, **kwargs: object) -> CallDetail | None:
        return self.reports.get(first)


def make_delivery(
    deps: Deps,
    office: Office,
    vendors: Any,
    prices: Mapping[str, int] = NONE,
    *,
    taps: Mapping[str, int] = NONE,
    appids: Mapping[str, str] = MappingProxyType({}),
) -> Delivery:
    """``vendors`` stand for all ports at once, as far as a test needs them."""
    given = {Notices: office.notices, Prices: prices, Taps: taps, MiniProgramAppids: appids}
    return composed(
        Delivery, deps, given=given, official=vendors, windows=vendors, mini=vendors, sms=vendors, voice=vendors
    )


def make_reports(deps: Deps, office: Office, vendors: Any) -> DeliveryReports:
    return DeliveryReports(deps, office.notices, office.invitations, office.virtual_calls, vendors, vendors)
