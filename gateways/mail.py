"""E-mail over SMTP. A failure before the content is sent may be repeated; after that only the server's response
decides."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

import structlog
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from config.settings import MailSettings
from domain.clock import Clock, local
from domain.errors import GatewayError, NeedsOperator, Rejected, Transient
from gateways.http import Effect, Vendor
from gateways.operator_faults import OperatorCode, OperatorCodes
from services.ports import MailAttachment

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DIALOGUE = 20.0
"""Seconds for everything before the content: connection, TLS, log-in, addresses."""
CONTENT = 60.0
"""Seconds for the content and the server's response to it."""
GOODBYE = 2.0
LATER = 300.0
"""Seconds until a deferred mail is tried again; many servers defer the first mail of an unknown sender
(greylisting)."""
OPERATOR: OperatorCodes = {
    "530": OperatorCode("the server wants a log-in or TLS", account_wide=True),
    "534": OperatorCode("the server wants another way to log in", account_wide=True),
    "535": OperatorCode("user name or password", account_wide=True),
    "538": OperatorCode("the server wants TLS", account_wide=True),
}
"""Replies that concern our account at any step (RFC 4954, 6; RFC 3207, 4)."""
_POLICY = re.compile(r"5\.7\.\d{1,3}\b")
"""Enhanced status of security and policy (RFC 3463, 3.8): relaying or our address is not permitted. It says nothing
about the receiver's address."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True)
class SmtpMailer:
    """Implements the port Mailer. ``names`` are the sender's display names, by pool."""

    settings: MailSettings
    names: Mapping[str, str]
    vendor: Vendor
    clock: Clock
    dialogue: float = field(default=DIALOGUE, kw_only=True)
    content: float = field(default=CONTENT, kw_only=True)

    async def send(
        self, pool: str, to: str, subject: str, text: str, attachments: Sequence[MailAttachment], *, message_id: str
    ) -> None:
        """Hand a mail to the server. ``message_id`` is ours: letters, digits, ``. _ -`` (ValueError otherwise).

        Raises Rejected with the server's code (``550``: no such address), or BADADDRESS; NeedsOperator when the server
        refuses us, not the address or the mail; OutcomeUnknown when the connection was lost after the content was sent:
        a repetition with the same id is the same mail to the receiver.
        """
        if not _MESSAGE_ID.fullmatch(message_id):
            raise ValueError("a message id of letters, digits, dot, underscore and hyphen is needed")
        if not _ADDRESS.fullmatch(to):
            raise Rejected("BADADDRESS", "not an e-mail address")
        raw = self._compose(pool, to, subject, text, attachments, message_id)
        async with self.vendor.count_call("send"):
            client = self._client()
            try:
                await self._name_parties(client, to)
                await self._send_content(client, raw)
                self.vendor.mark_recovered()
                await _disconnect(client)
            finally:
                client.close()

    async def greet(self) -> None:
        """Connect, log in and disconnect. Raises NeedsOperator or Transient where ``send`` would."""
        async with self.vendor.count_call("greet"):
            client = self._client()
            try:
                with self._translate_early_errors():
                    async with asyncio.timeout(self.dialogue):
                        await client.connect()
                await _disconnect(client)
            finally:
                client.close()

    def _client(self) -> SMTP:
        settings = self.settings
        return SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username or None,
            password=settings.password.get_secret_value() if settings.username else None,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            local_hostname=settings.sender.rpartition("@")[2],
            timeout=self.dialogue,
        )

    async def _name_parties(self, client: SMTP, to: str) -> None:
        with self._translate_early_errors():
            async with asyncio.timeout(self.dialogue):
                await client.connect()
                await client.mail(self.settings.sender)
                await client.rcpt(to)

    @contextmanager
    def _translate_early_errors(self) -> Iterator[None]:
        """Translates failures before the content: nothing was sent, so all may be repeated except a refusal."""
        try:
            yield
        except SMTPResponseException as error:
            raise _early_failure(error) from None
        except (SMTPException, TimeoutError, OSError) as error:
            # Includes a server without TLS or with an invalid certificate. The error's text may name addresses.
            raise self.vendor.unsent_call(type(error).__name__) from None

    async def _send_content(self, client: SMTP, raw: bytes) -> None:
        try:
            async with asyncio.timeout(self.content):
                await client.data(raw, timeout=self.content)
        except SMTPResponseException as error:
            raise _refusal(error) from None
        except (SMTPException, TimeoutError, OSError) as error:
            raise self.vendor.untrusted_answer(Effect.WRITE, type(error).__name__) from None

    def _compose(
        self, pool: str, to: str, subject: str, text: str, attachments: Sequence[MailAttachment], message_id: str
    ) -> bytes:
        sender = self.settings.sender
        message = EmailMessage(policy=WIRE)
        message["From"] = Address(self.names.get(pool, ""), addr_spec=sender)
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        message["Date"] = format_datetime(local(self.clock.now()))
        message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text, cte="base64")
        for attachment in attachments:
            main, _, kind = attachment.media_type.partition("/")
            message.add_attachment(
                attachment.content, maintype=main, subtype=kind, filename=" ".join(attachment.filename.split())
            )
        return message.as_bytes()


def _early_failure(error: SMTPResponseException) -> GatewayError:
    """Before the content: our address, log-in or sender is meant, unless the receiver was refused by no policy."""
    failure, code = _refusal(error), str(error.code)
    if isinstance(failure, Transient):
        return failure
    if not isinstance(error, SMTPRecipientRefused):
        return NeedsOperator(code, "the mail server refuses our address, log-in or sender", account_wide=True)
    if _POLICY.match(str(error.message)):
        return NeedsOperator(code, "a policy of the mail server forbids it")
    return failure


def _refusal(error: SMTPResponseException) -> GatewayError:
    """4xx: deferred (RFC 5321, 4.2.1); 5xx and anything else: refused. The server's text may name the receiver."""
    if 400 <= error.code < 500:
        return Transient(f"mail: {error.code}", retry_after=LATER)
    code = str(error.code)
    return OPERATOR[code].error(code) if code in OPERATOR else Rejected(code, "the mail server refused")


async def _disconnect(client: SMTP) -> None:
    """Close politely; the mail is accepted already."""
    try:
        await client.quit(timeout=GOODBYE)
    except (SMTPException, TimeoutError, OSError):
        log.debug("mail_no_goodbye")
