"""The demonstration's trading platform, as both sides know it: the service's data and the sandbox's configuration."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class DemoPlatform:
    """``networks``: of the machine itself."""

    pool: str
    client_id: UUID
    secret: str
    signing_secret: str
    networks: tuple[str, ...] = ("127.0.0.0/16", "::1/128")

    def as_config(self) -> dict[str, str]:
        """As the sandbox's configuration has it."""
        return {
            "pool": self.pool,
            "client_id": str(self.client_id),
            "secret": self.secret,
            "signing_secret": self.signing_secret,
        }


DEMO_PLATFORM = DemoPlatform(
    "demo",
    UUID("5a4d0b0f-0000-4000-8000-000000000001"),
    "sandbox-platform-secret",
    "whsec_" + base64.b64encode(b"sandbox-platform-signing-secret!").decode(),
)
