"""A mail server whose replies a test sets."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass
class Server:
    """A mail server with programmable refusals: ``answers`` by command."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    log_ins: list[bool] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    cut: bool = False
    """Take the content, then cut the connection."""
    hang: str = ""
    """The command that is never answered."""
    port: int = 0

    async def handle_MAIL(self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        await self._hang("MAIL")
        envelope.mail_from = address
        self.senders.append(address)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.taken.append(
            email.message_from_bytes(envelope.original_content, _class=EmailMessage, policy=email.policy.default)
        )
        self.log_ins.append(bool(session.authenticated))
        wire = server.transport.get_extra_info("ssl_object") if server.transport else None
        self.encrypted.append(wire is not None)
        await self._hang("DATA")
        if self.cut:
            _abort(server)
        return self.answers.get("DATA", "250 OK")

    def check(self, _server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"pbt", b"secret"), handled=False)

    async def _hang(self, command: str) -> None:
        if command == self.hang:
            await asyncio.Event().wait()


@asynccontextmanager
async def serve_mail(
    server: Server, *, context: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    sessions: list[SMTP] = []

    def session() -> SMTP:
        made = SMTP(
            server,
            hostname="mail.example",
            auth_require_tls=False,
            authenticator=server.check,
            tls_context=starttls,
            loop=asyncio.get_running_loop(),
        )
        sessions.append(made)
        return made

    listener = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        listener.close()
        for made in sessions:
            _abort(made)
            if made._handler_coroutine is not None:
                made._handler_coroutine.cancel()
        await listener.wait_closed()


def _abort(server: SMTP) -> None:
    """Cut the line. No check by class: uvloop's transports are none of asyncio's."""
    if server.transport is not None:
        cast(asyncio.WriteTransport, server.transport).abort()
