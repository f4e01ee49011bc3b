"""What platforms agree on with the integrators' API (平台对接): scopes, addresses, signed events, repetitions."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from domain.errors import InvalidInput
from domain.typed_text import half_width

SCOPES: Mapping[str, str] = {"projects": "项目与标段", "draws": "抽取申请与状态", "results": "解密后的结果、到场和记录"}
"""What a client may be allowed, with its Chinese name."""
SECRET_OVERLAP = timedelta(days=7)
"""How long a secret, or a signing secret, remains valid beside a new one."""
REPETITIONS = (10, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200)
"""Seconds until an event is posted again after its first, second, … failure; after the last one it is given up."""
SIGNATURE_TOLERANCE = timedelta(minutes=5)
"""How far the time of a posted event may lie from the receiver's clock (replay window)."""
NETWORKS_MAX = 20
_LARGEST = {4: 65536, 6: 2**96}
"""Addresses of a network: a /16 of IPv4, a /32 of IPv6."""
_SIGNING_PREFIX = "whsec_"

Network = IPv4Network | IPv6Network


def read_networks(text: str) -> list[str]:
    """Networks that people type with blanks, commas or lines between them. Raises InvalidInput."""
    parts = half_width(text).replace("，", ",").replace("、", ",").replace("；", ",").replace(";", ",").split(",")
    words = list(dict.fromkeys(word for part in parts for word in part.split()))
    if not words:
        raise InvalidInput("请填写对接系统的出口地址。", code="missing", field="networks")
    if len(words) > NETWORKS_MAX:
        raise InvalidInput(f"地址最多{NETWORKS_MAX}个。", code="too_many", field="networks")
    return [_read_network(word) for word in words]


def _read_network(word: str) -> str:
    try:
        network = ip_network(word, strict=False)
    except ValueError:
        message = f"“{word[:50]}”不是地址，请写成203.0.113.7或203.0.113.0/24。"
        raise InvalidInput(message, code="not_a_network", field="networks") from None
    if network.num_addresses > _LARGEST[network.version]:
        message = f"“{word}”范围太大，IPv4最大/16，IPv6最大/32。"
        raise InvalidInput(message, code="network_too_large", field="networks")
    return str(network)


def is_within(address: str, networks: Sequence[str]) -> bool:
    """Whether a client's address lies in one of the networks. An IPv4 address may come in its IPv6 form."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in ip_network(network) for network in networks)


def check_webhook_url(url: str) -> str:
    """The address to which events are posted, without blanks around it; empty: to none. Whether it may be reached is
    checked when it is connected. Raises InvalidInput."""
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme not in ("https", "http") or parts.username or parts.fragment or not url.isascii():
        message = "请填写https开头的完整网址，不带用户名和#。"
        raise InvalidInput(message, code="bad_url", field="webhook_url")
    if len(url) > 500:
        raise InvalidInput("网址最多500个字符。", code="too_long", field="webhook_url")
    return url


def new_signing_secret(random: bytes) -> str:
    """A signing secret in the spelling of Standard Webhooks."""
    return _SIGNING_PREFIX + base64.b64encode(random).decode()


def sign_event(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """``v1,…`` as in Standard Webhooks 1.0: HMAC-SHA256 over id, seconds since 1970 and body."""
    key = base64.b64decode(secret.removeprefix(_SIGNING_PREFIX))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
