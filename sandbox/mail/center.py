"""The SMTP server and its messages."""

from __future__ import annotations

import asyncio
import email
import email.policy
import html
import itertools
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.config import MailConfig
from sandbox.jsons import Json
from sandbox.world import World

KEPT = 1000
LARGEST = 20 << 20
_TAGS = re.compile(r"<(style|script).*?</\1>|<[^>]+>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class EmailAttachment:
    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ReceivedEmail:
    """One accepted message. ``to`` are the addresses of the envelope."""

    id: int
    at: float
    sender: str
    to: tuple[str, ...]
    subject: str
    shown_from: str
    text: str
    html: str
    attachments: tuple[EmailAttachment, ...]
    raw: bytes

    def as_json(self) -> Json:
        files = [
            {"index": index, "name": file.name, "content_type": file.content_type, "size": len(file.data)}
            for index, file in enumerate(self.attachments)
        ]
        return {
            "id": self.id,
            "at": self.at,
            "from": self.shown_from or self.sender,
            "to": list(self.to),
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "attachments": files,
        }


@dataclass(slots=True)
class Mailbox:
    """Received messages, newest last."""

    messages: deque[ReceivedEmail] = field(default_factory=lambda: deque(maxlen=KEPT))
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def find(self, email_id: int) -> ReceivedEmail | None:
        return next((message for message in self.messages if message.id == email_id), None)

    def search(self, address: str = "", words: str = "") -> list[ReceivedEmail]:
        """To an address, whatever its case; with ``words`` in subject or text."""
        wanted = address.lower()
        return [
            message
            for message in self.messages
            if (not wanted or wanted in (to.lower() for to in message.to))
            and (words in message.subject or words in message.text)
        ]


class MailCenter:
    def __init__(self, world: World) -> None:
        self._world = world
        self.mailbox = Mailbox()
        self.port = 0
        """Port of the server; 0: it does not listen."""
        self._server: asyncio.Server | None = None
        self._sessions: WeakSet[SMTP] = WeakSet()

    async def start(self) -> None:
        """Listens when the configuration has mail; OSError when the port is taken."""
        config = self._world.config.mail
        if config is None:
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self._session(config), config.host, config.smtp_port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for session in self._sessions:
                if session.transport is not None:
                    session.transport.close()
            await self._server.wait_closed()

    def _session(self, config: MailConfig) -> SMTP:
        session = SMTP(
            MessageHandler(self._world, self.mailbox, must_log_in=bool(config.username)),
            hostname="sandbox",
            ident="sandbox",
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_authenticator(config),
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session


class MessageHandler:
    """Handles received messages; aiosmtpd calls the methods by their names."""

    def __init__(self, world: World, mailbox: Mailbox, *, must_log_in: bool) -> None:
        self._world = world
        self._mailbox = mailbox
        self._must_log_in = must_log_in

    async def handle_MAIL(  # noqa: N802 - the library's own names
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := self._world.faults.strikes("mail", "refuse_us"):
            return f"{refused.code} 5.7.0 Refused by a fault switch"
        if self._must_log_in and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        faults = self._world.faults
        if slow := faults.strikes("mail", "slow"):
            await asyncio.sleep(slow.seconds)
        if faults.strikes("mail", "refuse"):
            return self._note(envelope, "554 5.7.1 Message refused")
        if faults.strikes("mail", "fail_500"):
            return self._note(envelope, "451 4.3.0 Try again later")
        if faults.strikes("mail", "quota_used_up"):
            return self._note(envelope, "452 4.2.2 Mailbox full")
        self._keep(envelope)
        answer = self._note(envelope, "250 OK")
        if (drop := faults.strikes("mail", "drop_answer")) and server.transport is not None:
            await asyncio.sleep(drop.seconds)
            server.transport.close()
        return answer

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        message = read(content, next(self._mailbox.ids), self._world.clock.now(), envelope)
        self._mailbox.messages.append(message)
        addresses = {to.lower() for to in message.to}
        for phone in self._world.phones.values():
            if phone.email.lower() not in addresses:
                continue
            phone.latest_email = message.id
            phone.touch()
            if self._world.hub.watched:
                self._world.hub.publish("mail", {"phone": phone.id, "email": message.as_json()})

    def _note(self, envelope: Envelope, answer: str) -> str:
        request: Json = {"from": envelope.mail_from, "to": list(envelope.rcpt_tos)}
        self._world.ledger.add("mail", "in", "DATA", request, answer)
        return answer


def read(raw: bytes, email_id: int, at: float, envelope: Envelope) -> ReceivedEmail:
    message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    plain, rich = _body(message, "plain"), _body(message, "html")
    return ReceivedEmail(
        id=email_id,
        at=at,
        sender=envelope.mail_from or "",
        to=tuple(envelope.rcpt_tos),
        subject=str(message.get("Subject", "")),
        shown_from=str(message.get("From", "")),
        text=plain or html.unescape(_TAGS.sub("", rich)).strip(),
        html=rich,
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
        raw=raw,
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if not isinstance(part, EmailMessage):
        return ""
    try:
        text = str(part.get_content())
    except LookupError:  # an unknown character set
        raw = part.get_payload(decode=True)
        text = raw.decode(errors="replace") if isinstance(raw, bytes) else ""
    return text.replace("\r\n", "\n")


def _attachment(part: EmailMessage) -> EmailAttachment:
    data = part.get_payload(decode=True)
    return EmailAttachment(
        part.get_filename() or "附件", part.get_content_type(), data if isinstance(data, bytes) else part.as_bytes()
    )


def _authenticator(config: MailConfig) -> Callable[[SMTP, Session, Envelope, str, object], AuthResult]:
    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
        known = LoginPassword(config.username.encode(), config.password.encode())
        return AuthResult(success=not config.username or data == known, handled=False)

    return check
