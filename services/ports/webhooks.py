"""Events posted to platforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class WebhookSender(Protocol):
    def refuse(self, url: str) -> str:
        """Why this address is never posted to, as a Chinese sentence; empty: it may be. Names are not looked up."""
        ...

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer, whatever it is; redirects are not followed. Raises Transient without an answer,
        Rejected for an address that must not be reached."""
        ...
